// What a meter makes of what it measures: energies, demands, averages, extremes, outages.
//
// A second carries the name of the instant at which it ends. What Household measures "at" a second
// is taken as the mean of that second, so that its watts are its watt-seconds.
//
// Simulator/household. To be added here: what a meter adds up, averages or takes extremes of.
// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "simulator/household/household.h"

namespace mep::simulator {

inline constexpr std::size_t tier_count = 4;      // T0 to T3, page 204
inline constexpr std::size_t quadrant_count = 4;  // Q1 to Q4
inline constexpr std::size_t weekday_count = 7;   // 0 is Sunday, page 224

// Source IDs beyond those of page 204, as in protocol/tables/registers.cpp: the apparent energies
// of Q1 to Q4, summations 15 to 18 of page 210.
inline constexpr std::uint16_t apparent_energy_q1 = 256;

// A value: which tier counts when, by local time. By default tier 0 counts always.
struct TariffSchedule {
  std::int32_t utc_offset_seconds = 3600;
  LocalOffset local_offset = nullptr;                               // if not null, instead
  std::array<std::array<std::uint8_t, 24>, weekday_count> tiers{};  // by weekday and hour

  // Tier 0 from Monday to Friday, from 6 to 22 o'clock; tier 1 at night and at the weekend.
  static TariffSchedule day_and_night(std::int32_t utc_offset_seconds = 3600);
  // The tier at that instant (seconds since 1970 UTC), 0 to 3.
  std::uint8_t tier_at(std::int64_t second) const;
};

// What a meter has counted in one tier before one looks. Import and export of reactive energy
// follow: Q1 + Q2 and Q3 + Q4.
struct TierReadings {
  std::int64_t forward_wh = 0;
  std::int64_t reverse_wh = 0;
  std::array<std::int64_t, quadrant_count> reactive_varh{};
  std::array<std::int64_t, quadrant_count> apparent_vah{};
};

// Totals are the sums of the tiers.
struct InitialReadings {
  std::array<TierReadings, tier_count> tiers{};
  std::int64_t outage_seconds = 0;
  std::int64_t outages = 0;
};

// The energies that a meter counts. A value.
struct EnergyCounters {
  // In the order of BT23's summations.
  enum Energy : std::size_t {
    forward,
    reverse,
    import_reactive,
    export_reactive,
    reactive_q1,
    apparent_q1 = reactive_q1 + quadrant_count,
    energy_count = apparent_q1 + quadrant_count
  };
  struct Register {
    std::array<std::int64_t, tier_count> tiers{};  // Wh, varh, VAh
    std::int64_t begun = 0;                        // unit-seconds of the next, 0 to 3599
    std::int64_t total() const;
    void add(std::int64_t unit_seconds, std::uint8_t tier);
  };
  std::array<Register, energy_count> registers{};

  EnergyCounters() = default;
  explicit EnergyCounters(const std::array<TierReadings, tier_count>& tiers);
  // So many seconds with that power, in that tier.
  void count(const Power& power, std::uint8_t tier, std::int64_t seconds = 1);
};

// Of BT23's demand block, page 210, for the demand source 8.
struct MaximumDemand {
  std::int64_t watts = 0;  // mean forward power of a demand interval
  std::int64_t ended = 0;  // that interval, seconds since 1970 UTC; 0: no interval has ended yet
};

// A value: copies go on by themselves.
class MeterRegisters {
 public:
  // In seconds. Of demands, and of maxima, minima and average powers. Whole multiples of it since
  // 1970 UTC end an interval.
  static constexpr std::int64_t demand_interval = 900;
  // Of average voltages and currents: the defaults of pages 75 and 76, counted from the hour.
  static constexpr std::int64_t average_interval = 600;

  // The registers as they are at the end of second `start` (since 1970 UTC).
  MeterRegisters(Household household, const TariffSchedule& schedule, std::int64_t start,
                 const InitialReadings& initial = {});
  // Goes on from these counters.
  MeterRegisters(Household household, const TariffSchedule& schedule, std::int64_t start,
                 const EnergyCounters& counters, std::int64_t outage_seconds, std::int64_t outages);

  // Declares that the meter has no power from `from` to `to` (seconds since 1970 UTC): the first
  // second without is `from`, the first with it again is `to`. What is not later than second() has
  // been passed already and changes nothing.
  void add_outage(std::int64_t from, std::int64_t to);

  // Counts second by second, up to and including that one. Nothing happens for one that has been
  // counted already.
  void advance(std::int64_t second);
  // The last second that was counted.
  std::int64_t second() const { return second_; }

