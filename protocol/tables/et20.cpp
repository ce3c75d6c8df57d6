// ET21 to ET29: load profile internals, LonTalk counters, hardware configuration, pages 95 to 104.
// SPDX-License-Identifier: GPL-2.0-or-later
#include "protocol/names.h"
#include "protocol/tables/tables.h"

namespace mep::tables {
namespace {

// ET21 Load Profile Internal Configuration, page 95
Table et21() {
  const auto source = [](std::string_view name, std::int64_t first_channel) {
    const Expr room{static_cast<std::int64_t>(channels_per_set)};
    return u8(name)
        .shown_as(Format::source_id)
        .used_if(index_of() + first_channel < field("Number of Channels"))
        .learns(Dim::channel_source, index_of(1) * room + index_of(0) + first_channel);
  };
  return table(
      ET(21), "Load Profile Internal Configuration", 95,
      {array(
           Expr(load_profile_sets), "Data Set Internal Configuration",
           {u32("Current Block Address").sensitive(Sensitive::none).at(0).shown_as(Format::hex),
            u32("Current Interval Address").sensitive(Sensitive::none).at(4).shown_as(Format::hex),
            u32("Block Size").sensitive(Sensitive::none).at(8).unit("bytes").page(96),
            u16("Block Header Size").at(12).unit("bytes").page(96),
            u16("Number of Valid Blocks").at(14).page(96),
            u16("Number of Valid Intervals").at(16).page(96),
            u16("Last Block Index").at(18).page(96), u16("Last Interval Number").at(20).page(96),
            u8("Simple Status Offset From Block").at(22).unit("bytes").page(96),
            u8("Simple Status Size").at(23).unit("bytes").page(96),
            u8("Interval 0 Offset from Block").at(24).unit("bytes").page(96),
            u8("Interval Size").at(25).unit("bytes").page(96),
            u8("Channel 0 Offset from Interval").at(26).unit("bytes").page(96),
            u8("Extended Status Common").at(27).shown_as(Format::hex).page(96),
            u8("Number of Channels").at(28).learns(Dim::load_profile_channels, index_of()).page(96),
            u8("Interval Time")
                .at(29)
                .unit("min")
                .values({{84, "24 hours"}})
                .learns(Dim::load_profile_interval_time, index_of())
                .page(96),
            array_of(8, source("Sources", 0)).at(30).page(96).numbered("channel", 0),
            array_of(
                8,
                i32("Placeholders").sensitive(Sensitive::consumption).as(Role::channel_placeholder))
                .at(38)
                .page(96)
                .numbered("channel", 0)
                .note("M-Bus channels only"),
            array_of(8, source("Sources expansion", 8)).at(70).page(96).numbered("channel", 8),
            u32("Load Profile Configuration ID").sensitive(Sensitive::none).at(78).page(96),
            u8("MEP Billing Start Channel").at(82).page(97),
            ltime_date("Block Start Time").at(83).on(Clock::utc).page(97),
            u8("Block Start Hour").at(89).unit("h").page(97).note("UTC"),
            u8("Block Start Minute").at(90).unit("min").page(97).note("UTC"),
            u16("Interval In Progress").at(91).values({{0, "none pending"}}).page(97),
            // "LPO - End Readings" teaches nothing: BT61.4.4 is one flag for all data sets.
            bits("Load Profile Options (LPO)", 1,
                 {bit(0, "LPO - End Readings"),
                  bit(1, "LPO - Scalar Divisor").learns(Dim::load_profile_scalars),
                  bit(2, "LPO - Data Reference"), bit(3, "LPO - ANSI Compliance")})
                .at(93)
                .page(97),
            ltime_date("Interval End Time (UTC)").at(94).on(Clock::utc).page(97),
            // Both guides print 94 for the time before and 101 for the one behind, page 97: a byte
            // remains that neither mentions.
            fill(1, "Reserved").page(97),
            ltime_date("Interval End Time (local)").at(101).on(Clock::local).page(97),
            u32("Max Memory Length")
                .sensitive(Sensitive::none)
                .at(107)
                .unit("bytes")
                .page(98)
                .note("since 3.50"),
            bits("Flags", 1, {bit(0, "NVMF Occurred"), bits_of(1, 7, "Reserved")})
                .at(111)
                .page(98)
                .note("3.60 or later, modules 1.20 or later"),
            fill(19, "Reserved").at(112).page(98)})
           .numbered("Data Set", 1)});
}

// ET23 Miscellaneous Information, page 98
Table et23() {
  return table(
      ET(23), "Miscellaneous Information", 98,
      {group("Exception Log [0]",
             {u32("LonTalk Messages Received").sensitive(Sensitive::none).at(0),
              u32("LonTalk Messages Validated").sensitive(Sensitive::none).at(4).page(99)}),
       fill(86, "Reserved").at(8).page(99),
       u8("Disconnect Internal Status")
           .at(94)
           .values({{0, "closed"}, {1, "closing"}, {2, "opened"}, {3, "opening"}})
           .page(99)
           .note("meters only"),
       u32("Active Calendar ID").sensitive(Sensitive::none).at(95).page(99),
       fill(rest_of_record, "Reserved")
           .at(99)
           .page(99)
           .note("to 217 from 4.0 on, to 185 before and in modules")});
}

// Bytes 0 to 2 of ET29, pages 100 and 101. The guide names no bit.
Node hardware_options() {
  return bits("Hardware Options", 3,
              {bit(0, "SO / KYZ Output"),
               bit(1, "Pulse input 1"),
               bit(2, "Pulse input 2"),
               bits_of(3, 4, "Reserved"),
               bit(5, "Disconnect & Buzzer"),
               bit(6, "Control Relay 1 (Dry)"),
               bit(7, "Control Relay 2 (Dry)"),
               bit(8, "M-Bus module"),
               bit(9, "Cover tamper"),
               bit(10, "MEP client 1 port"),
               bit(11, "Disconnect sensor"),
               bit(12, "Magnetic tamper"),
               bit(13, "High frequency noise detection", {{0, "enabled"}, {1, "disabled"}}),
               bit(14, "Two line disconnect"),
               bit(15, "No metering"),
               bit(16, "No LCD"),
               bit(17, "External CT"),
               bit(18, "Backup power"),
               bit(19, "External disconnect feedback"),
               bit(20, "External voltage"),
               bit(21, "Voltage signal ADC input inverted"),
               bit(22, "Non-latching relay"),
               bit(23, "MEP client 2 port")});
}

// ET29 Hardware Configuration, page 100
Table et29() {
  const ValueNames sensors = {{0, "shunt"}, {1, "PCB coil"}};
  const ValueNames neutral_sensors = {
      {0, "shunt"}, {1, "PCB coil"}, {2, "earth fault transformer"}};
  return table(
      ET(29), "Hardware Configuration", 100,
      {hardware_options().at(0),
       // The guide prints 2...4, page 101, but byte 2 holds bits 16 to 23 of the options.
       fill(2, "Reserved").page(101),
       bits("Internal Configuration", 1,
            {bit(0, "Single phase"), bit(1, "Polyphase"), bits_of(2, 5, "Reserved"),
             bit(6, "Pulse Relay for Disconnect"), bit(7, "Power boost relay")})
           .at(5)
           .page(101),
       fill(14, "Reserved").at(6).page(102),
       fill(4, "Reserved").at(20).page(102).note("4.0 or later"),
       // The columns of both matrices: page 104.
       array(3, "Comm Assignment Matrix 1",
             {u8("Board").at(24).values({{1, "wireless"}, {2, "wired"}, {3, "PLC"}}),
              u8("Port").at(25).values({{1, "MEP"}, {2, "M-Bus"}, {3, "PLC"}}),
              u8("Sequence Number").at(26)})
           .page(102)
           .called({"USART1", "USART2", "USART3"})
           .note("4.0 or later"),
       bits("Extended Hardware Options", 4,
            {bit(0, "Two Disconnect Sensors",
                 {{0, "no refresh when they differ"}, {1, "refresh when they differ"}}),
             bit(1, "Disconnect Toggle Button", {{0, "two push buttons"}, {1, "one push button"}}),
             bit(2, "Reserved"), bit(3, "Backliight LCD Present"), bit(4, "Buzzer"),
             bits_of(5, 6, "Battery Type",
                     {{0, "none"}, {1, "standard"}, {2, "reserved"}, {3, "supercap"}}),
             bit(7, "Earth Fault"), bit(8, "External Tamper Input 1"),
             bit(9, "External Tamper Input 2"), bit(10, "S0 Pulse Output 2"),
             bit(11, "Security Chip"), bit(12, "Last Gasp Module"),
             bit(13, "Control Relay 1 Type", {{0, "not latching"}, {1, "latching"}}),
             bit(14, "Control Relay 2 Type", {{0, "not latching"}, {1, "latching"}})})
           .at(33)
           .page(102)
           .note("4.0 or later"),
       fill(10, "Reserved").at(37).page(103).note("4.0 or later"),
       bits("Current Sensors", 1,
            {bits_of(0, 4, "Line", sensors), bits_of(5, 7, "Neutral", neutral_sensors)})
           .at(47)
           .page(103)
           .note("4.0 or later"),
       // Page 104 prints 0 for the third byte of either row.
       array(2, "Comm Assignment Matrix 2",
             {u8("Board").at(48).values(
                  {{0, "none"}, {4, "modem"}, {5, "PLC A-band"}, {6, "PLC G3"}}),
              u8("Port").at(49).values({{3, "PLC"}, {4, "modem"}, {5, "optical"}}),
              u8("Logical Port Number")})
           .page(103)
           .called({"UART1", "UART2"})
           .note("P2P meters, 4.0 or later")});
}

}  // namespace

std::vector<Table> et20() {
  return {et21(), et23(), et29()};
}

}  // namespace mep::tables
