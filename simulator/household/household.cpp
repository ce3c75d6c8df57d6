// SPDX-License-Identifier: GPL-2.0-or-later
#include "simulator/household/household.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <optional>

namespace mep::simulator {
namespace {

constexpr std::int64_t minute = 60;
constexpr std::int64_t hour = 60 * minute;
constexpr std::int64_t day_length = 24 * hour;
// Fractions, and whatever else goes from nothing to all, are of 1024.
constexpr std::int64_t one = 1024;

enum Phase : std::size_t { l1, l2, l3 };

constexpr std::int64_t floor_div(std::int64_t value, std::int64_t by) {
  return value / by - (value % by < 0 ? 1 : 0);
}

constexpr std::int64_t floor_mod(std::int64_t value, std::int64_t by) {
  return value - floor_div(value, by) * by;
}

// The last step of SplitMix64.
constexpr std::uint64_t mixed(std::uint64_t value) {
  value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9;
  value = (value ^ (value >> 27)) * 0x94D049BB133111EB;
  return value ^ (value >> 31);
}

// The nearest integer.
std::int64_t square_root(std::int64_t value) {
  // IEEE 754 prescribes the last bit of sqrt(), so that only the conversion needs care.
  auto root = static_cast<std::int64_t>(std::sqrt(static_cast<double>(value)));
  while (root * root > value) --root;
  while ((root + 1) * (root + 1) <= value) ++root;
  return value - root * root > root ? root + 1 : root;
}

constexpr std::int64_t rounded(std::int64_t value, std::int64_t by) {
  return (value + (value < 0 ? -by : by) / 2) / by;
}

// From 0 to `one` and flat at both ends, for `part` from 0 to `one`.
constexpr std::int64_t smooth(std::int64_t part) {
  return part * part * (3 * one - 2 * part) >> 20;
}

// What a random number is for. Those of the phases follow each other.
enum Purpose : std::uint64_t {
  standby = 0,
  flicker = 4,
  voltage_of_line = 8,
  voltage_slow = 12,
  voltage_medium = 16,
  voltage_fast = 20,
  voltage_of_street,
  frequency_slow,
  frequency_medium,
  frequency_fast,
  cloud_front,
  cloud_bank,
  cloud,
  roof_size,
  fridge_cycle,
  freezer_cycle,
  lamp_on = 40,  // and seven more
  television = 50,
  desk,
  kettle,
  kettle_time,
  microwave,
  microwave_time,
  dinner,
  dinner_time,
  oven,
  lunch,
  laundry,
  laundry_time,
  dishes,
  dishes_time,
  car_night,
  car_other_night,
  car_time,
  car_length,
  car_one_phase,
};

// Random numbers that can be looked up: each is the same whenever one asks for it.
class Chance {
 public:
  explicit Chance(std::uint64_t seed) : seed_(seed) {}

  // 0 to limit - 1
  std::int64_t below(std::int64_t limit, std::uint64_t purpose, std::int64_t index) const {
    const std::uint64_t number = mixed(seed_ + purpose * 0xD1B54A32D192ED03 +
                                       static_cast<std::uint64_t>(index) * 0x9E3779B97F4A7C15);
    return static_cast<std::int64_t>((number >> 32) * static_cast<std::uint64_t>(limit) >> 32);
  }
  // -amplitude to amplitude: a smooth curve through a new value every `period` seconds. A template,
  // as there are many of these and dividing by a number known beforehand is much faster.
  template <std::int64_t period>
  std::int64_t drift(std::int64_t amplitude, std::uint64_t purpose, std::int64_t second) const {
    constexpr std::int64_t range = 1 << 16;
    const std::int64_t index = floor_div(second, period);
    const std::int64_t before = below(2 * range + 1, purpose, index) - range;
    const std::int64_t after = below(2 * range + 1, purpose, index + 1) - range;
    const std::int64_t way = smooth((second - index * period) * one / period);
    return rounded((before * (one - way) + after * way) * amplitude, range * one);
  }

