// Time and tariffs: BT50, BT53, BT54, ET47, ET61.
// SPDX-License-Identifier: GPL-2.0-or-later
#include "simulator/contents/contents.h"

namespace mep::simulator {
namespace {

constexpr std::size_t season_count = 12;
constexpr std::size_t special_schedule_count = 2;
constexpr std::size_t non_recurring_date_count = 25;
constexpr std::size_t recurring_date_count = 23;
constexpr std::size_t tier_switch_count = 200;
constexpr std::size_t switches_per_schedule = 10;

// "Action" of BT54, page 227
enum Action : std::uint8_t {
  none = 0,
  daylight_saving_on = 1,
  daylight_saving_off = 2,
  select_season_0 = 3,
  special_schedule_0 = 19,
};

// RDATE, page 41
constexpr std::int64_t every_day = 15 | 1 << 4;
constexpr std::int64_t yearly(int month, int day) {
  return month | 7 << 8 | day << 11;
}
constexpr std::int64_t monthly(int day) {
  return yearly(13, day);
}
constexpr std::int64_t last_sunday(int month) {
  constexpr int last_weekday_on_or_after = 6;
  return month | last_weekday_on_or_after << 4 | 25 << 11;
}
// ANSI_DATE, page 42
constexpr std::int64_t once(int year, int month, int day) {
  return (year - 2000) | month << 7 | day << 11;
}

struct Recurring {
  std::int64_t date;
  Action action;
  bool self_read = false;
};

void set_dates(Values& values) {
  constexpr Recurring recurring[] = {
      {last_sunday(3), daylight_saving_on},
      {last_sunday(10), daylight_saving_off},
      {yearly(1, 1), select_season_0},
      {every_day, none, true},
      {monthly(1), none, true},
      {yearly(1, 1), special_schedule_0},
      {yearly(5, 1), special_schedule_0},
      {yearly(12, 25), special_schedule_0},
      {yearly(12, 26), special_schedule_0},
  };
  // Easter Mondays
  constexpr std::int64_t holidays[] = {once(2022, 4, 18), once(2023, 4, 10), once(2024, 4, 1),
                                       once(2025, 4, 21), once(2026, 4, 6),  once(2027, 3, 29)};
  std::uint32_t i = 0;
  for (const auto& [date, action, self_read] : recurring) {
    const bool demand_reset = date == monthly(1);
    set_fields(values,
               {{"bt54.recurring_date", date},
                {"bt54.recurrdatercd.action", action},
                {"bt54.recurrdatercd.demand_reset", demand_reset},
                {"bt54.recurrdatercd.self_read", self_read}},
               {i++});
  }
  values.set("bt54.recurrdatercd.tou_format", 1, {0});
  i = 0;
  for (const std::int64_t date : holidays)
    set_fields(values, {{"bt54.non_recurring_date", date}, {"bt54.action", special_schedule_0}},
               {i++});
}

struct Switch {
  std::uint8_t hour;
  std::uint8_t tier;
};

// As TariffSchedule::day_and_night(): day schedule 0 for working days, 1 for the others.
void set_tiers(Values& values) {
  constexpr Switch working_day[] = {{0, 1}, {6, 0}, {22, 1}};
  constexpr Switch other_day[] = {{0, 1}};
  for (std::uint32_t i = 0; i < tier_switch_count; ++i) {
    const std::size_t schedule = i / switches_per_schedule;
    const std::size_t place = i % switches_per_schedule;
    // What a schedule does not use of its ten repeats the last.
    const Switch& found =
        schedule == 0 ? working_day[std::min(place, std::size(working_day) - 1)] : other_day[0];
    set_fields(
        values,
        {{"bt54.tier", found.tier}, {"bt54.hour", found.hour}, {"bt54.schedule", number(schedule)}},
        {i});
  }
  set_fields(values, {{"bt54.weekday", 0},
                      {"bt54.saturday", 1},
                      {"bt54.sunday", 1},
                      {"bt54.special_schedule", 1},
                      {"bt54.calendar_id", calendar_id}});
}

}  // namespace

void set_calendar(Values& values) {
  constexpr std::size_t days_of_season = 3;
  constexpr std::size_t record_size = 3;
  constexpr std::size_t calendar_size =
      (non_recurring_date_count + recurring_date_count + tier_switch_count) * record_size +
      season_count * (days_of_season + special_schedule_count) + 4;
  set_fields(values, {{"bt50.tou_self_read", 1},
                      {"bt50.season_self_read", 1},
                      {"bt50.sort_tier_switches", 1},
                      {"bt50.capable_of_time_zone_offset", 1},
                      {"bt50.number_of_seasons", number(season_count)},
                      {"bt50.number_of_special_schedules", number(special_schedule_count)},
                      {"bt50.number_of_non_recurring_dates", number(non_recurring_date_count)},
                      {"bt50.number_of_recurring_dates", number(recurring_date_count)},
                      {"bt50.number_of_tier_switches", number(tier_switch_count)},
                      {"bt50.calendar_table_size", number(calendar_size)}});
  set_fields(values, {{"bt53.daylight_saving_time_effective", DateTime{2000, 1, 1, 2, 0, 0}},
                      {"bt53.daylight_saving_time_adjustment", daylight_saving_minutes},
                      {"bt53.time_zone_offset", time_zone_minutes}});
  set_dates(values);
  set_tiers(values);

  // No override.
  set_fields(values, {{"et47.tariff", 255}, {"et47.calendar_id", calendar_id}});

  // Hot water at night, by relay 1.
  set_fields(values, {{"et61.relay_state", 1}, {"et61.hour", 22}, {"et61.minute", 5}}, {0, 0});
  set_fields(values, {{"et61.relay_state", 0}, {"et61.hour", 5}, {"et61.minute", 45}}, {0, 1});
}

}  // namespace mep::simulator
