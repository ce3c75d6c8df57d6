// SPDX-License-Identifier: GPL-2.0-or-later
#include "extcap/demo_settings.h"

#include <chrono>
#include <cstdint>
#include <string_view>

#include "extcap/problem.h"
#include "extcap/tap_number.h"
#include "system/numbers.h"

namespace mep::extcap {
namespace {

constexpr double fastest = 1e6;
constexpr double longest_duration = 1e9;  // seconds
// What two digits of a meter's clock can show.
constexpr int first_year = 2000;
constexpr int last_year = 2099;

// An option with a number, or what holds without it.
template <typename Number>
Number number_from(const Options& options, const char* name, Number otherwise, Number most,
                   const char* what) {
  const auto given = options.filled_in(name);
  if (!given) return otherwise;
  const auto value = system::parse_number<Number>(*given);
  if (!value || !(*value >= 0 && *value <= most))
    throw Problem("--" + std::string(name) + " " + *given + ": give " + what);
  return *value;
}

simulator::Security security_from(const Options& options) {
  const auto given = options.filled_in("security");
  if (!given) return simulator::Security::plain;
  if (const auto security = simulator::find_security(*given)) return *security;
  throw Problem("--security " + *given + ": there are plain, rc4 and tls");
}

// "2026-06-15T06:00:00Z"
std::optional<Instant> moment(std::string_view text) {
  constexpr std::string_view form = "0000-00-00T00:00:00Z";
  if (text.size() != form.size()) return std::nullopt;
  for (std::size_t i = 0; i < form.size(); ++i)
    if (form[i] == '0' ? text[i] < '0' || text[i] > '9' : text[i] != form[i]) return std::nullopt;
  const auto part = [text](std::size_t at, std::size_t size) {
    return system::parse_number<unsigned>(text.substr(at, size)).value_or(0);
  };
  const std::chrono::year_month_day day(std::chrono::year(static_cast<int>(part(0, 4))),
                                        std::chrono::month(part(5, 2)),
                                        std::chrono::day(part(8, 2)));
  const unsigned hour = part(11, 2);
  const unsigned minute = part(14, 2);
  const unsigned second = part(17, 2);
  if (!day.ok() || hour > 23 || minute > 59 || second > 59) return std::nullopt;
  if (day.year() < std::chrono::year(first_year) || day.year() > std::chrono::year(last_year))
    return std::nullopt;
  return std::chrono::sys_days(day).time_since_epoch() + std::chrono::hours(hour) +
         std::chrono::minutes(minute) + std::chrono::seconds(second);
}

Instant start_from(const Options& options) {
  const auto given = options.filled_in("start");
  if (!given) return std::chrono::system_clock::now().time_since_epoch();
  const auto start = moment(*given);
  if (!start)
    throw Problem("--start " + *given +
                  ": give a time in UTC between 2000 and 2099, such as 2026-06-15T06:00:00Z");
  return *start;
}

std::uint32_t tap_from(const Options& options, const simulator::ScenarioOptions& scenario) {
  const auto start = options.filled_in("start");
  if (!start) return random_tap_number();
  return tap_number_of(scenario.script + " " + std::string(security_name(scenario.security)) + " " +
                       std::to_string(scenario.seed) + " " + *start);
}

}  // namespace

DemoSettings demo_settings_from(const Options& options) {
  DemoSettings settings;
  settings.scenario.script =
      options.filled_in("script").value_or(std::string(simulator::scripts().front().name));
  settings.scenario.security = security_from(options);
  settings.scenario.seed =
      number_from<std::uint64_t>(options, "seed", 1, UINT64_MAX, "a whole number from 0 on");
  settings.scenario.steps.rounds =
      number_from<unsigned>(options, "rounds", 0, UINT32_MAX,
                            "how often the client does what it does again and again (0: without "
                            "end)");
  settings.scenario.start = start_from(options);
  settings.tap = tap_from(options, settings.scenario);
  settings.speed_up = number_from<double>(options, "speed-up", 1, fastest,
                                          "a factor, or 0 for as fast as possible");
  const double duration = number_from<double>(options, "duration", 0, longest_duration,
                                              "simulated seconds (0: without limit)");
  if (duration > 0)
    settings.duration =
        std::chrono::duration_cast<Instant>(std::chrono::duration<double>(duration));
  settings.key_log = options.filled_in("key-log").value_or("");
  settings.capture_filter = options.capture_filter.value_or("");
  return settings;
}

}  // namespace mep::extcap
