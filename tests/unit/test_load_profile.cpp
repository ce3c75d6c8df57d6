// When the intervals of a load profile ended.
// SPDX-License-Identifier: GPL-2.0-or-later
#include "protocol/load_profile.h"

#include "protocol/names.h"
#include "protocol/tables/tables.h"
#include "protocol/times.h"
#include "protocol/walker.h"
#include "tests/unit/material.h"

#include "tests/unit/cmocka.h"

namespace mep {
namespace {

using test::Buffer;
using test::hex;

constexpr std::int64_t half_past_seven = 1646119800;  // 2022-03-01 07:30:00 UTC
constexpr std::int64_t minutes = 60;
constexpr std::int64_t hours = 60 * minutes;

// One channel, eight intervals: a block is 5 + 1 + 8 * 5 = 46 bytes.
constexpr std::uint64_t block_size = 46;

Dimensions small_profile() {
  Dimensions made;
  for (const std::size_t set : {0, 1}) {
    made.learn(Dim::load_profile_blocks, set, 30);
    made.learn(Dim::load_profile_intervals, set, 8);
    made.learn(Dim::load_profile_channels, set, 1);
    made.learn(Dim::load_profile_interval_time, set, 15);
  }
  return made;
}

void times_go_both_ways(void**) {
  const DateTime when = date_time(half_past_seven);
  assert_string_equal(date_time_text(when, true).c_str(), "2022-03-01 07:30:00");
  for (const std::int64_t seconds : {std::int64_t{946684800}, half_past_seven + 59,
                                     std::int64_t{1709251199}, std::int64_t{4102444800}})
    assert_true(seconds_since_1970(date_time(seconds)) == seconds);
}

void only_load_profiles_have_a_set(void**) {
  assert_true(load_profile_set(BT(64)) == 0U);
  assert_true(load_profile_set(BT(67)) == 3U);
  assert_false(load_profile_set(BT(63)).has_value());
  assert_false(load_profile_set(BT(68)).has_value());
  assert_false(load_profile_set(ET(64)).has_value());
}

void intervals_count_back_from_the_newest(void**) {
  const Dimensions dimensions = small_profile();
  const BlockHeader header{3, half_past_seven, 5};
  assert_true(interval_end(dimensions, 0, header, 5) == half_past_seven);
  assert_true(interval_end(dimensions, 0, header, 4) == half_past_seven - 15 * minutes);
  assert_true(interval_end(dimensions, 0, header, 0) == half_past_seven - 75 * minutes);
  assert_false(interval_end(dimensions, 0, header, 6).has_value());
  assert_false(interval_end(dimensions, 0, {3, std::nullopt, 5}, 0).has_value());
  assert_false(interval_end(dimensions, 0, {3, half_past_seven, std::nullopt}, 0).has_value());
  assert_false(interval_end({}, 0, header, 5).has_value());

  Dimensions descending = dimensions;
  descending.learn(Dim::load_profile_interval_order, 0, 1);
  assert_true(interval_end(descending, 0, header, 7) == half_past_seven - 30 * minutes);
  assert_false(interval_end(descending, 0, header, 4).has_value());

  Dimensions daily = dimensions;
  daily.learn(Dim::load_profile_interval_time, 0, 84);
  assert_true(interval_end(daily, 0, header, 4) == half_past_seven - 24 * hours);
}

void headers_are_learned_with_their_tables(void**) {
  Dimensions dimensions = small_profile();
  const Buffer header = hex("16 03 01 07 1E 3F");  // six intervals recorded
  assert_true(learn(*find_table(BT(64)), {7 * block_size, header}, dimensions));
  const BlockHeader found = remembered_header(dimensions, 0, 7);
  assert_true(found.end == half_past_seven && found.newest == 5U);
  assert_false(remembered_header(dimensions, 0, 3).end.has_value());  // of the same place
  assert_false(remembered_header(dimensions, 1, 7).end.has_value());
  // The same again is no news.
  assert_false(learn(*find_table(BT(64)), {7 * block_size, header}, dimensions));
  // Neither is a part of a header, or a block's contents.
  assert_false(learn(*find_table(BT(64)), {7 * block_size, Bytes(header).first(5)}, dimensions));
  assert_false(learn(*find_table(BT(64)), {7 * block_size + 6, Buffer(40)}, dimensions));
  // A block that starts anew has no times.
  assert_true(learn(*find_table(BT(64)), {7 * block_size, hex("00 00 00 00 00 00")}, dimensions));
  assert_false(remembered_header(dimensions, 0, 7).end.has_value());
}

// A load profile whose fields have other names, and one more of either type.
void names_may_change(void**) {
  const Dimensions small = small_profile();
  const Table renamed =
      table(BT(64), "Lastgang", 239,
            {array(2, "Seite",
                   {stime_date("Ende").as(Role::block_end), stime_date("End time"),
                    set("Stand", 1).as(Role::block_status), set("Simple Status", 1),
                    array(8, "Zeile", {u8("Wert")}).as(Role::interval)})
                 .as(Role::block)});
  const Buffer block = hex("16 03 01 07 1E  01 01 01 01 01  3F 00  0000000000000000");
  Buffer both = hex("0000000000 0000000000 00 FF 0000000000000000");
  both.insert(both.end(), block.begin(), block.end());
  Dimensions dimensions = small;
  assert_true(learn(renamed, {0, both}, dimensions));
  const BlockHeader found = remembered_header(dimensions, 0, 1);
  assert_true(found.end == half_past_seven && found.newest == 5U);
  assert_false(remembered_header(dimensions, 0, 0).end.has_value());
}

void names_alone_tell_nothing(void**) {
  const Table without_roles =
      table(BT(64), "Load Profile Data, Data Set 1", 239,
            {array(2, "Block Data", {stime_date("End time"), set("Simple Status", 1)})});
  Dimensions dimensions = small_profile();
  const Dimensions before = dimensions;
  learn(without_roles, {0, hex("16 03 01 07 1E 3F")}, dimensions);
  assert_true(dimensions == before);
}

void a_frame_may_hold_several_headers(void**) {
  Dimensions dimensions = small_profile();
  Buffer blocks(3 * block_size);
  for (std::size_t block = 0; block < 3; ++block) {
    const Buffer header = hex("16 03 01 07 1E FF");
    std::copy(header.begin(), header.end(),
              blocks.begin() + static_cast<std::ptrdiff_t>(block * block_size));
    blocks[block * block_size + 3] = static_cast<std::uint8_t>(7 + 2 * block);
  }
  assert_true(learn(*find_table(BT(65)), {10 * block_size, blocks}, dimensions));
  for (std::uint32_t block = 0; block < 3; ++block) {
    assert_true(remembered_header(dimensions, 1, 10 + block).end ==
                half_past_seven + 2 * hours * std::int64_t{block});
  }
}

}  // namespace
}  // namespace mep

int main() {
  using namespace mep;
  const CMUnitTest tests[] = {
      cmocka_unit_test(times_go_both_ways),
      cmocka_unit_test(only_load_profiles_have_a_set),
      cmocka_unit_test(intervals_count_back_from_the_newest),
      cmocka_unit_test(headers_are_learned_with_their_tables),
      cmocka_unit_test(names_may_change),
      cmocka_unit_test(names_alone_tell_nothing),
      cmocka_unit_test(a_frame_may_hold_several_headers),
  };
  return cmocka_run_group_tests_name("load_profile", tests, nullptr, nullptr);
}
