// A billing read (the guide's MBR), pages 92 to 95: what an M-Bus device or a MEP client delivered.
// ET16 holds one per device, ET45 and ET74 log them.
//
// Protocol/tables. To be added here: nothing: a table that repeats this layout calls it.
// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "protocol/schema.h"

namespace mep::tables {

// `is_mbus`, `is_mep`: how the table tells whose read it is. `start`: where the read begins in the
// table, for the printed offsets. `by_device`: element i of the table is device i of ET13, of which
// its medium is learned. Belongs into a record().
Nodes billing_read(const Expr& is_mbus, const Expr& is_mep, const Expr& start,
                   bool by_device = false);

}  // namespace mep::tables
