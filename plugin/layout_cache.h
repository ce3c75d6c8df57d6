// How the bytes of a table are laid out, kept for the next frame that has the same of it.
//
// A client reads the same tables over and over: as long as nothing new was learned of dimensions,
// each field stands where it stood the last time, and only its value is another. So what was judged
// of an answer's size, and what a walk found, is looked up, and the values are read.
//
// Plugin, showing; tells nothing that a walk would not. To be added here: nothing that depends on a
// table's contents.
// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "plugin/exchanges.h"
#include "plugin/findings.h"
#include "protocol/size_evidence.h"

namespace mep::plugin {

struct LaidOut;

// Lives as long as the packet.
struct Layout {
  SizeVerdict verdict;           // of an answer
  const Dimensions* dimensions;  // what was known, and what the verdict found
  const Table* table;
  std::uint16_t bus;
  LaidOut* kept;  // null: nothing may be kept
};

// Of `size` bytes, at least one, that a read of `table` was answered with, or that were written to
// it. `facts`: of their frame.
Layout layout_of(packet_info* pinfo, const Table& table, const Request& request, std::size_t size,
                 const FrameFacts& facts);

// What the bytes hold, as find() does it. `stretch`: those that the layout is of. Valid until the
// next layout is asked for.
Findings findings_in(packet_info* pinfo, const Layout& layout, const Stretch& stretch);

void register_layout_cache();

}  // namespace mep::plugin
