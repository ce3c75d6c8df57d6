// SPDX-License-Identifier: GPL-2.0-or-later
#include "simulator/meter/faults.h"

#include "simulator/security/rc4_security.h"

namespace mep::simulator {

bool Faults::happens(double chance) {
  constexpr double range = 1ULL << 53;
  return static_cast<double>(random_() >> 11) < chance * range;
}

Fault Faults::next() {
  // Farther than the window that a meter forgives.
  constexpr std::uint32_t farthest_jump = 1000;
  Fault fault;
  fault.lost = happens(options_.lost);
  fault.late = happens(options_.late);
  fault.damaged = happens(options_.damaged);
  fault.digest = happens(options_.digest);
  const bool jumps = happens(options_.jump);
  const auto distance = static_cast<std::uint32_t>(random_() % farthest_jump);
  if (jumps) fault.jump = sequence_window + 1 + distance;
  fault.position = static_cast<std::uint32_t>(random_());
  return fault;
}

}  // namespace mep::simulator
