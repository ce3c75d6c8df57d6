// The differences between the Wireshark versions that this source supports (4.0 to 4.6), all of
// them, and nothing else. Code outside this header is written for the newest version.
// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <glib.h>

#include <cstdint>

extern "C" {
#include <ws_version.h>
}

#define MEP_WIRESHARK(major, minor) ((major)*100 + (minor))
#define MEP_WIRESHARK_VERSION MEP_WIRESHARK(WIRESHARK_VERSION_MAJOR, WIRESHARK_VERSION_MINOR)

#include <epan/epan.h>
#include <epan/tfs.h>
#include <epan/tvbuff.h>
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

// A plugin's symbols. `const` means internal linkage in C++, hence the explicit "extern".
#define MEP_PLUGIN_EXPORT extern __attribute__((visibility("default")))
// From 4.4 on a plugin says what it is; before, nobody asks.
#if MEP_WIRESHARK_VERSION < MEP_WIRESHARK(4, 4)
#define MEP_PLUGIN_KIND 1U
#else
#define MEP_PLUGIN_KIND WS_PLUGIN_DESC_DISSECTOR
#endif

namespace mep::compat {

// What the capture calls an interface; null or a word that stands for nothing where it has no name.
inline const char* interface_name(const epan_t* session, unsigned interface, unsigned section) {
#if MEP_WIRESHARK_VERSION < MEP_WIRESHARK(4, 2)
  (void)section;
  return epan_get_interface_name(session, interface);
#else
  return epan_get_interface_name(session, interface, section);
#endif
}
inline const char* interface_description(const epan_t* session, unsigned interface,
                                         unsigned section) {
#if MEP_WIRESHARK_VERSION < MEP_WIRESHARK(4, 2)
  (void)section;
  return epan_get_interface_description(session, interface);
#else
  return epan_get_interface_description(session, interface, section);
#endif
}

}  // namespace mep::compat
