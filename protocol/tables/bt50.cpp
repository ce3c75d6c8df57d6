// BT50 to BT55: clocks and the tariff calendar, pages 222 to 231.
// SPDX-License-Identifier: GPL-2.0-or-later
#include "protocol/names.h"
#include "protocol/tables/tables.h"

namespace mep::tables {
namespace {

const ValueNames& weekdays() {
  static const ValueNames names = {{0, "Sunday"},   {1, "Monday"}, {2, "Tuesday"}, {3, "Wednesday"},
                                   {4, "Thursday"}, {5, "Friday"}, {6, "Saturday"}};
  return names;
}

// BT50 Dimension Time and TOU, page 222
Table bt50_dimension_time_and_tou() {
  return table(
      BT(50), "Dimension Time and TOU", 222,
      {bits(1, {bit(0, "TOU Self Read"), bit(1, "Season Self Read"), bit(2, "Season Demand Reset"),
                bit(3, "Season Change Armed"), bit(4, "Sort Dates"), bit(5, "Anchor Date"),
                bits_of(6, 7, "Filler")})
           .at(0),
       bits(1, {bit(0, "Daylight Saving Time Auto"),
                bit(1, "Separate Week Days",
                    {{0, "one schedule for Monday to Friday"}, {1, "one schedule for each day"}})
                    .learns(Dim::separate_week_days),
                bit(2, "Separate Summation Demands"), bit(3, "Sort Tier Switches"),
                bit(4, "Capable Of Time Zone Offset"), bits_of(5, 7, "Filler")})
           .at(1)
           .page(223),
       bits(1, {bits_of(0, 3, "Number of Seasons").learns(Dim::seasons),
                bits_of(4, 7, "Number of Special Schedules").learns(Dim::special_schedules)})
           .at(2)
           .page(223)
           .note("12 seasons from 3.50 (CP 1.20), 4 before"),
       u8("Number of Non-Recurring Dates")
           .at(3)
           .page(223)
           .learns(Dim::non_recurring_dates)
           .note("from 3.50 (CP 1.20)"),
       u8("Number of Recurring Dates").at(4).page(224).learns(Dim::recurring_dates),
       u16("Number of Tier Switches").at(5).page(224).learns(Dim::tier_switches),
       u16("Calendar Table Size").at(7).page(224).unit("bytes")});
}

// BT52 UTC Clock, page 224
Table bt52() {
  return table(BT(52), "UTC Clock", 224,
               {ltime_date("Clock Calendar").as(Role::moment).at(0).on(Clock::utc),
                bits(1, {bits_of(0, 2, "Day of Week", weekdays()), bit(3, "Daylight Saving Time"),
                         bit(4, "Greenwich Mean Time"), bit(5, "Time Zone Applied"),
                         bit(6, "DST Applied"), bit(7, "Not Specified")})
                    .at(6)});
}

// BT53 Time Offset, page 225
Table bt53() {
  return table(BT(53), "Time Offset", 225,
               {time("Daylight Saving Time Effective").at(0).on(Clock::local),
                u8("Daylight Saving Time Adjustment").at(3).unit("min"),
                i16("Time Zone Offset").at(4).unit("min")});
}

// "CalendarAction Bitfield", page 226.
std::vector<BitField> calendar_action(BitField bit_7) {
  // The guide's list for 3.50 and higher, page 227, has 3..14 as seasons 0..11, and then seasons 1
  // to 3 again. Before 3.50: seasons 0 to 3 only.
  return {bits_of(0, 4, "Action",
                  {{0, "no action"},
                   {1, "daylight saving time on"},
                   {2, "daylight saving time off"},
                   {3, "select season 0"},
                   {4, "select season 1"},
                   {5, "select season 2"},
                   {6, "select season 3"},
                   {7, "select season 4"},
                   {8, "select season 5"},
                   {9, "select season 6"},
                   {10, "select season 7"},
                   {11, "select season 8"},
                   {12, "select season 9"},
                   {13, "select season 10"},
                   {14, "select season 11"},
                   {19, "special schedule 0"},
                   {20, "special schedule 1"}}),
          bit(5, "Demand Reset", {{0, "no demand reset"}, {1, "demand reset on this date"}}),
          bit(6, "Self read", {{0, "no self read"}, {1, "self read on this date"}}),
          std::move(bit_7)};
}

// Bit 7, page 228, in the first recurring date; the guide's type is FILL(7..7). Nothing is said of
// the others.
BitField tou_format() {
  return bit(7, "TOU Format",
             {{0, "before 3.50: 4 seasons, no non-recurring dates"},
              {1, "from 3.50 (CP 1.20): 12 seasons, 25 non-recurring dates"}})
      .named_in_group();
}

// BT54 Calendar, page 226
Table bt54() {
  const Expr recurring_at = Expr(Dim::non_recurring_dates) * 3;
  const Expr switches_at = recurring_at + Expr(Dim::recurring_dates) * 3;
  const Expr seasons_at = switches_at + Expr(Dim::tier_switches) * 3;
  const Expr days = Expr(3) + Expr(Dim::separate_week_days) * 4;
  const Expr id_at = seasons_at + Expr(Dim::seasons) * (days + Dim::special_schedules);
  return table(
      BT(54), "Calendar", 226,
      {array(Dim::non_recurring_dates, "NonRecurrDateRcd",
             {ansi_date("Non-recurring Date").at(0).on(Clock::local),
              bits("CalendarAction Bitfield", 1, calendar_action(bit(7, "Not Specified")))})
           .note("from 3.50 (CP 1.20)"),
       array(
           Dim::recurring_dates, "RecurrDateRcd",
           {rdate("Recurring Date").at(recurring_at).on(Clock::local),
            when(index_of() == 0, {bits("CalendarAction Bitfield", 1, calendar_action(tou_format()))
                                       .note("TOU Format: in the first record only, for all")}),
            when(index_of() != 0,
                 {bits("CalendarAction Bitfield", 1, calendar_action(bit(7, "Not Specified")))
                      .note("TOU Format: in the first record only, for all")})}),
       array(Dim::tier_switches, "TierSwitchRcd",
             {bits(2, {bits_of(0, 2, "Tier"), bits_of(3, 4, "Filler"), bits_of(5, 10, "Minute"),
                       bits_of(11, 15, "Hour")})
                  .at(switches_at)
                  .page(228),
              u8("Schedule").page(228).note("10 switches each; not used by the meter")}),
       array(Dim::seasons, "SeaSchedRcd",
             {when(Expr(Dim::separate_week_days) == 0,
                   {u8("Saturday").at(seasons_at).page(229), u8("Sunday").page(229),
                    u8("Weekday").page(229)}),
              when(Dim::separate_week_days,
                   {u8("Sunday").at(seasons_at).page(228), u8("Monday").page(228),
                    u8("Tuesday").page(228), u8("Wednesday").page(228), u8("Thursday").page(228),
                    u8("Friday").page(228), u8("Saturday").page(228)}),
              array_of(Dim::special_schedules, u8("Special Schedule").page(229))}),
       u32("Calendar ID").sensitive(Sensitive::none).at(id_at).page(229)});
}

// BT55 Local Clock State, page 230
Table bt55() {
  return table(BT(55), "Local Clock State", 230,
               {ltime_date("Clock Calendar").as(Role::moment).at(0).on(Clock::local),
                bits(1, {bits_of(0, 2, "Day of Week", weekdays()), bit(3, "Daylight Savings Time"),
                         bit(4, "Greenwich Mean Time"), bit(5, "Time Zone Applied"),
                         bit(6, "DST Applied"), bit(7, "Not Specified")})
                    .at(6),
                // The guide's range of Season is 0 to 3, page 231; BT54 has 12 seasons from 3.50.
                bits(2, {bits_of(0, 2, "Current Tier"), bits_of(3, 5, "Filler"),
                         bits_of(6, 7, "Tier Drive",
                                 {{0, "TOU calendar"},
                                  {1, "set manually, until the next scheduled switch"},
                                  {2, "set manually, indefinitely"},
                                  {3, "time, over power or consumption override"}})
                             .learns(Dim::tier_drive),
                         bits_of(8, 11, "Special Schedule Active"), bits_of(12, 15, "Season")})
                    .at(7)
                    .note("Current Tier 0 to 7 from 3.70 (CP 1.20), 0 to 3 before")});
}

}  // namespace

std::vector<Table> bt50() {
  return {bt50_dimension_time_and_tou(), bt52().tells(Story::clock), bt53(), bt54(),
          bt55().tells(Story::clock)};
}

}  // namespace mep::tables
