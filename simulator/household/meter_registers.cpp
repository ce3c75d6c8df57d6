// SPDX-License-Identifier: GPL-2.0-or-later
#include "simulator/household/meter_registers.h"

#include <algorithm>

namespace mep::simulator {
namespace {

constexpr std::int64_t hour = 3600;
constexpr std::int64_t day_length = 24 * hour;
constexpr std::int64_t unit_seconds_per_unit = 3600;
constexpr std::int64_t third_of_a_turn = 12'000;  // 0.01 degrees

std::int32_t positive(std::int32_t value) {
  return std::max(value, 0);
}

std::int32_t negative(std::int32_t value) {
  return std::max(-value, 0);
}

std::int32_t magnitude(std::int32_t value) {
  return positive(value) + negative(value);
}

// 0 for Q1 to 3 for Q4.
std::size_t quadrant(std::int32_t active, std::int32_t reactive) {
  if (reactive >= 0) return active >= 0 ? 0 : 1;
  return active < 0 ? 2 : 3;
}

// Which of the sources from `first` to `last` it is, from 0 on.
std::optional<std::size_t> among(std::uint16_t source, unsigned first, unsigned last) {
  if (source < first || source > last) return std::nullopt;
  return source - first;
}

std::int64_t larger(std::int64_t a, std::int64_t b) {
  return std::max(a, b);
}

// Sources of tiers stand in four groups of eleven behind those of the totals, page 204: 0 to 7
// without the powers, then 26 to 28.
constexpr std::size_t sources_per_tier = 11;

// The source of the totals for `index` within a group.
std::uint16_t untiered(std::size_t index) {
  return static_cast<std::uint16_t>(index < 8 ? index : index - 8 + 26);
}

}  // namespace

TariffSchedule TariffSchedule::day_and_night(std::int32_t utc_offset_seconds) {
  TariffSchedule schedule;
  schedule.utc_offset_seconds = utc_offset_seconds;
  for (std::size_t weekday = 0; weekday < weekday_count; ++weekday) {
    const bool weekend = weekday == 0 || weekday == 6;
    for (std::size_t at = 0; at < 24; ++at)
      schedule.tiers[weekday][at] = weekend || at < 6 || at >= 22 ? 1 : 0;
  }
  return schedule;
}

std::uint8_t TariffSchedule::tier_at(std::int64_t second) const {
  constexpr std::int64_t first_weekday = 4;  // 1970 began with a Thursday
  constexpr std::int64_t week_length = day_length * static_cast<std::int64_t>(weekday_count);
  const std::int64_t local = second + (local_offset ? local_offset(second) : utc_offset_seconds);
  std::int64_t in_week = (local + first_weekday * day_length) % week_length;
  if (in_week < 0) in_week += week_length;
  const auto weekday = static_cast<std::size_t>(in_week / day_length);
  return tiers[weekday][static_cast<std::size_t>(in_week % day_length / hour)] % tier_count;
}

std::int64_t EnergyCounters::Register::total() const {
  std::int64_t sum = 0;
  for (const std::int64_t tier : tiers) sum += tier;
  return sum;
}

void EnergyCounters::Register::add(std::int64_t unit_seconds, std::uint8_t tier) {
  begun += unit_seconds;
  tiers[tier] += begun / unit_seconds_per_unit;
  begun %= unit_seconds_per_unit;
}

void MeterRegisters::Interval::add(const Measured& measured) {
  ++seconds;
  const std::int32_t forward_w = positive(measured.active_w);
  const std::int32_t reverse_w = negative(measured.active_w);
  forward_sum += forward_w;
  reverse_sum += reverse_w;
  highest_forward = std::max(highest_forward, forward_w);
  highest_reverse = std::max(highest_reverse, reverse_w);
  std::int32_t& reactive = highest_reactive[quadrant(measured.active_w, measured.reactive_var)];
  reactive = std::max(reactive, magnitude(measured.reactive_var));
  for (std::size_t i = 0; i < phase_count; ++i) {
    const MeasuredPhase& phase = measured.phases[i];
    const std::int32_t phase_forward = positive(phase.active_w);
    const std::int32_t phase_reverse = negative(phase.active_w);
    forward_sums[i] += phase_forward;
    reverse_sums[i] += phase_reverse;
    highest_forwards[i] = std::max(highest_forwards[i], phase_forward);
    highest_reverses[i] = std::max(highest_reverses[i], phase_reverse);
    voltage_sums[i] += phase.voltage_mv;
    current_sums[i] += phase.current_ma;
    highest_voltage[i] = std::max(highest_voltage[i], phase.voltage_mv);
    if (lowest_voltage[i] == 0 || phase.voltage_mv < lowest_voltage[i])
      lowest_voltage[i] = phase.voltage_mv;
  }
}

std::int64_t MeterRegisters::Interval::mean(std::int64_t sum) const {
  return seconds == 0 ? 0 : sum / seconds;
}

EnergyCounters::EnergyCounters(const std::array<TierReadings, tier_count>& tiers) {
  for (std::size_t tier = 0; tier < tier_count; ++tier) {
    const TierReadings& readings = tiers[tier];
    const auto& reactive = readings.reactive_varh;
    registers[forward].tiers[tier] = readings.forward_wh;
    registers[reverse].tiers[tier] = readings.reverse_wh;
    registers[import_reactive].tiers[tier] = reactive[0] + reactive[1];
    registers[export_reactive].tiers[tier] = reactive[2] + reactive[3];
    for (std::size_t q = 0; q < quadrant_count; ++q) {
      registers[reactive_q1 + q].tiers[tier] = reactive[q];
      registers[apparent_q1 + q].tiers[tier] = readings.apparent_vah[q];
    }
  }
}

void EnergyCounters::count(const Power& power, std::uint8_t tier, std::int64_t seconds) {
  const std::size_t q = quadrant(power.active_w, power.reactive_var);
  const auto add = [&](std::size_t energy, std::int32_t value) {
    registers[energy].add(magnitude(value) * seconds, tier);
  };
  add(power.active_w >= 0 ? forward : reverse, power.active_w);
  add(power.reactive_var >= 0 ? import_reactive : export_reactive, power.reactive_var);
  add(reactive_q1 + q, power.reactive_var);
  add(apparent_q1 + q, power.apparent_va);
}

MeterRegisters::MeterRegisters(Household household, const TariffSchedule& schedule,
                               std::int64_t start, const InitialReadings& initial)
    : MeterRegisters(household, schedule, start, EnergyCounters(initial.tiers),
                     initial.outage_seconds, initial.outages) {}

MeterRegisters::MeterRegisters(Household household, const TariffSchedule& schedule,
                               std::int64_t start, const EnergyCounters& counters,
                               std::int64_t outage_seconds, std::int64_t outages)
    : household_(household),
      schedule_(schedule),
      second_(start),
      present_(household_.at(start)),
      outage_seconds_(outage_seconds),
      outage_quantity_(outages),
      energies_(counters) {}

void MeterRegisters::add_outage(std::int64_t from, std::int64_t to) {
  Outage added{std::max(from, second_ + 1), to};
  if (added.from >= added.to) return;
  // One that touches or overlaps another becomes one with it.
  const auto apart = [&](const Outage& other) {
    return other.to < added.from || other.from > added.to;
  };
  for (const Outage& other : outages_) {
    if (apart(other)) continue;
    added = {std::min(added.from, other.from), std::max(added.to, other.to)};
  }
  std::erase_if(outages_, [&](const Outage& other) { return !apart(other); });
  const auto place = std::find_if(outages_.begin(), outages_.end(),
                                  [&](const Outage& other) { return other.from > added.from; });
  outages_.insert(place, added);
}

bool MeterRegisters::powered(std::int64_t second) const {
  return !power_failed(second - 1, second);
}

bool MeterRegisters::power_failed(std::int64_t after, std::int64_t until) const {
  return std::any_of(outages_.begin(), outages_.end(), [&](const Outage& outage) {
    return outage.from <= until && outage.to > after + 1;
  });
}

Measured MeterRegisters::at(std::int64_t second) const {
  return powered(second) ? household_.at(second) : Measured{};
}

void MeterRegisters::advance(std::int64_t second) {
  while (second_ < second) count_second();
}

void MeterRegisters::count_second() {
  ++second_;
  const bool was_powered = powered_;
  powered_ = powered(second_);
  const std::uint8_t now = tier();
  if (powered_) {
    present_ = household_.at(second_);
    energies_.count({present_.active_w, present_.reactive_var, present_.apparent_va}, now);
    demand_.add(present_);
    average_.add(present_);
  } else {
    present_ = {};
    ++outage_seconds_;
    if (was_powered) ++outage_quantity_;
  }
  if (second_ % demand_interval == 0) end_demand_interval(now);
  if (second_ % average_interval == 0) {
    last_average_ = average_;
    average_ = {};
  }
}

void MeterRegisters::end_demand_interval(std::uint8_t tier) {
  const MaximumDemand demand{demand_.forward_sum / demand_interval, second_};
  for (MaximumDemand* maximum : {&maximum_, &tier_maxima_[tier]})
    if (maximum->ended == 0 || demand.watts > maximum->watts) *maximum = demand;
  last_demand_ = demand_;
  demand_ = {};
}

void MeterRegisters::reset_maximum_demands() {
  maximum_ = {};
  tier_maxima_ = {};
}

std::optional<MeterRegisters::Energy> MeterRegisters::energy_of(std::uint16_t source) {
  if (source <= 3) return static_cast<Energy>(EnergyCounters::forward + source);
  if (const auto q = among(source, 108, 111))
    return static_cast<Energy>(EnergyCounters::reactive_q1 + *q);
  if (const auto q = among(source, apparent_energy_q1, apparent_energy_q1 + 3))
    return static_cast<Energy>(EnergyCounters::apparent_q1 + *q);
  return std::nullopt;
}

std::optional<std::int64_t> MeterRegisters::value(std::uint16_t source) const {
  if (const auto index = among(source, 29, 72))
    return value(untiered(*index % sources_per_tier),
                 static_cast<unsigned>(*index / sources_per_tier));
  if (const auto found = total_value(source)) return found;
  if (const auto found = present_value(source)) return found;
  return interval_value(source);
}

std::optional<std::int64_t> MeterRegisters::value(std::uint16_t source, unsigned tier) const {
  if (tier >= tier_count) return std::nullopt;
  if (const auto energy = energy_of(source)) return energies_.registers[*energy].tiers[tier];
  const std::int64_t fwd = energies_.registers[EnergyCounters::forward].tiers[tier];
  const std::int64_t rev = energies_.registers[EnergyCounters::reverse].tiers[tier];
  if (source == 6) return fwd + rev;
  if (source == 7) return larger(fwd - rev, 0);
  if (among(source, 4, 5) || among(source, 26, 28)) return 0;
  return std::nullopt;
}

std::optional<std::int64_t> MeterRegisters::unit_seconds(std::uint16_t source) const {
  const auto energy = energy_of(source);
  if (!energy) return std::nullopt;
  return energies_.registers[*energy].total() * unit_seconds_per_unit +
         energies_.registers[*energy].begun;
}

std::optional<std::int64_t> MeterRegisters::total_value(std::uint16_t source) const {
  if (const auto energy = energy_of(source)) return energies_.registers[*energy].total();
  const std::int64_t fwd = energies_.registers[EnergyCounters::forward].total();
  const std::int64_t rev = energies_.registers[EnergyCounters::reverse].total();
  if (source == 4) return outage_seconds_;
  if (source == 5) return outage_quantity_;
  if (source == 6) return fwd + rev;
  if (source == 7) return larger(fwd - rev, 0);
  // Pulse inputs and error counter; MEP devices; mapped sources, which are other devices', too.
  if (among(source, 26, 28) || among(source, 73, 80) || among(source, 112, 163)) return 0;
  return std::nullopt;
}

std::optional<std::int64_t> MeterRegisters::present_value(std::uint16_t source) const {
  const Measured& now = present_;
  const auto& phases = now.phases;
  const std::size_t now_in = quadrant(now.active_w, now.reactive_var);
  if (source == 8 || source == 81) return positive(now.active_w);
  if (source == 9 || source == 82) return negative(now.active_w);
  if (source == 10 || source == 83) return positive(now.reactive_var);
  if (source == 11 || source == 84) return negative(now.reactive_var);
  if (const auto i = among(source, 12, 14)) return phases[*i].current_ma;
  if (const auto i = among(source, 15, 17)) return phases[*i].voltage_mv;
  if (source == 18) return phases[0].power_factor;
  if (source == 19) return now.frequency_mhz;
  if (source == 20) return now.apparent_va;
  if (const auto i = among(source, 21, 22)) return phases[*i + 1].power_factor;
  if (const auto i = among(source, 23, 25)) return phases[*i].sin_phi;
  if (const auto q = among(source, 104, 107)) return *q == now_in ? magnitude(now.reactive_var) : 0;
  if (const auto i = among(source, 185, 187)) return positive(phases[*i].active_w);
  if (const auto i = among(source, 188, 190)) return negative(phases[*i].active_w);
  if (const auto i = among(source, 191, 193)) return positive(phases[*i].active_w);
  if (const auto i = among(source, 194, 196)) return negative(phases[*i].active_w);
  if (const auto i = among(source, 197, 199)) return phases[*i].current_ma;
  if (const auto i = among(source, 202, 204)) return phases[*i].voltage_mv;
  if (const auto q = among(source, 216, 219)) return *q == now_in ? now.apparent_va : 0;
  if (const auto index = among(source, 220, 231)) {
    const MeasuredPhase& phase = phases[*index / quadrant_count];
    const std::size_t phase_in = quadrant(phase.active_w, phase.reactive_var);
    return *index % quadrant_count == phase_in ? phase.apparent_va : 0;
  }
  if (source == 232) return neutral_current_ma(now);
  if (among(source, 236, 238)) return powered_ ? third_of_a_turn : 0;
  if (const auto i = among(source, 239, 241)) return positive(phases[*i].reactive_var);
  if (const auto i = among(source, 242, 244)) return negative(phases[*i].reactive_var);
  return std::nullopt;
}

std::optional<std::int64_t> MeterRegisters::interval_value(std::uint16_t source) const {
  const Interval& last = last_demand_;
  const Interval& average = last_average_;
  if (source == 88) return demand_.forward_sum / demand_interval;
  if (source == 96) return last.forward_sum / demand_interval;
  if (const auto i = among(source, 164, 166)) return last.lowest_voltage[*i];
  if (const auto i = among(source, 167, 169)) return last.highest_voltage[*i];
  if (source == 170 || source == 177) return last.highest_forward;
  if (source == 171 || source == 178) return last.highest_reverse;
  if (const auto q = among(source, 172, 175)) return last.highest_reactive[*q];
  if (const auto i = among(source, 179, 181)) return last.highest_forwards[*i];
  if (const auto i = among(source, 182, 184)) return last.highest_reverses[*i];
  if (const auto i = among(source, 205, 207)) return average.mean(average.voltage_sums[*i]);
  if (source == 208) return last.mean(last.forward_sum);
  if (source == 209) return last.mean(last.reverse_sum);
  if (const auto i = among(source, 210, 212)) return last.mean(last.forward_sums[*i]);
  if (const auto i = among(source, 213, 215)) return last.mean(last.reverse_sums[*i]);
  if (const auto i = among(source, 233, 235)) return average.mean(average.current_sums[*i]);
  return std::nullopt;
}

}  // namespace mep::simulator
