// Errors on a serial line, as far as somebody counts them.
//
// System. To be added here: another kind of error that is counted.
// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

namespace mep::system {

// How often each kind of trouble has been seen.
struct TroubleCount {
  unsigned framing = 0;
  unsigned parity = 0;
  unsigned breaks = 0;
  unsigned overruns = 0;
};

}  // namespace mep::system
