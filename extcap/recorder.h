// What becomes of a line's records: each gets its tap header, passes the capture filter, is counted
// and written.
//
// Extcap. To be added here: what every record gets, and what is counted.
// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "extcap/capture_filter.h"
#include "protocol/frame.h"
#include "protocol/types.h"
#include "system/pcapng_writer.h"

namespace mep::extcap {

using system::Interface;
using system::PcapngWriter;
using system::Section;
using system::Statistics;
using system::WallTime;

// A line whose records are written; an interface in the file.
struct RecordedLine {
  std::string name;  // the port
  std::string role;  // "client line"; the direction is added
  Direction direction;
  unsigned baud_rate;  // in the beginning
  std::uint32_t tap;   // which tap it is of
};

// Something that a line has brought: a frame, an alert, noise.
struct Heard {
  std::size_t line;     // as begin() counted them
  std::uint8_t status;  // tap::Status bits
  unsigned baud_rate;
  WallTime first;    // arrival of the first byte
  Instant duration;  // until that of the last one
  Bytes bytes;
};

class Recorder {
 public:
  // An empty filter lets everything pass. Throws a Problem if it does not compile.
  explicit Recorder(std::string filter);

  // Writes the beginning of the file: whose records will come, from `now` on. `fd` stays the
  // caller's. Throws as PcapngWriter does, here and below.
  void begin(int fd, const std::string& path, const Section& section,
             std::vector<RecordedLine> lines, WallTime now);
  bool begun() const { return writer_ != nullptr; }

  void record(const Heard& heard);

  // Writes statistics until now, where there has been something since it last did.
  void report(WallTime now);
  // Writes the last statistics.
  void end(WallTime now);

 private:
  struct Line {
    Direction direction;
    std::uint32_t tap;
    Statistics statistics;
  };

  void write_statistics(WallTime now, bool ended);

  std::string filter_text_;
  std::optional<CaptureFilter> filter_;
  std::vector<Line> lines_;
  std::unique_ptr<PcapngWriter> writer_;
  bool reported_ = true;  // all that there has been
};

}  // namespace mep::extcap
