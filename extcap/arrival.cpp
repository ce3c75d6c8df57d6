// SPDX-License-Identifier: GPL-2.0-or-later
#include "extcap/arrival.h"

#include <algorithm>

namespace mep::extcap {
namespace {

constexpr int bits_per_byte = 10;  // 8N1 with its start and stop bit

}  // namespace

ArrivalClock::ArrivalClock(unsigned baud_rate)
    : byte_time_(Instant(std::chrono::seconds(bits_per_byte)) / baud_rate) {}

Instant ArrivalClock::arrival(std::size_t index, std::size_t count, Instant now) {
  const Instant ago = byte_time_ * (count - 1 - index);
  previous_ = std::max(previous_, now - ago);
  return previous_;
}

}  // namespace mep::extcap
