// The Info column: what a table's bytes say, in a few words.
//
// Plugin, showing. To be added here: how a few words are made of a table; which words is a matter
// of descriptions.
// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "plugin/findings.h"
#include "plugin/wireshark.h"
#include "protocol/walker.h"

namespace mep::plugin {

// Whether the table has something to say in a few words, and the column takes it in.
bool tells_reading(const packet_info* pinfo, const Table& table);
// Appends energies, powers, the time, flags. `findings`: in the stretch.
void tell_reading(packet_info* pinfo, const Table& table, const Stretch& stretch,
                  const Dimensions& dimensions, const Findings& findings);

}  // namespace mep::plugin
