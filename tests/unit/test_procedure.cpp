// The headers of procedures, pages 51 to 53.
// SPDX-License-Identifier: GPL-2.0-or-later
#include "protocol/names.h"
#include "protocol/procedure.h"
#include "protocol/tables/tables.h"
#include "tests/unit/material.h"
#include "tests/unit/walk_record.h"

#include "tests/unit/cmocka.h"

namespace mep {
namespace {

using test::Buffer;
using test::hex;

// Page 53: EP17 removes the client with the handle 0x03F8.
const char* const guides_call = "11 08 07 00 F8 03";

void the_guides_call_is_read(void**) {
  const Buffer call = hex(guides_call);
  const auto header = procedure::parse_call(call);
  assert_true(header.has_value());
  assert_int_equal(header->number, EP(17));
  assert_int_equal(header->handling, 0);
  assert_int_equal(header->sequence, 7);
  assert_int_equal(*procedure::parse_number(call), EP(17));
}

void the_guides_call_is_written(void**) {
  const Buffer parameters = hex("00 F8 03");
  assert_true(procedure::encode_call({EP(17), 0, 7}, parameters) == hex(guides_call));
  assert_true(procedure::encode_call({EP(17), 0, 7}, {}) == hex("11 08 07"));
}

void the_upper_four_bits_are_no_part_of_the_number(void**) {
  const Buffer table = hex("27 A8 05 03 FF");
  assert_int_equal(procedure::parse_call(table)->number, EP(39));
  assert_int_equal(procedure::parse_call(table)->handling, 0xA);
  assert_int_equal(*procedure::parse_number(table), EP(39));
  const auto result = procedure::parse_result(table);
  assert_int_equal(result->number, EP(39));
  assert_int_equal(result->sequence, 5);
  assert_int_equal(result->code, 3);
  assert_true(procedure::encode_call({EP(39), 0xA, 5}, hex("03 FF")) == table);
  assert_true(procedure::encode_call({0xFFFF, 0, 5}, {}) == hex("FF 0F 05"));
}

void what_is_too_short_is_no_header(void**) {
  const Buffer table = hex("11 08 07 00");
  const Bytes bytes = table;
  assert_false(procedure::parse_number(bytes.first(1)).has_value());
  assert_true(procedure::parse_number(bytes.first(2)).has_value());
  assert_false(procedure::parse_call(bytes.first(2)).has_value());
  assert_true(procedure::parse_call(bytes.first(3)).has_value());
  assert_false(procedure::parse_result(bytes.first(3)).has_value());
  assert_true(procedure::parse_result(bytes).has_value());
}

// The descriptions of the tables transcribe the same pages by themselves.
void the_tables_have_their_fields_there(void**) {
  const Buffer table = hex("27 A8 05 03 FF");
  for (const std::uint16_t number : {BT(7), BT(8), ET(59), ET(85)}) {
    const auto record = test::walked(*find_table(number), {0, table}, {});
    const auto& leaves = record.leaves;
    assert_int_equal(leaves[0].size, procedure::number_size);
    assert_int_equal(bits_value(leaves[0].node->bit_fields()[0], *leaves[0].value), EP(39));
    assert_int_equal(leaves[1].position, procedure::sequence_offset);
    const bool is_call = number == BT(7);
    if (!is_call) assert_int_equal(leaves[2].position, procedure::result_offset);
    assert_int_equal(leaves.back().position,
                     is_call ? procedure::call_header_size : procedure::result_header_size);
  }
}

}  // namespace
}  // namespace mep

int main() {
  using namespace mep;
  const CMUnitTest tests[] = {
      cmocka_unit_test(the_guides_call_is_read),
      cmocka_unit_test(the_guides_call_is_written),
      cmocka_unit_test(the_upper_four_bits_are_no_part_of_the_number),
      cmocka_unit_test(what_is_too_short_is_no_header),
      cmocka_unit_test(the_tables_have_their_fields_there),
  };
  return cmocka_run_group_tests(tests, nullptr, nullptr);
}
