// A line that is held at zero: no level converter, or the wire is at ground. It sends what alerts
// are made of, without end.
//
// Plugin, ways in. To be added here: what tells a line without life from one with alerts.
// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "plugin/line_item.h"
#include "plugin/lines.h"

namespace mep::plugin {

enum class Zeros : std::uint8_t {
  alert,       // two of them, as a meter sends them
  held,        // the line is held at zero
  held_found,  // the same, and here it is certain for the first time in this stretch
};

// First pass: `size` zero bytes came, and nothing else. Call zeros_end() for everything else.
Zeros judge_zeros(Line& line, const packet_info* pinfo, std::size_t size);
void zeros_end(Line& line);

// Shows the bytes of a line that is held at zero.
int dissect_held_line(const Arrived& zeros, Zeros verdict);

// For records that are one frame each: what a record of nothing but zeros is. Nothing for others.
// `line` is asked for on the first pass only.
bool dissect_if_held(const Arrived& record, Line* (*line)(packet_info*, Direction));

}  // namespace mep::plugin
