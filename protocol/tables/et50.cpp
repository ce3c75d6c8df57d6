// ET50 to ET54 and ET57 to ET59: the MEP interface, meter status; pages 124 to 139, 164 to 166.
// SPDX-License-Identifier: GPL-2.0-or-later
#include "protocol/names.h"
#include "protocol/tables/mbus.h"
#include "protocol/tables/procedures.h"
#include "protocol/tables/tables.h"

namespace mep::tables {
namespace {

// MEP Identification String Format, pages 126 and 127
Nodes mep_identification() {
  const ValueNames unspecified = {{0, "unspecified"}};
  return {// Bit 7 of the first byte says whether the other 27 bytes have the format of page 126.
          bits(3, {bit(23, "OSGP Alliance Format", {{0, "other format"}, {1, "standard format"}}),
                   bits_of(0, 22, "Manufacturer-unique ID").shown_as(Format::hex)})
              .at(0)
              .page(126)
              .big_endian(),
          when(field("OSGP Alliance Format") == 0,
               {rest("Other Format").sensitive(Sensitive::identifier)}),
          when(field("OSGP Alliance Format") == 1,
               {u8("Class").page(126).values(
                    {{0, "LonTalk"}, {1, "ZigBee"}, {4, "C-Band"}, {5, "OSGP"}}),
                u8("Program ID Length (N)").page(126).values({{0, "no program ID"}}),
                when(field("Program ID Length (N)") == 4,
                     {group("Program ID", {u8("Device Type").values(unspecified),
                                           u8("Device Sub Type").values(unspecified),
                                           u8("Interface Version"), u8("Implementation Revision")})
                          .page(127)}),
                when(field("Program ID Length (N)") == 6,
                     {group("Program ID",
                            {u8("Device Type").values(unspecified),
                             u8("Device Sub Type").values(unspecified), u8("Interface Version"),
                             u8("FW Major Version"), u8("FW Minor Version"), u8("FW Revision")})
                          .page(127)}),
                when(field("Program ID Length (N)") != 4 && field("Program ID Length (N)") != 6,
                     {bytes("Program ID", field("Program ID Length (N)"))
                          .sensitive(Sensitive::none)
                          .page(127)}),
                u8("Unique ID Length (M)").page(127).values({{0, "no unique ID"}}),
                bytes("Unique ID", field("Unique ID Length (M)"))
                    .sensitive(Sensitive::identifier)
                    .page(127),
                // The guide gives 23-(N+M) bytes if M<20, page 127, but what is left of the 30 is
                // 24-(N+M).
                rest("Spares").sensitive(Sensitive::identifier).page(127)})};
}

// ET50 MEP Inbound Data Space, page 124
Table et50_inbound() {
  const ValueNames icon = {{0, "off"}, {1, "on"}, {2, "flash, 1 s on, 1 s off"}};
  const Expr sources = Dim::mep_data_sources;
  return table(
      ET(50), "MEP Inbound Data Space", 124,
      {array(Dim::mep_channels, "MEP Inbound Configuration",
             {group("Identification String (MEP ID)", {record(30, mep_identification())}).at(0),
              bits("MEP Flags", 1,
                   {bit(0, "MEP Device Registered"),
                    bit(1, "ET59 Response",
                        {{0, "BT08 is the procedure response table"},
                         {1, "ET59 is the procedure response table"}}),
                    bit(2, "M-Bus Alerts"), bit(3, "Delta Data Alerts"), bits_of(4, 7, "Unused")})
                  .at(30)
                  .as(Role::flags)
                  .note("ET59 Response: firmware 3.x and higher; MEP client 2 always has ET85"),
              array_of(sources, bits("Data Sources Icon Display Control", 2,
                                     {bit(0, "Euro"), bit(1, "Dollar"), bit(2, "Date"),
                                      bit(3, "Time"), bit(4, "kvarh"), bit(5, "kWh"),
                                      bit(6, "kvar"), bit(7, "kW"), bit(8, "negative (-)")})
                                    .at(31))
                  .page(125),
              array_of(sources, ni_fmat1("Data For Display/Load Profile Sources")
                                    .sensitive(Sensitive::consumption)
                                    .at(sources * 2 + 31))
                  .page(126),
              group("MEP Icon Display Control",
                    {bits(1, {bits_of(0, 3, "House Icon", icon), bits_of(4, 7, "Short Bar")})
                         .at(sources * 6 + 31),
                     bits(1, {bits_of(0, 3, "Medium Bar"), bits_of(4, 7, "Long Bar")})
                         .at(sources * 6 + 32)})
                  .page(126)
                  .note("bars are reserved"),
              fill(2, "Reserved").at(sources * 6 + 33).page(126)})
           .called(mep_client_names())});
}

// ET51 MEP Device Configuration, page 128
Table et51() {
  return table(
      ET(51), "MEP Device Configuration", 128,
      {array(
           Dim::mep_channels, "MEP Device Configuration",
           {bits("MEP Flags", 1,
                 {bit(0, "Enable Optical D.O.S. Timer"),
                  bit(1, "Monitor MEP Health").learns(Dim::mep_health_monitored),
                  bit(2, "Reset Device Down MEP"), bit(3, "Reset MEP Now"), bits_of(4, 6, "Unused"),
                  bit(7, "Disable MEP", {{0, "MEP enabled"}, {1, "MEP disabled"}})})
                .at(0)
                .note("D.O.S. timer: with two MEP ports, see ET55; Reset MEP Now: 3.60 and higher"),
            u16("MEP Health Timeout").at(1).page(129).unit("s").learns(Dim::mep_health_timeout),
            u8("On-demand and One-Time Read Timeout").at(3).page(129).unit("s"),
            u16("Optical Session Timeout")
                .at(4)
                .page(129)
                .unit("s")
                .note("firmware 4.0 and higher with two MEP ports: see ET55"),
            u16("Optical Session Hold-Off")
                .at(6)
                .page(129)
                .unit("s")
                .note("firmware 4.0 and higher with two MEP ports: see ET55"),
            u8("MEP Down Reset Duration")
                .at(8)
                .page(129)
                .unit("s")
                .values({{0, "as 1"}})
                .note("firmware 3.40 and higher"),
            bits(1, {bit(0, "Deactivate HAN",
                         {{0, "HAN should be activated"}, {1, "HAN should be deactivated"}}),
                     bits_of(1, 7, "Unused")})
                .at(9)
                .page(130)
                .note("firmware 3.70 and higher")})
           .called(mep_client_names())});
}

// Pages 130 to 132. The table may be longer than its transaction.
Nodes transaction() {
  const Expr size = field("Transaction Size (B)");
  const Expr to_groups = field("Transaction Type") == 3;
  return {u16("Transaction Size (B)").at(0).page(130),
          u8("Transaction Type")
              .at(2)
              .page(131)
              .values({{0, "requests"},
                       {1, "responses"},
                       {2, "responses, partial"},
                       {3, "group broadcast request"},
                       {4, "group broadcast request denied (no group of the request)"}}),
          u16("Transaction Number").at(3).page(131),
          // What is between the header and the repeated number: 5 and 2 bytes of the size.
          when(size > 6,
               {record(size - 7, {when(to_groups, {u8("Group ID Count").at(5).page(131),
                                                   array_of(field("Group ID Count"),
                                                            u16("Group ID List")
                                                                .sensitive(Sensitive::identifier)
                                                                .at(6)
                                                                .shown_as(Format::group_ids))
                                                       .page(131)}),
                                  rest("Record List")
                                      .sensitive(Sensitive::identifier)
                                      .page(131)
                                      .note("records of a 2-byte length and a message")}),
                u16("Transaction Number").at(size - 2).page(132)})};
}

// ET52 MEP Transaction Request Table, page 130
Table et52() {
  return table(ET(52), "MEP Transaction Request Table", 130, transaction());
}

// ET53 MEP Transaction Response Table, page 132: as ET52
Table et53() {
  return table(ET(53), "MEP Transaction Response Table", 132, transaction());
}

// Of BT55's Tier Drive, page 231
constexpr std::int32_t override_drive = 3;

// ET54 Meter Status, page 133
Table et54() {
  const ValueNames pending = {{0, "no operation pending"}, {1, "operation pending"}};
  const Expr modules = Expr(Dim::firmware_modules) * Dim::firmware_module_size;
  return table(
      ET(54), "Meter Status", 133,
      {bits("Interface Compatibility Settings", 2,
            {bits_of(0, 1, "Reserved"),
             bit(2, "Multiple Load Profile Data Set Support",
                 {{0, "not supported in ET42"}, {1, "supported in ET42"}}),
             bits_of(3, 5, "Reserved"),
             bit(6, "Energy Unit Change",
                 {{0, "units of 1 Wh/varh only"}, {1, "other units of Wh/varh, too"}}),
             bit(7, "LCD Value ID Code 5 Digit Support", {{0, "4 digits"}, {1, "5 digits"}})
                 .learns(Dim::five_digit_id_codes),
             bit(8, "Multiple MEP Clients",
                 {{0, "one MEP client"}, {1, "several MEP clients (ET11.34)"}}),
             bits_of(9, 15, "Reserved")})
           .at(0)
           .note("bits 7 and 8: firmware 4.0 and higher"),
       fill(17, "Reserved").at(2).page(134),
       bits("Flags", 2,
            {bit(0, "Load Profile Disabled", {{0, "no"}, {1, "yes, by opt-out"}}),
             bits_of(1, 15, "Reserved")})
           .at(19)
           .page(134),
       // The guide prints 20..43, page 134, but 20 is the second byte of the UINT16 at 19.
       fill(23, "Reserved").page(134),
       bits("Tier Drive", 1,
            {bit(0, "Over Power Threshold Exceeded"), bit(1, "Step Tariff In Use")})
           .at(44)
           .page(134)
           .means(Dim::tier_drive, override_drive, {{0, "time-based override"}})
           .note("reason for the tier if BT55's Tier Drive is 3; 0: then a time-based override"),
       fill(17, "Reserved").at(45).page(134),
       u8("Control Relay 1 Random Operation Pending").at(62).page(134).values(pending),
       u16("Control Relay 1 Random Duration").at(63).page(135).unit("s"),
       u16("Control Relay 1 Random Start Duration").at(65).page(135).unit("s"),
       fill(1, "Reserved").at(67).page(135),
       u8("Mis-wiring Reason")
           .at(68)
           .page(135)
           .values({{0, "no mis-wiring"},
                    {1, "low voltage on a phase (firmware below 4.0)"},
                    {2, "high voltage on a phase"},
                    {4, "two or more phases in phase"}})
           .note("firmware 3.60 and higher"),
       u16("ET74 Entry Count")
           .at(69)
           .page(136)
           .learns(Dim::extended_read_log_entries)
           .note("firmware 3.60 and higher"),
       bits(1, {bit(0, "Welmec 11.2 Compliance", {{0, "not activated"}, {1, "activated"}}),
                bits_of(1, 2, "Delta Time Synchronization Status in Current Load Profile Interval",
                        {{0, "no synchronization"},
                         {1, "synchronization ongoing"},
                         {2, "synchronization done"}}),
                bits_of(3, 5, "Reserved"),
                bit(6, "Disconnect Push Button Close Temporarily Locked",
                    {{0, "not locked"}, {1, "temporarily locked"}})})
           .at(71)
           .page(136)
           .note("firmware 3.60 and higher; bit 6: 4.0 and higher"),
       i32("Time Adjustment In Current Load Profile Interval")
           .sensitive(Sensitive::none)
           .at(72)
           .page(137)
           .unit("s")
           .note("firmware 3.60 and higher"),
       // The guide's type is DATE, which pages 40 to 42 do not define. The next field is 3 bytes
       // on.
       group("Date Last Step Tariff Reset", {u8("Year"), u8("Month"), u8("Day")}).at(76).page(137),
       u8("ET77 Entry Count").at(79).page(137),
       u16("ET79 Entry Count").at(80).page(137).learns(Dim::alternate_event_log_entries),
       u32("Unicast Key Usage Count")
           .sensitive(Sensitive::none)
           .at(82)
           .page(137)
           .note("firmware 3.13, and 3.80 and higher"),
       u32("Broadcast Key Usage Count")
           .sensitive(Sensitive::none)
           .at(86)
           .page(137)
           .note("firmware 3.13, and 3.80 and higher"),
       bits("Supported Security Modes", 1,
            {bit(0, "RC4"), bit(1, "Reserved"), bit(2, "OSGP-AES-128-PSK")})
           .at(90)
           .page(137)
           .note("firmware 3.13, and 3.80 and higher"),
       array(Dim::firmware_modules, "Module Records",
             {record(Dim::firmware_module_size,
                     {fill(1, "Reserved").at(91), fill(1, "Reserved").at(92),
                      fill(1, "Reserved").at(93), fill(1, "Reserved").at(94),
                      // The guide's type is UINT32, page 137, but the offsets after it and the
                      // usual record size of 7 (ET11.33) leave 2 bytes.
                      fill(2, "Reserved").at(95),
                      bits(1, {bit(0, "Reserved"), bits_of(1, 7, "Reserved")}).at(97)})})
           .page(137)
           .note("firmware 4.0 and higher; internal"),
       fill(4, "Reserved").at(modules + 91).page(138),
       u16("External Tamper Input Raw ADC").at(modules + 95).page(138),
       u8("MEP TX Locked").at(modules + 97).page(138).values({{0, "not locked"}, {1, "locked"}}),
       u8("MEP TX Lock Channel")
           .at(modules + 98)
           .page(138)
           .values({{0, "none"}, {1, "MEP client 1 (MEP1)"}, {2, "MEP client 2 (MEP2)"}}),
       bits("Procedure Extended Failure Code", 4,
            {bits_of(0, 15, "Failure Code"), bits_of(16, 31, "Failed Procedure Number")})
           .at(modules + 99)
           .page(138)
           .note("firmware 4.10 and higher"),
       u8("Control Relay 2 Random Operation Pending")
           .at(modules + 103)
           .page(138)
           .values(pending)
           .note("firmware 4.30 and higher, second relay"),
       u16("Control Relay 2 Random Duration")
           .at(modules + 104)
           .page(138)
           .unit("s")
           .note("firmware 4.30 and higher, second relay"),
       u16("Control Relay 2 Random Start Duration")
           .at(modules + 106)
           .page(139)
           .unit("s")
           .note("firmware 4.30 and higher, second relay")});
}

// ET57 M-Bus Data Type Table, page 164
Table et57() {
  return table(ET(57), "M-Bus Data Type Table", 164,
               {array(Dim::mbus_data_types, "MdtEntry", mdt_entry())});
}

// ET58 M-Bus/MEP Status Extension, page 165
Table et58() {
  return table(ET(58), "M-Bus/MEP Status Extension", 165,
               {array(Dim::devices, "Device Status",
                      {u8("Control Status").at(0).note("meaning: Control MDT of ET34"),
                       fill(19, "Reserved")})
                    .called(device_names())});
}

// ET59 MEP Procedure Response, page 165
Table et59() {
  return table(ET(59), "MEP Procedure Response", 165, procedure_response());
}

}  // namespace

std::vector<Table> et50() {
  return {
      et50_inbound().tells(Story::flags), et51(), et52(), et53(), et54(), et57(), et58(), et59()};
}

}  // namespace mep::tables
