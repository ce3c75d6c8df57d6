// One direction of what carries MEP, record by record: what it waits for, what it does.
//
// For the first pass only. What a record turned out to be is kept for the later ones by whoever
// found it out.
//
// Plugin, ways in. To be added here: what the next record of the same line needs to know.
// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "plugin/wireshark.h"
#include "protocol/types.h"

namespace mep::plugin {

struct PiecedFrame;

// Zeros on a line, up to the latest ones.
struct ZeroStretch {
  nstime_t latest;
  std::uint32_t bytes;  // 0: the line's latest bytes were others
  bool held;            // by all evidence the line is held at zero
  bool told;
};

// File scope.
struct Line {
  PiecedFrame* waiting;  // for its rest; null: none
  ZeroStretch zeros;
};

// A line of the link layer: an interface's, by direction as far as the record tells it.
Line* line_of_interface(packet_info* pinfo, Direction direction);
// One side of a connection: what the packet's sender sends.
Line* line_of_connection(packet_info* pinfo);

void register_lines();

}  // namespace mep::plugin
