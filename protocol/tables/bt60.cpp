// BT60 to BT67: the load profile, pages 229 to 241.
// SPDX-License-Identifier: GPL-2.0-or-later
#include "protocol/names.h"
#include "protocol/tables/tables.h"

namespace mep::tables {
namespace {

// BT63 Load Profile Status, page 236
Table bt63() {
  const ValueNames order = {{0, "ascending (N is older than N+1)"}, {1, "descending"}};
  return table(
      BT(63), "Load Profile Status", 236,
      {array(
          Expr(load_profile_sets), "Data Set Status",
          {bits(1, {bit(0, "Block Order", order).learns(Dim::load_profile_block_order),
                    bit(1, "Overflow"), bit(2, "List Type", {{0, "FIFO"}, {1, "circular queue"}}),
                    bit(3, "Block Inhibit Overflow"),
                    bit(4, "Interval Order", order).learns(Dim::load_profile_interval_order),
                    bit(5, "Active Mode")})
               .at(0),
           u16("Number of Valid Blocks").at(1)})});
}

}  // namespace

std::vector<Table> bt60() {
  return {bt63()};
}

}  // namespace mep::tables
