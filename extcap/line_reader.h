// Reading of tapped lines, in a process of its own: it notes when each byte has come, and nothing
// that keeps mepdump waiting keeps it. A terminal driver says what has come and not when; whoever
// asks late can only guess.
//
// Extcap. To be added here: what has to be known of bytes in the moment in which they come.
// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <vector>

#include "protocol/frame.h"
#include "system/file_descriptor.h"

namespace mep::extcap {

// How long nobody looks at silent lines. Bytes that are found then have not waited longer.
inline constexpr Instant heartbeat = std::chrono::milliseconds(50);
// By how much that is late on a computer that is held up.
inline constexpr Instant late = std::chrono::milliseconds(20);

// All lines, looked at in one moment.
struct Look {
  struct Piece {
    std::size_t line;
    std::vector<std::uint8_t> bytes;  // as they were read
    std::optional<int> end;           // it has come to its end: errno, or 0 where it was closed
  };
  Instant begin{0};  // the look before, when nothing was left
  Instant end{0};    // when nothing was left this time
  std::vector<Piece> pieces;

  // Whether what was found may have waited, and nobody knows for how long.
  bool held_up() const { return end - begin > heartbeat + late; }
};

// Until it is destroyed, or the program has ended in whatever way.
class LineReader {
 public:
  // Reads what comes from each of `lines`, which must not block; -1: from none. What is there
  // already has come now. Throws a Problem where there can be no such process.
  explicit LineReader(std::span<const int> lines);
  LineReader(const LineReader&) = delete;
  LineReader& operator=(const LineReader&) = delete;
  ~LineReader();

  // Those are the lines from now on. No byte is lost between.
  void set_lines(std::span<const int> lines);

  // Readable when next() may have something; the same one as long as this lives.
  int fd() const { return looks_.get(); }
  // The next look that found something, or was asked for, if there has been one.
  std::optional<Look> next();
  // Asks for a look, which will be the answer: who does not know that nothing has come since does
  // not know of a pause.
  void ask();
  // Nothing is read from now on. What has been can be had by next().
  void end_process();

 private:
  void start();
  void start_again();
  void call(std::uint64_t what) const;
  void receive(bool wait);
  void take_messages();

  std::vector<int> lines_;
  system::FileDescriptor looks_;
  system::FileDescriptor call_;  // readable when the process is to look
  pid_t process_ = -1;
  Instant started_{0};
  std::vector<std::uint8_t> received_;  // not yet a whole message
  Look unfinished_;
  std::deque<Look> finished_;
};

}  // namespace mep::extcap
