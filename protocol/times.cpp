// SPDX-License-Identifier: GPL-2.0-or-later
#include "protocol/times.h"

#include <chrono>
#include <cstdio>

namespace mep {
namespace {

constexpr const char* months[] = {"",        "January",  "February", "March",  "April",
                                  "May",     "June",     "July",     "August", "September",
                                  "October", "November", "December"};
constexpr const char* weekdays[] = {"Sunday",   "Monday", "Tuesday", "Wednesday",
                                    "Thursday", "Friday", "Saturday"};
constexpr int unassigned_weekday = 7;

template <typename... Arguments>
std::string printed(const char* format, Arguments... arguments) {
  char text[160];
  std::snprintf(text, sizeof text, format, arguments...);
  return text;
}

// Years have two digits, page 41.
bool is_date(int year, int month, int day) {
  constexpr int last_year = 2099;
  const auto date = std::chrono::year(year) / month / day;
  return year <= last_year && date.ok();
}

constexpr int field(std::uint16_t bits, int first, int last) {
  return (bits >> first) & ((1 << (last - first + 1)) - 1);
}

// OFFSET of page 41: how a date shifts to a weekday.
std::string shifted(int offset, const std::string& date, int weekday_number) {
  constexpr int last_to_a_weekday = 6;
  const bool asks_for_weekday = offset >= 1 && offset <= last_to_a_weekday;
  if (asks_for_weekday && weekday_number == unassigned_weekday)
    return date + ", moved to a weekday that is not assigned";
  const char* weekday = asks_for_weekday ? weekdays[weekday_number] : "";
  const char* ordinals[] = {"first", "second", "third", "fourth", "fifth"};
  switch (offset) {
    case 0:
      return date;
    case 1:
      return printed("the %s before %s", weekday, date.c_str());
    case 2:
    case 3:
    case 4:
    case 5:
      return printed("the %s %s on or after %s", ordinals[offset - 2], weekday, date.c_str());
    case 6:
      return printed("the last %s of the month on or after %s", weekday, date.c_str());
    case 7:
      return date + " and the day after";
    case 8:
      return date + ", Monday if that is a Sunday";
    case 9:
      return date + ", Friday before if that is a Sunday";
    case 10:
      return date + ", Monday if that is a Saturday";
    case 11:
      return date + ", Friday before if that is a Saturday";
    case 12:
      return date + ", Monday if that is on a weekend";
    case 13:
      return date + ", Friday before if that is on a weekend";
    case 14:
      return date + ", Monday if that is a Sunday, Friday before if a Saturday";
    default:
      return "the day after " + date;
  }
}

}  // namespace

std::optional<DateTime> parse_date_time(Bytes bytes) {
  if (bytes.size() != 5 && bytes.size() != 6) return std::nullopt;
  DateTime when{2000 + bytes[0], bytes[1], bytes[2], bytes[3], bytes[4], 0};
  if (bytes.size() == 6) when.second = bytes[5];
  const bool in_bounds = is_date(when.year, when.month, when.day) && when.hour < 24 &&
                         when.minute < 60 && when.second < 60;
  if (!in_bounds) return std::nullopt;
  return when;
}

std::int64_t seconds_since_1970(const DateTime& when) {
  const std::chrono::sys_days day = std::chrono::year(when.year) / when.month / when.day;
  const auto time = std::chrono::hours(when.hour) + std::chrono::minutes(when.minute) +
                    std::chrono::seconds(when.second);
  return std::chrono::duration_cast<std::chrono::seconds>(day.time_since_epoch() + time).count();
}

DateTime date_time(std::int64_t seconds_since_1970) {
  const std::chrono::sys_seconds moment{std::chrono::seconds(seconds_since_1970)};
  const auto day = std::chrono::floor<std::chrono::days>(moment);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(moment - day);
  return {static_cast<int>(date.year()),
          static_cast<int>(static_cast<unsigned>(date.month())),
          static_cast<int>(static_cast<unsigned>(date.day())),
          static_cast<int>(clock.hours().count()),
          static_cast<int>(clock.minutes().count()),
          static_cast<int>(clock.seconds().count())};
}

std::string date_time_text(const DateTime& when, bool seconds) {
  std::string text =
      printed("%04d-%02d-%02d %02d:%02d", when.year, when.month, when.day, when.hour, when.minute);
  if (seconds) text += printed(":%02d", when.second);
  return text;
}

std::optional<std::string> time_text(Bytes bytes) {
  if (bytes.size() != 3 || bytes[0] > 24 || bytes[1] > 59 || bytes[2] > 59) return std::nullopt;
  return printed("%02d:%02d:%02d", bytes[0], bytes[1], bytes[2]);
}

std::optional<std::string> ansi_date_text(std::uint16_t bits) {
  const int year = 2000 + field(bits, 0, 6);
  const int month = field(bits, 7, 10);
  const int day = field(bits, 11, 15);
  if (!is_date(year, month, day)) return std::nullopt;
  return printed("%04d-%02d-%02d", year, month, day);
}

std::string rdate_text(std::uint16_t bits) {
  const int month = field(bits, 0, 3);
  if (month == 0) return "unassigned";
  const int weekday = field(bits, 8, 10);
  if (month == 14) {
    if (weekday == unassigned_weekday) return "weekly, on a weekday that is not assigned";
    return printed("every %s", weekdays[weekday]);
  }
  if (month == 15) return printed("every %d days, plus %d", field(bits, 4, 9), field(bits, 10, 15));
  const int day = field(bits, 11, 15);
  if (day == 0) return "invalid: day 0";
  const std::string date =
      month == 13 ? printed("day %d of every month", day) : printed("%s %d", months[month], day);
  return shifted(field(bits, 4, 7), date, weekday);
}

}  // namespace mep
