// Statistics that Wireshark itself lays out: service response time (-z mep,srt), a tree of counts
// (-z mep,tree). Both are in the menu Statistics, too.
//
// Plugin, showing. To be added here: what is counted; what a listener is told is tapped.h's.
// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "plugin/wireshark.h"

namespace mep::plugin {

// Behind register_taps().
void register_statistics();

}  // namespace mep::plugin
