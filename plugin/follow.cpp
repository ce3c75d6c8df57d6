// SPDX-License-Identifier: GPL-2.0-or-later
#include "plugin/follow.h"

#include <optional>

#include <epan/conversation_filter.h>
#include <epan/follow.h>

#include "plugin/buses.h"
#include "plugin/line_item.h"
#include "plugin/registry.h"
#include "plugin/tapped.h"
#include "plugin/tls_session.h"

namespace mep::plugin {
namespace {

constexpr auto bus_key = static_cast<std::uint32_t>(InPacket::bus);

std::optional<unsigned> bus_in(packet_info* pinfo) {
  const void* noted = p_get_proto_data(pinfo->pool, pinfo, proto_mep, bus_key);
  if (!noted) return std::nullopt;
  return GPOINTER_TO_UINT(noted) - 1;
}

char* filter_of_bus(unsigned bus) {
  return g_strdup_printf("mep.stream eq %u", bus);
}

// --- Conversation Filter ---

ws_bool has_bus(packet_info* pinfo) {
  return bus_in(pinfo).has_value();
}
char* bus_filter(packet_info* pinfo) {
  const auto bus = bus_in(pinfo);
  return bus ? filter_of_bus(*bus) : nullptr;
}

// --- Follow: what was said, from the code of each message on ---

char* filter_of_packet(epan_dissect_t*, packet_info* pinfo, unsigned* stream,
                       unsigned* sub_stream) {
  const auto bus = bus_in(pinfo);
  if (!bus) return nullptr;
  *stream = *bus;
  *sub_stream = 0;
  return filter_of_bus(*bus);
}
char* filter_of_index(unsigned stream, unsigned) {
  return filter_of_bus(stream);
}
// Lines have no addresses by which one could look for them.
char* filter_of_addresses(address*, address*, int, int) {
  return g_strdup("mep");
}
char* no_port(wmem_allocator_t* pool, unsigned) {
  return wmem_strdup(pool, "");
}

tap_packet_status take_message(void* data, packet_info* pinfo, epan_dissect_t*, const void* record,
                               tap_flags_t) {
  const auto& tapped = *static_cast<const Tapped*>(record);
  // What TLS carried stands behind its frame, so the records are not shown that a key opens.
  const bool wrapping = !tapped.inside && is_opened_tls(*tapped.facts);
  if (tapped.bytes.empty() || wrapping) return TAP_PACKET_DONT_REDRAW;
  auto* info = static_cast<follow_info_t*>(data);
  const auto sender = static_cast<std::size_t>(tapped.from_client ? FROM_CLIENT : FROM_SERVER);
  if (info->client_ip.type == AT_NONE) {
    copy_address(&info->client_ip, tapped.from_client ? &tapped.from : &tapped.to);
    copy_address(&info->server_ip, tapped.from_client ? &tapped.to : &tapped.from);
  }
  const auto size = static_cast<unsigned>(tapped.bytes.size());
  auto* said = g_new0(follow_record_t, 1);
  said->is_server = !tapped.from_client;
  said->packet_num = pinfo->num;
  said->abs_ts = pinfo->abs_ts;
  said->data = g_byte_array_append(g_byte_array_sized_new(size), tapped.bytes.data(), size);
  info->bytes_written[sender] += size;
  info->payload = g_list_prepend(info->payload, said);
  return TAP_PACKET_DONT_REDRAW;
}

std::uint32_t count_buses() {
  return bus_count();
}

}  // namespace

void note_bus(packet_info* pinfo, std::uint16_t bus) {
  if (bus != no_bus && !bus_in(pinfo))
    p_add_proto_data(pinfo->pool, pinfo, proto_mep, bus_key, GUINT_TO_POINTER(bus + 1U));
}

void register_follow() {
  compat::register_bus_filter<has_bus, bus_filter>("mep", "MEP bus");
  compat::register_follow(proto_mep, "mep", filter_of_packet, filter_of_index, filter_of_addresses,
                          no_port, take_message, count_buses);
}

}  // namespace mep::plugin