 private:
  std::uint64_t seed_;
};

// A second, as the household knows it.
struct Moment {
  std::int64_t second;  // since 1970, local
  std::int64_t day;     // since 1970, local
  std::int64_t of_day;  // seconds
  bool weekend;
  std::int64_t summer;  // 0 at midwinter, `one` at midsummer
  std::int64_t sun;     // height above the horizon, `one` at midsummer's noon; 0 at night
  std::int64_t bustle;  // how much is going on in the house, 0 to 1000
};

std::int64_t summer_of(std::int64_t day) {
  constexpr std::int64_t four_years = 4 * 365 + 1;
  constexpr std::int64_t since_midwinter = 11;  // on the first of January
  const std::int64_t in_year = floor_mod((day + since_midwinter) * 4, four_years);
  const std::int64_t from_midwinter = std::min(in_year, four_years - in_year);
  return smooth(from_midwinter * one / (four_years / 2));
}

std::int64_t sun_of(std::int64_t of_day, std::int64_t summer) {
  constexpr std::int64_t noon = 12 * hour + 20 * minute;
  const std::int64_t half_day = 4 * hour + (4 * hour + 10 * minute) * summer / one;
  const std::int64_t way = std::abs(of_day - noon) * one / half_day;
  if (way >= one) return 0;
  const std::int64_t arc = one - way * way / one;
  const std::int64_t highest = one * 38 / 100 + summer * 62 / 100;
  return (arc + arc * arc / one) / 2 * highest / one;
}

std::int64_t bustle_of(std::int64_t of_day, bool weekend) {
  constexpr std::array<std::int16_t, 25> week = {120, 70,  50,  50,  60,  200, 550, 700, 400,
                                                 250, 220, 250, 350, 280, 240, 260, 380, 600,
                                                 850, 950, 900, 750, 500, 250, 120};
  constexpr std::array<std::int16_t, 25> free = {200, 120, 80,  60,  60,  80,  150, 300, 550,
                                                 650, 600, 600, 650, 550, 500, 500, 550, 650,
                                                 800, 900, 900, 800, 600, 380, 200};
  const auto& hours = weekend ? free : week;
  const auto index = static_cast<std::size_t>(of_day / hour);
  const std::int64_t in_hour = of_day % hour;
  return (hours[index] * (hour - in_hour) + hours[index + 1] * in_hour) / hour;
}

Moment moment(std::int64_t local_second) {
  Moment now{};
  now.second = local_second;
  now.day = floor_div(local_second, day_length);
  now.of_day = local_second - now.day * day_length;
  now.weekend = floor_mod(now.day + 3, 7) >= 5;  // 1970 began with a Thursday
  now.summer = summer_of(now.day);
  now.sun = sun_of(now.of_day, now.summer);
  now.bustle = bustle_of(now.of_day, now.weekend);
  return now;
}

// Seconds since the start of something that lasts so long; nothing before and after it.
std::optional<std::int64_t> since(std::int64_t start, std::int64_t length, std::int64_t now) {
  if (now < start || now >= start + length) return std::nullopt;
  return now - start;
}

// A thermostat: on for the first so many seconds of each period.
bool cycling(std::int64_t time, std::int64_t period, std::int64_t on) {
  return time % period < on;
}

// One second's sum of all appliances.
class House {
 public:
  House(const Chance& chance, const Moment& now) : chance_(chance), now_(now) {}

  void run_all() {
    stand_by();
    cool(l1, fridge_cycle, 50 * minute, 85);
    cool(l2, freezer_cycle, 71 * minute, 110);
    light();
    entertain();
    boil_and_warm();
    cook();
    wash_clothes();
    wash_dishes();
    charge_car();
    flicker_a_little();
    feed_in();
  }
  std::int64_t active(std::size_t phase) const { return active_[phase]; }
  std::int64_t reactive(std::size_t phase) const { return reactive_[phase]; }
  // What the clouds let through of the sun, 0 to `one`, while it shines.
  std::int64_t sunshine() const { return sunshine_; }

 private:
  void add(std::size_t phase, std::int64_t watts, std::int64_t vars = 0) {
    active_[phase] += watts;
    reactive_[phase] += vars;
  }

  void stand_by() {
    for (std::size_t phase = 0; phase < phase_count; ++phase) {
      const std::int64_t watts = 40 + chance_.below(40, standby + phase, 0);
      add(phase, watts + chance_.drift<10 * minute>(9, standby + phase, now_.second), -watts / 3);
    }
  }

