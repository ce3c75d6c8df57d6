// What a capture of a simulated meter needs to know, checked.
//
// Extcap. To be added here: a setting of mep-demo.
// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "extcap/options.h"
#include "simulator/scripts/scenario.h"

namespace mep::extcap {

// What --start takes.
inline constexpr const char* start_wanted =
    "a time in UTC between 2000 and 2099, such as 2026-06-15T06:00:00Z";

struct DemoSettings {
  // A story without end.
  simulator::ScenarioOptions scenario = {.steps = {.rounds = 0}};
  // Simulated seconds in a real one; 0: as fast as possible.
  double speed_up = 1;
  std::optional<Instant> duration;  // simulated; nothing: until the clients have done
  std::uint32_t tap = 0;            // of the first port; the others' follow
  std::string key_log;              // a file's path; empty: none
  std::string capture_filter;       // empty: everything
};

// Throws a Problem about the first option that makes no sense. Without --start the clocks show
// what the computer's shows, and the tap's number is random. With it, what makes the story's bytes
// makes the number, too: the same options give the same file.
DemoSettings demo_settings_from(const Options& options);

}  // namespace mep::extcap
