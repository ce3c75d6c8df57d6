// mep-sim's command line, checked.
//
// Simulator/program. To be added here: an option of mep-sim.
// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "protocol/access.h"
#include "protocol/types.h"
#include "simulator/client/client.h"
#include "simulator/contents/loaded_tables.h"
#include "simulator/contents/meter_state.h"
#include "simulator/meter/faults.h"

namespace mep::simulator {

enum class ChannelKind : std::uint8_t { pty, tcp, device };

struct SimOptions {
  bool help = false;
  bool version = false;
  bool dump = false;  // write down the meter's tables and be done

  ChannelKind channel = ChannelKind::pty;
  std::string place;  // of the TCP port, or the device's path
  std::string link;   // to the pseudo terminal; may be empty
  bool paced = true;
  bool verbose = false;
  unsigned port = 0;  // 0: MEP port 1

  std::optional<std::string> script;  // be a client that does this; nothing: be a meter

  // Of the meter.
  Generation generation = Generation::gen3;
  Key mbk = factory_default_key;
  Key mak = factory_default_key;
  bool require_tls = false;
  std::uint64_t seed = 1;
  FaultOptions faults;
  GivenTables tables;  // that it begins with

  // Of the client.
  Security security = Security::plain;
  Key key = factory_default_key;
  AccessLevel access = AccessLevel::advanced;
  unsigned rounds = 1;  // 0: without end
};

// Throws a system::Problem about the first thing that makes no sense.
SimOptions parse_sim_options(int argc, const char* const* argv);

// The text of --help.
std::string sim_help_text();

}  // namespace mep::simulator
