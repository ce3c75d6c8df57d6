// SPDX-License-Identifier: GPL-2.0-or-later
#include "plugin/line_item.h"

#include "plugin/message_tree.h"

namespace mep::plugin {
namespace {

// No record is long enough for these bits of an offset (wiretap's limit is 18 of them), and the
// layers stand above them.
std::uint32_t key(const Arrived& record, Kept what) {
  constexpr std::uint32_t offset_bits = (1U << 22) - 1;
  return (static_cast<std::uint32_t>(tvb_raw_offset(record.tvb)) & offset_bits) |
         static_cast<std::uint32_t>(what) |
         static_cast<std::uint32_t>(record.pinfo->curr_layer_num) << 24;
}

// All that is kept of a packet. Wireshark has a list for each packet that is gone through from its
// beginning, so there is but one entry in it; nearly all packets have one frame, and so no tree.
// File scope.
struct OfPacket {
  std::uint32_t key;
  void* facts;          // the first
  wmem_tree_t* others;  // by key; null: none
};

OfPacket* of_packet(packet_info* pinfo) {
  return static_cast<OfPacket*>(p_get_proto_data(wmem_file_scope(), pinfo, proto_mep, 0));
}

void* recall(packet_info* pinfo, std::uint32_t key) {
  const OfPacket* packet = of_packet(pinfo);
  if (!packet) return nullptr;
  if (packet->key == key) return packet->facts;
  return packet->others ? wmem_tree_lookup32(packet->others, key) : nullptr;
}

void keep(packet_info* pinfo, std::uint32_t key, void* facts) {
  OfPacket* packet = of_packet(pinfo);
  if (!packet) {
    packet = wmem_new(wmem_file_scope(), OfPacket);
    *packet = {key, facts, nullptr};
    p_add_proto_data(wmem_file_scope(), pinfo, proto_mep, 0, packet);
    return;
  }
  if (!packet->others) packet->others = wmem_tree_new(wmem_file_scope());
  wmem_tree_insert32(packet->others, key, facts);
}

}  // namespace

Bytes captured_bytes(const packet_info* pinfo, tvbuff_t* tvb) {
  const unsigned size = tvb_captured_length(tvb);
  if (size == 0) return {};
  return {static_cast<const std::uint8_t*>(tvb_memdup(pinfo->pool, tvb, 0, size)), size};
}

void* recall(const Arrived& record, Kept what) {
  return recall(record.pinfo, key(record, what));
}

void keep(const Arrived& record, Kept what, void* facts) {
  keep(record.pinfo, key(record, what), facts);
}

FrameFacts* unreadable_facts(const Arrived& bytes, Kept what, Direction otherwise) {
  auto* facts = static_cast<FrameFacts*>(recall(bytes, what));
  if (facts) return facts;
  facts = learn_unreadable(bus_of(bytes), claim_of(bytes), otherwise);
  if (!bytes.pinfo->fd->visited) keep(bytes, what, facts);
  return facts;
}

void next_in_info(packet_info* pinfo) {
  constexpr auto begun = static_cast<std::uint32_t>(InPacket::info_begun);
  if (p_get_proto_data(pinfo->pool, pinfo, proto_mep, begun)) {
    col_append_str(pinfo->cinfo, COL_INFO, " | ");
    col_set_fence(pinfo->cinfo, COL_INFO);
  } else {
    p_add_proto_data(pinfo->pool, pinfo, proto_mep, begun, pinfo);
  }
}

proto_tree* begin_item(const Arrived& bytes, const char* what, const char* info) {
  packet_info* pinfo = bytes.pinfo;
  col_set_str(pinfo->cinfo, COL_PROTOCOL, "MEP");
  col_clear(pinfo->cinfo, COL_INFO);
  col_add_str(pinfo->cinfo, COL_INFO, info);
  proto_item* item = proto_tree_add_protocol_format(bytes.tree, proto_mep, bytes.tvb, 0, -1,
                                                    "Multipurpose Expansion Port, %s", what);
  proto_tree* tree = proto_item_add_subtree(item, ett_message);
  if (!bytes.connection && bytes.direction != Direction::unknown)
    show_participants(bytes, tree, *unreadable_facts(bytes, Kept::participants, bytes.direction));
  return tree;
}

}  // namespace mep::plugin
