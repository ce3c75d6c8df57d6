// Procedures: calls in BT07, results in BT08, ET59 and ET85 (pages 50 to 54).
//
// Plugin, showing. To be added here: fields and notes of procedures; their parameters are
// descriptions.
// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "plugin/exchanges.h"
#include "plugin/table_tree.h"

namespace mep::plugin {

// What a write to BT07 calls, with its parameters; `shown` are the table bytes.
void show_call(const TableBytes& shown, const Call* call, const Dimensions& dimensions);
// What a read of a result table answers. `believed`: its digest does not speak against it, so the
// packet list may tell it.
void show_result(const TableBytes& shown, const Call* call, const Dimensions& dimensions,
                 bool believed);

}  // namespace mep::plugin
