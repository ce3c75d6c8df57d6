// ET70 to ET79: delta data alerts and logs, pages 173 to 183.
// SPDX-License-Identifier: GPL-2.0-or-later
#include "protocol/names.h"
#include "protocol/tables/billing.h"
#include "protocol/tables/tables.h"

namespace mep::tables {
namespace {

// ET70 RAM Only Status, page 174
Table et70_table() {
  constexpr std::string_view since_4_0 = "meters 4.0 and higher";
  return table(ET(70), "RAM Only Status", 174,
               {fill(142, "Reserved").at(0),
                u8("Current Comm Channel Index")
                    .values({{1, "MEP client 1"}, {2, "MEP client 2"}})
                    .note(since_4_0)
                    .at(142),
                fill(13, "Reserved").note(since_4_0).at(143)});
}

// ET71 Delta Data Alerts, page 174
Table et71() {
  const Expr monitored = field("Delta Data Monitor Source");
  // Pages 35 and 175 speak of an "Alert State" bit in each entry; Status has none.
  return table(
      ET(71), "Delta Data Alerts", 174,
      {array(Dim::delta_data_sources, "Delta Data",
             {u16("Delta Data Monitor Source")
                  .shown_as(Format::source_id)
                  .values({{255, "entry not in use"}})
                  .at(0),
              u16("Configured Delta").of_source(monitored).note("0: no alerts").page(175).at(2),
              ni_fmat1("Comparison Value")
                  .sensitive(Sensitive::consumption)
                  .of_source(monitored)
                  .page(175)
                  .at(4),
              ni_fmat1("Sampled Data Value")
                  .sensitive(Sensitive::consumption)
                  .of_source(monitored)
                  .page(175)
                  .at(8),
              bits("Status", 1, {bit(0, "Source ID Invalid"), bits_of(1, 7, "Spares")})
                  .page(175)
                  .at(12)})});
}

// The first byte of a log.
Node log_flags() {
  return bits(1, {bit(0, "Order", {{0, "ascending (N is older than N+1)"}, {1, "descending"}}),
                  bit(1, "Overflow"), bit(2, "List Type", {{0, "FIFO"}, {1, "circular queue"}}),
                  bit(3, "Inhibit Overflow"), bits_of(4, 7, "Filler")})
      .at(0);
}

// ET74 MEP Recurring Read Extended Log, page 176
Table et74() {
  // Entries are as large as those of ET45, page 136, which is the fifth table in ET36, page 28;
  // before that has been seen, the usual size of page 109.
  const Expr learned_size = slot_of(Dim::log_entry_size, 4);
  const Expr entry_size = learned_size + (learned_size == 0) * 525;
  return table(
      ET(74), "MEP Recurring Read Extended Log", 176,
      {log_flags(), u16("Number of Valid Entries").page(177).at(1),
       u16("Last Entry Element").page(177).at(3), u16("Last Entry Sequence Number").page(177).at(5),
       u16("Number of Unread Entries").page(177).at(7),
       array(Dim::extended_read_log_entries, "Log Entries",
             {record(entry_size,
                     {u16("Length").at(9),
                      record(field("Length"),
                             {fill(2).at(11), u16("Handle").at(13),
                              u8("Execution Status")
                                  .values({{0, "normal"}, {2, "delayed (power-up backfill)"}})
                                  .at(15),
                              u8("Result").values({{4, "success"}}).at(16),
                              // Handles from 1000 on are those of MEP clients, page 85.
                              group("Data",
                                    billing_read(field("Handle") < 1000, field("Handle") > 999, 17))
                                  .at(17)})})})
           .page(177)});
}

// ET75 Primary Load Profile Channel Change Log, page 178
Table et75() {
  const Expr x = Dim::five_digit_id_codes;
  const Expr channels = slot_of(Dim::max_load_profile_channels, 0);
  // The guide prints 43 to 59, page 179, which is right for 16 channels and 8 demands.
  const Expr demand_sources = 11 + 2 * channels;
  const Expr after_demand_sources = demand_sources + Dim::max_demands;
  // The sixth table in ET36, pages 109 and 115; before that has been seen, what the fields add up
  // to: the 143 of page 109, or 159 on Gen 4 meters.
  const Expr learned_size = slot_of(Dim::log_entry_size, 5);
  const Expr entry_size =
      learned_size + (learned_size == 0) * (after_demand_sources - 4 + channels * (6 + x));
  return table(
      ET(75), "Primary Load Profile Channel Change Log", 178,
      {log_flags(), u8("Number of Valid Entries").page(179).at(1),
       u8("Last Entry Element").page(179).at(2), u16("Last Entry Sequence Number").page(179).at(3),
       u8("Number of Unread Entries").page(179).at(5),
       array(slot_of(Dim::log_entries, 5), "Log Entries",
             {record(
                 entry_size,
                 {stime_date("Timestamp").on(Clock::utc).at(6),
                  array_of(channels, u16("Extended Source IDs").shown_as(Format::source_id).at(11))
                      .numbered("channel", 0),
                  array_of(Dim::max_demands,
                           u8("Demand Sources").shown_as(Format::source_id).at(demand_sources)),
                  u8("Demand Sub Interval").at(after_demand_sources),
                  u8("Demand Interval Multiplier").at(after_demand_sources + 1),
                  array(channels, "LP Display Config",
                        {group("ID Format", {chars("ID Code", 4 + x)
                                                 .sensitive(Sensitive::none)
                                                 .at(after_demand_sources + 2),
                                             u8("ID DP State")
                                                 .shown_as(Format::hex)
                                                 .note("bit 0: right-most decimal point; 1: on")
                                                 .at(after_demand_sources + 6 + x)}),
                         bits("Data Format", 1,
                              {bits_of(0, 2, "Fields After DP"), bits_of(3, 6, "Fields Before DP"),
                               bit(7, "Zero Suppression",
                                   {{0, "leading zeros shown"}, {1, "leading zeros hidden"}})})
                             .at(after_demand_sources + 7 + x)})
                      .numbered("channel", 0)
                      .page(180)})})
           .page(179)});
}

// ET79 History Log Data (Alternate Event Log), page 181
Table et79() {
  return table(
      ET(79), "History Log Data (Alternate Event Log)", 181,
      {log_flags(), u16("Number of Valid Entries").page(182).at(1),
       u16("Last Entry Element").page(182).at(3),
       u32("Last Entry Sequence Number").sensitive(Sensitive::none).page(182).at(5),
       u16("Number of Unread Entries").page(182).at(9),
       // The guide counts the records in BT71.5, page 182, as in BT74. But that is the size of the
       // primary log; pages 137 and 181 name the field of ET54 for this one.
       array(
           Dim::alternate_event_log_entries, "History Record Array",
           {record(12 + Expr(Dim::history_log_argument_size),
                   {ltime_date("Time").on(Clock::utc).as(Role::moment).at(11),
                    u16("Sequence Number").at(17),
                    u16("User ID")
                        .sensitive(Sensitive::identifier)
                        .values({{0xfffd, "MEP client"},
                                 {0xfffe, "PLC message"},
                                 {0xffff, "nobody logged in"}})
                        .page(183)
                        .at(19),
                    bits(2, {bits_of(0, 11, "Event"), bits_of(12, 15, "Filler")}).page(183).at(21),
                    bytes("Argument", Dim::history_log_argument_size)
                        .sensitive(Sensitive::identifier)
                        .page(183)
                        .at(23)})})
           .page(182)});
}

}  // namespace

std::vector<Table> et70() {
  return {et70_table(), et71(), et74().tells(Story::device_log), et75(),
          et79().tells(Story::events)};
}

}  // namespace mep::tables
