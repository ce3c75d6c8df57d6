// SPDX-License-Identifier: GPL-2.0-or-later
#include "captures/moment.h"

#include <chrono>

#include "system/problem.h"
#include "system/text.h"

namespace mep::captures {
namespace {

constexpr WallTime second = 1'000'000'000;

// Takes `size` digits off the front.
std::optional<int> digits(std::string_view& text, std::size_t size) {
  if (text.size() < size) return std::nullopt;
  int number = 0;
  for (std::size_t i = 0; i < size; ++i) {
    if (text[i] < '0' || text[i] > '9') return std::nullopt;
    number = number * 10 + (text[i] - '0');
  }
  text.remove_prefix(size);
  return number;
}

bool take(std::string_view& text, std::string_view one_of) {
  if (text.empty() || one_of.find(text.front()) == std::string_view::npos) return false;
  text.remove_prefix(1);
  return true;
}

}  // namespace

std::optional<WallTime> parse_time_of_day(std::string_view text) {
  const auto hour = digits(text, text.size() > 1 && text[1] == ':' ? 1 : 2);
  if (!hour || *hour > 24 || !take(text, ":")) return std::nullopt;
  const auto minute = digits(text, 2);
  if (!minute || *minute > 59) return std::nullopt;
  WallTime time = (WallTime{*hour} * 60 + *minute) * 60 * second;
  if (text.empty()) return time;
  if (!take(text, ":")) return std::nullopt;
  const auto seconds = digits(text, 2);
  if (!seconds || *seconds > 60) return std::nullopt;
  time += *seconds * second;
  if (text.empty()) return time;
  if (!take(text, ".,:") || text.empty()) return std::nullopt;
  for (WallTime unit = second / 10; !text.empty(); unit /= 10) {
    const auto digit = digits(text, 1);
    if (!digit) return std::nullopt;
    time += *digit * unit;
  }
  return time;
}

std::optional<WallTime> parse_moment(std::string_view text) {
  const auto year = digits(text, 4);
  if (!year || !take(text, "-/")) return std::nullopt;
  const auto month = digits(text, 2);
  if (!month || !take(text, "-/")) return std::nullopt;
  const auto day = digits(text, 2);
  if (!day) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(*year),
                                         std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day))};
  if (!date.ok() || *year < 1970 || *year > 2200) return std::nullopt;
  WallTime time = WallTime{std::chrono::sys_days(date).time_since_epoch().count()} * 86400 * second;
  if (text.empty()) return time;
  if (!take(text, "T ")) return std::nullopt;
  if (text.ends_with('Z')) text.remove_suffix(1);
  const auto of_day = parse_time_of_day(text);
  if (!of_day) return std::nullopt;
  return time + *of_day;
}

std::optional<WallTime> moment_of(const std::string& text, const char* option,
                                  const CaptureFile& capture) {
  if (text.empty()) return std::nullopt;
  if (const auto moment = parse_moment(text)) return moment;
  const auto number = system::parse_number<std::size_t>(text);
  if (number && *number >= 1 && *number <= capture.records.size())
    return capture.records[*number - 1].time;
  throw system::Problem(std::string(option) + " " + text +
                        ": give a time as 2026-03-01T07:30:00 (UTC), or the number of a record, 1 "
                        "to " +
                        std::to_string(capture.records.size()));
}

}  // namespace mep::captures
