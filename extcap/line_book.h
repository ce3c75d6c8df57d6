// Counts what each line brings, for those who watch a capture.
//
// Extcap. To be added here: how something that is told of a line is found out.
// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "extcap/line_status.h"
#include "protocol/frame.h"

namespace mep::extcap {

class LineBook {
 public:
  // From `now` on, of the monotonic clock, there is something to hear.
  void begin(Instant now) { began_ = now; }
  void add_line(std::string name, std::string role, std::uint32_t baud_rate);

  // A record of a line, counted as they were added. `status`: tap::Status bits.
  void hear(std::size_t line, std::uint8_t status, std::uint32_t baud_rate, Instant now);

  // How things stand now. The rate is that since a call a few seconds ago.
  std::vector<LineStatus> status(Instant now);

 private:
  struct Sample {
    Instant when;
    std::uint64_t frames;
  };
  struct Line {
    LineStatus status;
    std::deque<Sample> samples;
  };

  Instant began_{0};
  std::vector<Line> lines_;
};

}  // namespace mep::extcap
