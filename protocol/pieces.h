// Records that were not cut where frames end: logs by the line, USB packets, single reads. They
// hold a part of a frame, several frames, or the end of one and the beginning of the next.
//
// The bytes say where frames begin, as they do for the splitter of a live line (protocol/frame.h),
// but the times of such records are poor: often they count whole seconds, or nothing at all.
//
// Protocol. To be added here: how a record of unknown cut is read.
// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <chrono>
#include <cstdint>

#include "protocol/types.h"

namespace mep {

enum class PartKind : std::uint8_t {
  frame,      // whole, or an alert
  beginning,  // of a frame that later records may continue
  zeros,      // what a line sends that is held at zero
  noise,      // no frame begins here
  other,      // a frame that cannot be right, and whatever follows it
};

struct Part {
  PartKind kind;
  std::size_t size;
};

// What stands first in `bytes`, which are not empty and begin where a frame may begin.
// `whole_record`: nothing of the record stands before them.
Part first_part(Bytes bytes, bool whole_record, Direction direction);

// Whether `record` goes on with a frame of which `waiting` has come, rather than begins anew. Both
// readings are weighed; where neither stands out, it goes on. More than a frame can have has none.
bool goes_on(Bytes waiting, Bytes record, Direction direction);

// Whether a frame whose last piece came at `last` is given up when the line's next bytes come at
// `now`. `piece` is the size of the larger of the two records.
bool given_up(std::chrono::nanoseconds last, std::chrono::nanoseconds now, std::size_t piece);

}  // namespace mep
