// BT00 to BT15: general configuration and procedures, pages 52, 53 and 196 to 200.
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
       chars("Manufacturer", 4).at(3).page(197).note("NES or ELON"),
       u8("Nameplate Type").at(7).page(197).values({{2, "electric"}}),
       u8("Default Set Used").at(8).page(197).values({{0, "no default sets supported"}}),
       u8("Procedure Parameter Length").at(9).page(197).unit("bytes"),
       u8("Response Data Length").at(10).page(197).unit("bytes"),
       u8("Standard Version").at(11).page(198), u8("Standard Revision").at(12).page(198),
       u8("Dim Basic Tables Used").at(13).page(198).unit("bytes"),
       u8("Dim Extended Tables Used")
           .at(14)
           .page(198)
           .unit("bytes")
           .note("20 from 4.0, 13 elsewhere"),
       u8("Dim Basic Procedures Used").at(15).page(198).unit("bytes"),
       u8("Dim Extended Procedures Used").at(16).page(198).unit("bytes"),
       u8("Manufacturer Status Length").at(17).page(198).unit("bytes"),
       u8("Number of Pending Tables").at(18).page(198).note("4 from 4.0, 2 or 3 elsewhere"),
       // "Reserved for internal use": the symbols A to D on page 196 were for these.
       rest("Reserved").page(198)});
}

// BT01 General Manufacturer Information, page 199
Table bt01_general_manufacturer_information() {
  return table(
      BT(1), "General Manufacturer Information", 199,
      {chars("Manufacturer", 4).at(0), chars("Model", 8).at(4),
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

// BT07 Procedure Initiate, page 52
Table bt07() {
  // The guide prints 1 as the offset of Response Handling: the upper byte of the word at 0.
  return table(
      BT(7), "Procedure Initiate", 52,
      {bits(2, {bits_of(0, 11, "Procedure Number").shown_as(Format::procedure_id),
                bits_of(12, 15, "Response Handling", {{0, "response posted upon completion"}})})
           .at(0),
       u8("Procedure Sequence Number (PSN)").at(2).note("5 to 9 from MEP clients"),
       rest("Parameters")});
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
          {ni_fmat1("Multiplier").at(0), ni_fmat1("Offset").at(4),
           bits(1, {bit(0, "Applied").learns(Dim::ratios_applied), bits_of(1, 7, "Filler")}).at(8),
           ni_fmat1("CT Ratio").at(9), ni_fmat1("VT Ratio").at(13)})});
}

}  // namespace

std::vector<Table> bt00() {
  return {bt00_general_configuration(), bt01_general_manufacturer_information(), bt07(), bt08(),
          bt15()};
}

}  // namespace mep::tables