  const EnergyCounters& energies() const { return energies_; }

  // What is measured in a second, past or future: zeros in an outage.
  Measured at(std::int64_t second) const;
  // The same for second().
  const Measured& present() const { return present_; }
  bool powered(std::int64_t second) const;
  // Whether any second after `after`, up to and including `until`, was without power: "Power fail
  // within interval" of an interval with these ends, page 240.
  bool power_failed(std::int64_t after, std::int64_t until) const;
  // The tier that second() counted for.
  std::uint8_t tier() const { return schedule_.tier_at(second_ - 1); }

  // The present value of a source of page 204, in the unit that protocol/sources.cpp tells; ratios
  // of current and voltage transformers are 1. Energies are floor(watt-seconds / 3600).
  //  - Forward and reverse, and the quadrants (Q1: +P +Q, Q2: -P +Q, Q3: -P -Q, Q4: +P -Q), go by
  //    the signs of the three phases' sums, not of each phase; zero counts as positive.
  //  - Fwd-Rev never gets below 0, page 209.
  //  - Averages (205 to 215, 233 to 235), minima and maxima (164 to 184) are those of the seconds
  //    with power in the last interval that has ended; 0 before there is one.
  //  - Demands are the energy of an interval over its whole length: Previous Dmd 1 (96) of the last
  //    one, Present Dmd 1 (88) of what there is of the present one. Number 1 is of source 8; there
  //    are no others.
  //  - Pulse inputs, error counter, M-Bus and MEP devices' values are 0: nothing is connected. So
  //    are the outages of tiers, which pages 208 and 209 leave out.
  // Nothing for what a meter like this does not have.
  std::optional<std::int64_t> value(std::uint16_t source) const;
  // The same within a tier (0 to 3), for the sources that BT23 has there: 0 to 7, 26 to 28, 108 to
  // 111, 256 to 259. Energies of all tiers add up exactly to the total: it is the tier that counts
  // when a watt-hour is full which gets it. (Not so source 7, where it is clamped.)
  std::optional<std::int64_t> value(std::uint16_t source, unsigned tier) const;
  // Of an energy source: all that was ever counted, in Ws, vars or VAs, initial readings included.
  // Grows by the integers that BT28 shows.
  std::optional<std::int64_t> unit_seconds(std::uint16_t source) const;

  const MaximumDemand& maximum_demand() const { return maximum_; }
  // `tier`: 0 to 3. An interval belongs to the tier that it ended with.
  const MaximumDemand& maximum_demand(unsigned tier) const { return tier_maxima_[tier]; }
  // Maxima begin anew with the interval that is going on.
  void reset_maximum_demands();

 private:
  using Energy = EnergyCounters::Energy;
  // Of an interval: all its seconds with power.
  struct Interval {
    std::int64_t seconds = 0;
    std::int64_t forward_sum = 0, reverse_sum = 0;
    std::array<std::int64_t, phase_count> forward_sums{}, reverse_sums{};
    std::array<std::int64_t, phase_count> voltage_sums{}, current_sums{};
    std::array<std::int32_t, phase_count> lowest_voltage{}, highest_voltage{};
    std::int32_t highest_forward = 0, highest_reverse = 0;
    std::array<std::int32_t, phase_count> highest_forwards{}, highest_reverses{};
    std::array<std::int32_t, quadrant_count> highest_reactive{};
    void add(const Measured& measured);
    std::int64_t mean(std::int64_t sum) const;
  };
  struct Outage {
    std::int64_t from, to;
  };

  static std::optional<Energy> energy_of(std::uint16_t source);
  void count_second();
  void end_demand_interval(std::uint8_t tier);
  std::optional<std::int64_t> total_value(std::uint16_t source) const;
  std::optional<std::int64_t> present_value(std::uint16_t source) const;
  std::optional<std::int64_t> interval_value(std::uint16_t source) const;

  Household household_;
  TariffSchedule schedule_;
  std::int64_t second_;
  Measured present_;
  bool powered_ = true;          // in second_
  std::vector<Outage> outages_;  // in time's order, apart from each other
  std::int64_t outage_seconds_;
  std::int64_t outage_quantity_;
  EnergyCounters energies_;
  Interval demand_, last_demand_;    // demand_interval
  Interval average_, last_average_;  // average_interval
  MaximumDemand maximum_;
  std::array<MaximumDemand, tier_count> tier_maxima_{};
};

}  // namespace mep::simulator
