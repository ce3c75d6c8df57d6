// SPDX-License-Identifier: GPL-2.0-or-later
#include "simulator/household/past.h"

#include <array>

#include "protocol/times.h"

namespace mep::simulator {
namespace {

using Counters = EnergyCounters;

constexpr std::int64_t day_length = std::int64_t{24} * 3600;

std::int64_t installed() {
  return seconds_since_1970({2020, 6, 1, 0, 0, 0});
}

std::int64_t next_month(std::int64_t month) {
  constexpr std::int64_t longer_than_any = 32 * day_length;
  return month_of(month + longer_than_any);
}

// A month from samples of it: more than the household has used.
void add_estimate(const Household& household, const TariffSchedule& schedule, std::int64_t month,
                  Counters& counters) {
  // Of no common measure with what goes on and off by the minute.
  constexpr std::int64_t step = 307;
  Counters sampled;
  const std::int64_t end = next_month(month);
  for (std::int64_t second = month + step / 2; second < end; second += step)
    sampled.count(household.power_at(second), schedule.tier_at(second - 1), step);
  auto& all = sampled.registers;
  for (std::size_t tier = 0; tier < tier_count; ++tier) {
    if (all[Counters::forward].tiers[tier] == 0) continue;  // a tier that never counts
    // Of what is used rarely, but then much of, samples miss some.
    constexpr std::int64_t missed = 8'000;  // Wh, varh, VAh
    constexpr std::int64_t part = 64;
    for (Counters::Register& counter : all)
      counter.tiers[tier] += counter.tiers[tier] / part + missed;
    const auto reactive = [&](std::size_t q) { return all[Counters::reactive_q1 + q].tiers[tier]; };
    all[Counters::import_reactive].tiers[tier] = reactive(0) + reactive(1);
    all[Counters::export_reactive].tiers[tier] = reactive(2) + reactive(3);
    for (std::size_t energy = 0; energy < all.size(); ++energy)
      counters.registers[energy].tiers[tier] += all[energy].tiers[tier];
  }
}

}  // namespace

std::int64_t month_of(std::int64_t second) {
  DateTime when = date_time(second);
  when.day = 1;
  when.hour = when.minute = when.second = 0;
  return seconds_since_1970(when);
}

EnergyCounters counters_at(const Household& household, const TariffSchedule& schedule,
                           std::int64_t second, const EnergyCounters& initial) {
  if (second < installed()) return initial;
  EnergyCounters counters = initial;
  const std::int64_t present = month_of(second);
  for (std::int64_t month = installed(); month < present; month = next_month(month))
    add_estimate(household, schedule, month, counters);
  // What ends with the month's first second has the name of that instant.
  for (std::int64_t each = present + 1; each <= second; ++each)
    counters.count(household.power_at(each), schedule.tier_at(each - 1));
  return counters;
}

}  // namespace mep::simulator
