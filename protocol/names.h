// Table and procedure numbers, and what they are called.
//
// On the wire one 16-bit number says which table (page 12): bit 11 tells a manufacturer's table
// (the guide's "ET", Extended Table) from a standard one ("BT", Basic Table), bits 0 to 10 number
// it. ANSI C12.19 adds bit 12 for the pending copy of a table. Procedure numbers in BT07 use the
// same bits 0 to 11 (page 52): BP and EP.
//
// Protocol. To be added here: names that the guide gives to codes, tables and procedures.
// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace mep {

inline constexpr std::uint16_t number_mask = 0x07FF;
inline constexpr std::uint16_t manufacturer_flag = 0x0800;
inline constexpr std::uint16_t pending_flag = 0x1000;

// Wire numbers: BT(23) is 0x0017, ET(50) is 0x0832. Procedures likewise: BP(5), EP(17).
constexpr std::uint16_t BT(std::uint16_t number) {
  return number;
}
constexpr std::uint16_t ET(std::uint16_t number) {
  return number | manufacturer_flag;
}
constexpr std::uint16_t BP(std::uint16_t number) {
  return BT(number);
}
constexpr std::uint16_t EP(std::uint16_t number) {
  return ET(number);
}

// "Current Register Data" for BT23; empty where neither the guide nor C12.19 names the table. The
// pending flag makes no difference.
std::string_view table_name(std::uint16_t table);
std::string_view procedure_name(std::uint16_t procedure);

// "BT23", "ET50"; "pending BT54" with the pending flag; "0xE017" with bits that mean nothing.
std::string table_label(std::uint16_t table);
// "EP17"
std::string procedure_label(std::uint16_t procedure);

// BT01's two bytes of a version, page 199: one number x.yy.zz of 4, 7 and 5 bits, "3.00.24".
std::string firmware_version_text(std::uint8_t upper, std::uint8_t lower);

// Of a group ID, page 131: "all groups", "all sub-groups of group 0x12", "group 0x12, sub-group
// 0x34". 0 is none.
std::string group_id_text(std::uint16_t id);

// "BT23 Current Register Data", or the label alone for a table without a name.
std::string table_title(std::uint16_t table);
std::string procedure_title(std::uint16_t procedure);

}  // namespace mep
