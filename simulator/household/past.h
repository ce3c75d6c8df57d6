// What a meter has counted before somebody looks, as a function of the clock: a meter that is
// started again later goes on where it would be by now.
//
// Counting all the seconds of years takes too long. The months that are over are estimated, a
// little too high so that nothing ever runs backwards; the present month is counted second by
// second. Two starts within a month agree exactly; one in a later month finds the registers up to
// some 20 kWh a month farther than a meter that was never stopped.
//
// Simulator/household. To be added here: what has happened before a meter is looked at.
// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>

#include "simulator/household/household.h"
#include "simulator/household/meter_registers.h"

namespace mep::simulator {

// The beginning of the month (UTC) that has this second since 1970 UTC.
std::int64_t month_of(std::int64_t second);

// The counters at the end of `second` (since 1970 UTC) of a meter that had `initial` when it was
// installed, at the beginning of June 2020, and has had power ever since. Before that: `initial`.
// Takes some hundred milliseconds.
EnergyCounters counters_at(const Household& household, const TariffSchedule& schedule,
                           std::int64_t second, const EnergyCounters& initial);

}  // namespace mep::simulator
