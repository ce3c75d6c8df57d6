// BT70, BT71 and BT74: the primary event log, pages 241 to 243; BT70 and BT71 as in the Optical
// Port Programmer's Guide. SPDX-License-Identifier: GPL-2.0-or-later
#include "protocol/names.h"
#include "protocol/tables/tables.h"

namespace mep::tables {
namespace {

// The first byte of BT70 and of BT71.
Node log_flags() {
  return bits(1, {bit(0, "Event Number"), bit(1, "History Date/time"),
                  bit(2, "History Sequence Number"), bit(3, "History Inhibit Overflow"),
                  bit(4, "Event Inhibit Overflow")})
      .at(0);
}

// BT70 Dimension Log, page 50 of the Optical Port Programmer's Guide: what BT71 can be at most.
Table bt70_dimensions() {
  return table(
      BT(70), "Dimension Log", optical_page(50),
      {log_flags(), u8("Number of Standard Events").at(1),
       u8("Number of Manufacturer Events").at(2), u8("History Data Length").at(3).unit("bytes"),
       u8("Event Data Length").at(4).unit("bytes"), u16("Number of History Entries").at(5),
       u16("Number of Event Entries").at(7)});
}

// BT71 Actual Log, page 51 of the Optical Port Programmer's Guide
Table bt71() {
  return table(
      BT(71), "Actual Log", optical_page(51),
      {log_flags(), u8("Number of Standard Event Bytes").at(1).unit("bytes"),
       u8("Number of Manufacturer Event Bytes").at(2).unit("bytes"),
       u8("History Data Length").at(3).unit("bytes").learns(Dim::history_log_argument_size),
       u8("Event Data Length").at(4).unit("bytes"),
       u16("Number of History Entries").at(5).learns(Dim::history_log_entries),
       u16("Number of Event Entries").at(7)});
}

// BT74 History Log Data (Primary Event Log), page 241
Table bt74() {
  return table(
      BT(74), "History Log Data (Primary Event Log)", 241,
      {bits(1, {bit(0, "Order", {{0, "ascending (N is older than N+1)"}, {1, "descending"}}),
                bit(1, "Overflow"), bit(2, "List Type", {{0, "FIFO"}, {1, "circular queue"}}),
                bit(3, "Inhibit Overflow")})
           .at(0),
       u16("Number of Valid Entries").at(1).page(242), u16("Last Entry Element").at(3).page(242),
       u32("Last Entry Sequence Number").sensitive(Sensitive::none).at(5).page(242),
       u16("Number of Unread Entries").at(9).page(242),
       array(Dim::history_log_entries, "History Record Array",
             {ltime_date("Time").at(11).on(Clock::utc).as(Role::moment),
              u16("Sequence Number").at(17),
              u16("User ID")
                  .sensitive(Sensitive::identifier)
                  .at(19)
                  .page(243)
                  .values({{0xFFFD, "MEP client"},
                           {0xFFFE, "PLC, P2P or G3 message"},
                           {0xFFFF, "no user logged in"}}),
              bits(2, {bits_of(0, 11, "Event")}).at(21).page(243),
              bytes("Argument", Dim::history_log_argument_size)
                  .sensitive(Sensitive::identifier)
                  .at(23)
                  .page(243)})
           .page(242)});
}

}  // namespace

std::vector<Table> bt70() {
  return {bt70_dimensions(), bt71(), bt74().tells(Story::events)};
}

}  // namespace mep::tables
