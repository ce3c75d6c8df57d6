// SPDX-License-Identifier: GPL-2.0-or-later
#include "plugin/frame_tree.h"

#include <cstring>

#include <epan/address.h>

#include "plugin/conversations.h"
#include "plugin/exchanges.h"
#include "plugin/fields.h"
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

// --- Direction and addresses --------------------------------------------------------------------

// What the frame itself says where nobody else does.
Direction direction_of_message(Bytes message, std::size_t size) {
  const bool like_request = fits(message, size, Direction::client_to_meter) == Fit::yes;
  const bool like_response = fits(message, size, Direction::meter_to_client) == Fit::yes;
  if (like_request != like_response)
    return like_request ? Direction::client_to_meter : Direction::meter_to_client;
  return message.empty() ? Direction::meter_to_client  // an alert
                         : Direction::unknown;
}

void set_one_address(address* to, packet_info* pinfo, const char* who, unsigned bus) {
  const char* name = bus == 0 ? who : wmem_strdup_printf(pinfo->pool, "%s %u", who, bus + 1);
  set_address(to, AT_STRINGZ, static_cast<int>(std::strlen(name)) + 1, name);
}

// "Client" and "Meter": the tapped lines have no addresses of their own.
void set_addresses(packet_info* pinfo, Direction direction, unsigned bus) {
  const bool from_meter = direction == Direction::meter_to_client;
  set_one_address(&pinfo->dl_src, pinfo, from_meter ? "Meter" : "Client", bus);
  set_one_address(&pinfo->dl_dst, pinfo, from_meter ? "Client" : "Meter", bus);
  copy_address_shallow(&pinfo->src, &pinfo->dl_src);
  copy_address_shallow(&pinfo->dst, &pinfo->dl_dst);
  copy_address_shallow(&pinfo->net_src, &pinfo->dl_src);
  copy_address_shallow(&pinfo->net_dst, &pinfo->dl_dst);
}

// --- One frame -----------------------------------------------------------------------------------

// A packet may hold several frames (TCP): each is known by its place in the packet.
std::uint32_t place_in_packet(const Arrived& frame) {
  return static_cast<std::uint32_t>(tvb_raw_offset(frame.tvb)) |
         static_cast<std::uint32_t>(frame.pinfo->curr_layer_num) << 24;
}

FrameFacts* recalled(const Arrived& frame) {
  return static_cast<FrameFacts*>(
      p_get_proto_data(wmem_file_scope(), frame.pinfo, mep_.proto, place_in_packet(frame)));
}

void keep(const Arrived& frame, FrameFacts* facts) {
  p_add_proto_data(wmem_file_scope(), frame.pinfo, mep_.proto, place_in_packet(frame), facts);
}

bool is_first_pass(const Arrived& frame) {
  return !frame.pinfo->fd->visited;
}

FrameFacts* learn(const Arrived& frame, Bytes bytes, std::size_t declared, bool whole) {
  const Bytes message =
      bytes.size() > length_field_size ? bytes.subspan(length_field_size) : Bytes();
  Direction direction = frame.direction;
  if (direction == Direction::unknown) direction = direction_of_message(message, declared);
  Bus* bus = frame.bus ? frame.bus : bus_of_line(frame.pinfo, direction);
  if (direction == Direction::unknown)
    direction = answer_expected(bus) ? Direction::meter_to_client : Direction::client_to_meter;
  if (!whole || declared == 0) return learn_other(bus, direction);
  if (direction == Direction::client_to_meter)
    return learn_request(bus, frame.pinfo, message.first(declared));
  return learn_response(bus, frame.pinfo, message.first(declared));
}

proto_tree* add_protocol(const Arrived& frame, const char* what) {
  proto_item* item = proto_tree_add_protocol_format(frame.tree, mep_.proto, frame.tvb, 0, -1,
                                                    "Multipurpose Expansion Port%s", what);
  return proto_item_add_subtree(item, mep_.ett.message);
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

  FrameFacts* facts = recalled(frame);
  if (!facts) {
    facts = learn(frame, bytes, declared, whole && declared <= max_message_size);
    if (is_first_pass(frame)) keep(frame, facts);
  }
  if (!frame.bus) set_addresses(pinfo, facts->direction, facts->bus);
  tap_frame(pinfo, frame.tvb);

  const bool request = facts->direction == Direction::client_to_meter;
  proto_tree* tree = add_protocol(frame, declared == 0 ? "" : request ? ", Request" : ", Response");
  proto_item* parent = proto_tree_get_parent(tree);
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
                             "A message has at most %u bytes",
                             static_cast<unsigned>(max_message_size));
    }
    if (whole && declared <= max_message_size) {
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
  FrameFacts* facts = recalled(frame);
  if (!facts) {
    const Direction direction =
        frame.direction == Direction::unknown ? Direction::client_to_meter : frame.direction;
    facts = learn_other(bus_of_line(pinfo, direction), direction);
    if (is_first_pass(frame)) keep(frame, facts);
  }
  set_addresses(pinfo, facts->direction, facts->bus);
  tap_frame(pinfo, frame.tvb);
  col_add_fstr(pinfo->cinfo, COL_INFO, "Noise, %u %s no frame", size,
               size == 1 ? "byte that forms" : "bytes that form");
  proto_tree* tree = add_protocol(frame, ", Noise");
  proto_item* item = proto_tree_add_item(tree, mep_.hf.noise, frame.tvb, 0, -1, ENC_NA);
  expert_add_info(pinfo, item, &mep_.ei.noise);
  return static_cast<int>(size);
}

}  // namespace mep::plugin
