// What clients do, as stories with names. Each is a file's or a few lines' worth of steps in
// scripts/, and all of them are listed in scripts.cpp.
//
// Simulator/scripts. To be added here: an option of all scripts; a new one is a file and a line in
// scripts.cpp.
// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "simulator/channels/tap.h"
#include "simulator/client/client.h"
#include "simulator/meter/meter.h"

namespace mep::simulator {

struct ScriptOptions {
  // How often what is periodic in a script is repeated; 0: without end.
  unsigned rounds = 1;
};

// The steps of one client. `meter` is what else happens to the meter, from outside: a script may
// let the utility post a request, say, but must not look at the meter to know more than a client
// can.
using Steps = Task<> (*)(Client& client, Meter& meter, ScriptOptions options);

struct Script {
  std::string_view name;     // for command lines: "daily-reading"
  std::string_view title;    // for lists: "Daily reading"
  std::string_view summary;  // one sentence about what there is to see
  Generation generation;
  // One for each client of the meter: of MEP client 1, and on generation 4 perhaps of client 2.
  std::vector<Steps> clients;
  // What the lines suffer on their way to the tap; may be null.
  TapTrouble (*trouble)(std::uint64_t seed) = nullptr;
  // The clock at the story's beginning, in seconds after midnight UTC of the day that was asked
  // for; negative: at the time that was asked for.
  int begins_at = -1;
};

// In the order in which they are best met; lives as long as the program.
std::span<const Script> scripts();
// Null where there is none of that name.
const Script* find_script(std::string_view name);

}  // namespace mep::simulator
