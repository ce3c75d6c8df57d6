// SPDX-License-Identifier: GPL-2.0-or-later
#include "plugin/dissector.h"

#include <cstring>

#include <epan/address.h>
#include <epan/dissectors/packet-tcp.h>
#include <wiretap/wtap.h>

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

dissector_handle_t tap_handle;
dissector_handle_t raw_handle;
dissector_handle_t tcp_handle;

// A frame on its way into the dissector, whatever it came by.
struct Arrived {
  tvbuff_t* tvb;  // from the length field on
  packet_info* pinfo;
  proto_tree* tree;
  Direction direction;      // as far as the carrier knows
  std::uint8_t tap_status;  // tap::Status bits, 0 without a tap header
  Bus* bus;                 // null: a line of the link layer, to be looked up
};

// The frame's captured bytes, in the packet's memory: from here on nothing can throw for want of
// bytes before everything that is there has been shown.
Bytes captured_bytes(const Arrived& frame) {
  const unsigned size = tvb_captured_length(frame.tvb);
  if (size == 0) return {};
  const void* copy = tvb_memdup(frame.pinfo->pool, frame.tvb, 0, size);
  return {static_cast<const std::uint8_t*>(copy), size};
}

// --- Direction and addresses --------------------------------------------------------------------

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

// From the length field to the last byte. Leaves by an exception where the frame is malformed or
// was not captured whole, after having shown what there is.
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

// --- The ways in ---------------------------------------------------------------------------------

const char* direction_text(std::uint8_t direction) {
  if (direction == static_cast<std::uint8_t>(Direction::client_to_meter)) return "client to meter";
  if (direction == static_cast<std::uint8_t>(Direction::meter_to_client)) return "meter to client";
  return "direction unknown";
}

void show_tap_header(tvbuff_t* tvb, packet_info* pinfo, proto_tree* tree, unsigned size) {
  // The header in one look; tvb accesses throw where it is not there.
  const auto* bytes =
      static_cast<const std::uint8_t*>(tvb_memdup(pinfo->pool, tvb, 0, tap::header_size));
  const Bytes header(bytes, tap::header_size);
  proto_item* item = proto_tree_add_protocol_format(
      tree, mep_.proto, tvb, 0, static_cast<int>(size), "MEP tap, %s, %u bit/s",
      direction_text(header[2]), static_cast<unsigned>(read_be(header, 4, 4)));
  proto_tree* subtree = proto_item_add_subtree(item, mep_.ett.tap);
  proto_tree_add_item(subtree, mep_.hf.tap_version, tvb, 0, 1, ENC_NA);
  proto_tree_add_item(subtree, mep_.hf.tap_header_length, tvb, 1, 1, ENC_NA);
  proto_tree_add_item(subtree, mep_.hf.tap_direction, tvb, 2, 1, ENC_NA);
  static int* const status_bits[] = {&mep_.hf.tap_truncated,
                                     &mep_.hf.tap_noise,
                                     &mep_.hf.tap_framing_error,
                                     &mep_.hf.tap_parity_error,
                                     &mep_.hf.tap_break,
                                     &mep_.hf.tap_lost,
                                     nullptr};
  proto_item* status = proto_tree_add_bitmask(subtree, tvb, 3, mep_.hf.tap_status,
                                              mep_.ett.tap_status, status_bits, ENC_BIG_ENDIAN);
  proto_tree_add_item(subtree, mep_.hf.tap_baud_rate, tvb, 4, 4, ENC_BIG_ENDIAN);
  proto_tree_add_item(subtree, mep_.hf.tap_duration, tvb, 8, 4, ENC_BIG_ENDIAN);
  constexpr std::uint8_t trouble =
      tap::framing_error | tap::parity_error | tap::break_seen | tap::lost;
  if (header[3] & trouble) expert_add_info(pinfo, status, &mep_.ei.line_trouble);
}

