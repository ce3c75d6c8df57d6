// What belongs together: the menus Follow and Conversation Filter, for a bus.
//
// Plugin, showing. To be added here: other things than a bus that can be followed.
// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>

#include "plugin/wireshark.h"

namespace mep::plugin {

// That the packet has a frame of this bus, for the menus. Once is enough: the first counts.
void note_bus(packet_info* pinfo, std::uint16_t bus);

// Behind register_taps().
void register_follow();

}  // namespace mep::plugin
