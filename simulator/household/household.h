// What a three-phase meter measures in a household that does not exist: people who cook, wash, heat
// water and charge a car, panels on the roof, the voltage of the street.
//
// Simulator/household. To be added here: another habit or device of these people, as a function of
// seed and second.
// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace mep::simulator {

inline constexpr std::size_t phase_count = 3;  // L1, L2, L3

// Values, in the units in which BT28 states them, pages 216 to 220.
struct MeasuredPhase {
  std::int32_t active_w = 0;      // positive: drawn from the grid, negative: exported to it
  std::int32_t reactive_var = 0;  // positive: imported (inductive load), negative: exported
  std::int32_t apparent_va = 0;   // never negative
  std::int32_t voltage_mv = 0;    // RMS
  std::int32_t current_ma = 0;    // RMS, never negative
  // Cosine and sine of the angle between voltage and current in 1/1000: each has the sign of the
  // active and of the reactive power. 1000 and 0 without any current.
  std::int32_t power_factor = 0;
  std::int32_t sin_phi = 0;
};

// All zeros is what a meter without power measures.
struct Measured {
  std::array<MeasuredPhase, phase_count> phases;
  std::int32_t active_w = 0;  // exactly the phases' sum, as reactive_var
  std::int32_t reactive_var = 0;
  std::int32_t apparent_va = 0;  // of the two sums, not the sum of the phases'
  std::int32_t frequency_mhz = 0;
};

// The current in the neutral conductor, mA: what the phases' currents leave over, 120 degrees apart
// and each behind its voltage by its own angle.
std::int32_t neutral_current_ma(const Measured& measured);

// What the energies are counted from: the three phases' sums.
struct Power {
  std::int32_t active_w = 0;
  std::int32_t reactive_var = 0;
  // Of the two sums, VA.
  std::int32_t apparent_va = 0;
};

// Seconds by which the clock on the wall is ahead of UTC at a second since 1970 UTC.
using LocalOffset = std::int64_t (*)(std::int64_t second);

// A value. Two of them with the same seed and offset measure the same, everywhere: nothing but
// integers goes into it.
class Household {
 public:
  // The people live, and the sun rises, by UTC + offset, all the year round.
  explicit Household(std::uint64_t seed, std::int32_t utc_offset_seconds = 3600);
  // They live by a clock that may be put forward and back.
  Household(std::uint64_t seed, LocalOffset local_offset);

  // What is measured in that second since 1970 UTC. Depends on nothing else.
  Measured at(std::int64_t second) const;
  // The same, and nothing but the power, in less time.
  Power power_at(std::int64_t second) const;

 private:
  std::int64_t local(std::int64_t second) const {
    return second + (local_offset_ ? local_offset_(second) : utc_offset_seconds_);
  }
  std::uint64_t seed_;
  std::int32_t utc_offset_seconds_ = 0;
  LocalOffset local_offset_ = nullptr;
};

}  // namespace mep::simulator
