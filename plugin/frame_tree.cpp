// SPDX-License-Identifier: GPL-2.0-or-later
#include "plugin/frame_tree.h"

#include <epan/address.h>
#include <epan/to_str.h>

#include "plugin/buses.h"
#include "plugin/conversations.h"
#include "plugin/direction.h"
#include "plugin/exchanges.h"
#include "plugin/fields.h"
#include "plugin/line_item.h"
#include "plugin/message_tree.h"
#include "plugin/security.h"
#include "protocol/bytes.h"
#include "protocol/message.h"
#include "protocol/tap.h"

namespace mep::plugin {
namespace {

// The frame's captured bytes, in the packet's memory: from here on nothing can throw for want of
// bytes before everything that is there has been shown.
Bytes captured_bytes(const Arrived& frame) {
  const unsigned size = tvb_captured_length(frame.tvb);
  if (size == 0) return {};
  const void* copy = tvb_memdup(frame.pinfo->pool, frame.tvb, 0, size);
  return {static_cast<const std::uint8_t*>(copy), size};
}

// --- Participants --------------------------------------------------------------------------------

// "Client" and "Meter": the tapped lines have no addresses of their own.
void set_addresses(packet_info* pinfo, const FrameFacts& facts) {
  const bool from_meter = facts.direction == Direction::meter_to_client;
  set_participant(&pinfo->dl_src, pinfo->pool, from_meter, facts.bus);
  set_participant(&pinfo->dl_dst, pinfo->pool, !from_meter, facts.bus);
  copy_address_shallow(&pinfo->src, &pinfo->dl_src);
  copy_address_shallow(&pinfo->dst, &pinfo->dl_dst);
  copy_address_shallow(&pinfo->net_src, &pinfo->dl_src);
  copy_address_shallow(&pinfo->net_dst, &pinfo->dl_dst);
}

struct {
  int stream, src, dst, addr, reversed, lines_swapped, echo_of;
  expert_field swapped, echo;
} participants;

void add_participant(const Arrived& frame, proto_tree* tree, int hf, const address* who) {
  const char* name = address_to_str(frame.pinfo->pool, who);
  proto_item* item = proto_tree_add_string(tree, hf, frame.tvb, 0, 0, name);
  proto_item_set_generated(item);
  item = proto_tree_add_string(tree, participants.addr, frame.tvb, 0, 0, name);
  proto_item_set_generated(item);
  proto_item_set_hidden(item);
}

// --- One frame -----------------------------------------------------------------------------------

FrameFacts* learn(const Arrived& frame, Bytes bytes, std::size_t declared, bool whole) {
  Bus* bus = bus_of(frame);
  if (whole && declared > 0)
    return learn_message(bus, frame.pinfo, bytes.subspan(length_field_size, declared),
                         claim_of(frame));
  // An alert is the meter's.
  const Direction otherwise = declared == 0 || answer_expected(bus) ? Direction::meter_to_client
                                                                    : Direction::client_to_meter;
  return learn_unreadable(bus, claim_of(frame), otherwise);
}

proto_tree* add_protocol(const Arrived& frame, const char* what) {
  proto_item* item = proto_tree_add_protocol_format(frame.tree, mep_.proto, frame.tvb, 0, -1,
                                                    "Multipurpose Expansion Port%s", what);
  return proto_item_add_subtree(item, mep_.ett.message);
}

void show_echo(const Arrived& frame, proto_tree* tree, const FrameFacts& facts) {
  const std::uint32_t request = facts.echoes->request_frame;
  proto_item* item = proto_tree_add_uint(tree, participants.echo_of, frame.tvb, 0, 0, request);
  proto_item_set_generated(item);
  if (facts.echo_heard) expert_add_info(frame.pinfo, item, &participants.echo);
  proto_tree_add_item(tree, mep_.hf.unknown_data, frame.tvb, length_field_size, -1, ENC_NA);
  col_add_fstr(frame.pinfo->cinfo, COL_INFO, "Echo of the request in frame %u", request);
}

void show_alert(const Arrived& frame, proto_tree* tree) {
  proto_tree_add_item(tree, mep_.hf.length, frame.tvb, 0, length_field_size, ENC_BIG_ENDIAN);
  proto_tree_add_item(tree, mep_.hf.alert, frame.tvb, 0, length_field_size, ENC_NA);
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

void show_message(const Arrived& frame, proto_tree* tree, Bytes message, const FrameFacts& facts) {
  const Shown as_sent{frame.tvb, static_cast<int>(length_field_size), message, tree, frame.pinfo};
  show_cover(as_sent, facts);
  if (facts.cover == Cover::sealed) {
    show_sealed(as_sent, facts);
    return;
  }
  const Shown shown = facts.cover == Cover::opened
                          ? opened(frame, tree, plain_message(frame.pinfo, message, facts))
                          : as_sent;
  if (facts.direction == Direction::client_to_meter) {
    show_request(shown, facts.exchange->request, facts);
  } else {
    show_response(shown, facts);
  }
}

}  // namespace

Bus* bus_of(const Arrived& frame) {
  return frame.bus ? frame.bus : bus_of_line(frame.pinfo, frame.tap, frame.direction);
}

// What a port number says is a guess; what a capture says of its lines is on record.
Claim claim_of(const Arrived& frame) {
  return {frame.direction, frame.bus == nullptr};
}

void show_participants(const Arrived& frame, proto_tree* tree, const FrameFacts& facts) {
  proto_item* item = proto_tree_add_uint(tree, participants.stream, frame.tvb, 0, 0, facts.bus);
  proto_item_set_generated(item);
  if (!frame.bus) {
    set_addresses(frame.pinfo, facts);
    add_participant(frame, tree, participants.src, &frame.pinfo->src);
    add_participant(frame, tree, participants.dst, &frame.pinfo->dst);
  }
  if (!facts.reversed) return;
  item = proto_tree_add_boolean(tree, participants.reversed, frame.tvb, 0, 0, TRUE);
  proto_item_set_generated(item);
  if (!facts.lines_swapped) return;
  item = proto_tree_add_boolean(tree, participants.lines_swapped, frame.tvb, 0, 0, TRUE);
  proto_item_set_generated(item);
  expert_add_info(frame.pinfo, item, &participants.swapped);
}

int dissect_frame(const Arrived& frame) {
  packet_info* pinfo = frame.pinfo;
  col_set_str(pinfo->cinfo, COL_PROTOCOL, "MEP");
  col_clear(pinfo->cinfo, COL_INFO);

  const Bytes bytes = captured_bytes(frame);
  const unsigned reported = tvb_reported_length(frame.tvb);
  const std::size_t declared =
      bytes.size() >= length_field_size ? read_be(bytes, 0, length_field_size) : 0;
  const std::size_t present = bytes.size() - std::min(bytes.size(), length_field_size);
  const bool whole = bytes.size() >= length_field_size && declared <= present;

  auto* facts = static_cast<FrameFacts*>(recall(frame, Kept::frame));
  if (!facts) {
    facts = learn(frame, bytes, declared, whole);
    if (!pinfo->fd->visited) keep(frame, Kept::frame, facts);
  }
  const bool request = facts->direction == Direction::client_to_meter;
  const char* what = declared == 0   ? ""
                     : facts->echoes ? ", Echo"
                     : request       ? ", Request"
                                     : ", Response";
  proto_tree* tree = add_protocol(frame, what);
  proto_item* parent = proto_tree_get_parent(tree);
  show_participants(frame, tree, *facts);
  tap_frame(pinfo, frame.tvb);
  if (bytes.size() < length_field_size) {
    col_add_fstr(pinfo->cinfo, COL_INFO, "%s cut short in its length field",
                 request ? "Request" : "Response");
    if (frame.tap_status & tap::truncated) {
      expert_add_info(pinfo, parent, &mep_.ei.cut_short);
      proto_tree_add_item(tree, mep_.hf.unknown_data, frame.tvb, 0, -1, ENC_NA);
      return static_cast<int>(reported);
    }
  } else if (declared == 0) {
    show_alert(frame, tree);
  } else {
    proto_item* length =
        proto_tree_add_item(tree, mep_.hf.length, frame.tvb, 0, length_field_size, ENC_BIG_ENDIAN);
    if (declared > max_message_size) {
      expert_add_info_format(pinfo, length, &mep_.ei.length_out_of_range,
                             "A message has at most %u bytes (page 8)",
                             static_cast<unsigned>(max_message_size));
    }
    if (facts->echoes) {
      show_echo(frame, tree, *facts);
    } else if (whole) {
      show_message(frame, tree, bytes.subspan(length_field_size, declared), *facts);
    } else {
      const Shown part{frame.tvb, static_cast<int>(length_field_size),
                       bytes.subspan(length_field_size, std::min(present, declared)), tree, pinfo};
      show_part(part, facts->direction, static_cast<unsigned>(declared));
    }
  }

  const std::size_t size = length_field_size + declared;
  if (reported > size && bytes.size() >= length_field_size) {
    const unsigned excess = reported - static_cast<unsigned>(size);
    expert_add_info_format(pinfo, parent, &mep_.ei.longer_than_length,
                           "%u byte%s after the end of the frame", excess, excess == 1 ? "" : "s");
  }
  if (frame.tap_status & tap::truncated) {
    expert_add_info_format(pinfo, parent, &mep_.ei.cut_short,
                           "Frame cut short: %u of %u bytes came", static_cast<unsigned>(present),
                           static_cast<unsigned>(declared));
  } else if (!whole) {
    if (reported < length_field_size) {
      expert_add_info_format(pinfo, parent, &mep_.ei.message,
                             "The frame ends within its length field");
    } else if (reported < size) {
      expert_add_info_format(pinfo, parent, &mep_.ei.message,
                             "The frame ends after %u of the %u bytes that its length field says",
                             reported - static_cast<unsigned>(length_field_size),
                             static_cast<unsigned>(declared));
    }
    tvb_ensure_bytes_exist(frame.tvb, 0, static_cast<int>(size));
  }
  return static_cast<int>(std::min<std::size_t>(size, reported));
}

int dissect_noise(const Arrived& frame) {
  packet_info* pinfo = frame.pinfo;
  const unsigned size = tvb_reported_length(frame.tvb);
  col_set_str(pinfo->cinfo, COL_PROTOCOL, "MEP");
  const FrameFacts* facts = unreadable_facts(frame, Kept::frame, Direction::client_to_meter);
  col_add_fstr(pinfo->cinfo, COL_INFO, "Noise, %u %s no frame", size,
               size == 1 ? "byte that forms" : "bytes that form");
  proto_tree* tree = add_protocol(frame, ", Noise");
  show_participants(frame, tree, *facts);
  tap_frame(pinfo, frame.tvb);
  proto_item* item = proto_tree_add_item(tree, mep_.hf.noise, frame.tvb, 0, -1, ENC_NA);
  expert_add_info(pinfo, item, &mep_.ei.noise);
  return static_cast<int>(size);
}

void register_frames() {
  static hf_register_info fields[] = {
      {&participants.stream,
       {"Bus", "mep.stream", FT_UINT16, BASE_DEC, nullptr, 0,
        "One meter and who talks to it: counted through the capture, from 0", HFILL}},
      {&participants.src,
       {"Source", "mep.src", FT_STRING, BASE_NONE, nullptr, 0, "Who sent the frame", HFILL}},
      {&participants.dst,
       {"Destination", "mep.dst", FT_STRING, BASE_NONE, nullptr, 0, "Whom the frame is for",
        HFILL}},
      {&participants.addr,
       {"Source or destination", "mep.addr", FT_STRING, BASE_NONE, nullptr, 0, nullptr, HFILL}},
      {&participants.reversed,
       {"Recorded as the other direction", "mep.reversed", FT_BOOLEAN, BASE_NONE, nullptr, 0,
        "The capture says otherwise of who sent this frame; its bytes are believed", HFILL}},
      {&participants.lines_swapped,
       {"Lines are swapped", "mep.analysis.lines_swapped", FT_BOOLEAN, BASE_NONE, nullptr, 0,
        "By this frame it was certain", HFILL}},
      {&participants.echo_of,
       {"Echo of the request in", "mep.analysis.echo", FT_FRAMENUM, BASE_NONE,
        FRAMENUM_TYPE(FT_FRAMENUM_NONE), 0, "The same bytes came back on the other line", HFILL}},
  };
  static ei_register_info experts[] = {
      {&participants.swapped,
       {"mep.analysis.lines_swapped.expert", PI_SEQUENCE, PI_WARN,
        "The lines are swapped: what was recorded as the client's line is the meter's, or the "
        "other way round. Frames are shown as they went in truth; exchange the two ports for the "
        "next capture",
        EXPFILL}},
      {&participants.echo,
       {"mep.analysis.echo.expert", PI_SEQUENCE, PI_WARN,
        "Echo: the line to the client repeats what the client sends. Its receiver hears its own "
        "transmitter (TXD and RXD joined, or a half-duplex adapter), so the meter is not heard "
        "here",
        EXPFILL}},
  };
  participants = {-1, -1, -1, -1, -1, -1, -1, EI_INIT, EI_INIT};
  proto_register_field_array(mep_.proto, fields, G_N_ELEMENTS(fields));
  expert_register_field_array(mep_.experts, experts, G_N_ELEMENTS(experts));
}

}  // namespace mep::plugin