  void cool(Phase phase, Purpose purpose, std::int64_t period, std::int64_t watts) {
    const std::int64_t shifted = now_.second + chance_.below(period, purpose, -1);
    const std::int64_t cycle = floor_div(shifted, period);
    const std::int64_t time = shifted - cycle * period;
    const std::int64_t on = period * (30 + chance_.below(12, purpose, cycle)) / 100;
    if (time >= on) return;
    // A compressor starts with some times its power and settles as it cools.
    const std::int64_t start = time < 3 ? watts * (3 - time) * 2 : 0;
    const std::int64_t drawn = watts + start + watts * (on - time) / (6 * on);
    add(phase, drawn, drawn * 3 / 5);
  }

  void light() {
    const std::int64_t dark = std::max<std::int64_t>(0, 200 - now_.sun) * 100 / 200;
    if (dark == 0) return;
    constexpr std::array<std::int64_t, 8> watts = {60, 35, 48, 22, 40, 75, 14, 30};
    for (std::size_t lamp = 0; lamp < watts.size(); ++lamp) {
      const std::int64_t slot =
          floor_div(now_.second + static_cast<std::int64_t>(lamp) * 173, 23 * minute);
      if (chance_.below(1000, lamp_on + lamp, slot) * 100 < now_.bustle * dark)
        add(lamp % phase_count, watts[lamp], -watts[lamp] / 4);
    }
  }

  void entertain() {
    const std::int64_t start = 19 * hour + chance_.below(hour, television, now_.day);
    if (since(start, 2 * hour + chance_.below(hour, television, -now_.day), now_.of_day))
      add(l2, 115 + chance_.drift<4>(25, television, now_.second), -30);
    const bool at_home = !now_.weekend && chance_.below(100, desk, now_.day) < 50;
    if (at_home && (since(8 * hour + 40 * minute, 3 * hour + 25 * minute, now_.of_day) ||
                    since(13 * hour, 4 * hour + 10 * minute, now_.of_day)))
      add(l3, 130 + chance_.drift<7>(40, desk, now_.second), -35);
  }

  // Something short that happens the more often the more is going on.
  bool now_and_then(Purpose purpose, Purpose time, std::int64_t slot_length, std::int64_t often,
                    std::int64_t shortest, std::int64_t longest) const {
    const std::int64_t slot = floor_div(now_.second, slot_length);
    if (chance_.below(1000, purpose, slot) * 100 >= now_.bustle * often) return false;
    const std::int64_t start =
        slot * slot_length + chance_.below(slot_length - longest, time, slot);
    const std::int64_t length = shortest + chance_.below(longest - shortest, purpose, -slot);
    return since(start, length, now_.second).has_value();
  }

  void boil_and_warm() {
    if (now_and_then(kettle, kettle_time, 30 * minute, 45, 70, 210)) add(l3, 2060);
    if (now_and_then(microwave, microwave_time, 50 * minute, 40, 45, 300)) add(l1, 1280, 270);
  }

  void cook_meal(std::int64_t start, std::int64_t length, bool with_oven) {
    if (const auto time = since(start, length, now_.of_day))
      if (*time < 6 * minute || cycling(*time, 26, 11)) add(l1, 1790);
    if (const auto time = since(start + 5 * minute, length - 9 * minute, now_.of_day))
      if (*time < 4 * minute || cycling(*time, 22, 8)) add(l2, 1420);
    if (!with_oven) return;
    if (const auto time = since(start - 3 * minute, length + 8 * minute, now_.of_day)) {
      add(l3, 45, 15);  // lamp and fan
      if (*time < 11 * minute || cycling(*time, 84, 31)) add(l3, 2350);
    }
  }

  void cook() {
    if (chance_.below(100, dinner, now_.day) < 88)
      cook_meal(17 * hour + 35 * minute + chance_.below(75 * minute, dinner_time, now_.day),
                25 * minute + chance_.below(25 * minute, dinner, -now_.day),
                chance_.below(100, oven, now_.day) < 45);
    if (now_.weekend && chance_.below(100, lunch, now_.day) < 70)
      cook_meal(11 * hour + 30 * minute + chance_.below(hour, lunch, -now_.day), 35 * minute,
                chance_.below(100, oven, -now_.day) < 30);
  }

