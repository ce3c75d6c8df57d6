// ET41 to ET47: demand reset log, interface definition, MEP read log, control output and calendar
// override; pages 110 to 123.
// SPDX-License-Identifier: GPL-2.0-or-later
#include "protocol/names.h"
#include "protocol/tables/billing.h"
#include "protocol/tables/mbus.h"
#include "protocol/tables/registers.h"
#include "protocol/tables/tables.h"

namespace mep::tables {
namespace {

// Places of the logs in ET36, page 108.
constexpr std::int64_t demand_reset_log = 3;
constexpr std::int64_t recurring_read_log = 4;

// Slots of a data set in Dim::channel_source.
constexpr std::int64_t channels = channels_per_set;

// ET41 Historical Demand Reset Log, page 110
Table et41() {
  return table(
      ET(41), "Historical Demand Reset Log", 110,
      {bits(1, {bit(0, "Order", {{0, "ascending (N is older than N+1)"}, {1, "descending"}}),
                bit(1, "Overflow"),
                bit(2, "List type", {{0, "no entries configured"}, {1, "circular queue"}}),
                bit(3, "Inhibit overflow",
                    {{0, "new entries not inhibited"}, {1, "new entries inhibited"}}),
                bits_of(4, 7, "Filler")})
           .at(0),
       u8("Number of valid entries").at(1), u8("Last entry element").at(2),
       u16("Last entry sequence number").at(3), u8("Number of unread entries").at(5),
       array(slot_of(Dim::log_entries, demand_reset_log), "Demand Reset Entry",
             {record(slot_of(Dim::log_entry_size, demand_reset_log),
                     {u16("Length").at(6).unit("bytes"),
                      u8("Reset reason")
                          .at(8)
                          .values({{0, "scheduled"},
                                   {1, "procedure (MP33, MP34)"},
                                   {2, "push button"},
                                   {3, "pending table activation"}}),
                      u16("BIDN").at(9),
                      stime_date("Time and date").at(11).on(Clock::local).as(Role::moment),
                      u8("Season").at(16), group("Demand Reset Data", register_data(17)).at(17)})})
           .page(111)});
}

// --- ET42

// Bit names are those of ET21, page 97.
Node load_profile_options(std::int64_t set) {
  const auto slot = static_cast<std::uint16_t>(set);
  return bits("Options", 1,
              {bit(0, "LPO - End Readings"),
               bit(1, "LPO - Scalar Divisor").learns(Dim::load_profile_scalars, slot),
               bit(2, "LPO - Data Reference"), bit(3, "LPO - ANSI Compliance")});
}

// Values are those of BT61, page 235.
Node interval_duration(std::int64_t set) {
  return u8("Interval Duration")
      .unit("min")
      .values({{84, "24 hours"}})
      .learns(Dim::load_profile_interval_time, set);
}

// Of data sets 2 to 4, page 117
Node data_set_configuration(std::string_view name, std::int64_t set) {
  return group(name, {u32("Block Size").sensitive(Sensitive::none).unit("bytes"),
                      u16("Number of Blocks").learns(Dim::load_profile_blocks, set),
                      u8("Number of Channels").learns(Dim::load_profile_channels, set),
                      interval_duration(set), u8("Interval Size").unit("bytes"),
                      load_profile_options(set),
                      u16("Intervals Per Block").learns(Dim::load_profile_intervals, set),
                      u8("Block Start Hour").unit("h").page(118),
                      u8("Block Start Minute").unit("min").page(118),
                      array_of(field("Number of Channels"),
                               u16("Load Profile Extended Sources")
                                   .page(118)
                                   .shown_as(Format::source_id)
                                   .learns(Dim::channel_source, index_of() + set * channels))})
      .page(117);
}

// In ET36's order, page 108. The roots that pages 115 and 116 give for three of them are not those
// fields' places with the 17-byte records of page 108: ET36.90 is 92, ET36.107 is 109, ET36.103 is
// 105.
Nodes log_list() {
  const Expr fsl = field("Fixed Section Length (FSL)");
  constexpr std::int64_t listed = 7;
  return {
      u8("OTR Log Count").at(fsl).learns(Dim::log_entries, 0),
      u16("OTR Entry Size").at(fsl + 1).unit("bytes").learns(Dim::log_entry_size, 0),
      u8("M-Bus OTR Log Count").at(fsl + 3).learns(Dim::log_entries, 1),
      u16("M-Bus OTR Entry Size").at(fsl + 4).unit("bytes").learns(Dim::log_entry_size, 1),
      u8("Config ID Log Count").at(fsl + 6).learns(Dim::log_entries, 2),
      u16("Config ID Entry Size").at(fsl + 7).unit("bytes").learns(Dim::log_entry_size, 2),
      u8("Demand Reset Log Count").at(fsl + 9).learns(Dim::log_entries, 3),
      u16("Demand Reset Entry Size").at(fsl + 10).unit("bytes").learns(Dim::log_entry_size, 3),
      u8("M-Bus Recurring Log Count").at(fsl + 12).learns(Dim::log_entries, 4),
      u16("M-Bus Recurring Entry Size").at(fsl + 13).unit("bytes").learns(Dim::log_entry_size, 4),
      u8("LP Change Log Count").at(fsl + 15).learns(Dim::log_entries, 5),
      u16("LP Change Log Entry Size")
          .at(fsl + 16)
          .page(116)
          .unit("bytes")
          .learns(Dim::log_entry_size, 5),
      u8("Power Outage Log Count").at(fsl + 18).page(116).learns(Dim::log_entries, 6),
      // "The maximum number of entries" in the guide, page 116, but it is UINT16, called a size,
      // and its root (see above) is an entry size.
      u16("Power Outage Log Entry Size")
          .at(fsl + 19)
          .page(116)
          .unit("bytes")
          .learns(Dim::log_entry_size, 6),
      // "New logs will be added to the end of the log list", page 112.
      array(field("Log List Size (LLS)") - listed, "Further Log",
            {u8("Log Count").learns(Dim::log_entries, index_of() + listed),
             u16("Entry Size").unit("bytes").learns(Dim::log_entry_size, index_of() + listed)})
          .page(112)};
}

// All that stands where lengths in the table itself put it, pages 115 to 119
Nodes adjustable_section() {
  const Expr logs_end = field("Fixed Section Length (FSL)") + field("Log List Size (LLS)") * 3;
  const Expr demands_end = logs_end + field("Number of Demands");
  const Expr coincidents_end = demands_end + field("Number of Coincident Values");
  const Expr channels_end = coincidents_end + field("Number of Channels") * 2;
  return {
      group("Log List", {record(field("Log List Size (LLS)") * 3, log_list())}).page(115),
      group("Sources",
            {array_of(field("Number of Demands"), u8("Demand Sources (DmdScrcs)")
                                                      .at(logs_end)
                                                      .shown_as(Format::source_id)
                                                      .learns(Dim::demand_source)),
             array_of(field("Number of Coincident Values"), u8("Coincident Sources (CoinSrcs)")
                                                                .at(demands_end)
                                                                .shown_as(Format::source_id)
                                                                .learns(Dim::coincident_source)),
             array_of(field("Number of Channels"), u16("Load Profile Extended Sources (Chans)")
                                                       .at(coincidents_end)
                                                       .shown_as(Format::source_id)
                                                       .learns(Dim::channel_source)),
             u8("MDTT Current Entries").at(channels_end),
             array(field("MDTT Current Entries"), "MDTT Entries", mdt_entry(channels_end + 1))
                 .page(117)
                 .note("as in ET57, page 164")})
          .page(116),
      // Page 117 says that the array has an element for each of sets 1 to 4. Set 1 stands at 23,
      // and the mask, which tells "active sets in the array", has bits for sets 2 to 4: we read it
      // as one element for each bit that is set.
      when(field("Multiple Load Profile Data Set Support"),
           {bits("Load Profile Bit Mask", 1,
                 {bit(0, "Data Set 2 Active"), bit(1, "Data Set 3 Active"),
                  bit(2, "Data Set 4 Active")})
                .page(117),
            when(field("Data Set 2 Active"),
                 {data_set_configuration("Data Set Configuration 2", 1)}),
            when(field("Data Set 3 Active"),
                 {data_set_configuration("Data Set Configuration 3", 2)}),
            when(field("Data Set 4 Active"),
                 {data_set_configuration("Data Set Configuration 4", 3)})}),
      group("Required Section",
            {u8("Length").unit("bytes"),
             record(field("Length") - 1,
                    {u16("ET74 Entry Count").learns(Dim::extended_read_log_entries),
                     u8("ET77 Entry Count"),
                     u16("ET79 Entry Count").learns(Dim::alternate_event_log_entries),
                     // The root is printed as ET55.A+3, page 118, but it is A+39, page 158.
                     u8("Energy Register Unit")
                         .values({{1, "1 Wh/varh"}, {10, "10 Wh/varh"}, {100, "100 Wh/varh"}})
                         .learns(Dim::energy_register_unit),
                     u8("Accumulator Rollover Digit").page(119).unit("digits")})})
          .page(118)
          .note("firmware 3.60 and higher; from ET77 Entry Count on: 3.70 and higher")};
}

// ET42 Interface Definition, page 111
Table et42() {
  constexpr std::int64_t listed_size = 41;
  const Expr fsl = field("Fixed Section Length (FSL)");
  return table(
      ET(42), "Interface Definition", 111,
      {u16("Table Length").at(0).unit("bytes"),
       u8("Fixed Section Length (FSL)").at(2).unit("bytes").page(112),
       u8("Log List Size (LLS)").at(3).page(112).learns(Dim::log_tables),
       // ET42 calls bits 2 to 15 unused, page 112, but names ET54.0 as their root, and page 117
       // relies on bit 2 there.
       bits("Interface Compatibility Setting", 2,
            {bit(0, "ICS - ICA NAK",
                 {{0, "ICA NAK off, MEP recurring reads in ET16 on"},
                  {1, "ICA NAK on, MEP recurring reads in ET16 off"}}),
             bit(1, "ICS - Blg/LP Format 2",
                 {{0, "the data concentrator takes some formats"},
                  {1, "the data concentrator takes all formats"}}),
             bit(2, "Multiple Load Profile Data Set Support",
                 {{0, "not supported in ET42"}, {1, "supported in ET42"}}),
             bits_of(3, 15, "ICS - Unused")})
           .at(4)
           .page(112),
       bits("C12.19 Compliance", 2, {bits_of(0, 15, "Unused")}).at(6).page(112),
       group(
           "Billing Interface Info",
           {u16("Billing Interface Definition Number (BIDN)").at(8).page(112),
            bits("Flags", 1,
                 {bit(0, "Demand Reset Counter").learns(Dim::demand_reset_counter),
                  bit(1, "Cumulative Demand").learns(Dim::cumulative_demand),
                  bit(2, "Continuous Cumulative Demand").learns(Dim::continuous_cumulative_demand),
                  bit(3, "Demand Configured"), bit(4, "Unread Log Entries Bitmap Enabled")})
                .at(10),
            u8("Number of Self-reads").at(11).learns(Dim::self_reads),
            u8("Number of Summations").at(12).learns(Dim::summations),
            u8("Number of Demands").at(13).learns(Dim::demands),
            u8("Number of Coincident Values").at(14).learns(Dim::coincident_values),
            u8("Number of Occurrences").at(15).learns(Dim::occurrences),
            u8("Number of Tiers").at(16).learns(Dim::tiers),
            u8("Number of Present Demands").at(17).learns(Dim::present_demands),
            u8("Number of Present Values").at(18).learns(Dim::present_values),
            u8("Demand Sub-interval").at(19).unit("min").page(114),
            // "In minutes" there, but a factor: of the sub-interval, as in ET75 and ET80.
            u8("Demand Multiplier").at(20).page(114),
            u16("Tier Size").at(21).unit("bytes").page(114)})
           .page(113),
       group("Load Profile Info",
             {u32("Block Size").sensitive(Sensitive::none).at(23).unit("bytes"),
              u16("Number of Blocks").at(27).learns(Dim::load_profile_blocks, 0),
              u8("Number of Channels").at(29).learns(Dim::load_profile_channels, 0),
              interval_duration(0).at(30), u8("Interval Size").at(31).unit("bytes"),
              load_profile_options(0).at(32),
              u16("Intervals Per Block").at(33).learns(Dim::load_profile_intervals, 0),
              u8("Block Start Hour").at(35).unit("h"), u8("Block Start Minute").at(36).unit("min")})
           .page(114)
           .note("data set 1"),
       group("History Log Info",
             {bits("History Log Flags", 1,
                   {bit(0, "Event Number"), bit(1, "Date Time"), bit(2, "Sequence Nbr"),
                    bit(3, "Inhibit Overflow"), bit(4, "Event Log Inhibit Overflow")})
                  .at(37)
                  .page(114),
              u16("History Log Count").at(38).learns(Dim::history_log_entries),
              u8("History Log Entry Size")
                  .at(40)
                  .unit("bytes")
                  .learns(Dim::history_log_argument_size)
                  .note("of the argument field")})
           .page(115),
       // Newer firmware may add fields to the fixed section, page 112.
       bytes("Fields Added to the Fixed Section", fsl - listed_size)
           .sensitive(Sensitive::identifier),
       when(fsl > listed_size - 1, adjustable_section())});
}

// ET45 MEP Recurring Read Log, page 119
Table et45() {
  const Expr learned_size = slot_of(Dim::log_entry_size, recurring_read_log);
  // What ET36 tells; before that has been seen, the usual size of page 109.
  const Expr entry_size = learned_size + (learned_size == 0) * 525;
  return table(
      ET(45), "MEP Recurring Read Log", 119,
      {bits(1, {bit(0, "Order", {{0, "ascending (N is older than N+1)"}, {1, "descending"}}),
                bit(1, "Overflow"),
                bit(2, "List Type", {{0, "no entries configured"}, {1, "circular queue"}}),
                bit(3, "Inhibit Overflow",
                    {{0, "new entries not inhibited"}, {1, "new entries inhibited"}}),
                bits_of(4, 7, "Filler")})
           .at(0),
       u8("Number of Valid Entries").at(1).page(120), u8("Last Entry Element").at(2).page(120),
       u16("Last Entry Sequence Number").at(3).page(120),
       u8("Number of Unread Entries").at(5).page(120),
       array(slot_of(Dim::log_entries, recurring_read_log), "Log Entry",
             {record(entry_size,
                     {u16("Length").at(6).unit("bytes"),
                      bits(2, {bits_of(0, 10, "Identifier"),
                               bits_of(11, 15, "Namespace",
                                       {{0, "manufacturer specific"}, {1, "DLMS"}, {2, "OSGP"}})})
                          .at(8),
                      u16("Handle").at(10),
                      u8("Execution Status")
                          .at(12)
                          .values({{0, "normal"}, {2, "delayed (power-up backfill)"}}),
                      u8("Result").at(13).values({{4, "success"}}),
                      // Handles from 1000 on are those of MEP clients, page 85.
                      group("Data", billing_read(field("Handle") < 1000, field("Handle") > 999, 14))
                          .at(14)
                          .page(121)})})
           .page(120)});
}

// ET46 Control Output Read-Only Data, page 121. The guide's heading numbers it 2046, 0x07FE; by its
// own rule (page 12: 2048 + 46) it is 2094, 0x082E.
Table et46() {
  return table(ET(46), "Control Output Read-Only Data", 121,
               {fill(11, "Reserved").at(0),
                u8("Disconnect Control Type")
                    .at(11)
                    .values({{0, "power measurements"}, {1, "current measurements"}}),
                fill(1, "Reserved").at(12),
                i32("Prepay Negative Credit")
                    .sensitive(Sensitive::consumption)
                    .at(13)
                    .unit("Wh")
                    .note("firmware 3.70 and higher"),
                ltime_date("Maximum Power/Current/Average Power Disconnect Open Time")
                    .at(17)
                    .page(122)
                    .note("firmware 3.70 and higher")});
}

// ET47 Calendar Override Settings, page 122
Table et47() {
  return table(ET(47), "Calendar Override Settings", 122,
               {u8("Tariff").at(0).values({{255, "cancel the override"}}).note("0 to 7"),
                u8("Cancellation")
                    .at(1)
                    .page(123)
                    .values({{0, "at the next calendar-driven tier switch"},
                             {1, "indefinite"},
                             {2, "after the Override Duration"},
                             {3, "at the Cancellation Time"}}),
                u32("Override Duration")
                    .sensitive(Sensitive::none)
                    .at(2)
                    .page(123)
                    .unit("s")
                    .values({{0, "no switch"}}),
                ltime_date("Cancellation Time").at(6).page(123).on(Clock::utc),
                u32("Calendar ID").sensitive(Sensitive::none).at(12).page(123)});
}

}  // namespace

std::vector<Table> et40() {
  return {et41().tells(Story::snapshots), et42(), et45().tells(Story::device_log), et46(), et47()};
}

}  // namespace mep::tables
