// SPDX-License-Identifier: GPL-2.0-or-later
#include "extcap/demo_settings.h"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <string_view>
#include <vector>

#include "extcap/problem.h"
#include "extcap/tap_number.h"
#include "system/text.h"

namespace mep::extcap {
namespace {

// An option's number, if it was given. That it is one has been checked.
template <typename Number>
void take_number(const Options& options, const char* name, Number& target) {
  if (const auto given = options.value(name))
    target = system::parse_number<Number>(*given).value_or(target);
}

void take_script(const Options& options, std::string& target) {
  const auto given = options.value("script");
  if (!given) return;
  std::vector<std::string> names;
  for (const simulator::Script& script : simulator::scripts()) names.emplace_back(script.name);
  if (std::ranges::find(names, *given) == names.end())
    throw OptionProblem("script", *given, "there are " + system::listed(names));
  target = *given;
}

void take_security(const Options& options, simulator::Security& target) {
  const auto given = options.value("security");
  if (!given) return;
  const auto security = simulator::find_security(*given);
  if (!security) throw OptionProblem("security", *given, "there are plain, rc4 and tls");
  target = *security;
}

// What "2026-06-15T06:00:00Z" means; that it is of this form has been checked. Nothing where there
// is no such day.
std::optional<Instant> moment(std::string_view text) {
  const auto part = [text](std::size_t at, std::size_t size) {
    return system::parse_number<unsigned>(text.substr(at, size)).value_or(0);
  };
  const std::chrono::year_month_day day(std::chrono::year(static_cast<int>(part(0, 4))),
                                        std::chrono::month(part(5, 2)),
                                        std::chrono::day(part(8, 2)));
  if (!day.ok()) return std::nullopt;
  return std::chrono::sys_days(day).time_since_epoch() + std::chrono::hours(part(11, 2)) +
         std::chrono::minutes(part(14, 2)) + std::chrono::seconds(part(17, 2));
}

Instant start_from(const Options& options) {
  const auto given = options.value("start");
  if (!given) return std::chrono::system_clock::now().time_since_epoch();
  const auto start = moment(*given);
  if (!start)
    throw OptionProblem("start", *given, std::string("there is no such day; give ") + start_wanted);
  return *start;
}

std::uint32_t tap_from(const Options& options, const simulator::ScenarioOptions& scenario) {
  const auto start = options.value("start");
  if (!start) return random_tap_number();
  return tap_number_of(scenario.script + " " + std::string(security_name(scenario.security)) + " " +
                       std::to_string(scenario.seed) + " " + *start);
}

}  // namespace

DemoSettings demo_settings_from(const Options& options) {
  DemoSettings settings;
  take_script(options, settings.scenario.script);
  take_security(options, settings.scenario.security);
  take_number(options, "seed", settings.scenario.seed);
  take_number(options, "rounds", settings.scenario.steps.rounds);
  settings.scenario.start = start_from(options);
  settings.tap = tap_from(options, settings.scenario);
  // What was typed comes before what was chosen from a list.
  take_number(options, "speed-up", settings.speed_up);
  take_number(options, "speed-up-other", settings.speed_up);
  double duration = 0;
  take_number(options, "duration", duration);
  if (duration > 0)
    settings.duration =
        std::chrono::duration_cast<Instant>(std::chrono::duration<double>(duration));
  settings.key_log = options.value("key-log").value_or("");
  settings.capture_filter = options.capture_filter.value_or("");
  return settings;
}

}  // namespace mep::extcap
