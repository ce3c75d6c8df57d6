// The differences between the Wireshark versions that this source supports (4.0 to 4.6), all of
// them, and nothing else, but for how a plugin's symbols are exported (plugin_symbols.h). Code
// outside this header is written for the newest version. SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <glib.h>

#include <cstdint>

extern "C" {
#include <ws_version.h>
}

#define MEP_WIRESHARK(major, minor) ((major)*100 + (minor))
#define MEP_WIRESHARK_VERSION MEP_WIRESHARK(WIRESHARK_VERSION_MAJOR, WIRESHARK_VERSION_MINOR)

#include <epan/address.h>
#include <epan/epan.h>
#include <epan/packet_info.h>

#include <epan/conversation_filter.h>
#include <epan/follow.h>
#include <epan/tap.h>
#include <epan/tfs.h>
#include <epan/tvbuff.h>
#include <epan/uat.h>
#include <epan/unit_strings.h>
#include <wiretap/wtap.h>
#if MEP_WIRESHARK_VERSION >= MEP_WIRESHARK(4, 4)
#include <wsutil/plugins.h>
#endif

// 4.4 changed booleans and integers from GLib's to C's. Callbacks and preferences have to match.
#if MEP_WIRESHARK_VERSION < MEP_WIRESHARK(4, 4)
using ws_bool = gboolean;
inline std::uint8_t tvb_get_uint8(tvbuff_t* tvb, int offset) {
  return tvb_get_guint8(tvb, offset);
}
#else
using ws_bool = bool;
#endif
// Those of tables of preferences changed before the others did: what a row's check returns.
using uat_bool = decltype(uat_update_cb_t{}(nullptr, nullptr));

// From 4.4 on a plugin says what it is; before, nobody asks.
#if MEP_WIRESHARK_VERSION < MEP_WIRESHARK(4, 4)
#define MEP_PLUGIN_KIND 1U
#else
#define MEP_PLUGIN_KIND WS_PLUGIN_DESC_DISSECTOR
#endif

namespace mep::compat {

// What the capture calls an interface; null or a word that stands for nothing where it has no name.
inline const char* interface_name(const epan_t* session, unsigned interface, unsigned section) {
#if MEP_WIRESHARK_VERSION < MEP_WIRESHARK(4, 4)
  (void)section;
  return epan_get_interface_name(session, interface);
#else
  return epan_get_interface_name(session, interface, section);
#endif
}
inline const char* interface_description(const epan_t* session, unsigned interface,
                                         unsigned section) {
#if MEP_WIRESHARK_VERSION < MEP_WIRESHARK(4, 4)
  (void)section;
  return epan_get_interface_description(session, interface);
#else
  return epan_get_interface_description(session, interface, section);
#endif
}

// What a statistic of the command line returns when it begins: from 4.6 on, whether it did.
#if MEP_WIRESHARK_VERSION < MEP_WIRESHARK(4, 6)
using tap_begun = void;
#else
using tap_begun = bool;
#endif

// Conversation Filter: from 4.2 on, the callbacks get what nobody needs.
template <ws_bool has(packet_info*), char* filter(packet_info*)>
void register_bus_filter(const char* protocol, const char* title) {
#if MEP_WIRESHARK_VERSION < MEP_WIRESHARK(4, 2)
  register_conversation_filter(protocol, title, has, filter);
#else
  register_conversation_filter(
      protocol, title, [](packet_info* pinfo, void*) { return has(pinfo); },
      [](packet_info* pinfo, void*) { return filter(pinfo); }, nullptr);
#endif
}

// Follow: from 4.2 on, it wants to know how many streams there are.
inline void register_follow(int protocol, const char* tap, follow_conv_filter_func of_packet,
                            follow_index_filter_func of_index,
                            follow_address_filter_func of_addresses,
                            follow_port_to_display_func port, tap_packet_cb take,
                            std::uint32_t (*count)()) {
#if MEP_WIRESHARK_VERSION < MEP_WIRESHARK(4, 2)
  (void)count;
  register_follow_stream(protocol, tap, of_packet, of_index, of_addresses, port, take);
#else
  register_follow_stream(protocol, tap, of_packet, of_index, of_addresses, port, take, count,
                         nullptr);
#endif
}

}  // namespace mep::compat
