// SPDX-License-Identifier: GPL-2.0-or-later
#include "plugin/dissector.h"

#include <algorithm>

#include <epan/dissectors/packet-tcp.h>
#include <wiretap/wtap.h>

#include "plugin/buses.h"
#include "plugin/dead_line.h"
#include "plugin/export_pdus.h"
#include "plugin/frame_tree.h"
#include "plugin/line_item.h"
#include "plugin/lines.h"
#include "plugin/pieces.h"
#include "plugin/registry.h"
#include "plugin/telnet.h"
#include "plugin/user_dlt.h"
#include "protocol/bytes.h"
#include "protocol/message.h"
#include "protocol/tap.h"

namespace mep::plugin {
namespace {

constexpr value_string directions[] = {
    {static_cast<guint32>(Direction::unknown), "Unknown"},
    {static_cast<guint32>(Direction::client_to_meter), "Client to meter"},
    {static_cast<guint32>(Direction::meter_to_client), "Meter to client"},
    {0, nullptr}};

const Field hf_tap_version("Version", "mep.tap.version", FT_UINT8, BASE_DEC, nullptr, 0, nullptr);
const Field hf_tap_header_length("Header length", "mep.tap.header_length", FT_UINT8,
                                 BASE_DEC | BASE_UNIT_STRING, &units_byte_bytes, 0, nullptr);
const Field hf_tap_direction("Direction", "mep.tap.direction", FT_UINT8, BASE_DEC, VALS(directions),
                             0, "Who spoke on the tapped line");
const Field hf_tap_status("Status", "mep.tap.status", FT_UINT8, BASE_HEX, nullptr, 0,
                          "What the capture tool noticed about these bytes");
const Field hf_tap_truncated("Cut short", "mep.tap.status.truncated", FT_BOOLEAN, 8, nullptr,
                             tap::truncated, "The rest of the frame never came");
const Field hf_tap_noise("Noise", "mep.tap.status.noise", FT_BOOLEAN, 8, nullptr, tap::noise,
                         "The bytes form no frame");
const Field hf_tap_framing_error("UART framing error", "mep.tap.status.framing_error", FT_BOOLEAN,
                                 8, nullptr, tap::framing_error,
                                 "A byte lacked its stop bit: wrong line speed, or interference");
const Field hf_tap_parity_error("Parity error", "mep.tap.status.parity_error", FT_BOOLEAN, 8,
                                nullptr, tap::parity_error, nullptr);
const Field hf_tap_break("Break", "mep.tap.status.break", FT_BOOLEAN, 8, nullptr, tap::break_seen,
                         "The line was held low for longer than a byte");
const Field hf_tap_lost("Bytes lost before", "mep.tap.status.lost", FT_BOOLEAN, 8, nullptr,
                        tap::lost, "The capturing machine lost bytes before this record");
const Field hf_tap_baud_rate("Line speed", "mep.tap.baud_rate", FT_UINT32,
                             BASE_DEC | BASE_UNIT_STRING, unit("bit/s"), 0, nullptr);
const Field hf_tap_duration("Duration", "mep.tap.duration", FT_UINT32, BASE_DEC | BASE_UNIT_STRING,
                            unit("µs"), 0, "From the first byte to the last");
const Field hf_tap_id("Tap", "mep.tap.id", FT_UINT32, BASE_HEX, nullptr, 0,
                      "All lines of one tap have this number; 0 is unknown");
const Subtree ett_tap;
const Subtree ett_tap_status;
const Note ei_tap_header("mep.tap.malformed", PI_MALFORMED, PI_ERROR, "Bad tap header");
const Note ei_line_trouble("mep.line_trouble", PI_CHECKSUM, PI_WARN,
                           "The UART reported errors in these bytes");

// The link layers by themselves, and what may be named as another link layer's payload.
dissector_handle_t tap_link_handle, raw_link_handle;
// A frame behind its tap header.
dissector_handle_t tapped_handle;
dissector_handle_t tcp_handle, udp_handle, rtac_handle;

Direction direction_of_packet(const packet_info* pinfo) {
  switch (pinfo->p2p_dir) {
    case P2P_DIR_SENT:
      return Direction::client_to_meter;
    case P2P_DIR_RECV:
      return Direction::meter_to_client;
    default:
      return Direction::unknown;
  }
}

const char* direction_text(Direction direction) {
  if (direction == Direction::client_to_meter) return "client to meter";
  if (direction == Direction::meter_to_client) return "meter to client";
  return "direction unknown";
}

// ", cut short, parity error"
const char* status_text(wmem_allocator_t* pool, std::uint8_t status) {
  if (status == 0) return "";
  wmem_strbuf_t* text = wmem_strbuf_new(pool, "");
  for (const tap::StatusWord& each : tap::status_words)
    if ((status & each.bit) != 0) wmem_strbuf_append_printf(text, ", %s", each.word);
  return wmem_strbuf_get_str(text);
}

void show_tap_header(tvbuff_t* tvb, packet_info* pinfo, proto_tree* tree,
                     const tap::Parsed& parsed) {
  namespace offset_of = tap::offset_of;
  const auto number = [tvb](proto_tree* to, const Field& field, std::size_t at, int size) {
    proto_tree_add_item(to, field, tvb, static_cast<int>(at), size, ENC_BIG_ENDIAN);
  };
  const tap::Header& header = parsed.header;
  proto_item* item =
      proto_tree_add_item(tree, proto_mep_tap, tvb, 0, static_cast<int>(parsed.size), ENC_NA);
  // Formatted only where somebody reads it.
  proto_item_set_text(item, "MEP Tap, %s, %u bit/s%s", direction_text(header.direction),
                      header.baud_rate, status_text(pinfo->pool, header.status));
  proto_tree* subtree = proto_item_add_subtree(item, ett_tap);
  number(subtree, hf_tap_version, offset_of::version, 1);
  number(subtree, hf_tap_header_length, offset_of::size, 1);
  number(subtree, hf_tap_direction, offset_of::direction, 1);
  static int* const status_bits[] = {hf_tap_truncated.address(),
                                     hf_tap_noise.address(),
                                     hf_tap_framing_error.address(),
                                     hf_tap_parity_error.address(),
                                     hf_tap_break.address(),
                                     hf_tap_lost.address(),
                                     nullptr};
  proto_item* status = proto_tree_add_bitmask(subtree, tvb, offset_of::status, hf_tap_status,
                                              ett_tap_status, status_bits, ENC_BIG_ENDIAN);
  number(subtree, hf_tap_baud_rate, offset_of::baud_rate, 4);
  number(subtree, hf_tap_duration, offset_of::duration, 4);
  if (parsed.size >= tap::header_size) number(subtree, hf_tap_id, offset_of::tap, 4);
  constexpr std::uint8_t trouble =
      tap::framing_error | tap::parity_error | tap::break_seen | tap::lost;
  if (header.status & trouble) ei_line_trouble.add(pinfo, status);
}

// What is said of a record in place of decoding its header.
int dissect_bad_tap(tvbuff_t* tvb, packet_info* pinfo, proto_tree* tree, const char* info,
                    const char* sentence) {
  col_set_str(pinfo->cinfo, COL_INFO, info);
  proto_item* item =
      proto_tree_add_protocol_format(tree, proto_mep_tap, tvb, 0, -1, "MEP Tap, bad");
  proto_tree* subtree = proto_item_add_subtree(item, ett_tap);
  const unsigned size = tvb_captured_length(tvb);
  if (size > 0)
    proto_tree_add_item(subtree, hf_tap_version, tvb, tap::offset_of::version, 1, ENC_NA);
  if (size > 1)
    proto_tree_add_item(subtree, hf_tap_header_length, tvb, tap::offset_of::size, 1, ENC_NA);
  ei_tap_header.add(pinfo, item, "%s", sentence);
  return static_cast<int>(size);
}

int dissect_tap(tvbuff_t* tvb, packet_info* pinfo, proto_tree* tree, Trailer trailer) {
  col_set_str(pinfo->cinfo, COL_PROTOCOL, "MEP");
  col_set_str(pinfo->cinfo, COL_INFO, "Tap header cut short");
  const unsigned present = tvb_reported_length(tvb);
  if (present < tap::smallest_header_size) {
    return dissect_bad_tap(
        tvb, pinfo, tree, "Tap header cut short",
        wmem_strdup_printf(
            pinfo->pool, "The record ends after %u of the %u bytes that a tap header has at least",
            present, static_cast<unsigned>(tap::smallest_header_size)));
  }
  const unsigned version = tvb_get_uint8(tvb, tap::offset_of::version);
  const unsigned size = tvb_get_uint8(tvb, tap::offset_of::size);
  if (version != tap::version || size < tap::smallest_header_size) {
    return dissect_bad_tap(
        tvb, pinfo, tree, "Tap header of an unknown kind",
        wmem_strdup_printf(pinfo->pool,
                           "Version %u with a header of %u bytes: this program knows version 1 "
                           "with 12 bytes or more",
                           version, size));
  }
  if (size > present) {
    return dissect_bad_tap(
        tvb, pinfo, tree, "Tap header longer than its record",
        wmem_strdup_printf(pinfo->pool,
                           "The header says that it has %u bytes, and the record "
                           "ends after %u: what wrote it has lost the frame",
                           size, present));
  }
  // Leaves by an exception where so much was not captured.
  const auto* bytes = static_cast<const std::uint8_t*>(tvb_memdup(pinfo->pool, tvb, 0, size));
  const auto parsed = tap::parse({bytes, size});
  if (!parsed) return 0;
  show_tap_header(tvb, pinfo, tree, *parsed);

  const tap::Header& header = parsed->header;
  Arrived frame{tvb_new_subset_remaining(tvb, static_cast<int>(size)),
                pinfo,
                tree,
                header.direction,
                header.status,
                false,
                header.tap,
                header.duration_us,
                header.baud_rate,
                trailer};
  if (frame.direction == Direction::unknown) frame.direction = direction_of_packet(pinfo);
  const int used = call_dissector_only(tapped_handle, frame.tvb, pinfo, tree, &frame);
  // Somebody may have switched "MEP" off.
  if (used == 0 && tvb_reported_length(frame.tvb) > 0) call_data_dissector(frame.tvb, pinfo, tree);
  return static_cast<int>(size) + used;
}

int dissect_tap(tvbuff_t* tvb, packet_info* pinfo, proto_tree* tree, void*) {
  return dissect_tap(tvb, pinfo, tree, Trailer::present);
}
int dissect_tap_of_tls(tvbuff_t* tvb, packet_info* pinfo, proto_tree* tree, void*) {
  return dissect_tap(tvb, pinfo, tree, Trailer::absent);
}

// What stands behind a tap header. `data`: the frame as Arrived.
int dissect_tapped(tvbuff_t*, packet_info*, proto_tree*, void* data) {
  const auto& frame = *static_cast<const Arrived*>(data);
  if (dissect_if_held(frame, line_of_interface))
    return static_cast<int>(tvb_captured_length(frame.tvb));
  return frame.tap_status & tap::noise ? dissect_noise(frame) : dissect_frame(frame);
}

int dissect_raw(tvbuff_t* tvb, packet_info* pinfo, proto_tree* tree, void*) {
  return dissect_pieces({tvb, pinfo, tree, direction_of_packet(pinfo), 0, false},
                        line_of_interface);
}

// --- The link layers that carry MEP unless the user says otherwise ------------------------------

bool has_tap_header(tvbuff_t* tvb) {
  if (tvb_captured_length(tvb) < tap::smallest_header_size) return false;
  const unsigned size = tvb_get_uint8(tvb, tap::offset_of::size);
  return tvb_get_uint8(tvb, tap::offset_of::version) == tap::version &&
         size >= tap::smallest_header_size && size <= tvb_reported_length(tvb) &&
         tvb_get_uint8(tvb, tap::offset_of::direction) <= 2;
}

int dissect_tap_link(tvbuff_t* tvb, packet_info* pinfo, proto_tree* tree, void* data) {
  if (!has_tap_header(tvb) && user_has_set(tap::link_type))
    return dissect_as_user_says(tvb, pinfo, tree);
  return dissect_tap(tvb, pinfo, tree, data);
}

// Nothing tells whether a record without a header is ours: the setting decides.
int dissect_raw_link(tvbuff_t* tvb, packet_info* pinfo, proto_tree* tree, void* data) {
  if (user_has_set(tap::raw_link_type)) return dissect_as_user_says(tvb, pinfo, tree);
  return dissect_raw(tvb, pinfo, tree, data);
}

// --- Serial lines by way of something else -------------------------------------------------------

// Wireshark's name for an SEL RTAC's recording of a serial port. The direction is in the header
// before the bytes: the device is the client, so what it transmits goes to the meter.
Direction direction_of_rtac(tvbuff_t* tvb) {
  constexpr int header_size = 12;
  constexpr int event_type = 8;
  const int payload = tvb_raw_offset(tvb);
  tvbuff_t* record = tvb_get_ds_tvb(tvb);
  if (payload < header_size || !record) return Direction::unknown;
  enum : std::uint8_t { tx_start = 1, rx_start = 2, tx_end = 3, rx_end = 4 };
  switch (tvb_get_uint8(record, payload - header_size + event_type)) {
    case tx_start:
    case tx_end:
      return Direction::client_to_meter;
    case rx_start:
    case rx_end:
      return Direction::meter_to_client;
    default:
      return Direction::unknown;
  }
}

int dissect_rtac(tvbuff_t* tvb, packet_info* pinfo, proto_tree* tree, void*) {
  return dissect_pieces({tvb, pinfo, tree, direction_of_rtac(tvb), 0, false}, line_of_interface);
}

// A guess, until the frames tell: Decode As offers either port. A serial port server, and so the
// meter, has the port that somebody chose for it, and whoever connects to it one of those that
// systems give out, from 32768 on.
Direction direction_by_port(const packet_info* pinfo) {
  constexpr std::uint32_t given_out = 32768;
  const bool from_client = pinfo->srcport >= given_out;
  if (from_client != (pinfo->destport >= given_out))
    return from_client ? Direction::client_to_meter : Direction::meter_to_client;
  if (pinfo->match_uint == 0 || pinfo->srcport == pinfo->destport) return Direction::unknown;
  return pinfo->destport == pinfo->match_uint ? Direction::client_to_meter
                                              : Direction::meter_to_client;
}

Line* line_of_sender(packet_info* pinfo, Direction) {
  return line_of_connection(pinfo);
}

int dissect_udp(tvbuff_t* tvb, packet_info* pinfo, proto_tree* tree, void*) {
  return dissect_pieces({tvb, pinfo, tree, direction_by_port(pinfo), 0, true}, line_of_sender);
}

int dissect_tcp_frame(tvbuff_t* tvb, packet_info* pinfo, proto_tree* tree, void*) {
  next_in_info(pinfo);
  return dissect_frame({tvb, pinfo, tree, direction_by_port(pinfo), 0, true});
}

// Whether what stands behind a length field has a code and a count that agree with it.
bool begins_message(tvbuff_t* tvb, int offset, unsigned size) {
  constexpr int as_far_as_a_count = 8;
  std::uint8_t head[as_far_as_a_count];
  const int at = offset + static_cast<int>(length_field_size);
  const int present = std::min(tvb_captured_length_remaining(tvb, at), as_far_as_a_count);
  if (present <= 0) return false;
  tvb_memcpy(tvb, head, at, static_cast<std::size_t>(present));
  return fits({head, static_cast<std::size_t>(present)}, size, Direction::unknown) == Fit::yes;
}

unsigned tcp_frame_size(packet_info*, tvbuff_t* tvb, int offset, void*) {
  const unsigned declared = tvb_get_ntohs(tvb, offset);
  // Longer than the guide permits and yet a message, or out of step with the stream, as where the
  // capture begins within a frame. To wait for so many bytes would swallow good frames then; the
  // next segment may well begin with one.
  if (declared > max_message_size && !begins_message(tvb, offset, declared))
    return static_cast<unsigned>(tvb_reported_length_remaining(tvb, offset));
  return length_field_size + declared;
}

int dissect_tcp(tvbuff_t* tvb, packet_info* pinfo, proto_tree* tree, void* data) {
  if (is_telnet(tvb, pinfo)) return dissect_telnet(tvb, pinfo, tree, dissect_tcp_frame);
  if (may_become_telnet(tvb, pinfo)) {
    pinfo->desegment_offset = 0;
    pinfo->desegment_len = DESEGMENT_ONE_MORE_SEGMENT;
    return static_cast<int>(tvb_captured_length(tvb));
  }
  tcp_dissect_pdus(tvb, pinfo, tree, TRUE, length_field_size, tcp_frame_size, dissect_tcp_frame,
                   data);
  return static_cast<int>(tvb_captured_length(tvb));
}

}  // namespace

void register_dissectors() {
  register_lines();
  register_pieces();
  register_telnet();
  register_dissector(tap_dissector, dissect_tap, proto_mep_tap);
  register_dissector(tap_of_tls_dissector, dissect_tap_of_tls, proto_mep_tap);
  tapped_handle = create_dissector_handle(dissect_tapped, proto_mep);
  register_dissector("mep.raw", dissect_raw, proto_mep);
  tcp_handle = register_dissector("mep", dissect_tcp, proto_mep);
  udp_handle = register_dissector("mep.udp", dissect_udp, proto_mep);
  rtac_handle = register_dissector("mep.rtac", dissect_rtac, proto_mep);
  // Without names: whoever writes "mep.tap" or "mep.raw" into the table of user DLTs is called back
  // as the payload, and must not be asked for that table again.
  tap_link_handle = create_dissector_handle(dissect_tap_link, proto_mep_tap);
  raw_link_handle = create_dissector_handle(dissect_raw_link, proto_mep);
}

void hand_off_dissectors() {
  // Takes precedence over the user DLT dissector: nothing needs to be configured.
  dissector_add_uint("wtap_encap", WTAP_ENCAP_USER13, tap_link_handle);
  dissector_add_uint("wtap_encap", WTAP_ENCAP_USER14, raw_link_handle);
  dissector_add_for_decode_as("tcp.port", tcp_handle);
  dissector_add_for_decode_as("udp.port", udp_handle);
  dissector_add_for_decode_as("rtacser.data", rtac_handle);
}

}  // namespace mep::plugin
