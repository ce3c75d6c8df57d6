// One tapped line, from what the driver hands over to records: what the bytes were, when each
// arrived, which frames they make, whether the line is held. No input or output: tests feed it.
//
// Extcap. To be added here: what becomes of bytes before they are frames.
// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "extcap/backlog.h"
#include "extcap/speed_finder.h"
#include "protocol/frame.h"
#include "protocol/types.h"
#include "system/trouble_count.h"

namespace mep::extcap {

// What the driver has seen since it was last asked.
using system::TroubleCount;

struct ReceivedByte {
  std::uint8_t value;
  std::uint8_t trouble;  // tap::Status bits
};

// With PARMRK, termios(3) puts FF 00 before a byte that came with an error, reports a break as
// FF 00 00, and doubles a byte FF that came without one. A sequence can be split between two reads.
class MarkedInput {
 public:
  // `marks`: whether the driver does all this. `out` is overwritten. `count` says which kind of
  // error a mark stands for, where the driver counts them.
  void decode(Bytes raw, bool marks, const TroubleCount& count, std::vector<ReceivedByte>& out);

 private:
  enum class State : std::uint8_t { plain, escape, error };
  State state_ = State::plain;
};

// Adapters and the kernel hand over bytes in bunches. Of n bytes that were read together, only the
// last one arrived just now; each one before it took a byte's time on the wire.
class ArrivalClock {
 public:
  explicit ArrivalClock(unsigned baud_rate);

  void set_speed(unsigned baud_rate);

  // The arrival of byte `index` of the `count` that were read together at `now`: never before the
  // byte that preceded it.
  Instant arrival(std::size_t index, std::size_t count, Instant now);

  // The same of the next byte of a backlog: nobody looked for a while, and it may have waited since
  // it followed the one before it. Waiting is no pause.
  Instant arrival_in_backlog(Instant now);

  // A byte that somebody else has dated: the same moment, unless that would be before the byte
  // that preceded it.
  Instant dated(Instant at);

  Instant byte_time() const { return byte_time_; }
  Instant last_arrival() const { return previous_; }

 private:
  Instant byte_time_;
  Instant previous_{0};
};

class LineReceiver {
 public:
  // The line's speed is found out among `baud_rates`, beginning with `baud_rate`; without any it is
  // that one.
  LineReceiver(Direction direction, unsigned baud_rate, Instant frame_timeout,
               FrameSplitter::Sink sink, std::span<const unsigned> baud_rates = {});
  LineReceiver(const LineReceiver&) = delete;  // the splitter's sink knows this one
  LineReceiver& operator=(const LineReceiver&) = delete;

  // Bytes that were read together. They wait for their times. `marks` as for MarkedInput. `count`
  // is what was counted since the last call; without marks, all of it comes with the first byte.
  void hear(Bytes raw, bool marks, const TroubleCount& count);
  bool anything_waits() const { return !waiting_.empty(); }

  // What waits was all read at `now`. If advance() was due long before and was not called, it may
  // have been waiting meanwhile, and no pause is taken to be before it.
  void date_back(Instant now);

  // What waits has come while nobody looked: what it is, and when each byte arrived.
  BacklogLine backlog() const;
  void date(std::span<const Instant> arrivals);

  // When the last byte that does not wait arrived.
  Instant last_arrival() const { return clock_.last_arrival(); }

  // Bytes were lost before the next one.
  void note_loss();

  void advance(Instant now);
  std::optional<Instant> deadline() const;
  void finish() { splitter_.finish(); }

  // Whose line it is, where that is found out only now.
  void set_direction(Direction direction);

  // The speed that the port has to be set to; it can be another after each of the calls above. To a
  // sink, the speed at which its record was received.
  unsigned baud_rate() const { return baud_rate_; }
  bool baud_rate_found() const { return speed_.found(); }
  // The other line has turned out to have this one.
  void hint(unsigned baud_rate);
  // The port does not do that speed, which is baud_rate(): another is tried. Returns whether there
  // is one.
  bool exclude(unsigned baud_rate);

 private:
  void push(const ReceivedByte& byte, Instant at);
  void follow_speed();

  Direction direction_;
  MarkedInput input_;
  ArrivalClock clock_;
  unsigned baud_rate_;
  SpeedFinder speed_;
  std::size_t held_ = 0;  // by the splitter, in bytes
  FrameSplitter splitter_;
  std::vector<ReceivedByte> decoded_;
  std::vector<ReceivedByte> waiting_;
  std::uint8_t trouble_of_next_ = 0;  // tap::Status bits
};

// Notices a line on which nothing but zeros comes: no level converter, or a wire at ground.
class HeldLine {
 public:
  // To be shown each record of the line. True once: when it has held at zero for a while.
  bool notices(const LineRecord& record);

 private:
  std::size_t zeros_ = 0;  // in a row, over records
  bool noticed_ = false;
};

}  // namespace mep::extcap
