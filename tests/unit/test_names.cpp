// Table and procedure numbers and their names, pages 12 and 52.
// SPDX-License-Identifier: GPL-2.0-or-later
#include "protocol/names.h"

#include <string>
#include <string_view>

#include "protocol/tables/procedures.h"
#include "protocol/tables/tables.h"
#include "tests/unit/material.h"

#include "tests/unit/cmocka.h"

namespace mep {
namespace {

void wire_numbers_are_the_guides(void**) {
  assert_int_equal(BT(23), 0x0017);
  assert_int_equal(ET(50), 0x0832);
  assert_int_equal(BP(5), 0x0005);
  assert_int_equal(EP(17), 0x0811);
}

void labels_have_two_digits_or_more(void**) {
  assert_string_equal(table_label(0x0000).c_str(), "BT00");
  assert_string_equal(table_label(0x0007).c_str(), "BT07");
  assert_string_equal(table_label(0x0017).c_str(), "BT23");
  assert_string_equal(table_label(0x0832).c_str(), "ET50");
  assert_string_equal(table_label(0x0FFF).c_str(), "ET2047");
  assert_string_equal(procedure_label(0x0005).c_str(), "BP05");
  assert_string_equal(procedure_label(0x0811).c_str(), "EP17");
}

void the_pending_flag_is_told_and_changes_no_name(void**) {
  assert_string_equal(table_label(0x1036).c_str(), "pending BT54");
  assert_string_equal(table_label(0x1837).c_str(), "pending ET55");
  assert_true(table_name(0x1036) == table_name(0x0036));
  assert_string_equal(table_title(0x1036).c_str(), "pending BT54 Calendar");
}

void bits_without_meaning_leave_the_number_alone(void**) {
  assert_string_equal(table_label(0xE017).c_str(), "0xE017");
  assert_string_equal(table_label(0x2000).c_str(), "0x2000");
  assert_string_equal(table_label(0xFFFF).c_str(), "0xFFFF");
  assert_true(table_name(0xE017).empty());
  assert_string_equal(table_title(0xE017).c_str(), "0xE017");
}

void titles_are_label_and_name(void**) {
  assert_string_equal(table_title(0x0017).c_str(), "BT23 Current Register Data");
  assert_string_equal(table_title(0x0832).c_str(), "ET50 MEP Inbound Data Space");
  assert_string_equal(table_title(0x0700).c_str(), "BT1792");
  assert_string_equal(procedure_title(0x0811).c_str(), "EP17 Remove MEP Device");
  assert_string_equal(procedure_title(0x0FFF).c_str(), "EP2047");
}

// A list that is not in ascending order loses entries in its binary search.
void every_table_that_has_a_name_is_found(void**) {
  constexpr std::uint16_t basic[] = {
      0,  1,  2,  3,  4,  5,  6,  7,  8,  10, 11, 12, 13, 14, 15, 16, 20, 21, 22, 23, 24, 25,
      26, 27, 28, 30, 31, 32, 33, 34, 40, 41, 42, 43, 44, 45, 50, 51, 52, 53, 54, 55, 56, 60,
      61, 62, 63, 64, 65, 66, 67, 70, 71, 72, 73, 74, 75, 76, 80, 81, 82, 83, 84, 85};
  constexpr std::uint16_t extended[] = {
      1,  2,  3,  4,  5,  6,  7,  9,  10, 11, 12, 13, 14, 15, 16, 17, 19, 20, 21, 22, 23, 24, 29,
      30, 31, 32, 34, 36, 38, 40, 41, 42, 45, 46, 47, 48, 50, 51, 52, 53, 54, 55, 57, 58, 59, 61,
      62, 66, 67, 70, 71, 74, 75, 76, 77, 79, 80, 81, 85, 89, 90, 92, 93, 94, 95, 96, 97, 98, 124};
  for (const std::uint16_t number : basic) assert_false(table_name(BT(number)).empty());
  for (const std::uint16_t number : extended) assert_false(table_name(ET(number)).empty());
  for (const std::uint16_t number : {9, 29, 35, 46, 57, 86, 2047})
    assert_true(table_name(BT(number)).empty());
}

void every_procedure_that_has_a_name_is_found(void**) {
  for (std::uint16_t number = 0; number <= 22; ++number)
    assert_false(procedure_name(BP(number)).empty());
  for (const std::uint16_t number :
       {2, 3, 6, 11, 16, 17, 18, 19, 26, 32, 33, 34, 37, 39, 41, 50, 52, 61, 64})
    assert_false(procedure_name(EP(number)).empty());
  assert_true(procedure_name(BP(23)).empty());
  assert_true(procedure_name(EP(0)).empty());
  assert_true(procedure_name(EP(2047)).empty());
}

void numbers_without_an_entry_have_no_name(void**) {
  std::size_t named = 0;
  for (unsigned number = 0; number < 0x1000; ++number)
    if (!table_name(static_cast<std::uint16_t>(number)).empty()) ++named;
  assert_int_equal(named, 64 + 69);
}

// Every number that one of the two guides mentions anywhere: tables, then procedures.
void every_number_that_the_guides_mention_has_a_name(void**) {
  // MEP guide and optical port guide, all "BTn" and "STn". BT29 and BT79 only end ranges
  // ("BT20-BT29").
  constexpr std::uint16_t basic[] = {0,  1,  2,  3,  4,  5,  6,  7,  8,  13, 15, 16, 20, 21,
                                     22, 23, 24, 25, 26, 27, 28, 30, 33, 50, 51, 52, 53, 54,
                                     55, 60, 61, 62, 63, 64, 65, 66, 67, 70, 71, 74};
  // All "ETn" and "MTn". ET28 (page 131) is a slip for ET53.
  constexpr std::uint16_t extended[] = {
      1,  2,  3,  4,  5,  6,  7,  9,  10, 11, 12, 13, 14, 15, 16, 17, 19, 20, 21, 22, 23, 24, 29,
      30, 31, 32, 34, 36, 38, 40, 41, 42, 45, 46, 47, 48, 50, 51, 52, 53, 54, 55, 57, 58, 59, 61,
      62, 66, 67, 70, 71, 74, 75, 76, 77, 79, 80, 81, 85, 89, 90, 92, 93, 94, 95, 96, 97, 98, 124};
  // All "BPn", "EPn" and "MPn" but the EP04 of page 51, an example of how numbers are written, and
  // EP62 (page 138), a slip for EP61.
  constexpr std::uint16_t standard_procedures[] = {1, 4, 5, 10, 12, 13};
  constexpr std::uint16_t extended_procedures[] = {2,  3,  6,  11, 16, 17, 18, 19, 26, 32,
                                                   33, 34, 37, 39, 41, 50, 52, 61, 64};
  for (const std::uint16_t number : basic) assert_false(table_name(BT(number)).empty());
  for (const std::uint16_t number : extended) assert_false(table_name(ET(number)).empty());
  for (const std::uint16_t number : standard_procedures)
    assert_false(procedure_name(BP(number)).empty());
  for (const std::uint16_t number : extended_procedures)
    assert_false(procedure_name(EP(number)).empty());
}

// Words that the guides use of the number, beside the page where they do. Those of the optical port
// guide's table A.1 stand without the words "table", "meter" and the like that come and go.
void names_are_the_guides_words(void**) {
  struct Said {
    std::uint16_t number;
    std::string_view words;
  };
  constexpr Said tables[] = {
      // Table A.1, pages 60 to 63
      {BT(15), "Constants"},
      {BT(24), "Previous Season Data"},
      {BT(25), "Previous Demand Reset Data"},
      {BT(27), "Present Register Selection"},
      {BT(30), "Dimension Display"},
      {BT(33), "Primary Display List"},
      {BT(60), "Dimension Load Profile"},
      {ET(7), "LCD Display Configuration"},
      {ET(14), "Device Status"},
      {ET(15), "On-demand Requests"},
      {ET(30), "Maximum Power or Current Level Control"},
      {ET(31), "Meter One-time-read Log"},
      {ET(36), "Table Actual Dimensions"},
      {ET(42), "Interface Definition"},
      {ET(45), "MEP Recurring Read Log"},
      {ET(46), "Control Output Read-Only Data"},
      {ET(47), "Calendar Override Settings"},
      {ET(50), "MEP Inbound Data Space"},
      {ET(52), "MEP Transaction Request"},
      {ET(53), "MEP Transaction Response"},
      {ET(55), "Meter Configuration"},
      {ET(57), "Data Type Table"},
      {ET(58), "Status Extension"},
      {ET(59), "MEP Procedure Response"},
      {ET(62), "Load Profile Display Configuration"},
      {ET(66), "Load Profile Source ID Mapping"},
      {ET(67), "Display Source ID Mapping"},
      {ET(70), "RAM Only Status"},
      {ET(71), "Delta Data Alerts"},
      {ET(74), "MEP Recurring Read Extended Log"},
      {ET(75), "Primary Load Profile Channel Change Log"},
      {ET(77), "Secondary Display List"},
      {ET(79), "History Log Data (Alternate Event Log)"},
      {ET(80), "Average Power Settings"},
      {ET(81), "Power Outage Log"},
      {ET(85), "MEP Procedure Response (MEP2)"},
      {ET(90), "Dimension LN"},
      {ET(92), "P2P Connection Configuration"},
      {ET(93), "P2P Connection Status"},
      {ET(94), "P2P Gateway Module Configuration"},
      {ET(95), "P2P Gateway Module Status"},
      {ET(96), "Socket Status"},
      {ET(97), "Meter Configuration LN"},
      {ET(98), "P2P AT Command Response"},
      // In passing, MEP guide
      {ET(10), "Power Outage"},                // 58
      {ET(12), "Total Energy"},                // 58
      {ET(20), "One-time Read"},               // 129
      {ET(22), "Alarm"},                       // 79
      {ET(32), "M-Bus One-time-read Log"},     // 108: beside ET31; 115: M-Bus OTR
      {ET(38), "Config ID Log"},               // 115: the log at ET36.37, ET36's third
      {ET(48), "Demand Configured"},           // 113
      {ET(124), "Security"},                   // 195
      {ET(24), "Internal"},                    // 194: HwInternalConfig
      {ET(17), "Verification Bitmap"},         // optical port guide 42
      {ET(19), "Meter One-time Read Request"}  // optical port guide 41
  };
  constexpr Said procedures[] = {{EP(2), "Relay"},                   // 101
                                 {EP(3), "Clear"},                   // 139: "clear the … alarm"
                                 {EP(6), "Dimensions"},              // 107
                                 {EP(11), "Load Profile"},           // 173, 237
                                 {EP(16), "Change System Clock"},    // 13
                                 {EP(18), "Multicast"},              // 106
                                 {EP(26), "Unread"},                 // 107
                                 {EP(32), "Demand"},                 // 113
                                 {EP(33), "Demand"},                 // 114
                                 {EP(34), "Reset"},                  // 111
                                 {EP(37), "Entries"},                // 109
                                 {EP(41), "MEP Download"},           // 91
                                 {EP(50), "Measurements"},           // 207
                                 {EP(52), "Load Profile"},           // 173
                                 {EP(64), "Previous Season Data"}};  // 211
  const auto expect = [](std::string_view name, const Said& said) {
    const bool has = name.find(said.words) != std::string_view::npos;
    if (!has) print_error("0x%04x is called \"%s\"\n", said.number, std::string(name).c_str());
    assert_true(has);
  };
  for (const Said& said : tables) expect(table_name(said.number), said);
  for (const Said& said : procedures) expect(procedure_name(said.number), said);
}

// The guide's headings and its Appendix C differ now and then in a word at the end.
void a_described_table_is_called_in_both_places_what_the_guide_calls_it(void**) {
  for (const Table& table : all_tables()) {
    const std::string_view name = table_name(table.number);
    const bool same =
        !name.empty() && (name.starts_with(table.name) || table.name.starts_with(name));
    if (!same)
      print_error("%s: \"%s\" in names.cpp, \"%s\" in its description\n",
                  table_label(table.number).c_str(), std::string(name).c_str(),
                  std::string(table.name).c_str());
    assert_true(same);
  }
}

void every_procedure_that_is_described_has_a_name(void**) {
  for (const Procedure& procedure : all_procedures()) {
    assert_false(procedure_name(procedure.number).empty());
    assert_true(procedure_name(procedure.number) == procedure.name);
    assert_ptr_equal(find_procedure(procedure.number), &procedure);
  }
}

int run_all() {
  const CMUnitTest tests[] = {
      cmocka_unit_test(wire_numbers_are_the_guides),
      cmocka_unit_test(labels_have_two_digits_or_more),
      cmocka_unit_test(the_pending_flag_is_told_and_changes_no_name),
      cmocka_unit_test(bits_without_meaning_leave_the_number_alone),
      cmocka_unit_test(titles_are_label_and_name),
      cmocka_unit_test(every_table_that_has_a_name_is_found),
      cmocka_unit_test(every_procedure_that_has_a_name_is_found),
      cmocka_unit_test(every_number_that_the_guides_mention_has_a_name),
      cmocka_unit_test(names_are_the_guides_words),
      cmocka_unit_test(numbers_without_an_entry_have_no_name),
      cmocka_unit_test(a_described_table_is_called_in_both_places_what_the_guide_calls_it),
      cmocka_unit_test(every_procedure_that_is_described_has_a_name),
  };
  return cmocka_run_group_tests(tests, nullptr, nullptr);
}

}  // namespace
}  // namespace mep

int main() {
  return mep::run_all();
}
