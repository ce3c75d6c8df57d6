// A statistic that writes a text of its own: tshark -z NAME[,FILTER].
//
// Plugin, showing. To be added here: what all of them share.
// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdio>
#include <cstdlib>
#include <cstring>

#include <epan/stat_tap_ui.h>
#include <epan/tap.h>

#include "plugin/wireshark.h"

namespace mep::plugin {

// What stands behind the name in -z's argument: null where nothing does.
inline const char* behind_name(const char* argument, const char* name) {
  const char* rest = argument + std::strlen(name);
  return rest[0] == ',' && rest[1] != '\0' ? rest + 1 : nullptr;
}

// A listener that was asked for on the command line; ends the program where its filter is none.
inline void listen_or_exit(const char* tap, void* data, const char* filter, unsigned flags,
                           tap_reset_cb reset, tap_packet_cb packet, tap_draw_cb draw) {
  GString* error = register_tap_listener(tap, data, filter, flags, reset, packet, draw, nullptr);
  if (!error) return;
  std::fprintf(stderr, "-z: %s\n", error->str);
  std::exit(1);
}

}  // namespace mep::plugin