int show_noise(const Arrived& frame) {
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

int dissect_tap(tvbuff_t* tvb, packet_info* pinfo, proto_tree* tree, void*) {
  col_set_str(pinfo->cinfo, COL_PROTOCOL, "MEP");
  col_set_str(pinfo->cinfo, COL_INFO, "Tap header cut short");
  const unsigned version = tvb_get_uint8(tvb, 0);
  const unsigned size = tvb_get_uint8(tvb, 1);
  if (version != tap::version || size < tap::header_size) {
    col_set_str(pinfo->cinfo, COL_INFO, "Tap header of an unknown kind");
    proto_item* item = proto_tree_add_protocol_format(tree, mep_.proto, tvb, 0, -1, "MEP tap");
    expert_add_info_format(pinfo, item, &mep_.ei.tap_header,
                           "Version %u with a header of %u bytes: this program knows version 1 "
                           "with 12 bytes or more",
                           version, size);
    return static_cast<int>(tvb_captured_length(tvb));
  }
  show_tap_header(tvb, pinfo, tree, size);

  const std::uint8_t direction = tvb_get_uint8(tvb, 2);
  Arrived frame{tvb_new_subset_remaining(tvb, static_cast<int>(size)),
                pinfo,
                tree,
                direction <= 2 ? static_cast<Direction>(direction) : Direction::unknown,
                tvb_get_uint8(tvb, 3),
                nullptr};
  if (frame.direction == Direction::unknown) frame.direction = direction_of_packet(pinfo);
  const int used = frame.tap_status & tap::noise ? show_noise(frame) : dissect_frame(frame);
  return static_cast<int>(size) + used;
}

int dissect_raw(tvbuff_t* tvb, packet_info* pinfo, proto_tree* tree, void*) {
  return dissect_frame({tvb, pinfo, tree, direction_of_packet(pinfo), 0, nullptr});
}

int dissect_tcp_frame(tvbuff_t* tvb, packet_info* pinfo, proto_tree* tree, void*) {
  // The port that MEP was chosen for is the serial port server's, and so the meter's.
  Direction direction = Direction::unknown;
  if (pinfo->match_uint != 0 && pinfo->srcport != pinfo->destport) {
    if (pinfo->destport == pinfo->match_uint) direction = Direction::client_to_meter;
    if (pinfo->srcport == pinfo->match_uint) direction = Direction::meter_to_client;
  }
  // The Info column tells of every frame in the packet.
  if (p_get_proto_data(pinfo->pool, pinfo, mep_.proto, 0)) {
    col_append_str(pinfo->cinfo, COL_INFO, " | ");
    col_set_fence(pinfo->cinfo, COL_INFO);
  } else {
    p_add_proto_data(pinfo->pool, pinfo, mep_.proto, 0, pinfo);
  }
  return dissect_frame({tvb, pinfo, tree, direction, 0, bus_of_connection(pinfo)});
}

unsigned tcp_frame_size(packet_info*, tvbuff_t* tvb, int offset, void*) {
  const unsigned declared = tvb_get_ntohs(tvb, offset);
  // Out of step with the stream, as where the capture begins within a frame. To wait for so many
  // bytes would swallow good frames; the next segment may well begin with one.
  if (declared > max_message_size)
    return static_cast<unsigned>(tvb_reported_length_remaining(tvb, offset));
  return length_field_size + declared;
}

int dissect_tcp(tvbuff_t* tvb, packet_info* pinfo, proto_tree* tree, void* data) {
  tcp_dissect_pdus(tvb, pinfo, tree, TRUE, length_field_size, tcp_frame_size, dissect_tcp_frame,
                   data);
  return static_cast<int>(tvb_captured_length(tvb));
}

}  // namespace

void register_dissectors() {
  tap_handle = register_dissector("mep.tap", dissect_tap, mep_.proto);
  raw_handle = register_dissector("mep.raw", dissect_raw, mep_.proto);
  tcp_handle = register_dissector("mep", dissect_tcp, mep_.proto);
}

void hand_off_dissectors() {
  // Takes precedence over the user DLT dissector: nothing needs to be configured.
  dissector_add_uint("wtap_encap", WTAP_ENCAP_USER13, tap_handle);
  dissector_add_uint("wtap_encap", WTAP_ENCAP_USER14, raw_handle);
  dissector_add_for_decode_as("tcp.port", tcp_handle);
}

}  // namespace mep::plugin
