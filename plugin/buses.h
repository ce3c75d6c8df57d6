// Which bus a frame belongs to: one meter and whoever talks to it.
//
// Plugin, learning. To be added here: other ways to tell which bus a frame is on.
// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>

#include "plugin/exchanges.h"
#include "plugin/wireshark.h"

namespace mep::plugin {

// For frames that are learned from: afterwards each of them gets a bus of the packet's, of which
// nothing is kept.
//
// The bus of a frame of the link layer. `tap`: the number in its tap header, 0 where it has none
// (docs/link-types.md). Lines of one tap have the same number; where there is none, the interfaces'
// names and descriptions tell which two are one tap's, and where those say nothing, that they stand
// side by side. `direction`: as the carrier says.
Bus* bus_of_line(packet_info* pinfo, std::uint32_t tap, Direction direction);

// The bus that a TCP or UDP conversation is.
Bus* bus_of_connection(packet_info* pinfo);

// How many there are so far in the capture.
unsigned bus_count();

void register_buses();

}  // namespace mep::plugin
