// SPDX-License-Identifier: GPL-2.0-or-later
#include "extcap/capture_clock.h"

#include <time.h>

#include <algorithm>

#include "extcap/words.h"

namespace mep::extcap {
namespace {

// NTP makes both clocks run faster or slower together; a difference between them is a step. Reading
// two clocks takes time, more of it on a computer that is held up in between.
constexpr Instant smallest_step = std::chrono::milliseconds(10);

Instant read(clockid_t clock) {
  timespec time{};
  clock_gettime(clock, &time);
  return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

}  // namespace

Clocks clocks_now() {
  Clocks best;
  Instant shortest = Instant::max();
  // The one of a few readings that was least interrupted.
  for (int i = 0; i < 3; ++i) {
    const Instant before = read(CLOCK_MONOTONIC);
    const Instant wall = read(CLOCK_REALTIME);
    const Instant since_boot = read(CLOCK_BOOTTIME);
    const Instant took = read(CLOCK_MONOTONIC) - before;
    if (took >= shortest) continue;
    shortest = took;
    best = {before, since_boot, wall};
  }
  return best;
}

CaptureClock::CaptureClock(const Clocks& now)
    : offset_(now.wall - now.monotonic),
      wall_offset_(offset_),
      slept_(now.since_boot - now.monotonic) {}

std::optional<std::string> CaptureClock::follow(const Clocks& now) {
  const Instant wall_offset = now.wall - now.monotonic;
  const Instant step = wall_offset - wall_offset_;
  const Instant slept = now.since_boot - now.monotonic - slept_;
  if (std::chrono::abs(step) < smallest_step && slept < smallest_step) return std::nullopt;
  wall_offset_ = wall_offset;
  slept_ += slept;
  offset_ = std::max(offset_, wall_offset_);
  std::string what;
  if (slept >= smallest_step) what = "This computer slept for " + seconds_text(slept);
  const Instant set = step - std::max(slept, Instant(0));
  if (std::chrono::abs(set) < smallest_step) return what;
  what += (what.empty() ? "This computer's clock was set " : ", and its clock was set ") +
          std::string(set > Instant(0) ? "forward" : "back") + " by " +
          seconds_text(std::chrono::abs(set));
  if (offset_ > wall_offset_)
    what += "; times go on as before, " + seconds_text(offset_ - wall_offset_) + " ahead of it";
  return what;
}

}  // namespace mep::extcap
