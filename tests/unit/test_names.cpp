// Table and procedure numbers and their names, pages 12 and 52.
// SPDX-License-Identifier: GPL-2.0-or-later
#include "protocol/names.h"

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
  constexpr std::uint16_t extended[] = {1,  2,  3,  4,  5,  6,  7,  9,  11, 13, 14, 15, 16,
                                        21, 23, 29, 30, 31, 34, 36, 40, 41, 42, 45, 46, 47,
                                        50, 51, 52, 53, 54, 55, 57, 58, 59, 61, 62, 66, 67,
                                        70, 71, 74, 75, 76, 77, 79, 80, 81, 85, 89, 90, 97};
  for (const std::uint16_t number : basic) assert_false(table_name(BT(number)).empty());
  for (const std::uint16_t number : extended) assert_false(table_name(ET(number)).empty());
  for (const std::uint16_t number : {9, 29, 35, 46, 57, 86, 2047})
    assert_true(table_name(BT(number)).empty());
}

void every_procedure_that_has_a_name_is_found(void**) {
  for (std::uint16_t number = 0; number <= 22; ++number)
    assert_false(procedure_name(BP(number)).empty());
  for (const std::uint16_t number : {16, 17, 19, 39, 61})
    assert_false(procedure_name(EP(number)).empty());
  assert_true(procedure_name(BP(23)).empty());
  assert_true(procedure_name(EP(0)).empty());
  assert_true(procedure_name(EP(2047)).empty());
}

void numbers_without_an_entry_have_no_name(void**) {
  std::size_t named = 0;
  for (unsigned number = 0; number < 0x1000; ++number)
    if (!table_name(static_cast<std::uint16_t>(number)).empty()) ++named;
  assert_int_equal(named, 64 + 52);
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
