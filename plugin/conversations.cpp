// SPDX-License-Identifier: GPL-2.0-or-later
#include "plugin/conversations.h"

#include <epan/conversation_table.h>
#include <epan/tap.h>

#include "plugin/fields.h"

namespace mep::plugin {
namespace {

int tap_id = -1;

// What a listener gets; packet scope.
struct Counted {
  address from;
  address to;
  int size;
};

// Filters behind the tables' context menus: the two participants have no field of their own.
const char* filter_of(conv_item_t*, conv_filter_type_e) {
  return CONV_FILTER_INVALID;
}
ct_dissector_info_t conversation_filters = {filter_of};
const char* endpoint_filter_of(endpoint_item_t*, conv_filter_type_e) {
  return CONV_FILTER_INVALID;
}
et_dissector_info_t endpoint_filters = {endpoint_filter_of};

tap_packet_status count_conversation(void* table, packet_info* pinfo, epan_dissect_t*,
                                     const void* data, tap_flags_t flags) {
  auto* hash = static_cast<conv_hash_t*>(table);
  hash->flags = flags;
  const auto* counted = static_cast<const Counted*>(data);
  add_conversation_table_data(hash, &counted->from, &counted->to, 0, 0, 1, counted->size,
                              &pinfo->rel_ts, &pinfo->abs_ts, &conversation_filters,
                              CONVERSATION_NONE);
  return TAP_PACKET_REDRAW;
}

tap_packet_status count_endpoints(void* table, packet_info*, epan_dissect_t*, const void* data,
                                  tap_flags_t flags) {
  auto* hash = static_cast<conv_hash_t*>(table);
  hash->flags = flags;
  const auto* counted = static_cast<const Counted*>(data);
  add_endpoint_table_data(hash, &counted->from, 0, TRUE, 1, counted->size, &endpoint_filters,
                          ENDPOINT_NONE);
  add_endpoint_table_data(hash, &counted->to, 0, FALSE, 1, counted->size, &endpoint_filters,
                          ENDPOINT_NONE);
  return TAP_PACKET_REDRAW;
}

}  // namespace

void tap_frame(packet_info* pinfo, tvbuff_t* tvb) {
  if (!have_tap_listener(tap_id)) return;
  auto* counted = wmem_new0(pinfo->pool, Counted);
  copy_address_shallow(&counted->from, &pinfo->src);
  copy_address_shallow(&counted->to, &pinfo->dst);
  counted->size = static_cast<int>(tvb_reported_length(tvb));
  tap_queue_packet(tap_id, pinfo, counted);
}

void register_conversations() {
  tap_id = register_tap("mep");
  register_conversation_table(mep_.proto, TRUE, count_conversation, count_endpoints);
}

}  // namespace mep::plugin
