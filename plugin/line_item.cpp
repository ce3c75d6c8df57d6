// SPDX-License-Identifier: GPL-2.0-or-later
#include "plugin/line_item.h"

#include <cstring>

#include <epan/address.h>

#include "plugin/fields.h"

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

void set_one_address(address* to, packet_info* pinfo, bool meter, unsigned bus) {
  const char* who = meter ? "Meter" : "Client";
  const char* name = bus == 0 ? who : wmem_strdup_printf(pinfo->pool, "%s %u", who, bus + 1);
  set_address(to, AT_STRINGZ, static_cast<int>(std::strlen(name)) + 1, name);
}

// As those of a frame on the same line.
void set_participants(const Arrived& bytes) {
  packet_info* pinfo = bytes.pinfo;
  auto* facts = static_cast<FrameFacts*>(recall(bytes, Kept::participants));
  if (!facts) {
    facts = learn_other(bus_of_line(pinfo, bytes.direction), bytes.direction);
    if (!pinfo->fd->visited) keep(bytes, Kept::participants, facts);
  }
  const bool from_meter = facts->direction == Direction::meter_to_client;
  set_one_address(&pinfo->dl_src, pinfo, from_meter, facts->bus);
  set_one_address(&pinfo->dl_dst, pinfo, !from_meter, facts->bus);
  copy_address_shallow(&pinfo->src, &pinfo->dl_src);
  copy_address_shallow(&pinfo->dst, &pinfo->dl_dst);
  copy_address_shallow(&pinfo->net_src, &pinfo->dl_src);
  copy_address_shallow(&pinfo->net_dst, &pinfo->dl_dst);
}

}  // namespace

void* recall(const Arrived& record, Kept what) {
  return p_get_proto_data(wmem_file_scope(), record.pinfo, mep_.proto, key(record, what));
}

void keep(const Arrived& record, Kept what, void* facts) {
  p_add_proto_data(wmem_file_scope(), record.pinfo, mep_.proto, key(record, what), facts);
}

void next_in_info(packet_info* pinfo) {
  if (p_get_proto_data(pinfo->pool, pinfo, mep_.proto, 0)) {
    col_append_str(pinfo->cinfo, COL_INFO, " | ");
    col_set_fence(pinfo->cinfo, COL_INFO);
  } else {
    p_add_proto_data(pinfo->pool, pinfo, mep_.proto, 0, pinfo);
  }
}

proto_tree* begin_item(const Arrived& bytes, const char* what, const char* info) {
  packet_info* pinfo = bytes.pinfo;
  col_set_str(pinfo->cinfo, COL_PROTOCOL, "MEP");
  col_clear(pinfo->cinfo, COL_INFO);
  col_add_str(pinfo->cinfo, COL_INFO, info);
  if (!bytes.bus && bytes.direction != Direction::unknown) set_participants(bytes);
  proto_item* item = proto_tree_add_protocol_format(bytes.tree, mep_.proto, bytes.tvb, 0, -1,
                                                    "Multipurpose Expansion Port, %s", what);
  return proto_item_add_subtree(item, mep_.ett.message);
}

}  // namespace mep::plugin
