// Statistics > Conversations and Endpoints: one tap, two tables.
// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "plugin/wireshark.h"

namespace mep::plugin {

// Counts a frame: its addresses are set, `tvb` is the frame.
void tap_frame(packet_info* pinfo, tvbuff_t* tvb);

void register_conversations();

}  // namespace mep::plugin
