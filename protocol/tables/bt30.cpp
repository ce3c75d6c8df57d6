// BT30 and BT33: the display, pages 220 to 222.
// SPDX-License-Identifier: GPL-2.0-or-later
#include "protocol/names.h"
#include "protocol/tables/tables.h"

namespace mep::tables {
namespace {

// BT30 Dimension Display, page 220
Table bt30_dimension_display() {
  return table(
      BT(30), "Dimension Display", 220,
      {bits(1,
            {bit(0, "On time"), bit(1, "Off time"), bit(2, "Hold time"), bits_of(3, 7, "Filler")})
           .at(0)
           .note("reserved for future use"),
       u16("Number of Display Sources").at(1), u8("Width Display Sources").at(3).unit("bytes"),
       u16("Number of Primary List Items").at(4).learns(Dim::display_list_items),
       u8("Number of Primary Lists").at(6).page(221).learns(Dim::display_lists),
       u16("Number of Secondary List Items").at(7).page(221).note("reserved for future use"),
       u8("Number of Secondary Lists").at(9).page(221).note("reserved for future use")});
}

// BT33 Primary Display List, page 221
Table bt33() {
  return table(
      BT(33), "Primary Display List", 221,
      {array(Dim::display_lists, "DispListDescRcd Entry",
             {bits(1, {bits_of(0, 3, "On Time", {{0, "no automatic scrolling"}}),
                       bits_of(4, 7, "Off Time")})
                  .at(0)
                  .note("On Time in s, 6 to 15; Off Time is reserved for future use"),
              bits(1, {bits_of(0, 3, "Hold Time"), bits_of(4, 7, "Default List", {{1, "normal"}})})
                  .at(1)
                  .page(222)
                  .note("Hold Time is reserved for future use"),
              u8("Number List Items").at(2).page(222)}),
       // Behind all records, as in ANSI C12.19; with the one list of the guide it is the same. The
       // source IDs are said to be in Appendix D, page 222, which does not have them.
       array_of(Dim::display_list_items,
                u16("Display Sources").at(Expr(Dim::display_lists) * 3).shown_as(Format::hex))
           .page(222)});
}

}  // namespace

std::vector<Table> bt30() {
  return {bt30_dimension_display(), bt33()};
}

}  // namespace mep::tables
