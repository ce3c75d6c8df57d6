// The layout of BT23, which other tables repeat: counts, summations, demands and coincidents, first
// in total, then per tier. Pages 208 to 211.
//
// Protocol/tables. To be added here: nothing: a table that repeats this layout calls it.
// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "protocol/schema.h"

namespace mep::tables {

// `start`: where these data begin in the table, for the printed offsets.
Nodes register_data(const Expr& start = 0);

}  // namespace mep::tables
