// What is told of a line while it is captured: on a terminal, in Wireshark's toolbar, at the end.
//
// Extcap. To be added here: what is told of a line.
// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <string>

namespace mep::extcap {

struct LineStatus {
  std::string name;        // the port
  std::string role;        // "client line"
  std::uint32_t baud = 0;  // bit/s
  std::uint64_t frames = 0;
  std::uint64_t errors = 0;  // records that are no frame, or not a whole one, or were damaged
  double last_heard_s = -1;  // since the start; below 0: never
  double frames_per_s = 0;   // in the last seconds
};

}  // namespace mep::extcap
