// Undoes what the terminal driver does to the bytes of a line when it is asked to mark errors.
// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <vector>

#include "protocol/types.h"

namespace mep::extcap {

// How often the driver has seen each kind of trouble since it was last asked.
struct TroubleCount {
  unsigned framing = 0;
  unsigned parity = 0;
  unsigned breaks = 0;
  unsigned overruns = 0;
};

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

}  // namespace mep::extcap
