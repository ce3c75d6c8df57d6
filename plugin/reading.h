// What a table's bytes say, in a few words: for the Info column and the message's line.
//
// Plugin, showing. To be added here: how a few words are made of a table; which words is a matter
// of descriptions.
// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "plugin/findings.h"
#include "plugin/table_tree.h"
#include "plugin/wireshark.h"
#include "protocol/walker.h"

namespace mep::plugin {

// Whether the table has something to say in a few words.
bool tells_reading(const Table& table);
// Tells energies, powers, the time, flags. `findings`: in the stretch.
void tell_reading(const TableBytes& shown, const Table& table, const Dimensions& dimensions,
                  const Findings& findings);

}  // namespace mep::plugin
