// BT74: the primary event log, pages 241 to 243.
// SPDX-License-Identifier: GPL-2.0-or-later
#include "protocol/names.h"
#include "protocol/tables/tables.h"

namespace mep::tables {
namespace {

// BT74 History Log Data (Primary Event Log), page 241
Table bt74() {
  return table(
      BT(74), "History Log Data (Primary Event Log)", 241,
      {bits(1, {bit(0, "Order", {{0, "ascending (N is older than N+1)"}, {1, "descending"}}),
                bit(1, "Overflow"), bit(2, "List Type", {{0, "FIFO"}, {1, "circular queue"}}),
                bit(3, "Inhibit Overflow")})
           .at(0),
       u16("Number of Valid Entries").at(1).page(242), u16("Last Entry Element").at(3).page(242),
       u32("Last Entry Sequence Number").at(5).page(242),
       u16("Number of Unread Entries").at(9).page(242),
       array(Dim::history_log_entries, "History Record Array",
             {ltime_date("Time").at(11).on(Clock::utc).as(Role::moment),
              u16("Sequence Number").at(17),
              u16("User ID").at(19).page(243).values({{0xFFFD, "MEP client"},
                                                      {0xFFFE, "PLC, P2P or G3 message"},
                                                      {0xFFFF, "no user logged in"}}),
              bits(2, {bits_of(0, 11, "Event")}).at(21).page(243),
              bytes("Argument", Dim::history_log_argument_size).at(23).page(243)})
           .page(242)});
}

}  // namespace

std::vector<Table> bt70() {
  return {bt74().tells(Story::events)};
}

}  // namespace mep::tables
