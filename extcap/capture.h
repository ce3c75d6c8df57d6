// A capture, from the output's opening to its end.
// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <functional>
#include <string>

#include "extcap/interfaces.h"
#include "extcap/options.h"

namespace mep::extcap {

// Captures until a signal (SIGINT, SIGTERM) asks to stop, nobody reads the output any more, or a
// simulation has come to its end. Returns whether it was one of these that ended it. Otherwise
// `complain` has been told the reason, and all that was received until then is in the output. The
// output is still open at that time: Wireshark shows what it has heard before the end of the FIFO.
bool capture(const CaptureInterface& interface, const Options& options,
             const std::function<void(const std::string&)>& complain);

}  // namespace mep::extcap
