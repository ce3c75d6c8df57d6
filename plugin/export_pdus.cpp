// SPDX-License-Identifier: GPL-2.0-or-later
#include "plugin/export_pdus.h"

#include <algorithm>
#include <new>

#include <epan/exported_pdu.h>
#include <epan/tap.h>

#include "plugin/line_item.h"
#include "plugin/registry.h"
#include "plugin/tls_session.h"
#include "protocol/bytes.h"
#include "protocol/tap.h"

namespace mep::plugin {
namespace {

int tap_id = -1;

constexpr auto inside_key = static_cast<std::uint32_t>(InPacket::inside);

// What TLS decrypted to in the frame that is being dissected, in its order. Packet scope.
struct Inside {
  Bytes message;
  Inside* next;
};

Inside* inside_of(packet_info* pinfo) {
  return static_cast<Inside*>(p_get_proto_data(pinfo->pool, pinfo, proto_mep, inside_key));
}

// All records are of one interface, so that nothing but this number tells the buses apart. Where
// taps share one, as in samples, each gets another.
std::uint32_t tap_number(const Arrived& frame, const FrameFacts& facts) {
  if (facts.bus == no_bus) return frame.tap;
  return frame.tap != 0 ? frame.tap + facts.bus : facts.bus + 1U;
}

// `size`: in the capture, of which all of `bytes` was captured.
void export_record(const Arrived& frame, const FrameFacts& facts, const char* dissector,
                   Bytes bytes, std::size_t size) {
  packet_info* pinfo = frame.pinfo;
  const auto header = tap::encode({facts.direction, frame.tap_status, frame.baud_rate,
                                   frame.duration_us, tap_number(frame, facts)});
  auto* record =
      static_cast<std::uint8_t*>(wmem_alloc(pinfo->pool, tap::header_size + bytes.size()));
  std::copy(bytes.begin(), bytes.end(), std::copy(header.begin(), header.end(), record));

  const exp_pdu_data_item_t* items[] = {&exp_pdu_data_orig_frame_num, nullptr};
  exp_pdu_data_t* pdu = export_pdu_create_tags(pinfo, dissector, EXP_PDU_TAG_DISSECTOR_NAME, items);
  pdu->tvb_captured_length = static_cast<unsigned>(tap::header_size + bytes.size());
  pdu->tvb_reported_length = static_cast<unsigned>(tap::header_size + size);
  pdu->pdu_tvb = tvb_new_child_real_data(frame.tvb, record, pdu->tvb_captured_length,
                                         static_cast<int>(pdu->tvb_reported_length));
  tap_queue_packet(tap_id, pinfo, pdu);
}

// The frame's bytes, with its message in clear.
Bytes clear_frame(const Arrived& frame, const FrameFacts& facts, Bytes plain) {
  const Bytes sent = captured_bytes(frame.pinfo, frame.tvb);
  if (facts.cover != Cover::opened || plain.empty()) return sent;
  auto* clear =
      static_cast<std::uint8_t*>(wmem_memdup(frame.pinfo->pool, sent.data(), sent.size()));
  std::copy(plain.begin(), plain.end(), clear + length_field_size);
  return {clear, sent.size()};
}

// An answer that only says that a part of a TLS record has come.
bool is_bare_answer_in_tls(const FrameFacts& facts, Bytes message) {
  const Exchange* exchange = facts.exchange;
  return exchange && facts.direction == Direction::meter_to_client && exchange->asking &&
         is_opened_tls(*exchange->asking) && message.size() == 1 &&
         static_cast<ResponseCode>(message[0]) == ResponseCode::ok;
}

}  // namespace

void export_frame(const Arrived& frame, const FrameFacts& facts, Bytes message, Bytes plain) {
  if (!have_tap_listener(tap_id)) return;
  packet_info* pinfo = frame.pinfo;
  Inside* inside = inside_of(pinfo);
  if (inside) p_remove_proto_data(pinfo->pool, pinfo, proto_mep, inside_key);
  if (!inside && !is_opened_tls(facts) && !is_bare_answer_in_tls(facts, message)) {
    const char* dissector =
        frame.trailer == Trailer::present ? tap_dissector : tap_of_tls_dissector;
    export_record(frame, facts, dissector, clear_frame(frame, facts, plain),
                  tvb_reported_length(frame.tvb));
  }
  for (; inside; inside = inside->next) {
    const std::size_t size = length_field_size + inside->message.size();
    auto* bytes = static_cast<std::uint8_t*>(wmem_alloc(pinfo->pool, size));
    write_be({bytes, size}, 0, length_field_size, inside->message.size());
    std::copy(inside->message.begin(), inside->message.end(), bytes + length_field_size);
    export_record(frame, facts, tap_of_tls_dissector, {bytes, size}, size);
  }
}

void export_inside(packet_info* pinfo, Bytes message) {
  if (!have_tap_listener(tap_id) || message.empty()) return;
  auto* added = new (wmem_alloc(pinfo->pool, sizeof(Inside))) Inside{message, nullptr};
  Inside* last = inside_of(pinfo);
  if (!last) {
    p_add_proto_data(pinfo->pool, pinfo, proto_mep, inside_key, added);
    return;
  }
  while (last->next) last = last->next;
  last->next = added;
}

void register_export() {
  tap_id = register_export_pdu_tap("MEP");
}

}  // namespace mep::plugin
