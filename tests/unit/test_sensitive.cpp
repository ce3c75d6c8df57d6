// Every field of every table has been thought of: whether it may be published.
// SPDX-License-Identifier: GPL-2.0-or-later
#include <cstdio>
#include <map>
#include <string>
#include <vector>

#include "protocol/catalog.h"
#include "protocol/mbus_quantity.h"

// Last, since it defines fail() as a macro.
#include "tests/unit/cmocka.h"

namespace mep {
namespace {

void test_every_field_is_decided(void**) {
  std::size_t undecided = 0;
  for (const FieldInfo& field : catalog().fields) {
    if (!field.node || field.node->sensitivity != Sensitive::undecided) continue;
    std::printf("mep.%s: is it sensitive? (protocol/sensitive.h)\n", field.name.c_str());
    ++undecided;
  }
  assert_int_equal(undecided, 0);
}

// What a person would look for first, by the guide's pages.
void test_what_names_somebody(void**) {
  const std::map<std::string, Sensitive> expected = {
      {"et03.utility_serial_number", Sensitive::identifier},
      {"et04.transceiver_id", Sensitive::identifier},
      {"et04.subnet_id", Sensitive::place},
      {"et13.customer_id", Sensitive::identifier},
      {"et13.security_key", Sensitive::key},
      {"et16.serial_nbr", Sensitive::identifier},
      {"et50.unique_id", Sensitive::identifier},
      {"et89.prior_mep_1_id", Sensitive::identifier},
      {"bt23.fwd_active_wh_l1l2l3", Sensitive::consumption},
      {"bt28.fwd_active_w_l1l2l3", Sensitive::consumption},
      {"bt52.clock_calendar", Sensitive::none},
      {"bt00.number_of_pending_tables", Sensitive::none}};
  std::size_t seen = 0;
  for (const FieldInfo& field : catalog().fields) {
    const auto wanted = expected.find(field.name);
    if (wanted == expected.end()) continue;
    ++seen;
    if (field.node->sensitivity != wanted->second)
      fail_msg("%s is %s", field.name.c_str(), sensitive_name(field.node->sensitivity).data());
  }
  assert_true(seen >= expected.size());
}

Sensitive of(std::vector<std::uint8_t> value_information) {
  const auto found = mbus::parse_value_information(value_information, mbus::Order::least_first);
  assert_true(found.has_value());
  return found->quantity.sensitivity;
}

// EN 13757-3, tables of codes
void test_mbus_records(void**) {
  assert_true(of({0x13}) == Sensitive::consumption);       // volume
  assert_true(of({0x78}) == Sensitive::identifier);        // fabrication number
  assert_true(of({0xFD, 0x10}) == Sensitive::place);       // customer location
  assert_true(of({0xFD, 0x11}) == Sensitive::identifier);  // customer
  assert_true(of({0xFD, 0x16}) == Sensitive::key);         // password
  assert_true(of({0xFD, 0x19}) == Sensitive::key);         // security key
  assert_true(of({0xFD, 0x0E}) == Sensitive::none);        // firmware version
  assert_true(of({0x6D}) == Sensitive::none);              // date and time
  assert_true(of({0x7F}) == Sensitive::identifier);        // the maker's own
  assert_true(of({0xEF, 0x01}) == Sensitive::identifier);  // reserved
  // No code is left undecided.
  for (unsigned code = 0; code < 0x80; ++code) {
    const auto vif = static_cast<std::uint8_t>(code);
    if (vif != 0x7B && vif != 0x7C && vif != 0x7D) assert_true(of({vif}) != Sensitive::undecided);
    assert_true(of({0xFB, vif}) != Sensitive::undecided);
    assert_true(of({0xFD, vif}) != Sensitive::undecided);
  }
}

}  // namespace
}  // namespace mep

int main() {
  const CMUnitTest tests[] = {cmocka_unit_test(mep::test_every_field_is_decided),
                              cmocka_unit_test(mep::test_what_names_somebody),
                              cmocka_unit_test(mep::test_mbus_records)};
  return cmocka_run_group_tests(tests, nullptr, nullptr);
}