  void wash_clothes() {
    if (chance_.below(100, laundry, now_.day) >= (now_.weekend ? 75 : 30)) return;
    const std::int64_t start = 9 * hour + chance_.below(6 * hour, laundry_time, now_.day);
    const auto time = since(start, 85 * minute, now_.of_day);
    if (!time) return;
    const bool spinning = *time > 76 * minute;
    if (since(4 * minute, 15 * minute, *time)) add(l2, 1980);
    if (spinning) {
      add(l2, 250 + (*time - 76 * minute) / 4, 160);
    } else if (cycling(*time, 24, 15)) {
      add(l2, 170 + chance_.drift<3>(20, laundry, now_.second), 110);
    } else {
      add(l2, 12, 4);
    }
  }

  void wash_dishes() {
    if (chance_.below(100, dishes, now_.day) >= 60) return;
    const std::int64_t start = 19 * hour + 50 * minute + chance_.below(hour, dishes_time, now_.day);
    const auto time = since(start, 70 * minute, now_.of_day);
    if (!time) return;
    add(l1, 75, 40);
    if (since(6 * minute, 12 * minute, *time) || since(44 * minute, 9 * minute, *time))
      add(l1, 1890);
  }

  // At least once a week the car goes onto the wall box: with 16 A on three phases, or on one.
  void charge_car() {
    if (now_.of_day > 8 * hour && now_.of_day < 21 * hour) return;
    const bool morning = now_.of_day < 12 * hour;
    const std::int64_t evening = morning ? now_.day - 1 : now_.day;
    const std::int64_t week = floor_div(evening + 3, 7);
    const bool tonight = floor_mod(evening + 3, 7) == chance_.below(7, car_night, week) ||
                         chance_.below(100, car_other_night, evening) < 25;
    if (!tonight) return;
    const std::int64_t start = 21 * hour + 30 * minute + chance_.below(2 * hour, car_time, evening);
    const std::int64_t length = 2 * hour + chance_.below(3 * hour, car_length, evening);
    const auto time = since(start, length, now_.of_day + (morning ? day_length : 0));
    if (!time) return;
    constexpr std::int64_t full = 3610;  // W on each phase
    constexpr std::int64_t ramp = 25;
    constexpr std::int64_t fading = 12 * minute;  // of a battery that is almost full
    std::int64_t watts = full;
    if (*time < ramp) watts = full * (*time + 1) / ramp;
    if (length - *time < fading) watts = full * (length - *time + fading / 2) / (fading * 3 / 2);
    const std::size_t phases = chance_.below(4, car_one_phase, evening) == 0 ? 1 : phase_count;
    for (std::size_t phase = 0; phase < phases; ++phase) add(phase, watts, watts / 60 - 70);
  }

  void flicker_a_little() {
    for (std::size_t phase = 0; phase < phase_count; ++phase) {
      const std::int64_t watts = 2 + active_[phase] / 300;
      add(phase, chance_.drift<4>(watts, flicker + phase, now_.second),
          chance_.drift<5>(2, flicker + phase, -now_.second));
    }
  }

  void feed_in() {
    if (now_.sun == 0) return;
    const std::int64_t cover = 420 + (one / 2 - now_.summer) / 4 +
                               chance_.drift<9 * hour>(560, cloud_front, now_.second) +
                               chance_.drift<25 * minute>(260, cloud_bank, now_.second) +
                               chance_.drift<100>(150, cloud, now_.second);
    sunshine_ = one - std::clamp<std::int64_t>(cover - 330, 0, 900);
    const std::int64_t panels = 5800 + chance_.below(4000, roof_size, 0);  // W
    const std::int64_t watts = panels * 9 / 10 * now_.sun / one * sunshine_ / one;
    if (watts < 30) return;  // the inverter sleeps
    for (std::size_t phase = 0; phase < phase_count; ++phase)
      add(phase, -watts / static_cast<std::int64_t>(phase_count), -18);
  }

