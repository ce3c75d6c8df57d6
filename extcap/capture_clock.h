// What time it was, for records: the monotonic clock, anchored on the wall clock.
//
// Extcap. To be added here: what happens to a capture's times when a clock is set.
// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <optional>
#include <string>

#include "protocol/frame.h"
#include "system/pcapng_writer.h"

namespace mep::extcap {

// The system's clocks at one moment.
struct Clocks {
  Instant monotonic{0};  // does not count while the computer sleeps
  Instant since_boot{0};
  Instant wall{0};  // since 1970
};

Clocks clocks_now();

// Between two times of a capture lies what the monotonic clock says, and time does not run
// backwards. A clock that is set forward (also by a computer that slept) is followed. One that is
// set back is not: the capture's times then go on as before, ahead of the clock, until it is set
// forward again.
class CaptureClock {
 public:
  explicit CaptureClock(const Clocks& now);

  system::WallTime at(Instant moment) const { return (moment + offset_).count(); }

  // To be called now and then. Returns what has happened to the clocks since the last call, as a
  // sentence, if anything has: the times before and behind do not fit together.
  std::optional<std::string> follow(const Clocks& now);

 private:
  Instant offset_;  // from the monotonic clock to the capture's
  Instant wall_offset_;
  Instant slept_;  // since boot
};

}  // namespace mep::extcap
