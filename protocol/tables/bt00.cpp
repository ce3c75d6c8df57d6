// BT00 to BT15: general configuration, states and procedures, pages 52, 53 and 196 to 200; BT03 and
// BT04 as in the Optical Port Programmer's Guide.
// SPDX-License-Identifier: GPL-2.0-or-later
#include "protocol/names.h"
#include "protocol/tables/procedures.h"
#include "protocol/tables/tables.h"

namespace mep::tables {
namespace {

// BT00 General Configuration, page 196
Table bt00_general_configuration() {
  return table(
      BT(0), "General Configuration", 196,
      {bits(1, {bits_of(0, 0, "Data Order", {{0, "little endian"}, {1, "big endian"}}),
                bits_of(1, 3, "Char Format",
                        {{0, "unassigned"},
                         {1, "ASCII (ISO/IEC 646:1991)"},
                         {2, "ISO 8859/1 or ECMA-94 Latin 1"},
                         {3, "unassigned"},
                         {4, "unassigned"},
                         {5, "unassigned"},
                         {6, "unassigned"},
                         {7, "unassigned"}}),
                bits_of(4, 7, "Filler")})
           .at(0),
       bits(1, {bits_of(0, 2, "Time Format", {{2, "UINT8 fields year to second"}}),
                bits_of(3, 4, "Data Access Method", {{1, "offset count"}}),
                bits_of(5, 5, "Identification Format", {{0, "CHAR string"}, {1, "BCD"}}),
                bits_of(6, 7, "Integer Format", {{0, "two's complement"}})})
           .at(1)
           .page(197),
       bits(1, {bits_of(0, 3, "Non-integer Format 1", {{8, "signed, 4 bytes"}}),
                bits_of(4, 7, "Non integer Format 2", {{8, "signed, 4 bytes"}})})
           .at(2)
           .page(197),
       chars("Manufacturer", 4).sensitive(Sensitive::none).at(3).page(197).note("NES or ELON"),
       u8("Nameplate Type").at(7).page(197).values({{2, "electric"}}),
       u8("Default Set Used").at(8).page(197).values({{0, "no default sets supported"}}),
       u8("Procedure Parameter Length").at(9).page(197).unit("bytes"),
       u8("Response Data Length").at(10).page(197).unit("bytes"),
       u8("Standard Version").at(11).page(198), u8("Standard Revision").at(12).page(198),
       u8("Dim Basic Tables Used").at(13).page(198).unit("bytes").learns(Dim::basic_tables_size),
       u8("Dim Extended Tables Used")
           .at(14)
           .page(198)
           .unit("bytes")
           .note("20 from 4.0, 13 elsewhere")
           .learns(Dim::extended_tables_size),
       u8("Dim Basic Procedures Used").at(15).page(198).unit("bytes"),
       u8("Dim Extended Procedures Used").at(16).page(198).unit("bytes"),
       u8("Manufacturer Status Length")
           .at(17)
           .page(198)
           .unit("bytes")
           .learns(Dim::manufacturer_status_size),
       u8("Number of Pending Tables")
           .at(18)
           .page(198)
           .note("4 from 4.0, 2 or 3 elsewhere")
           .learns(Dim::pending_tables),
       // "Reserved for internal use": the symbols A to D on page 196 were for these.
       rest("Reserved").sensitive(Sensitive::identifier).page(198)});
}

// BT01 General Manufacturer Information, page 199
Table bt01_general_manufacturer_information() {
  return table(
      BT(1), "General Manufacturer Information", 199,
      {chars("Manufacturer", 4).sensitive(Sensitive::none).at(0),
       chars("Model", 8).sensitive(Sensitive::none).at(4),
       // The guide prints 5...15 here, page 199; the fields around it leave 12 and 13. The Optical
       // Port Programmer's Guide, page 19, has hardware version and revision there.
       fill(2, "Reserved"),
       // Both bytes together are one number x.yy.zz whose first byte is the more significant
       // (Optical Port Programmer's Guide, page 19): 0x30 0x18 is 3.00.24. Bits 15..12 x, 11..5 yy,
       // 4..0 zz.
       bits("Main Firmware Version Number", 1,
            {bits_of(4, 7, "Major version"), bits_of(0, 3, "Minor version, upper 4 bits")})
           .at(14)
           .shown_as(Format::hex),
       bits("Firmware Revision Number", 1,
            {bits_of(5, 7, "Minor version, lower 3 bits"), bits_of(0, 4, "Build")})
           .at(15)
           .shown_as(Format::firmware_version),
       // The guide prints 5...16 here; the fields before it end at 15. The Optical Port
       // Programmer's Guide, page 19, has a serial number of 8 bytes there.
       fill(8, "Reserved")});
}

// A byte of alarms. The bits that it does not name are reserved.
Node alarms(const Expr& offset, std::vector<BitField> bits_of_byte) {
  return bits(1, std::move(bits_of_byte)).at(offset).as(Role::flags);
}

// BT03 End Device Mode Status, page 45 of the Optical Port Programmer's Guide
Table bt03() {
  constexpr std::uint16_t second_page = optical_page(46), third_page = optical_page(47);
  return table(
      BT(3), "End Device Mode Status", optical_page(45),
      {bits(1, {bit(0, "Metering Mode"), bit(1, "Test Mode"), bit(2, "Meter Shop Mode")}).at(0),
       bits(2, {bit(0, "Unprogrammed"), bit(1, "Configuration Error"), bit(2, "System Reset"),
                bit(3, "RAM Failure"), bit(4, "ROM Failure"), bit(5, "Non-volatile Memory Failure"),
                bit(6, "Clock Error"), bit(7, "Measurement Error"), bit(8, "Low Battery"),
                bit(9, "Low Loss Potential"), bit(10, "Demand Overload"), bit(11, "Power Failure"),
                bit(12, "Cover Removed"), bit(13, "Reverse Energy"),
                bit(14, "Data Backup Incomplete"), bit(15, "Disconnect Switch Error")})
           .at(1)
           .as(Role::flags),
       alarms(3, {bit(0, "Load Profile Data Set 2 Unread Entries Exist"),
                  bit(1, "Load Profile Data Set 3 Unread Entries Exist"),
                  bit(2, "Load Profile Data Set 4 Unread Entries Exist"),
                  bit(3, "Neutral Current Deviation")})
           .page(second_page)
           .note("from 4.0 on bit 3 is an earth fault where ET29.33.7 says so"),
       // "Mfg-defined alarms": what there is of them, BT00.17 says. The guide lays out six bytes.
       record(
           Dim::manufacturer_status_size,
           {alarms(4,
                   {bit(0, "Load Profile Overflow"), bit(1, "Self-Read Occurred"),
                    bit(2, "Load Disconnect Has Changed State"), bit(3, "Control Relay (1) Open"),
                    bit(4, "Phase Loss"), bit(5, "Phase Inversion"), bit(6, "PLC Config Failure"),
                    bit(7, "General Error")})
                .page(second_page),
            alarms(5, {bit(0, "Invalid Password"), bit(1, "Remote Communications Inactive"),
                       bit(2, "Current on Missing or Unused Phase"), bit(3, "Pulse Input 1 Tamper"),
                       bit(4, "Pulse Input 2 Tamper"), bit(5, "Software CRC Error"),
                       bit(6, "Code Bank Changed"), bit(7, "Load Profile Backfill Failed")})
                .page(second_page),
            alarms(6, {bit(0, "MEP Installed or Removed"), bit(1, "M-Bus Alarm"),
                       bit(2, "M-Bus Auto-Discovery Complete"), bit(3, "Phase Rotation Changed"),
                       bit(4, "Prepay Credit Exhausted"), bit(5, "Prepay Warning Acknowledged"),
                       bit(6, "Event Log Overflow Pending"), bit(7, "Mfg Log Entry Available")})
                .page(third_page),
            alarms(7, {bit(0, "Dimension Change"), bit(1, "Magnetic Tamper Detected"),
                       bit(2, "Access Lockout Override"), bit(3, "Power Quality Event Detected"),
                       bit(4, "Event Log Unread Entries"), bit(5, "THD State Changed"),
                       bit(6, "Load Profile 1 Unread Entries Exist"),
                       bit(7, "Load Side Voltage Detected")})
                .page(third_page),
            alarms(8, {bit(0, "Unbalanced Voltage Detected"), bit(1, "Password Table Written To"),
                       bit(2, "Password (Key) Expiration Pending"), bit(3, "P2P Security"),
                       bit(4, "Firmware Separation Violation"), bit(5, "Modem Error"),
                       bit(6, "G3 Alarm"), bit(7, "G3 Event Logged")})
                .page(third_page),
            alarms(9, {bit(0, "Control Relay (2) Open")}).page(third_page),
            rest("Reserved").sensitive(Sensitive::identifier).page(third_page)})});
}

// BT04 Pending Status, page 11 of the Optical Port Programmer's Guide
Table bt04() {
  const Expr last_activation = Expr(Dim::basic_tables_size) + Dim::extended_tables_size;
  const Expr entries = last_activation + 6;
  const Expr code = field("Event Code");
  return table(
      BT(4), "Pending Status", optical_page(11),
      {set("Basic Pending", Dim::basic_tables_size).at(0),
       set("Extended Pending", Dim::extended_tables_size).at(Dim::basic_tables_size),
       stime_date("Last Activation").at(last_activation),
       u8("Number of Pending Activations").at(last_activation + 5),
       array(
           Dim::pending_tables, "Pending Activation",
           {record(8, {bits(1, {bits_of(0, 3, "Event Code",
                                        {{0, "at an absolute time"},
                                         {1, "at a time from the write on"},
                                         {2, "no automatic activation"}}),
                                bit(4, "Self Read Flag"), bit(5, "Demand Reset Flag")})
                           .at(entries),
                       // One field of five bytes, whose meaning the code gives.
                       group("Event Storage",
                             {when(code == 0, {stime_date("Activation Time").on(Clock::utc)}),
                              when(code == 1, {u8("Weeks"), u8("Days"), u8("Hours"), u8("Minutes"),
                                               u8("Secs")}),
                              when(code > 1, {bytes("Opaque Data", 5).sensitive(Sensitive::none)})})
                           .at(entries + 1),
                       bits(2, {bits_of(0, 11, "Table ID").shown_as(Format::table_id),
                                bit(12, "Still Pending"), bits_of(13, 15, "Filler")})
                           .at(entries + 6)})})});
}

// BT07 Procedure Initiate, page 52
Table bt07() {
  // The guide prints 1 as the offset of Response Handling: the upper byte of the word at 0.
  return table(
      BT(7), "Procedure Initiate", 52,
      {bits(2, {bits_of(0, 11, "Procedure Number").shown_as(Format::procedure_id),
                bits_of(12, 15, "Response Handling", {{0, "response posted upon completion"}})})
           .at(0),
       u8("Procedure Sequence Number (PSN)").at(2).note("5 to 9 from MEP clients"),
       rest("Parameters").sensitive(Sensitive::identifier)});
}

// BT08 Procedure Response, page 52
Table bt08() {
  return table(BT(8), "Procedure Response", 52, procedure_response());
}

// BT15 Constants, page 200
Table bt15() {
  return table(
      BT(15), "Constants", 200,
      {group(
          "Electric Constants",
          {ni_fmat1("Multiplier").sensitive(Sensitive::none).at(0),
           ni_fmat1("Offset").sensitive(Sensitive::none).at(4),
           bits(1, {bit(0, "Applied").learns(Dim::ratios_applied), bits_of(1, 7, "Filler")}).at(8),
           ni_fmat1("CT Ratio").sensitive(Sensitive::none).at(9),
           ni_fmat1("VT Ratio").sensitive(Sensitive::none).at(13)})});
}

}  // namespace

std::vector<Table> bt00() {
  return {bt00_general_configuration(),
          bt01_general_manufacturer_information(),
          bt03().tells(Story::flags),
          bt04(),
          bt07(),
          bt08(),
          bt15()};
}

}  // namespace mep::tables
