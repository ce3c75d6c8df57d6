// The differences between the Wireshark versions that this source supports (4.0 to 4.6), all of
// them, and nothing else. Code outside this header is written for the newest version.
// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <glib.h>

#include <cstdint>
#include <span>

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
#include <wsutil/cpu_info.h>
#include <wsutil/os_version_info.h>
#include <wsutil/wslog.h>
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

// 4.6 keeps a record's bytes inside the record.
#if MEP_WIRESHARK_VERSION < MEP_WIRESHARK(4, 6)
inline void wtap_rec_init(wtap_rec* rec, gsize) {
  wtap_rec_init(rec);
}
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

inline bool dump_record(wtap_dumper* dumper, wtap_rec& rec, std::span<const std::uint8_t> bytes,
                        int* error, char** details) {
#if MEP_WIRESHARK_VERSION < MEP_WIRESHARK(4, 6)
  return wtap_dump(dumper, &rec, bytes.data(), error, details);
#else
  ws_buffer_append(&rec.data, bytes.data(), bytes.size());
  return wtap_dump(dumper, &rec, error, details);
#endif
}

}  // namespace mep::compat
