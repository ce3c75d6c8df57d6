// SPDX-License-Identifier: GPL-2.0-or-later
#include "plugin/frame_tree.h"

#include <epan/address.h>
#include <epan/to_str.h>

#include "plugin/analysis.h"
#include "plugin/buses.h"
#include "plugin/conversations.h"
#include "plugin/direction.h"
#include "plugin/exchanges.h"
#include "plugin/export_pdus.h"
#include "plugin/follow.h"
#include "plugin/line_item.h"
#include "plugin/message_tree.h"
#include "plugin/registry.h"
#include "plugin/security.h"
#include "plugin/tapped.h"
#include "protocol/bytes.h"
#include "protocol/message.h"
#include "protocol/tap.h"

namespace mep::plugin {
namespace {

const Field hf_length("Length", "mep.length", FT_UINT16, BASE_DEC | BASE_UNIT_STRING,
                      &units_byte_bytes, 0, "Of the message that follows");
const Field hf_alert("Alert", "mep.alert", FT_NONE, BASE_NONE, nullptr, 0,
                     "The meter asks the client to read the alert flags in ET13");
const Note ei_cut_short("mep.cut_short", PI_SEQUENCE, PI_WARN,
                        "Frame cut short: the rest never came");
const Note ei_length_out_of_range("mep.length.invalid", PI_MALFORMED, PI_ERROR,
                                  "Length out of range");
const Note ei_longer_than_length("mep.length.excess", PI_MALFORMED, PI_WARN,
                                 "Bytes after the end of the frame");

const Field hf_stream("Bus", "mep.stream", FT_UINT16, BASE_DEC, nullptr, 0,
                      "One meter and who talks to it: counted through the capture, from 0");
const Field hf_src("Source", "mep.src", FT_STRING, BASE_NONE, nullptr, 0, "Who sent the frame");
const Field hf_dst("Destination", "mep.dst", FT_STRING, BASE_NONE, nullptr, 0,
                   "Whom the frame is for");
const Field hf_addr("Source or destination", "mep.addr", FT_STRING, BASE_NONE, nullptr, 0,
                    "Either of the two");
const Field hf_reversed(
    "Recorded as the other direction", "mep.reversed", FT_BOOLEAN, BASE_NONE, nullptr, 0,
    "The capture says otherwise of who sent this frame; its bytes are believed");
const NotedField hf_echo(
    "Echo of the request in", "mep.analysis.echo", FT_FRAMENUM, BASE_NONE,
    FRAMENUM_TYPE(FT_FRAMENUM_NONE), "The same bytes came back on the other line", PI_SEQUENCE,
    PI_WARN,
    "Echo: the line to the client repeats what the client sends. Its receiver hears its own "
    "transmitter (TXD and RXD joined, or a half-duplex adapter), so the meter is not heard here");

// --- Participants --------------------------------------------------------------------------------

// "Client" and "Meter": the tapped lines have no addresses of their own.
void set_addresses(packet_info* pinfo, const FrameFacts& facts) {
  const bool from_meter = facts.direction == Direction::meter_to_client;
  const unsigned bus = facts.bus == no_bus ? 0 : facts.bus;
  set_participant(&pinfo->dl_src, pinfo->pool, from_meter, bus);
  set_participant(&pinfo->dl_dst, pinfo->pool, !from_meter, bus);
  copy_address_shallow(&pinfo->src, &pinfo->dl_src);
  copy_address_shallow(&pinfo->dst, &pinfo->dl_dst);
  copy_address_shallow(&pinfo->net_src, &pinfo->dl_src);
  copy_address_shallow(&pinfo->net_dst, &pinfo->dl_dst);
}

void add_participant(const Arrived& frame, proto_tree* tree, const Field& hf, const address* who) {
  const char* name = address_to_str(frame.pinfo->pool, who);
  add_generated(tree, hf, frame.tvb, name);
  proto_item_set_hidden(add_generated(tree, hf_addr, frame.tvb, name));
}

// --- One frame -----------------------------------------------------------------------------------

// `message`: empty for an alert, and where it is not whole.
Learned learn(Bus* bus, const Arrived& frame, Bytes message, std::size_t declared) {
  if (!message.empty()) {
    const auto learn_it = frame.trailer == Trailer::present ? learn_message : learn_plain_message;
    const Learned learned = learn_it(bus, frame.pinfo, message, claim_of(frame));
    const FrameFacts* facts = learned.facts;
    if (facts->exchange && facts->direction == Direction::client_to_meter)
      facts->exchange->request_duration_us = frame.duration_us;
    return learned;
  }
  // An alert is the meter's.
  const Direction otherwise = declared == 0 || answer_expected(bus) ? Direction::meter_to_client
                                                                    : Direction::client_to_meter;
  return {learn_unreadable(bus, claim_of(frame), otherwise), {}};
}

proto_tree* add_protocol(const Arrived& frame, const char* what) {
  proto_item* item = proto_tree_add_item(frame.tree, proto_mep, frame.tvb, 0, -1, ENC_NA);
  // Formatted only where somebody reads it.
  proto_item_set_text(item, "Multipurpose Expansion Port%s", what);
  return proto_item_add_subtree(item, ett_message);
}

void show_echo(const Arrived& frame, proto_tree* tree, const FrameFacts& facts) {
  const std::uint32_t request = facts.echoes->request_frame;
  proto_item* item = add_generated(tree, hf_echo, frame.tvb, request);
  if (facts.echo_heard) hf_echo.note.add(frame.pinfo, item);
  proto_tree_add_item(tree, hf_unknown_data, frame.tvb, length_field_size, -1, ENC_NA);
  col_add_fstr(frame.pinfo->cinfo, COL_INFO, "Echo of the request in frame %u", request);
}

void show_alert(const Arrived& frame, proto_tree* tree) {
  proto_tree_add_item(tree, hf_length, frame.tvb, 0, length_field_size, ENC_BIG_ENDIAN);
  proto_tree_add_item(tree, hf_alert, frame.tvb, 0, length_field_size, ENC_NA);
  proto_item_append_text(proto_tree_get_parent(tree), ", Alert");
  col_set_str(frame.pinfo->cinfo, COL_INFO, "Alert: the meter asks the client to read ET13");
}

// Encrypted messages that a key opens get a tab of their own.
Shown opened(const Arrived& frame, proto_tree* tree, Bytes plain) {
  tvbuff_t* tvb = tvb_new_child_real_data(
      frame.tvb, plain.data(), static_cast<unsigned>(plain.size()), static_cast<int>(plain.size()));
  add_new_data_source(frame.pinfo, tvb, "Decrypted MEP");
  return {tvb, 0, plain, tree, frame.pinfo};
}

// `plain`: the message in clear.
void show_message(const Arrived& frame, proto_tree* tree, Bytes message, Bytes plain,
                  const FrameFacts& facts) {
  const Shown as_sent{frame.tvb,    static_cast<int>(length_field_size), message, tree, frame.pinfo,
                      frame.trailer};
  show_cover(as_sent, facts);
  if (facts.cover == Cover::sealed) {
    show_sealed(as_sent, facts);
    return;
  }
  const Shown shown = facts.cover == Cover::opened ? opened(frame, tree, plain) : as_sent;
  if (facts.direction == Direction::client_to_meter) {
    show_request(shown, facts.exchange->request, facts);
  } else {
    show_response(shown, facts);
  }
}

}  // namespace

const NotedField hf_lines_swapped(
    "Lines are swapped", "mep.analysis.lines_swapped", FT_BOOLEAN, BASE_NONE, nullptr,
    "By this frame it was certain", PI_SEQUENCE, PI_WARN,
    "The lines are swapped: what was recorded as the client's line is the meter's, or the other "
    "way round. Frames are shown as they went in truth; exchange the two ports for the next "
    "capture");
const NotedField hf_noise("Noise", "mep.noise", FT_BYTES, BASE_NONE, nullptr,
                          "Bytes that form no frame", PI_PROTOCOL, PI_NOTE,
                          "Bytes that form no frame");

Bus* bus_of(const Arrived& frame) {
  return frame.connection ? bus_of_connection(frame.pinfo)
                          : bus_of_line(frame.pinfo, frame.tap, frame.direction);
}

// What a port number says is a guess; what a capture says of its lines is on record.
Claim claim_of(const Arrived& frame) {
  return {frame.direction, !frame.connection};
}

void show_participants(const Arrived& frame, proto_tree* tree, const FrameFacts& facts) {
  if (facts.bus != no_bus) add_generated(tree, hf_stream, frame.tvb, facts.bus);
  note_bus(frame.pinfo, facts.bus);
  if (!frame.connection) {
    set_addresses(frame.pinfo, facts);
    add_participant(frame, tree, hf_src, &frame.pinfo->src);
    add_participant(frame, tree, hf_dst, &frame.pinfo->dst);
  }
  if (!facts.reversed) return;
  add_generated_flag(tree, hf_reversed, frame.tvb);
  if (!facts.lines_swapped) return;
  proto_item* item = add_generated_flag(tree, hf_lines_swapped, frame.tvb);
  hf_lines_swapped.note.add(frame.pinfo, item);
}

int dissect_frame(const Arrived& frame) {
  packet_info* pinfo = frame.pinfo;
  col_set_str(pinfo->cinfo, COL_PROTOCOL, "MEP");
  col_clear(pinfo->cinfo, COL_INFO);

  // From here on nothing can throw for want of bytes before everything that is there has been
  // shown.
  const Bytes bytes = captured_bytes(pinfo, frame.tvb);
  const unsigned reported = tvb_reported_length(frame.tvb);
  const std::size_t declared =
      bytes.size() >= length_field_size ? read_be(bytes, 0, length_field_size) : 0;
  const std::size_t present = bytes.size() - std::min(bytes.size(), length_field_size);
  const bool whole = bytes.size() >= length_field_size && declared <= present;

  const Bytes message = whole ? bytes.subspan(length_field_size, declared) : Bytes();
  auto* facts = static_cast<FrameFacts*>(recall(frame, Kept::frame));
  Bytes plain;
  if (facts) {
    plain = plain_message(pinfo, message, *facts);
  } else {
    Bus* bus = bus_of(frame);
    const Learned learned = learn(bus, frame, message, declared);
    facts = learned.facts;
    plain = learned.plain;
    const bool alert = declared == 0 && bytes.size() >= length_field_size;
    // Of TLS nothing is analysed that it carried: sequence numbers and digests it has none.
    if (frame.trailer == Trailer::present)
      analyse(*bus, frame, message, alert, bytes.size(), *facts);
    if (!pinfo->fd->visited) keep(frame, Kept::frame, facts);
  }
  const bool request = facts->direction == Direction::client_to_meter;
  const char* what = declared == 0   ? ""
                     : facts->echoes ? ", Echo"
                     : request       ? ", Request"
                                     : ", Response";
  const bool of_tls = frame.trailer == Trailer::absent;
  proto_tree* tree =
      add_protocol(frame, of_tls ? wmem_strdup_printf(pinfo->pool, ", inside TLS%s", what) : what);
  proto_item* parent = proto_tree_get_parent(tree);
  show_participants(frame, tree, *facts);
  tap_frame(frame, *facts, message, plain);
  if (bytes.size() < length_field_size) {
    col_add_fstr(pinfo->cinfo, COL_INFO, "%s cut short in its length field",
                 request ? "Request" : "Response");
    if (frame.tap_status & tap::truncated) {
      ei_cut_short.add(pinfo, parent);
      proto_tree_add_item(tree, hf_unknown_data, frame.tvb, 0, -1, ENC_NA);
      return static_cast<int>(reported);
    }
  } else if (declared == 0) {
    show_alert(frame, tree);
  } else {
    proto_item* length =
        proto_tree_add_item(tree, hf_length, frame.tvb, 0, length_field_size, ENC_BIG_ENDIAN);
    if (declared > max_message_size && !of_tls) {
      ei_length_out_of_range.add(pinfo, length, "A message has at most %u bytes (page 8)",
                                 static_cast<unsigned>(max_message_size));
    }
    if (facts->echoes) {
      show_echo(frame, tree, *facts);
    } else if (whole) {
      show_message(frame, tree, message, plain, *facts);
    } else {
      const Shown part{frame.tvb, static_cast<int>(length_field_size),
                       bytes.subspan(length_field_size, std::min(present, declared)), tree, pinfo};
      show_part(part, facts->direction, static_cast<unsigned>(declared));
    }
  }

  show_findings(frame, tree, *facts);
  export_frame(frame, *facts, message, plain);

  const std::size_t size = length_field_size + declared;
  if (reported > size && bytes.size() >= length_field_size) {
    const unsigned excess = reported - static_cast<unsigned>(size);
    ei_longer_than_length.add(pinfo, parent, "%u byte%s after the end of the frame", excess,
                              excess == 1 ? "" : "s");
  }
  if (frame.tap_status & tap::truncated) {
    ei_cut_short.add(pinfo, parent, "Frame cut short: %u of %u bytes came",
                     static_cast<unsigned>(present), static_cast<unsigned>(declared));
  } else if (!whole) {
    if (reported < length_field_size) {
      ei_malformed.add(pinfo, parent, "The frame ends within its length field");
    } else if (reported < size) {
      ei_malformed.add(
          pinfo, parent, "The frame ends after %u of the %u bytes that its length field says",
          reported - static_cast<unsigned>(length_field_size), static_cast<unsigned>(declared));
    }
    tvb_ensure_bytes_exist(frame.tvb, 0, static_cast<int>(size));
  }
  return static_cast<int>(std::min<std::size_t>(size, reported));
}

int dissect_noise(const Arrived& frame) {
  packet_info* pinfo = frame.pinfo;
  const unsigned size = tvb_reported_length(frame.tvb);
  col_set_str(pinfo->cinfo, COL_PROTOCOL, "MEP");
  const bool first = !recall(frame, Kept::frame);
  FrameFacts* facts = unreadable_facts(frame, Kept::frame, Direction::client_to_meter);
  if (first) analyse(*bus_of(frame), frame, {}, false, size, *facts);
  col_add_fstr(pinfo->cinfo, COL_INFO, "Noise, %u %s no frame", size,
               size == 1 ? "byte that forms" : "bytes that form");
  proto_tree* tree = add_protocol(frame, ", Noise");
  show_participants(frame, tree, *facts);
  tap_frame(frame, *facts, {}, {});
  proto_item* item = proto_tree_add_item(tree, hf_noise, frame.tvb, 0, -1, ENC_NA);
  hf_noise.note.add(pinfo, item);
  export_frame(frame, *facts, {}, {});
  return static_cast<int>(size);
}

}  // namespace mep::plugin
