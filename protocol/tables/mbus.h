// What several tables say of M-Bus data types (the guide's MDT), page 164.
//
// Protocol/tables. To be added here: other layouts of M-Bus data that several tables repeat.
// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "protocol/schema.h"

namespace mep::tables {

// One entry of ET57, which ET42 repeats. `start`: where it begins in the table, for the printed
// offsets.
Nodes mdt_entry(const Expr& start = 0);

}  // namespace mep::tables
