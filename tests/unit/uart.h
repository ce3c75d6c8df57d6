// What a UART reads of a line on which somebody sends at another speed: the line as a function of
// time, and a receiver that samples it.
// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <vector>

#include "protocol/frame.h"
#include "protocol/tap.h"
#include "protocol/types.h"

namespace mep {

// A byte as a UART hands it over.
struct UartByte {
  std::uint8_t value;
  std::uint8_t trouble;  // tap::Status bits
  double at;             // seconds: the middle of its stop bit
};

// What a receiver makes of a low stop bit: a 16550 takes it for the next start bit, others wait
// until the line is high.
enum class AfterError : std::uint8_t { next_start_bit, wait_for_high };

// `bytes` sent back to back from `begin` (seconds) on, 8N1, as a receiver at another speed reads
// them.
inline std::vector<UartByte> read_at(Bytes bytes, double begin, unsigned sender, unsigned receiver,
                                     AfterError after_error = AfterError::next_start_bit) {
  std::vector<bool> bits;
  for (const std::uint8_t byte : bytes) {
    bits.push_back(false);
    for (unsigned i = 0; i < 8; ++i) bits.push_back((byte >> i & 1U) != 0);
    bits.push_back(true);
  }
  const auto bit_at = [&](double time) {
    const double position = (time - begin) * sender;
    return position < 0 || position >= static_cast<double>(bits.size()) ||
           bits[static_cast<std::size_t>(position)];
  };
  const double end = begin + static_cast<double>(bits.size()) / sender;
  const double width = 1.0 / receiver;
  const double step = width / 16;  // as UARTs do

  std::vector<UartByte> read;
  for (double time = begin; time < end;) {
    if (bit_at(time)) {
      time += step;
      continue;
    }
    // A start bit is one that still is low in its middle.
    if (bit_at(time + width / 2)) {
      time += width / 2;
      continue;
    }
    unsigned value = 0;
    for (unsigned i = 0; i < 8; ++i)
      if (bit_at(time + (1.5 + i) * width)) value |= 1U << i;
    const double stop = time + 9.5 * width;
    const bool good = bit_at(stop);
    const auto error = value == 0 ? tap::break_seen : tap::framing_error;
    read.push_back({static_cast<std::uint8_t>(value),
                    good ? std::uint8_t{0} : static_cast<std::uint8_t>(error), stop});
    time = stop;
    if (good) continue;
    if (after_error == AfterError::wait_for_high || value == 0)
      while (!bit_at(time)) time += step;
  }
  return read;
}

}  // namespace mep
