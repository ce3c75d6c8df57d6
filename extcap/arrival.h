// When each byte of a line arrived.
// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstddef>

#include "protocol/frame.h"

namespace mep::extcap {

// Adapters and the kernel hand over bytes in bunches. Of n bytes that were read together, only the
// last one arrived just now; each one before it took a byte's time on the wire.
class ArrivalClock {
 public:
  explicit ArrivalClock(unsigned baud_rate);

  // The arrival of byte `index` of the `count` that were read together at `now`: never before the
  // byte that preceded it.
  Instant arrival(std::size_t index, std::size_t count, Instant now);

 private:
  Instant byte_time_;
  Instant previous_{0};
};

}  // namespace mep::extcap
