// How a tapped line is, by what was heard on it.
//
// Extcap. To be added here: what LineWatch finds out of a line.
// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <optional>

#include "protocol/frame.h"
#include "protocol/types.h"

namespace mep::extcap {

// Who speaks on a line, as its frames show.
enum class LineRole : std::uint8_t { unknown, client, meter, both };

// How a line is.
enum class LineCondition : std::uint8_t {
  unheard,  // nothing has come yet, and it is too early to say anything of that
  well,
  silent,  // for so long that something may be wrong
  noisy,   // bytes, but no frames
};

struct LineState {
  Direction wired = Direction::unknown;  // as the user says
  LineRole role = LineRole::unknown;     // as the frames say
  bool contradicts_wiring = false;       // they say something else than the user
  LineCondition condition = LineCondition::unheard;
  std::uint64_t frames = 0;  // whole ones, alerts not counted
  std::uint64_t alerts = 0;
  std::uint64_t cut_short = 0;             // frames whose rest never came
  std::uint64_t noise = 0;                 // records of noise
  std::uint64_t damaged = 0;               // records with framing or parity errors, breaks, losses
  std::uint64_t bytes = 0;                 // all of them
  double bytes_per_second = 0;             // over the last few seconds
  std::optional<Instant> last_heard = {};  // on system::monotonic_now()'s clock
};

}  // namespace mep::extcap
