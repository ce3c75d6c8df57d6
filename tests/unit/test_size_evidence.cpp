// What an answer's size says of dimensions: sizes computed by hand from the guides' layouts.
// SPDX-License-Identifier: GPL-2.0-or-later
#include "protocol/size_evidence.h"

#include <string>
#include <type_traits>

#include "protocol/names.h"
#include "protocol/tables/tables.h"
#include "protocol/walker.h"
#include "tests/unit/material.h"

#include "tests/unit/cmocka.h"

namespace mep {
namespace {

using Kind = SizeVerdict::Kind;

// A size in bytes.
constexpr std::size_t operator""_z(unsigned long long bytes) {
  return bytes;
}

static_assert(std::is_trivially_destructible_v<SizeVerdict>);
static_assert(std::is_trivially_destructible_v<Dimensions>);

SizeVerdict whole(std::uint16_t table, std::size_t size, const Dimensions& known = {}) {
  return judge_size(*find_table(table), 0, size, Reach::whole, known);
}

void expect_found(const SizeVerdict& verdict, const char* text) {
  const std::string found = found_text(verdict);
  if (found != text) print_error("\"%s\" in place of \"%s\"\n", found.c_str(), text);
  assert_string_equal(found.c_str(), text);
  assert_true((verdict.kind == Kind::found) == !found.empty());
}

Request read_of(std::uint32_t offset, std::optional<std::uint16_t> count, bool full) {
  Request request;
  request.code =
      static_cast<std::uint8_t>(full ? RequestCode::full_read : RequestCode::partial_read);
  request.table = BT(28);
  request.offset = offset;
  request.count = count;
  return request;
}

void an_answer_that_ends_early_is_the_whole_table(void**) {
  for (const bool full : {true, false}) {
    assert_true(reach_of(read_of(0, 512, full), 340) == Reach::whole);
    assert_true(reach_of(read_of(0, 341, full), 340) == Reach::whole);
    assert_true(reach_of(read_of(0, 340, full), 340) == Reach::perhaps_whole);
    assert_true(reach_of(read_of(0, 339, full), 340) == Reach::part);
    assert_true(reach_of(read_of(4, 512, full), 340) == Reach::part);
  }
  assert_true(reach_of(read_of(0, std::nullopt, true), 340) == Reach::whole);
  // What a message cannot hold more of ends nowhere.
  assert_true(reach_of(read_of(0, 512, true), 455) == Reach::whole);
  assert_true(reach_of(read_of(0, 512, true), 456) == Reach::part);
}

// BT28, page 215: 4 bytes each.
void the_values_of_each_firmware(void**) {
  for (const int values : {18, 22, 26, 41, 55, 72, 75})
    expect_found(whole(BT(28), static_cast<std::size_t>(values) * 4),
                 ("BT21.9 = " + std::to_string(values)).c_str());
  // As assumed.
  expect_found(whole(BT(28), 84_z * 4), "");
  assert_true(whole(BT(28), 84_z * 4).kind == Kind::silent);
}

void values_and_a_demand(void**) {
  expect_found(whole(BT(28), 340), "BT21.8 = 1");
  expect_found(whole(BT(28), 4_z * (2 + 84)), "BT21.8 = 2");
  expect_found(whole(BT(28), 4_z * (1 + 55)), "BT21.8 = 1, BT21.9 = 55");
  // 1 and 75, or 4 and 72.
  assert_true(whole(BT(28), 4_z * 76).kind == Kind::contradicted);
  // In no way: not a multiple of four; a number of no firmware.
  assert_true(whole(BT(28), 341).kind == Kind::contradicted);
  assert_true(whole(BT(28), 4_z * 50).kind == Kind::contradicted);
}

void what_is_known_is_not_doubted(void**) {
  Dimensions known;
  known.learn(Dim::present_demands, 0, 4);
  expect_found(whole(BT(28), 4_z * 76, known), "BT21.9 = 72");
  // Where nothing else is unknown, it may be any number.
  known.learn(Dim::demand_time_remaining, 0, 0);
  expect_found(whole(BT(28), 4_z * (4 + 50), known), "BT21.9 = 50");
  known.learn(Dim::present_values, 0, 30);
  assert_true(whole(BT(28), 4_z * 76, known).kind == Kind::silent);
}

// BT23, pages 207 to 211: summations and, by tier, the same again.
void registers_of_more_tiers_and_more_summations(void**) {
  assert_true(whole(BT(23), 4_z * 11_z * 5).kind == Kind::silent);
  expect_found(whole(BT(23), 4_z * 15_z * 5), "BT21.3 = 15");
  expect_found(whole(BT(23), 4_z * 19_z * 5), "BT21.3 = 19");
  expect_found(whole(BT(23), 4_z * 11_z * 9), "BT21.7 = 8");
  expect_found(whole(BT(24), 6 + 4_z * 15_z * 5), "BT21.3 = 15");
  assert_true(whole(BT(23), 4_z * 12_z * 5).kind == Kind::contradicted);
  // A demand comes in too many ways: reset counter, and of each tier 9 bytes more.
  assert_true(whole(BT(23), 1 + 5_z * (4_z * 11 + 9)).kind == Kind::contradicted);
}

// 11 + entries of 14, page 242.
void entries_of_a_log(void**) {
  expect_found(whole(BT(74), 11 + 14_z * 7), "BT71.5 = 7");
  expect_found(whole(BT(74), 11), "BT71.5 = 0");
  assert_true(whole(BT(74), 11 + 14_z * 7 + 1).kind == Kind::contradicted);
  expect_found(whole(ET(79), 11 + 14_z * 30), "ET54.80 = 30");
  expect_found(whole(ET(81), 6 + 12_z * 3), "ET36 Current Entries = 3");  // page 185
  assert_true(whole(ET(81), 7 + 12_z * 3).kind == Kind::contradicted);
}

// BT04, page 11 of the optical port guide: 10 + 13 or 20 bytes of sets, 6, and 8 by entry.
void two_numbers_at_once(void**) {
  assert_true(whole(BT(4), 10 + 20 + 6 + 8_z * 4).kind == Kind::silent);
  expect_found(whole(BT(4), 10 + 20 + 6 + 8_z * 2), "BT00.18 = 2");
  expect_found(whole(BT(4), 10 + 13 + 6 + 8_z * 4), "BT00.14 = 13");
  expect_found(whole(BT(4), 10 + 13 + 6 + 8_z * 3), "BT00.14 = 13, BT00.18 = 3");
}

// ET75, page 179: 6 bytes, and entries of 143, or of 159 where ID codes have five characters.
void a_kind_and_a_count_at_once(void**) {
  expect_found(whole(ET(75), 6 + 143_z * 2), "ET36 Current Entries = 2");
  expect_found(whole(ET(75), 6 + 159_z * 2), "ET54.0.7 = 1, ET36 Current Entries = 2");
  assert_true(whole(ET(75), 6 + 150_z * 2).kind == Kind::contradicted);
}

// BT03: the only number that is unknown may be any.
void a_number_alone(void**) {
  for (const int alarms : {0, 4, 6, 8})
    expect_found(whole(BT(3), 4 + static_cast<std::size_t>(alarms)),
                 ("BT00.17 = " + std::to_string(alarms)).c_str());
  assert_true(whole(BT(3), 3).kind == Kind::silent);  // between two fields
  assert_true(whole(BT(3), 2).kind == Kind::contradicted);
}

// ET13 and ET14, pages 80 and 83: entries of 66 and 36 bytes.
void entries_of_devices(void**) {
  assert_true(whole(ET(13), 66_z * 5).kind == Kind::silent);
  expect_found(whole(ET(13), 66_z * 6), "ET11.0 = 6");
  expect_found(whole(ET(14), 6 + 36_z * 6), "ET11.0 = 6");
  assert_true(whole(ET(13), 66_z * 6 - 1).kind == Kind::contradicted);
}

// Firmware that has less of a table ends between two of its fields, or two elements of its array.
void a_table_that_ends_early(void**) {
  // One data set in place of four, page 235: eight channels, and the format.
  assert_true(whole(BT(62), 3_z * 8 + 1).kind == Kind::silent);
  assert_true(whole(BT(62), 3_z * 8).kind == Kind::contradicted);
  // Sources of registers, one byte each, are no records.
  assert_true(whole(BT(27), 50).kind == Kind::contradicted);
  assert_true(whole(BT(22), 17).kind == Kind::contradicted);
  // The total block alone.
  assert_true(whole(BT(23), 4_z * 11).kind == Kind::silent);
}

void less_than_a_whole_answer_says_less(void**) {
  const Table& bt28 = *find_table(BT(28));
  const auto kind = [&](std::uint64_t offset, std::size_t size, Reach reach) {
    return judge_size(bt28, offset, size, reach, {}).kind;
  };
  // Of 336 bytes.
  assert_true(kind(0, 80, Reach::perhaps_whole) == Kind::silent);
  assert_true(kind(0, 80, Reach::part) == Kind::silent);
  assert_true(kind(300, 36, Reach::part) == Kind::silent);
  // Behind what is assumed to be the end.
  assert_true(kind(300, 40, Reach::part) == Kind::contradicted);
  assert_true(kind(0, 340, Reach::perhaps_whole) == Kind::found);
  assert_true(kind(0, 338, Reach::perhaps_whole) == Kind::contradicted);
}

void tables_whose_size_says_nothing(void**) {
  // Contents decide, no dimension does, or the end is whatever is left.
  for (const std::uint16_t table : {ET(42), BT(21), BT(52), BT(0), BT(8), ET(53)})
    for (const std::size_t size : {1U, 7U, 100U, 341U})
      assert_true(whole(table, size).kind == Kind::silent);
}

void answers_to_what(void**) {
  Request request = read_of(0, 512, true);
  expect_found(judge_answer(request, 340, {}), "BT21.8 = 1");
  request.table = static_cast<std::uint16_t>(BT(28) | pending_flag);
  assert_true(judge_answer(request, 340, {}).kind == Kind::silent);
  request.table = BT(99);
  assert_true(judge_answer(request, 340, {}).kind == Kind::silent);
  request.table = BT(28);
  request.code = static_cast<std::uint8_t>(RequestCode::full_write);
  assert_true(judge_answer(request, 340, {}).kind == Kind::silent);
  request = read_of(0, 512, false);
  assert_true(judge_answer(request, 0, {}).kind == Kind::silent);
}

void what_was_found_is_used_and_not_learned(void**) {
  const Dimensions known;
  const Dimensions used = with_found(whole(BT(28), 4_z * 56), known);
  assert_int_equal(used.get(Dim::present_demands), 1);
  assert_int_equal(used.get(Dim::present_values), 55);
  assert_int_equal(size_of(*find_table(BT(28)), used).value_or(0), 4 * 56);
  assert_false(known.learned(Dim::present_values).has_value());
}

// Whatever was found explains the size, and no size of any table takes long.
void all_sizes_of_all_tables(void**) {
  std::size_t found = 0;
  for (const Table& table : all_tables()) {
    for (std::size_t size = 1; size < 456; ++size) {
      const SizeVerdict verdict = whole(table.number, size);
      if (verdict.kind != Kind::found) continue;
      ++found;
      assert_int_equal(size_of(table, with_found(verdict, {})).value_or(0), size);
      for (const FromSize& each : verdict.found())
        assert_true(each.value >= 0 && dim_info(each.dim).kind == DimKind::number);
    }
  }
  assert_true(found > 200);
}

void hostile_dimensions_break_nothing(void**) {
  test::Random random(3);
  for (int round = 0; round < 10; ++round) {
    Dimensions known;
    for (std::size_t i = 0; i < dim_count(); ++i) {
      const auto dim = static_cast<Dim>(i);
      if (random.once_in(3)) continue;
      for (std::size_t slot = 0; slot < dim_info(dim).slots; ++slot)
        known.learn(dim, slot, static_cast<std::int32_t>(random.below(0xFFFFFFFF)));
    }
    for (const Table& table : all_tables())
      for (const Reach reach : {Reach::part, Reach::perhaps_whole, Reach::whole})
        judge_size(table, reach == Reach::part ? 0xFFFFFF : 0, random.between(1, 455), reach,
                   known);
  }
}

int run_all() {
  const CMUnitTest tests[] = {
      cmocka_unit_test(an_answer_that_ends_early_is_the_whole_table),
      cmocka_unit_test(the_values_of_each_firmware),
      cmocka_unit_test(values_and_a_demand),
      cmocka_unit_test(what_is_known_is_not_doubted),
      cmocka_unit_test(registers_of_more_tiers_and_more_summations),
      cmocka_unit_test(entries_of_a_log),
      cmocka_unit_test(two_numbers_at_once),
      cmocka_unit_test(a_kind_and_a_count_at_once),
      cmocka_unit_test(a_number_alone),
      cmocka_unit_test(entries_of_devices),
      cmocka_unit_test(a_table_that_ends_early),
      cmocka_unit_test(less_than_a_whole_answer_says_less),
      cmocka_unit_test(tables_whose_size_says_nothing),
      cmocka_unit_test(answers_to_what),
      cmocka_unit_test(what_was_found_is_used_and_not_learned),
      cmocka_unit_test(all_sizes_of_all_tables),
      cmocka_unit_test(hostile_dimensions_break_nothing),
  };
  return cmocka_run_group_tests(tests, nullptr, nullptr);
}

}  // namespace
}  // namespace mep

int main() {
  return mep::run_all();
}
