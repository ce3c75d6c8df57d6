// What becomes of a line's records: each gets its tap header, passes the capture filter, is counted
// and put into the buffer from which it is written.
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
#include "extcap/drain.h"
#include "extcap/line_book.h"
#include "protocol/frame.h"
#include "protocol/types.h"
#include "system/event_loop.h"
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
  std::vector<std::string> comments = {};   // what else is to be known of it
  std::optional<Direction> direction = {};  // where it is not the line's
};

// What happens to records while the output is slower than they come.
struct Buffer {
  std::size_t size = usual_buffer_size;  // bytes
  // A line does not wait: what finds no room is dropped, whole records, and counted. A simulation
  // waits, see has_room().
  bool may_drop = true;
};

class Recorder {
 public:
  // An empty filter lets everything pass. Throws a Problem if it does not compile.
  Recorder(std::string filter, Buffer buffer);

  // Writes the beginning of the file: whose records will come, from `now` on. `fd` stays the
  // caller's. Throws as write_block() does if that cannot be written.
  void begin(int fd, const std::string& path, const Section& section,
             std::vector<RecordedLine> lines, WallTime now);
  bool begun() const { return writer_ != nullptr; }

  void record(const Heard& heard);

  // A sentence about the line, for the last statistics.
  void remark(std::size_t line, const std::string& text);

  // The next record that is written gets this comment. Where none is, the last statistics do.
  void comment(std::string text) { comments_.push_back(std::move(text)); }

  // How things stand, for whoever watches.
  std::vector<LineStatus> line_status() { return book_.status(system::monotonic_now()); }
  std::uint64_t received() const;
  std::uint64_t written() const;
  std::uint64_t dropped() const { return dropped_in_all_; }  // for want of room in the buffer

  // Writes statistics until now, where there has been something since it last did and the output
  // keeps up.
  void report(WallTime now);
  // Writes the last statistics.
  void end(WallTime now);

  // Whoever can wait, should, where there is none.
  bool has_room() const { return !drain_ || drain_->has_much_room(); }
  // To be called when this is readable: says on standard error what the user has to know of the
  // output, and throws as write_block() does once it cannot be written any more.
  int event_fd() const { return drain_->event_fd(); }
  void attend();
  // What has not been written yet.
  Drain::Waiting waiting() const { return drain_->waiting(); }
  const std::string& path() const { return drain_->path(); }
  bool disk_is_full() const { return drain_->disk_is_full(); }

 private:
  // What was dropped since the last record that was not.
  struct Missed {
    std::uint64_t records = 0;
    std::uint64_t bytes = 0;  // on the line
    WallTime first = 0;
    WallTime last = 0;
  };

  struct Line {
    Direction direction;
    std::uint32_t tap;
    Statistics statistics;
    Missed missed;
  };

  bool takes(std::size_t size);
  void begin_dropping();
  void end_dropping();
  void write_statistics(WallTime now, bool ended);

  std::string filter_text_;
  std::optional<CaptureFilter> filter_;
  const Buffer buffer_;
  std::vector<Line> lines_;
  std::unique_ptr<Drain> drain_;
  std::unique_ptr<PcapngWriter> writer_;
  bool dropping_ = false;
  std::uint64_t dropped_ = 0;         // since that began
  std::uint64_t dropped_in_all_ = 0;  // since the capture began
  bool disk_full_ = false;            // and it has been said
  LineBook book_;
  std::vector<std::string> comments_;  // that wait for a record
  bool reported_ = true;               // all that there has been
};

}  // namespace mep::extcap
