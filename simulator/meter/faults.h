// What goes wrong on purpose at a meter's port, so that a client can show what it makes of it.
// Nothing here is from the guide but what it says of retries and alerts (pages 11, 17 and 21).
//
// Simulator/meter. To be added here: another fault; what it does to an answer is the port's.
// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <random>

#include "protocol/frame.h"

namespace mep::simulator {

// Chances are from 0 (never) to 1 (each answer).
struct FaultOptions {
  double lost = 0;     // the meter executes the request, and its answer never arrives
  double late = 0;     // the answer comes later
  double damaged = 0;  // one bit of the answer, behind its length, is another
  double digest = 0;   // the answer is whole, and its digest is not its own
  double jump = 0;     // before a request the number that the meter expects jumps ahead
  Instant late_by = std::chrono::milliseconds(800);
  // The client is alerted to post scheduled data so often; nothing: as the meter's tables say.
  std::optional<Instant> alert_period;
};

// What goes wrong with one request.
struct Fault {
  bool lost = false, late = false, damaged = false, digest = false;
  std::uint32_t jump = 0;      // by how much
  std::uint32_t position = 0;  // any number: which byte and bit is damaged
};

// The same options and seed, and the same requests: the same faults.
class Faults {
 public:
  Faults(const FaultOptions& options, std::uint64_t seed) : options_(options), random_(seed) {}
  const FaultOptions& options() const { return options_; }
  // What the next request suffers. It takes the same number of random numbers each time, so that
  // one chance that is changed does not change what comes of the others.
  Fault next();

 private:
  bool happens(double chance);

  FaultOptions options_;
  std::mt19937_64 random_;
};

}  // namespace mep::simulator
