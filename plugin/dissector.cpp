// SPDX-License-Identifier: GPL-2.0-or-later
#include "plugin/dissector.h"

#include <epan/dissectors/packet-tcp.h>
#include <wiretap/wtap.h>

#include "plugin/fields.h"
#include "plugin/frame_tree.h"
#include "protocol/bytes.h"
#include "protocol/tap.h"

namespace mep::plugin {
namespace {

dissector_handle_t tap_handle;
dissector_handle_t raw_handle;
dissector_handle_t tcp_handle;

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

const char* direction_text(std::uint8_t direction) {
  if (direction == static_cast<std::uint8_t>(Direction::client_to_meter)) return "client to meter";
  if (direction == static_cast<std::uint8_t>(Direction::meter_to_client)) return "meter to client";
  return "direction unknown";
}

void show_tap_header(tvbuff_t* tvb, packet_info* pinfo, proto_tree* tree, unsigned size) {
  // The header in one look; tvb accesses throw where it is not there.
  const auto* bytes =
      static_cast<const std::uint8_t*>(tvb_memdup(pinfo->pool, tvb, 0, tap::smallest_header_size));
  const Bytes header(bytes, tap::smallest_header_size);
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

int dissect_tap(tvbuff_t* tvb, packet_info* pinfo, proto_tree* tree, void*) {
  col_set_str(pinfo->cinfo, COL_PROTOCOL, "MEP");
  col_set_str(pinfo->cinfo, COL_INFO, "Tap header cut short");
  const unsigned version = tvb_get_uint8(tvb, 0);
  const unsigned size = tvb_get_uint8(tvb, 1);
  if (version != tap::version || size < tap::smallest_header_size) {
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
  const int used = frame.tap_status & tap::noise ? dissect_noise(frame) : dissect_frame(frame);
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
