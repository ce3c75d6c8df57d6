// Wireshark's own table of the user DLTs: two of them carry MEP by default, and are the user's
// nevertheless.
//
// Plugin, ways in. To be added here: what concerns the user's own table of link types.
// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "plugin/wireshark.h"

namespace mep::plugin {

// Whether Preferences > Protocols > DLT_USER says what this DLT (147 to 162) carries.
bool user_has_set(int dlt);

// Dissects the record as that table says.
int dissect_as_user_says(tvbuff_t* tvb, packet_info* pinfo, proto_tree* tree);

}  // namespace mep::plugin
