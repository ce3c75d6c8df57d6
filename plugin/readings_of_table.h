// The readings in a table's bytes: what, when, how much, in which unit.
//
// Plugin, showing. To be added here: what else in a table is a reading; which are kept and how they
// are listed is readings'.
// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "plugin/wireshark.h"
#include "protocol/dimensions.h"
#include "protocol/schema.h"
#include "protocol/walker.h"

namespace mep::plugin {

// A time that stands in the table, by the clock that the guide says.
struct Moment {
  std::int64_t seconds;  // since 1970, of that clock
  Clock clock;
};

struct TableReading {
  // When it was taken; nothing where the table does not tell.
  std::optional<Moment> when;
  // Where in the table its bytes are.
  std::uint64_t position;
  std::uint64_t size;
  // Of an interval of a load profile, the place of the whole interval; of others the same as above.
  std::uint64_t begin;
  std::uint64_t end;
  // Orders readings of one moment as the table has them.
  std::uint64_t order;
  std::string name;   // of the register or channel
  std::string value;  // in `unit`; empty where there is none, and `note` says why
  std::string unit;
  std::string note;  // what the meter says of it
};

struct TableReadings {
  std::vector<TableReading> readings;
  // Where the last element begins of the outermost array that the bytes reach into: what follows
  // belongs to it. The beginning of the bytes where there is none.
  std::uint64_t last_element;
  // They are what the meter had when it was asked.
  bool of_the_moment;
  // Of a load profile, as far as BT61 told it: seconds from interval to interval.
  std::optional<std::int64_t> interval;
};

// `table` has a Story; `stretch` is read with `dimensions`. Whole values only, and of load profiles
// whole intervals that were recorded. `pool`: for the time of the call.
TableReadings readings_of(wmem_allocator_t* pool, const Table& table, const Stretch& stretch,
                          const Dimensions& dimensions);

}  // namespace mep::plugin