  const Chance& chance_;
  const Moment& now_;
  std::array<std::int64_t, phase_count> active_{};
  std::array<std::int64_t, phase_count> reactive_{};
  std::int64_t sunshine_ = one;
};

// The street's voltage, raised by everybody's panels and lowered by everybody's dinner, less what
// the house's own current takes from it on its way.
std::int64_t voltage(const Chance& chance, const Moment& now, const House& house,
                     std::size_t phase) {
  return 231'000 + chance.drift<40 * minute>(1'600, voltage_of_street, now.second) +
         now.sun * house.sunshine() / one * 17 / 10 - now.bustle * 19 / 10 +
         chance.drift<day_length * 100>(700, voltage_of_line + phase, now.second) +
         chance.drift<11 * minute>(800, voltage_slow + phase, now.second) +
         chance.drift<45>(350, voltage_medium + phase, now.second) +
         chance.drift<3>(110, voltage_fast + phase, now.second) -
         (house.active(phase) * 11 + house.reactive(phase) * 3) / 10;
}

MeasuredPhase measured_phase(std::int64_t active, std::int64_t reactive, std::int64_t millivolts) {
  const std::int64_t milli_va = square_root((active * active + reactive * reactive) * 1'000'000);
  MeasuredPhase phase;
  phase.active_w = static_cast<std::int32_t>(active);
  phase.reactive_var = static_cast<std::int32_t>(reactive);
  phase.apparent_va = static_cast<std::int32_t>(rounded(milli_va, 1000));
  phase.voltage_mv = static_cast<std::int32_t>(millivolts);
  phase.current_ma = static_cast<std::int32_t>(rounded(milli_va * 1000, millivolts));
  phase.power_factor = 1000;
  if (milli_va != 0) {
    phase.power_factor = static_cast<std::int32_t>(rounded(active * 1'000'000, milli_va));
    phase.sin_phi = static_cast<std::int32_t>(rounded(reactive * 1'000'000, milli_va));
  }
  return phase;
}

}  // namespace

std::int32_t neutral_current_ma(const Measured& measured) {
  // Thousandths of the currents in phase with L1's voltage and behind it.
  std::array<std::int64_t, phase_count> with;
  std::array<std::int64_t, phase_count> behind;
  for (std::size_t i = 0; i < phase_count; ++i) {
    const MeasuredPhase& phase = measured.phases[i];
    with[i] = std::int64_t{phase.current_ma} * phase.power_factor;
    behind[i] = std::int64_t{phase.current_ma} * phase.sin_phi;
  }
  constexpr std::int64_t half_root_of_three = 866;  // of 1000
  const std::int64_t real =
      with[l1] - (with[l2] + with[l3]) / 2 + (behind[l3] - behind[l2]) * half_root_of_three / 1000;
  const std::int64_t imaginary = behind[l1] - (behind[l2] + behind[l3]) / 2 -
                                 (with[l3] - with[l2]) * half_root_of_three / 1000;
  return static_cast<std::int32_t>(rounded(square_root(real * real + imaginary * imaginary), 1000));
}

Household::Household(std::uint64_t seed, std::int32_t utc_offset_seconds)
    : seed_(mixed(seed + 0x9E3779B97F4A7C15)), utc_offset_seconds_(utc_offset_seconds) {}

Household::Household(std::uint64_t seed, LocalOffset local_offset) : Household(seed, 0) {
  local_offset_ = local_offset;
}

Power Household::power_at(std::int64_t second) const {
  const Chance chance(seed_);
  const Moment now = moment(local(second));
  House house(chance, now);
  house.run_all();
  std::int64_t active = 0;
  std::int64_t reactive = 0;
  for (std::size_t i = 0; i < phase_count; ++i) {
    active += house.active(i);
    reactive += house.reactive(i);
  }
  return {static_cast<std::int32_t>(active), static_cast<std::int32_t>(reactive),
          static_cast<std::int32_t>(square_root(active * active + reactive * reactive))};
}

Measured Household::at(std::int64_t second) const {
  const Chance chance(seed_);
  const Moment now = moment(local(second));
  House house(chance, now);
  house.run_all();
  Measured measured;
  for (std::size_t i = 0; i < phase_count; ++i) {
    measured.phases[i] =
        measured_phase(house.active(i), house.reactive(i), voltage(chance, now, house, i));
    measured.active_w += measured.phases[i].active_w;
    measured.reactive_var += measured.phases[i].reactive_var;
  }
  const std::int64_t active = measured.active_w;
  const std::int64_t reactive = measured.reactive_var;
  measured.apparent_va =
      static_cast<std::int32_t>(square_root(active * active + reactive * reactive));
  measured.frequency_mhz =
      static_cast<std::int32_t>(50'000 + chance.drift<15 * minute>(13, frequency_slow, now.second) +
                                chance.drift<80>(5, frequency_medium, now.second) +
                                chance.drift<9>(2, frequency_fast, now.second));
  return measured;
}

}  // namespace mep::simulator
