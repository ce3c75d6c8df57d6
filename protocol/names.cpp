// SPDX-License-Identifier: GPL-2.0-or-later
#include "protocol/names.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <iterator>

namespace mep {
namespace {

struct Named {
  std::uint16_t number;
  std::string_view name;
};

// The guide's names where it has one (chapter 4, Appendix C), the Optical Port Programmer's Guide's
// (Appendix A) or those of ANSI C12.19-1997 elsewhere. Some numbers are only mentioned in passing:
// these are called by what is said of them there, with its page. In ascending order.
constexpr Named tables[] = {
    {BT(0), "General Configuration"},
    {BT(1), "General Manufacturer Information"},
    {BT(2), "Device Nameplate"},
    {BT(3), "End Device Mode Status"},
    {BT(4), "Pending Status"},
    {BT(5), "Device Identification"},
    {BT(6), "Utility Information"},
    {BT(7), "Procedure Initiate"},
    {BT(8), "Procedure Response"},
    {BT(10), "Dimension Sources Limiting"},
    {BT(11), "Actual Sources Limiting"},
    {BT(12), "Unit of Measure Entry"},
    {BT(13), "Demand Control"},
    {BT(14), "Data Control"},
    {BT(15), "Constants"},
    {BT(16), "Source Definition"},
    {BT(20), "Dimension Register"},
    {BT(21), "Actual Register"},
    {BT(22), "Data Selection"},
    {BT(23), "Current Register Data"},
    {BT(24), "Previous Season Data"},
    {BT(25), "Previous Demand Reset Data"},
    {BT(26), "Self-Read Data"},
    {BT(27), "Present Register Selection"},
    {BT(28), "Present Register Data"},
    {BT(30), "Dimension Display"},
    {BT(31), "Actual Display"},
    {BT(32), "Display Source"},
    {BT(33), "Primary Display List"},
    {BT(34), "Secondary Display List"},
    {BT(40), "Dimension Security Limiting"},
    {BT(41), "Actual Security Limiting"},
    {BT(42), "Security"},
    {BT(43), "Default Access Control"},
    {BT(44), "Access Control"},
    {BT(45), "Key"},
    {BT(50), "Dimension Time and TOU"},
    {BT(51), "Actual Time and TOU"},
    {BT(52), "UTC Clock"},
    {BT(53), "Time Offset"},
    {BT(54), "Calendar"},
    {BT(55), "Local Clock State"},
    {BT(56), "Time Remaining"},
    {BT(60), "Dimension Load Profile"},
    {BT(61), "Actual Load Profile"},
    {BT(62), "Load Profile Control"},
    {BT(63), "Load Profile Status"},
    {BT(64), "Load Profile Data, Data Set 1"},
    {BT(65), "Load Profile Data, Data Set 2"},
    {BT(66), "Load Profile Data, Data Set 3"},
    {BT(67), "Load Profile Data, Data Set 4"},
    {BT(70), "Dimension Log"},
    {BT(71), "Actual Log"},
    {BT(72), "Events Identification"},
    {BT(73), "History Log Control"},
    {BT(74), "History Log Data (Primary Event Log)"},
    {BT(75), "Event Log Control"},
    {BT(76), "Event Log Data"},
    {BT(80), "Dimension User Defined Tables"},
    {BT(81), "Actual User Defined Tables"},
    {BT(82), "User Defined Tables List"},
    {BT(83), "User Defined Tables Selection"},
    {BT(84), "User Defined Table 0"},
    {BT(85), "User Defined Table 1"},
    {ET(1), "Pulse Output Options"},
    {ET(2), "RTC Calibration"},
    {ET(3), "Utility Information"},
    {ET(4), "System Information"},
    {ET(5), "Control Output Settings"},
    {ET(6), "Pulse Inputs"},
    {ET(7), "LCD Display Configuration"},
    {ET(9), "Power Quality"},
    {ET(10), "Power Outage Records"},  // page 58
    {ET(11), "MFG Dimension Table"},
    {ET(12), "Total Energy Registers"},  // page 58
    {ET(13), "MEP/M-Bus Device Configuration"},
    {ET(14), "MEP/M-Bus Device Status"},
    {ET(15), "MEP/M-Bus On-demand Requests"},
    {ET(16), "MEP/M-Bus Device Data"},
    {ET(17), "Verification Bitmap"},           // page 42 of the optical port guide
    {ET(19), "Meter One-time Read Requests"},  // page 41 of the optical port guide
    {ET(20), "M-Bus One-time Read Requests"},  // the same, and page 129
    {ET(21), "Load Profile Internal Configuration"},
    {ET(22), "Alarm Arrays"},  // page 79
    {ET(23), "Miscellaneous Information"},
    {ET(24), "Internal Hardware Configuration"},  // page 194
    {ET(29), "Hardware Configuration"},
    {ET(30), "Maximum Power or Current Level Control"},
    {ET(31), "Meter One-time-read Log"},
    {ET(32), "M-Bus One-time-read Log"},  // pages 108 and 115
    {ET(34), "Additional M-Bus/MEP Device Configuration"},
    {ET(36), "Manufacturer (Extended) Table Actual Dimensions"},
    {ET(38), "Config ID Log"},  // pages 108 and 115
    {ET(40), "Demand Configuration"},
    {ET(41), "Historical Demand Reset Log"},
    {ET(42), "Interface Definition"},
    {ET(45), "MEP Recurring Read Log"},
    {ET(46), "Control Output Read-Only Data"},
    {ET(47), "Calendar Override Settings"},
    {ET(48), "Demand Configured"},  // page 113
    {ET(50), "MEP Inbound Data Space"},
    {ET(51), "MEP Device Configuration"},
    {ET(52), "MEP Transaction Request"},
    {ET(53), "MEP Transaction Response"},
    {ET(54), "Meter Status"},
    {ET(55), "Meter Configuration"},
    {ET(57), "M-Bus Data Type Table"},
    {ET(58), "M-Bus/MEP Status Extension"},
    {ET(59), "MEP Procedure Response"},
    {ET(61), "Time-Based Relay Control"},
    {ET(62), "Load Profile Display Configuration"},
    {ET(66), "Load Profile Source ID Mapping"},
    {ET(67), "Display Source ID Mapping"},
    {ET(70), "RAM Only Status"},
    {ET(71), "Delta Data Alerts"},
    {ET(74), "MEP Recurring Read Extended Log"},
    {ET(75), "Primary Load Profile Channel Change Log"},
    {ET(76), "Externally Configurable Hardware Options"},
    {ET(77), "Secondary Display List"},
    {ET(79), "History Log Data (Alternate Event Log)"},
    {ET(80), "Average Power Settings"},
    {ET(81), "Power Outage Log"},
    {ET(85), "MEP Procedure Response (MEP2)"},
    {ET(89), "Meter LN Status"},
    {ET(90), "Dimension LN"},
    {ET(92), "P2P Connection Configuration"},
    {ET(93), "P2P Connection Status"},
    {ET(94), "P2P Gateway Module Configuration"},
    {ET(95), "P2P Gateway Module Status"},
    {ET(96), "P2P Gateway Module Socket Status"},  // "Model" there
    {ET(97), "Meter Configuration LN"},
    {ET(98), "P2P AT Command Response"},
    {ET(124), "Security Log"},  // page 195
};

constexpr Named procedures[] = {
    {BP(0), "Cold Start"},
    {BP(1), "Warm Start"},
    {BP(2), "Save Configuration"},
    {BP(3), "Clear Data"},
    {BP(4), "Reset List Pointers"},
    {BP(5), "Update Last Read Entry"},
    {BP(6), "Change End Device Mode"},
    {BP(7), "Clear Standard Status Flags"},
    {BP(8), "Clear Manufacturer Status Flags"},
    {BP(9), "Remote Reset"},
    {BP(10), "Set Date and/or Time"},
    {BP(11), "Execute Diagnostics"},
    {BP(12), "Activate All Pending Tables"},
    {BP(13), "Activate Specific Pending Tables"},
    {BP(14), "Clear All Pending Tables"},
    {BP(15), "Clear Specific Pending Tables"},
    {BP(16), "Start Load Profile"},
    {BP(17), "Stop Load Profile"},
    {BP(18), "Log In"},
    {BP(19), "Log Out"},
    {BP(20), "Initiate Immediate Self-Read"},
    {BP(21), "Direct Load Control"},
    {BP(22), "Modify Credit"},
    // Those without a page are the guide's own names.
    {EP(2), "Remote Relay Control"},                 // pages 101 and 194
    {EP(3), "Clear Alarms"},                         // page 139
    {EP(6), "Configure Extended Table Dimensions"},  // pages 65, 107 and 109
    {EP(11), "Configure Load Profile"},              // pages 65, 98, 173 and 237
    {EP(16), "Change System Clock By Delta"},
    {EP(17), "Remove MEP Device"},
    {EP(18), "Clear Device Alarms and Multicast"},  // pages 87, 89 and 106
    {EP(19), "Post On-demand M-Bus Request"},
    {EP(26), "Decrement Unread Log Entries"},  // page 107
    {EP(32), "Configure Demand"},              // pages 65, 109 and 113
    {EP(33), "Configure and Reset Demand"},    // pages 65, 111 and 114
    {EP(34), "Reset Demand"},                  // page 111
    {EP(37), "Configure Log Entries"},         // pages 65, 107 to 109
    {EP(39), "Post MEP Data"},
    {EP(41), "Start MEP Download"},           // page 91
    {EP(50), "Post External Measurements"},   // pages 101, 207 and 215
    {EP(52), "Change Load Profile Sources"},  // pages 173 and 178
    {EP(61), "MEP Transaction Lock Control"},
    {EP(64), "Reset Previous Season Data"},  // page 211
};

std::string_view find(const Named* begin, const Named* end, std::uint16_t number) {
  const Named* found = std::lower_bound(
      begin, end, number,
      [](const Named& entry, std::uint16_t wanted) { return entry.number < wanted; });
  return found != end && found->number == number ? found->name : std::string_view();
}

std::string label(const char* basic, const char* extended, std::uint16_t number) {
  std::array<char, 16> text{};
  std::snprintf(text.data(), text.size(), "%s%02u", number & manufacturer_flag ? extended : basic,
                number & number_mask);
  return text.data();
}

std::string title(std::string text, std::string_view name) {
  if (!name.empty()) text.append(" ").append(name);
  return text;
}

}  // namespace

std::string_view table_name(std::uint16_t table) {
  return find(std::begin(tables), std::end(tables),
              static_cast<std::uint16_t>(table & ~pending_flag));
}

std::string_view procedure_name(std::uint16_t procedure) {
  return find(std::begin(procedures), std::end(procedures), procedure);
}

std::string table_label(std::uint16_t table) {
  if (table & ~(number_mask | manufacturer_flag | pending_flag)) {
    std::array<char, 8> text{};
    std::snprintf(text.data(), text.size(), "0x%04X", table);
    return text.data();
  }
  return (table & pending_flag ? "pending " : "") + label("BT", "ET", table);
}

std::string procedure_label(std::uint16_t procedure) {
  return label("BP", "EP", procedure);
}

std::string firmware_version_text(std::uint8_t upper, std::uint8_t lower) {
  const unsigned version = upper * 256U + lower;
  std::array<char, 16> text{};
  std::snprintf(text.data(), text.size(), "%u.%02u.%02u", version >> 12, version >> 5 & 0x7F,
                version & 0x1F);
  return text.data();
}

std::string group_id_text(std::uint16_t id) {
  constexpr unsigned all = 0xFF;
  const unsigned group = id >> 8;
  const unsigned sub_group = id & 0xFFU;
  if (id == 0) return "not a valid group";
  if (group == all) return "all groups";
  std::array<char, 40> text{};
  if (sub_group == all) {
    std::snprintf(text.data(), text.size(), "all sub-groups of group 0x%02X", group);
  } else {
    std::snprintf(text.data(), text.size(), "group 0x%02X, sub-group 0x%02X", group, sub_group);
  }
  return text.data();
}

std::string table_title(std::uint16_t table) {
  return title(table_label(table), table_name(table));
}

std::string procedure_title(std::uint16_t procedure) {
  return title(procedure_label(procedure), procedure_name(procedure));
}

}  // namespace mep
