// SPDX-License-Identifier: GPL-2.0-or-later
#include "plugin/conversations.h"

#include <cstring>

#include <epan/address_types.h>
#include <epan/conversation_table.h>
#include <epan/tap.h>

#include "plugin/registry.h"
#include "plugin/tapped.h"

namespace mep::plugin {
namespace {

// An address is a name, with its end: "Meter 2".
int address_type = -1;

int name_length(const address* addr) {
  return addr->len;
}
int write_name(const address* addr, char* buffer, int size) {
  g_strlcpy(buffer, static_cast<const char*>(addr->data), static_cast<gsize>(size));
  return addr->len;
}
const char* column_filter(const address*, ws_bool is_source) {
  return is_source ? "mep.src" : "mep.dst";
}

// Filters behind the tables' context menus.
const char* filter_of_type(conv_filter_type_e type) {
  switch (type) {
    case CONV_FT_SRC_ADDRESS:
      return "mep.src";
    case CONV_FT_DST_ADDRESS:
      return "mep.dst";
    case CONV_FT_ANY_ADDRESS:
      return "mep.addr";
    default:
      return CONV_FILTER_INVALID;
  }
}
const char* filter_of(conv_item_t*, conv_filter_type_e type) {
  return filter_of_type(type);
}
ct_dissector_info_t conversation_filters = {filter_of};
const char* endpoint_filter_of(endpoint_item_t*, conv_filter_type_e type) {
  return filter_of_type(type);
}
et_dissector_info_t endpoint_filters = {endpoint_filter_of};

// Wireshark quotes the names in those filters for plain strings only.
address as_string(const address& participant) {
  address plain = participant;
  if (plain.type == address_type) plain.type = AT_STRINGZ;
  return plain;
}

tap_packet_status count_conversation(void* table, packet_info* pinfo, epan_dissect_t*,
                                     const void* data, tap_flags_t flags) {
  const auto& tapped = *static_cast<const Tapped*>(data);
  if (tapped.inside) return TAP_PACKET_DONT_REDRAW;
  auto* hash = static_cast<conv_hash_t*>(table);
  hash->flags = flags;
  const address from = as_string(tapped.from);
  const address to = as_string(tapped.to);
  add_conversation_table_data(hash, &from, &to, 0, 0, 1, static_cast<int>(tapped.size),
                              &pinfo->rel_ts, &pinfo->abs_ts, &conversation_filters,
                              CONVERSATION_NONE);
  return TAP_PACKET_REDRAW;
}

tap_packet_status count_endpoints(void* table, packet_info*, epan_dissect_t*, const void* data,
                                  tap_flags_t flags) {
  const auto& tapped = *static_cast<const Tapped*>(data);
  if (tapped.inside) return TAP_PACKET_DONT_REDRAW;
  auto* hash = static_cast<conv_hash_t*>(table);
  hash->flags = flags;
  const address from = as_string(tapped.from);
  const address to = as_string(tapped.to);
  const int size = static_cast<int>(tapped.size);
  add_endpoint_table_data(hash, &from, 0, TRUE, 1, size, &endpoint_filters, ENDPOINT_NONE);
  add_endpoint_table_data(hash, &to, 0, FALSE, 1, size, &endpoint_filters, ENDPOINT_NONE);
  return TAP_PACKET_REDRAW;
}

}  // namespace

void set_participant(address* to, wmem_allocator_t* pool, bool meter, unsigned bus) {
  const char* who = meter ? "Meter" : "Client";
  const char* name = bus == 0 ? who : wmem_strdup_printf(pool, "%s %u", who, bus + 1);
  set_address(to, address_type, static_cast<int>(std::strlen(name)) + 1, name);
}

void register_conversations() {
  address_type =
      address_type_dissector_register("AT_MEP", "MEP participant", write_name, name_length, nullptr,
                                      column_filter, nullptr, nullptr, nullptr);
  register_conversation_table(proto_mep, TRUE, count_conversation, count_endpoints);
}

}  // namespace mep::plugin
