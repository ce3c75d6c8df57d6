// A script at work: a meter, its clients, the lines between them and a tap on the lines.
//
// Simulator/scripts. To be added here: who takes part in a story.
// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "simulator/channels/tap.h"
#include "simulator/channels/world.h"
#include "simulator/client/client.h"
#include "simulator/meter/meter.h"
#include "simulator/meter/meter_port.h"
#include "simulator/scripts/script.h"

namespace mep::simulator {

// The MBK of a meter that is told no other: not its MAK, so that there is something to be seen of
// what it does not permit. "mep-basic-key-01", as a utility would print it.
inline constexpr Key example_mbk = {'m', 'e', 'p', '-', 'b', 'a', 's', 'i',
                                    'c', '-', 'k', 'e', 'y', '-', '0', '1'};

// How long the lines are listened to when all scripts have ended: the last answers are still on
// their way.
inline constexpr Instant after_the_end = std::chrono::seconds(1);

// "plain", "rc4" or "tls", as command lines have them.
std::string_view security_name(Security security);
std::optional<Security> find_security(std::string_view name);

struct ScenarioOptions {
  std::string script = "daily-reading";
  Security security = Security::plain;
  std::uint64_t seed = 1;
  Instant start{0};  // what the clocks show at first: since 1970 UTC
  ScriptOptions steps;
  Key mbk = example_mbk;
  Key mak = factory_default_key;
  Instant frame_timeout = std::chrono::milliseconds(200);  // of the tap
  // Told the secrets of TLS sessions; may be empty.
  std::function<void(const TlsSecret&)> tls_secret = {};
};

class Scenario {
 public:
  // Throws std::invalid_argument with a sentence for a script that does not exist, and
  // std::runtime_error for a security that this build does not have.
  Scenario(const ScenarioOptions& options, Tap::Sink sink);
  Scenario(const Scenario&) = delete;
  Scenario& operator=(const Scenario&) = delete;

  // MEP ports in use, each with two lines.
  unsigned ports() const { return static_cast<unsigned>(clients_.size()); }
  const Script& script() const { return script_; }
  Meter& meter() { return *meter_; }
  Client& client(unsigned port) { return *clients_[port]; }
  MeterPort& port(unsigned port) { return *ports_[port]; }

  Instant now() const { return world_.now(); }
  // All scripts have ended. Throws what one of them threw.
  bool finished() const;
  // When something happens next.
  std::optional<Instant> next() const;
  void run_until(Instant moment);
  // Until all scripts have ended, but no longer than `limit`; then lets the last record come out.
  void run_to_end(Instant limit);
  // The tap ends here: what it holds comes out.
  void finish() { tap_.finish(); }

 private:
  const Script& script_;
  TlsRandom tls_random_;
  std::unique_ptr<Meter> meter_;
  std::vector<std::unique_ptr<MeterPort>> ports_;
  std::vector<std::unique_ptr<Client>> clients_;
  World world_;
  Tap tap_;
};

}  // namespace mep::simulator
