// ET61 to ET66: relay calendar, load profile display and source IDs, pages 166 to 173.
// SPDX-License-Identifier: GPL-2.0-or-later
#include "protocol/names.h"
#include "protocol/tables/tables.h"

namespace mep::tables {
namespace {

// ET61 Time-Based Relay Control Calendar, page 167
Table et61() {
  return table(ET(61), "Time-Based Relay Control Calendar", 167,
               {array(2, "Relay Control",
                      {array(Dim::relay_switches, "Relay Switches",
                             {bits("RelayControlRcd", 2,
                                   {bit(0, "Relay State", {{0, "open"}, {1, "closed"}}),
                                    bits_of(1, 4, "Filler"), bits_of(5, 10, "Minute"),
                                    bits_of(11, 15, "Hour")})
                                  .at(0)})})
                    .numbered("Control Relay", 1)});
}

// An ID code of the display: one character more on Gen 4 meters, the guide's X.
Node id_code(std::string_view name) {
  return chars(name, 4 + Expr(Dim::five_digit_id_codes)).sensitive(Sensitive::none);
}
Node decimal_points(std::string_view name) {
  return u8(name).shown_as(Format::hex).note("bit 0: right-most decimal point; 1: on");
}

// ET62 Load Profile Display Configuration, page 168
Table et62() {
  const Expr x = Dim::five_digit_id_codes;
  const Expr channels = slot_of(Dim::max_load_profile_channels, 0);
  // The guide prints 117 and 137, page 172, which is right for 16 channels.
  const Expr additional = 21 + 4 * x + channels * (6 + x);
  constexpr std::string_view since_3_7 = "meters 3.70 and higher, modules 1.20 and higher";
  return table(
      ET(62), "Load Profile Display Configuration", 168,
      {bits("Flags", 1,
            {bit(0, "Display Local Time", {{0, "no, UTC"}, {1, "yes, local time"}}),
             bit(1, "Use All Channel ID Characters",
                 {{0, "no, the first 2 and a channel number"}, {1, "yes, no channel number"}}),
             bit(2, "Disable Load Profile Display",
                 {{0, "display allowed"}, {1, "display disabled"}})})
           .at(0),
       id_code("Load Profile List ID Code").page(169).at(1),
       decimal_points("Load Profile List ID Decimal Point State").page(169).at(5 + x),
       id_code("Load Profile Date ID Code").page(169).at(6 + x),
       decimal_points("Load Profile Date ID DP State").page(169).at(10 + 2 * x),
       id_code("Interval Time ID Code").page(170).at(11 + 2 * x),
       decimal_points("Interval Time ID DP State").page(170).at(15 + 3 * x),
       id_code("Extended Status ID Code").page(170).at(16 + 3 * x),
       decimal_points("Extended Status ID DP State").page(170).at(20 + 4 * x),
       array(channels, "Code Word",
             {group("Channel ID Format", {id_code("Channel ID Code").at(21 + 4 * x),
                                          decimal_points("Channel ID DP State").at(25 + 5 * x)}),
              bits("Data Format", 1,
                   {bits_of(0, 2, "Fields After DP"), bits_of(3, 6, "Fields Before DP"),
                    bit(7, "Zero Suppression",
                        {{0, "leading zeros shown"}, {1, "leading zeros hidden"}})})
                  .at(26 + 5 * x)})
           .numbered("channel", 0)
           .page(171)
           .at(21 + 4 * x),
       group("Additional Fields",
             {id_code("Power Outage List ID Code").at(additional),
              decimal_points("Power Outage List ID DP State").at(additional + 4 + x),
              id_code("Power Outage Number ID Code").at(additional + 5 + x),
              decimal_points("Power Outage Number ID DP State").at(additional + 9 + 2 * x)})
           .note(since_3_7)
           .page(172)});
}

// ET66 Load Profile Source ID Mapping Table, page 173
Table et66() {
  // The guide says that the IDs 112 to 163 are mapped here, 52 of them; with 16 channels its
  // dimensions give 64.
  const Expr channels = slot_of(Dim::max_load_profile_channels, 0);
  return table(ET(66), "Load Profile Source ID Mapping Table", 173,
               {array(load_profile_sets, "Data Set",
                      {array_of(channels, u16("Extended Source IDs")
                                              .shown_as(Format::source_id)
                                              .used_if(field("Extended Source IDs") != 0)
                                              .learns(Dim::mapped_source,
                                                      index_of(1) * channels + index_of(0)))})
                    .numbered("Data Set", 1)});
}

}  // namespace

std::vector<Table> et60() {
  return {et61(), et62(), et66()};
}

}  // namespace mep::tables
