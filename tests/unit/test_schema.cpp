// Expressions, dimensions, and the walker over small descriptions made for the purpose. Their
// positions and sizes are counted by hand.
// SPDX-License-Identifier: GPL-2.0-or-later
#include "protocol/schema.h"

#include <algorithm>
#include <limits>
#include <string>

#include "protocol/expression.h"
#include "protocol/walker.h"
#include "tests/unit/material.h"
#include "tests/unit/walk_record.h"

#include "tests/unit/cmocka.h"

namespace mep {
namespace {

using test::Buffer;
using test::hex;
using test::SeenLeaf;
using test::walked;
using test::WalkRecord;

constexpr std::int64_t largest = std::numeric_limits<std::int32_t>::max();
constexpr std::int64_t smallest = std::numeric_limits<std::int32_t>::min();

// --- Expressions

class FixedScope : public Scope {
 public:
  std::int64_t dimension(Dim dim, std::size_t slot) const override {
    return dim == Dim::load_profile_channels ? 10 + static_cast<std::int64_t>(slot) : 7;
  }
  std::int64_t index(unsigned level) const override { return level == 0 ? 2 : 3; }
  std::optional<std::int64_t> field(std::string_view name) const override {
    if (name == "Known") return 5;
    return std::nullopt;
  }
};

std::optional<std::int64_t> evaluated(const Expr& expression) {
  return expression.evaluate(FixedScope());
}

void arithmetic_is_that_of_integers(void**) {
  assert_true(evaluated(Expr(7) + 5) == 12);
  assert_true(evaluated(Expr(7) - 9) == -2);
  assert_true(evaluated(Expr(7) * 6) == 42);
  assert_true(evaluated(Expr(7) / 2) == 3);
  assert_true(evaluated((Expr(96) + 7) / 8) == 12);
  assert_true(evaluated(Expr(7) == 7) == 1);
  assert_true(evaluated(Expr(7) == 8) == 0);
  assert_true(evaluated(Expr(7) != 8) == 1);
  assert_true(evaluated(Expr(7) < 8) == 1);
  assert_true(evaluated(Expr(8) < 8) == 0);
  assert_true(evaluated(Expr(8) > 7) == 1);
  assert_true(evaluated(Expr(2) && 1) == 1);
  assert_true(evaluated(Expr(2) && 0) == 0);
  assert_true(evaluated(Expr(0) || 3) == 1);
  assert_true(evaluated(Expr(0) || 0) == 0);
}

void an_expression_sees_dimensions_indices_and_fields(void**) {
  assert_true(evaluated(Dim::summations) == 7);
  assert_true(evaluated(slot_of(Dim::load_profile_channels, 3)) == 13);
  assert_true(evaluated(slot_of(Dim::load_profile_channels, index_of(0))) == 12);
  assert_true(evaluated(index_of(0) * 100 + index_of(1)) == 203);
  assert_true(evaluated(field("Known") + 1) == 6);
}

void division_by_zero_is_zero(void**) {
  assert_true(evaluated(Expr(7) / 0) == 0);
  assert_true(evaluated(Expr(7) / (Expr(Dim::summations) - 7)) == 0);
}

void results_stay_within_32_bits(void**) {
  assert_true(evaluated(Expr(largest) + 1) == largest);
  assert_true(evaluated(Expr(smallest) - 1) == smallest);
  assert_true(evaluated(Expr(largest) * largest) == largest);
  assert_true(evaluated(Expr(largest) * smallest) == smallest);
  assert_true(evaluated(Expr(smallest) / -1) == largest);
  Expr growing = 3;
  for (int i = 0; i < 100; ++i) growing = growing * 3;
  assert_true(evaluated(growing) == largest);
}

void what_is_not_visible_makes_the_result_unknown(void**) {
  const Expr hidden = field("Hidden");
  assert_false(evaluated(hidden).has_value());
  assert_false(evaluated(hidden + 1).has_value());
  assert_false(evaluated(Expr(1) + hidden).has_value());
  assert_false(evaluated(slot_of(Dim::load_profile_channels, hidden)).has_value());
  // Unless the other side decides.
  assert_true(evaluated(Expr(0) && hidden) == 0);
  assert_true(evaluated(Expr(1) || hidden) == 1);
  assert_false(evaluated(Expr(1) && hidden).has_value());
  assert_false(evaluated(hidden && Expr(0)).has_value());
}

void a_slot_below_zero_holds_nothing(void**) {
  assert_true(evaluated(slot_of(Dim::load_profile_channels, Expr(0) - 1)) == 0);
}

void an_expression_tells_what_it_hangs_on(void**) {
  assert_true((Expr(3) * 4).constant() == 12);
  assert_false(Expr(Dim::summations).constant().has_value());
  assert_false((index_of() + 1).constant().has_value());
  assert_false(field("Known").constant().has_value());
  assert_true((Expr(Dim::summations) + field("Known")).uses_field());
  assert_false((Expr(Dim::summations) + index_of()).uses_field());
  assert_true(slot_of(Dim::load_profile_channels, index_of()).uses_index());
  assert_false(slot_of(Dim::load_profile_channels, 2).uses_index());
}

void an_expression_is_readable(void**) {
  assert_string_equal((Expr(Dim::summations) * 4).text().c_str(), "BT21.3 * 4");
  assert_string_equal(((slot_of(Dim::load_profile_intervals, index_of()) + 7) / 8).text().c_str(),
                      "(BT61.9[index] + 7) / 8");
  assert_string_equal((field("Length (L)") == 0).text().c_str(), "Length (L) == 0");
  assert_string_equal((Expr(1) || index_of(1) != 2).text().c_str(), "1 or (outer index != 2)");
}

// --- Dimensions

void an_unseen_dimension_has_its_assumed_value(void**) {
  const Dimensions dimensions;
  assert_false(dimensions.learned(Dim::summations).has_value());
  assert_int_equal(dimensions.get(Dim::summations), dim_info(Dim::summations).assumed);
}

void a_learned_dimension_replaces_the_assumed_one(void**) {
  Dimensions dimensions;
  assert_true(dimensions.learn(Dim::summations, 0, 3));
  assert_true(dimensions.learned(Dim::summations) == 3);
  assert_int_equal(dimensions.get(Dim::summations), 3);
  assert_false(dimensions.learn(Dim::summations, 0, 3));
  assert_true(dimensions.learn(Dim::summations, 0, 4));
}

void learning_what_was_assumed_is_news(void**) {
  Dimensions dimensions;
  const std::int32_t assumed = dim_info(Dim::summations).assumed;
  assert_true(dimensions.learn(Dim::summations, 0, assumed));
  assert_true(dimensions.learned(Dim::summations) == assumed);
  assert_false(dimensions == Dimensions());
}

void a_slot_that_does_not_exist_is_ignored(void**) {
  Dimensions dimensions;
  const std::size_t slots = dim_info(Dim::load_profile_channels).slots;
  assert_false(dimensions.learn(Dim::load_profile_channels, slots, 1));
  assert_false(dimensions.learn(Dim::summations, 1, 1));
  assert_false(dimensions.learned(Dim::load_profile_channels, slots).has_value());
  assert_int_equal(dimensions.get(Dim::load_profile_channels, 1000000),
                   dim_info(Dim::load_profile_channels).assumed);
  assert_true(dimensions == Dimensions());
}

void assumptions_are_told_in_words(void**) {
  assert_string_equal(assumption_text(Dim::summations).c_str(), "BT21.3 = 11");
  assert_string_equal(assumption_text(Dim::summation_source).c_str(),
                      "BT22 Summation Sources in the usual order");
  assert_string_equal(assumption_text(Dim::log_entry_size).c_str(), "ET36 Entry Size as usual");
}

void a_node_knows_what_its_size_hangs_on(void**) {
  const Node fixed = u8("Fixed");
  assert_false(fixed.dependence.on_fields || fixed.looks_at_fields);
  assert_int_equal(fixed.dependence.on_indices, 0);

  const Node text = chars("Text", field("Length"));
  assert_true(text.dependence.on_fields && text.looks_at_fields);

  // A record is as long as it says, whatever is in it.
  const Node closed = record(slot_of(Dim::log_entry_size, index_of(0)), {text});
  assert_false(closed.dependence.on_fields);
  assert_true(closed.looks_at_fields);
  assert_int_equal(closed.dependence.on_indices, 1);

  // From outside an array its own index is none, and the one around it is one level nearer.
  const Node two_levels = array(3, "Entry", {bytes("Data", index_of(0) + index_of(1))});
  assert_int_equal(two_levels.array()->of_elements.on_indices, 3);
  assert_int_equal(two_levels.dependence.on_indices, 1);
  assert_int_equal(array(index_of(0), "Entry", {u8("Data")}).dependence.on_indices, 1);

  const Node maybe = when(field("Kind") == 1, {group("Part", {u8("Data")})});
  assert_true(maybe.dependence.on_fields && maybe.looks_at_fields);
  // An offset or a slot is no size.
  const Node told = u8("Told").learns(Dim::log_entry_size, field("Log"));
  assert_false(told.dependence.on_fields);
  assert_true(told.looks_at_fields);
}

// The catalog gives each node its numbers, and descriptions use a node more than once.
void a_copy_of_a_node_is_another(void**) {
  Node word = bits("Word", 1, {bit(0, "First")});
  Node copy = word;
  copy.own_field().details.own().bit_fields[0].id = 7;
  copy.own_field().id = 8;
  assert_int_equal(word.bit_fields()[0].id, 0);
  assert_int_equal(word.field().id, 0);
  word = copy;
  assert_int_equal(word.bit_fields()[0].id, 7);

  const Node row = registers("Row", 2, u16(""), Dim::summation_source, {});
  Node other = row;
  other.own_registers().source_ids = {1};
  assert_true(row.registers()->source_ids.empty());
  assert_int_equal(row.field().size.constant().value_or(0), 2);
}

void no_two_slots_share_a_place(void**) {
  Dimensions dimensions;
  std::int32_t value = 1000;
  for (std::size_t i = 0; i < dim_count(); ++i)
    for (std::size_t slot = 0; slot < dim_info(static_cast<Dim>(i)).slots; ++slot)
      assert_true(dimensions.learn(static_cast<Dim>(i), slot, value++));
  value = 1000;
  for (std::size_t i = 0; i < dim_count(); ++i)
    for (std::size_t slot = 0; slot < dim_info(static_cast<Dim>(i)).slots; ++slot)
      assert_true(dimensions.learned(static_cast<Dim>(i), slot) == value++);
}

// --- The walker

struct Expected {
  std::string_view name;
  std::uint64_t position;
  std::uint64_t size;
  std::optional<std::int64_t> value = std::nullopt;
};

void expect_leaves(const WalkRecord& record, const std::vector<Expected>& expected) {
  if (record.broken) print_error("%s\n", record.broken);
  assert_null(record.broken);
  for (std::size_t i = 0; i < std::min(record.leaves.size(), expected.size()); ++i) {
    const SeenLeaf& leaf = record.leaves[i];
    assert_string_equal(leaf.node->name.c_str(), std::string(expected[i].name).c_str());
    assert_int_equal(leaf.position, expected[i].position);
    assert_int_equal(leaf.size, expected[i].size);
    if (expected[i].value) assert_true(leaf.value == expected[i].value);
  }
  assert_int_equal(record.leaves.size(), expected.size());
}

Table made(Nodes nodes) {
  return table(999, "Made", 1, std::move(nodes));
}

// Counting bytes: the byte at n is n, so that a value tells where it was read.
Buffer counting(std::size_t size) {
  Buffer bytes(size);
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<std::uint8_t>(i);
  return bytes;
}

// Every stretch of the table: nothing outside, complete leaves as in the whole walk.
void check_every_stretch(const Table& table, Bytes bytes, const Dimensions& dimensions = {}) {
  const WalkRecord whole = walked(table, {0, bytes}, dimensions);
  if (whole.broken) print_error("whole: %s\n", whole.broken);
  assert_null(whole.broken);
  for (std::size_t from = 0; from <= bytes.size(); ++from) {
    for (std::size_t size = 0; size <= bytes.size() - from; ++size) {
      // A copy of just this size: one byte further is somebody else's.
      const Buffer part(bytes.begin() + static_cast<std::ptrdiff_t>(from),
                        bytes.begin() + static_cast<std::ptrdiff_t>(from + size));
      const WalkRecord record = walked(table, {from, part}, dimensions);
      if (record.broken) print_error("%zu bytes from %zu: %s\n", size, from, record.broken);
      assert_null(record.broken);
      for (const SeenLeaf& leaf : record.leaves) {
        if (leaf.node->takes_rest()) continue;  // has no beginning of its own
        const auto same =
            std::find_if(whole.leaves.begin(), whole.leaves.end(), [&leaf](const SeenLeaf& other) {
              return other.position == leaf.position && other.node == leaf.node;
            });
        if (same == whole.leaves.end() || same->size != leaf.size ||
            (leaf.complete && same->value != leaf.value))
          print_error("%zu bytes from %zu: %s at %zu\n", size, from, leaf.node->name.c_str(),
                      static_cast<std::size_t>(leaf.position));
        assert_true(same != whole.leaves.end());
        assert_int_equal(leaf.size, same->size);
        if (leaf.complete) assert_true(leaf.value == same->value);
      }
    }
  }
}

void fields_stand_one_behind_the_other(void**) {
  const Table table =
      made({u8("A"), u16("B"), u24("C"), u32("D"), u40("E"), u48("F"), u64("G"), chars("H", 3),
            time("I"), ltime_date("J"), stime_date("K"), rdate("L"), ansi_date("M"), float32("N"),
            bcd("O", 2), set("P", 2), fill(1), ni_fmat1("R"), ni_fmat2("S")});
  const Buffer bytes = counting(70);
  expect_leaves(walked(table, {0, bytes}), {{"A", 0, 1, 0x00},
                                            {"B", 1, 2, 0x0201},
                                            {"C", 3, 3, 0x050403},
                                            {"D", 6, 4, 0x09080706},
                                            {"E", 10, 5, 0x0E0D0C0B0A},
                                            {"F", 15, 6, 0x14131211100F},
                                            {"G", 21, 8, 0x1C1B1A1918171615},
                                            {"H", 29, 3},
                                            {"I", 32, 3},
                                            {"J", 35, 6},
                                            {"K", 41, 5},
                                            {"L", 46, 2},
                                            {"M", 48, 2},
                                            {"N", 50, 4},
                                            {"O", 54, 2},
                                            {"P", 56, 2},
                                            {"Filler", 58, 1},
                                            {"R", 59, 4, 0x3E3D3C3B},
                                            {"S", 63, 4, 0x4241403F}});
  assert_true(size_of(table, {}) == 67);
  check_every_stretch(table, Bytes(bytes).first(67));
}

void signed_fields_are_signed(void**) {
  const Table table = made({i8("A"), i16("B"), i24("C"), i32("D"), i40("E"), i48("F"), i16("G")});
  expect_leaves(walked(table, {0, hex("80 FEFF FFFFFF 00000080 FDFFFFFFFF 000000000080 FF7F")}),
                {{"A", 0, 1, -128},
                 {"B", 1, 2, -2},
                 {"C", 3, 3, -1},
                 {"D", 6, 4, -2147483648LL},
                 {"E", 10, 5, -3},
                 {"F", 15, 6, -140737488355328LL},
                 {"G", 21, 2, 32767}});
}

void bits_count_from_the_lowest_of_the_first_byte(void**) {
  const Table table = made({bits(
      "Word", 2, {bit(0, "Zero"), bits_of(1, 4, "Low"), bits_of(6, 9, "Across"), bit(15, "Top")})});
  const WalkRecord record = walked(table, {0, hex("D5 81")});
  expect_leaves(record, {{"Word", 0, 2, 0x81D5}});
  const auto& fields = record.leaves[0].node->bit_fields();
  assert_int_equal(bits_value(fields[0], 0x81D5), 1);
  assert_int_equal(bits_value(fields[1], 0x81D5), 10);
  assert_int_equal(bits_value(fields[2], 0x81D5), 7);
  assert_int_equal(bits_value(fields[3], 0x81D5), 1);
  assert_true(fields[0].single());
  assert_false(fields[1].single());
  assert_int_equal(bits_value(bits_of(0, 31, "All"), 0xFFFFFFFF), 0xFFFFFFFF);
}

void only_complete_leaves_have_values(void**) {
  const Table table = made({u32("A"), u32("B")});
  const Buffer bytes = counting(8);
  const WalkRecord record = walked(table, {2, Bytes(bytes).subspan(2, 4)});
  expect_leaves(record, {{"A", 0, 4}, {"B", 4, 4}});
  for (const SeenLeaf& leaf : record.leaves) {
    assert_false(leaf.complete);
    assert_false(leaf.value.has_value());
  }
  assert_int_equal(record.leaves[0].from, 2);
  assert_int_equal(record.leaves[0].to, 4);
  assert_int_equal(record.leaves[1].from, 4);
  assert_int_equal(record.leaves[1].to, 6);
}

void bytes_after_the_last_field_are_undecoded(void**) {
  const Table table = made({u8("A")});
  const WalkRecord record = walked(table, {0, counting(5)});
  expect_leaves(record, {{"A", 0, 1, 0}});
  assert_int_equal(record.gaps.size(), 1);
  assert_int_equal(record.gaps[0].from, 1);
  assert_int_equal(record.gaps[0].to, 5);
  const Buffer bytes = counting(3);
  const WalkRecord far = walked(table, {1000, bytes});
  assert_null(far.broken);
  assert_int_equal(far.gaps.size(), 1);
  assert_int_equal(far.gaps[0].from, 1000);
}

void an_array_repeats_its_children(void**) {
  const Table table = made({u8("Before"), array(3, "Entry", {u8("A"), u16("B")}), u8("After")});
  const Buffer bytes = counting(11);
  const WalkRecord record = walked(table, {0, bytes});
  expect_leaves(record, {{"Before", 0, 1, 0},
                         {"A", 1, 1, 1},
                         {"B", 2, 2, 0x0302},
                         {"A", 4, 1, 4},
                         {"B", 5, 2, 0x0605},
                         {"A", 7, 1, 7},
                         {"B", 8, 2, 0x0908},
                         {"After", 10, 1, 10}});
  std::vector<std::uint64_t> elements;
  for (const auto& branch : record.branches)
    if (branch.index) {
      assert_int_equal(*branch.index, elements.size());
      elements.push_back(branch.position);
    }
  assert_true((elements == std::vector<std::uint64_t>{1, 4, 7}));
  check_every_stretch(table, bytes);
}

void an_array_of_a_plain_type_needs_no_group(void**) {
  const Table table = made({array_of(3, u16("A").at(0)), u8("B").at(6)});
  const Buffer bytes = counting(7);
  const WalkRecord record = walked(table, {0, bytes});
  expect_leaves(record, {{"A", 0, 2}, {"A", 2, 2}, {"A", 4, 2}, {"B", 6, 1}});
  check_every_stretch(table, bytes);
}

void a_count_comes_from_a_dimension(void**) {
  const Table table = made({array_of(Dim::summations, u8("A")), u8("B")});
  Dimensions dimensions;
  dimensions.learn(Dim::summations, 0, 2);
  const Buffer bytes = counting(20);
  const WalkRecord learned = walked(table, {0, Bytes(bytes).first(3)}, dimensions);
  expect_leaves(learned, {{"A", 0, 1}, {"A", 1, 1}, {"B", 2, 1}});
  assert_true(learned.asked > 0);
  assert_int_equal(learned.assumed, 0);
  assert_true(size_of(table, dimensions) == 3);
  const WalkRecord assumed = walked(table, {0, bytes});
  assert_true(assumed.assumed > 0);
  assert_int_equal(assumed.leaves.size(), dim_info(Dim::summations).assumed + 1);
}

void no_elements_take_no_bytes(void**) {
  for (const std::int32_t count : {0, -1}) {
    Dimensions dimensions;
    dimensions.learn(Dim::summations, 0, count);
    const Table table = made({array(Dim::summations, "Entry", {u8("A")}),
                              registers("R", Dim::summations, i32(""), Dim::summation_source, {}),
                              bytes("C", Dim::summations), u8("B")});
    expect_leaves(walked(table, {0, hex("05")}, dimensions), {{"B", 0, 1, 5}});
    assert_true(size_of(table, dimensions) == 1);
  }
}

// Element n of the outer array holds as many bytes as slot n says.
Table ragged(Dim counts, std::int64_t elements) {
  return made({array(elements, "Set",
                     {array(slot_of(counts, index_of(0)), "Channel", {u16("A"), u8("B")})}),
               u8("After")});
}

void inner_counts_may_hang_on_the_outer_index(void**) {
  const Table table = ragged(Dim::load_profile_channels, 3);
  Dimensions dimensions;
  dimensions.learn(Dim::load_profile_channels, 0, 1);
  dimensions.learn(Dim::load_profile_channels, 1, 3);
  dimensions.learn(Dim::load_profile_channels, 2, 2);
  const Buffer bytes = counting(19);
  expect_leaves(walked(table, {0, bytes}, dimensions), {{"A", 0, 2},
                                                        {"B", 2, 1, 2},
                                                        {"A", 3, 2},
                                                        {"B", 5, 1},
                                                        {"A", 6, 2},
                                                        {"B", 8, 1},
                                                        {"A", 9, 2},
                                                        {"B", 11, 1},
                                                        {"A", 12, 2},
                                                        {"B", 14, 1},
                                                        {"A", 15, 2},
                                                        {"B", 17, 1},
                                                        {"After", 18, 1, 18}});
  assert_true(size_of(table, dimensions) == 19);
  check_every_stretch(table, bytes, dimensions);
}

void an_element_without_bytes_hides_none_after_it(void**) {
  const Table table = ragged(Dim::load_profile_channels, 4);
  Dimensions dimensions;
  dimensions.learn(Dim::load_profile_channels, 0, 0);
  dimensions.learn(Dim::load_profile_channels, 1, 1);
  dimensions.learn(Dim::load_profile_channels, 2, 0);
  dimensions.learn(Dim::load_profile_channels, 3, 1);
  const Buffer bytes = counting(7);
  expect_leaves(walked(table, {0, bytes}, dimensions),
                {{"A", 0, 2}, {"B", 2, 1, 2}, {"A", 3, 2}, {"B", 5, 1, 5}, {"After", 6, 1, 6}});
  assert_true(size_of(table, dimensions) == 7);
  check_every_stretch(table, bytes, dimensions);
}

void elements_that_begin_alike_need_not_go_on_alike(void**) {
  // In an array within an array, each element as long as its own slot says: 1, 1, 3.
  const Table table =
      made({array(2, "Outer",
                  {array(3, "Inner", {bytes("A", slot_of(Dim::log_entry_size, index_of(0)))})}),
            u8("After")});
  Dimensions dimensions;
  dimensions.learn(Dim::log_entry_size, 0, 1);
  dimensions.learn(Dim::log_entry_size, 1, 1);
  dimensions.learn(Dim::log_entry_size, 2, 3);
  const Buffer bytes = counting(11);
  expect_leaves(walked(table, {0, bytes}, dimensions), {{"A", 0, 1},
                                                        {"A", 1, 1},
                                                        {"A", 2, 3},
                                                        {"A", 5, 1},
                                                        {"A", 6, 1},
                                                        {"A", 7, 3},
                                                        {"After", 10, 1, 10}});
  assert_true(size_of(table, dimensions) == 11);
  check_every_stretch(table, bytes, dimensions);
}

void inner_elements_may_hang_on_both_indices(void**) {
  // 1 + outer + 2 * inner bytes: 1, 3, then 2, 4.
  const Table table =
      made({array(2, "Outer", {array(2, "Inner", {bytes("A", index_of(1) + index_of(0) * 2 + 1)})}),
            u8("After")});
  const Buffer bytes = counting(11);
  expect_leaves(walked(table, {0, bytes}),
                {{"A", 0, 1}, {"A", 1, 3}, {"A", 4, 2}, {"A", 6, 4}, {"After", 10, 1, 10}});
  assert_true(size_of(table, {}) == 11);
  check_every_stretch(table, bytes);
}

void a_record_is_as_long_as_it_says(void**) {
  // Longer than its content: the rest is unused. Shorter: what does not fit is cut.
  for (const std::int64_t size : {0, 1, 2, 3, 4, 5, 8}) {
    const Table table =
        made({array(2, "Entry", {record(size, {u8("A"), u16("B"), u8("C")})}), u8("After")});
    const Buffer bytes = counting(static_cast<std::size_t>(2 * size + 1));
    const WalkRecord record = walked(table, {0, bytes});
    assert_null(record.broken);
    assert_true(size_of(table, {}) == static_cast<std::uint64_t>(2 * size + 1));
    const SeenLeaf& last = record.leaves.back();
    assert_string_equal(last.node->name.c_str(), "After");
    assert_int_equal(last.position, 2 * size);
    assert_true(last.value == 2 * size);
    std::size_t first_element = 0;
    for (const SeenLeaf& leaf : record.leaves)
      if (leaf.position < static_cast<std::uint64_t>(size)) ++first_element;
    assert_int_equal(first_element, size == 0 ? 0 : size == 1 ? 1 : size <= 3 ? 2 : 3);
    assert_int_equal(record.gaps.size(), size > 4 ? 2 : 0);
    if (size == 2) {
      assert_int_equal(record.leaves[1].size, 2);
      assert_false(record.leaves[1].complete);
    }
    check_every_stretch(table, bytes);
  }
}

void a_record_ends_what_depends_on_its_contents(void**) {
  const Table table = made(
      {array(3, "Entry", {record(6, {u8("Length"), bytes("Data", field("Length")), u8("Check")})}),
       u8("After")});
  const Buffer bytes = hex("02 AABB 11 0000  00 22 00000000  04 AABBCCDD 33  77");
  const WalkRecord record = walked(table, {0, bytes});
  expect_leaves(record, {{"Length", 0, 1, 2},
                         {"Data", 1, 2},
                         {"Check", 3, 1, 0x11},
                         {"Length", 6, 1, 0},
                         {"Check", 7, 1, 0x22},
                         {"Length", 12, 1, 4},
                         {"Data", 13, 4},
                         {"Check", 17, 1, 0x33},
                         {"After", 18, 1, 0x77}});
  check_every_stretch(table, bytes);
}

void a_length_that_lies_stays_within_its_record(void**) {
  const Table table =
      made({record(4, {u8("Length"), bytes("Data", field("Length")), u8("Check")}), u8("After")});
  const WalkRecord record = walked(table, {0, hex("FF 010203 77")});
  expect_leaves(record, {{"Length", 0, 1, 255}, {"Data", 1, 255}, {"After", 4, 1, 0x77}});
  assert_false(record.leaves[1].complete);
}

void a_part_whose_length_is_not_visible_is_undecoded(void**) {
  const Table table =
      made({record(4, {u8("Length"), bytes("Data", field("Length")), u8("Check")}), u8("After")});
  const WalkRecord record = walked(table, {1, hex("AABB 11 77")});
  expect_leaves(record, {{"After", 4, 1, 0x77}});
  assert_int_equal(record.gaps.size(), 1);
  assert_int_equal(record.gaps[0].from, 1);
  assert_int_equal(record.gaps[0].to, 4);
}

void a_field_of_a_record_is_not_seen_in_the_next(void**) {
  // The second record's own length is cut off: the first one's must not stand in for it.
  const Table table = made({record(3, {u8("Length"), bytes("Data", field("Length"))}),
                            record(3, {u8("Other"), bytes("More", field("Length"))})});
  const WalkRecord record = walked(table, {0, hex("02 AABB 01 CCDD")});
  expect_leaves(record, {{"Length", 0, 1, 2}, {"Data", 1, 2}, {"Other", 3, 1, 1}});
  assert_int_equal(record.gaps.size(), 1);
  assert_int_equal(record.gaps[0].from, 4);
}

void children_exist_when_their_condition_holds(void**) {
  const Table table = made({when(Dim::date_time_field, {u16("Date")}),
                            when(Expr(Dim::date_time_field) == 0, {u8("None")}), u8("After")});
  Dimensions dimensions;
  dimensions.learn(Dim::date_time_field, 0, 1);
  expect_leaves(walked(table, {0, counting(3)}, dimensions), {{"Date", 0, 2}, {"After", 2, 1}});
  assert_true(size_of(table, dimensions) == 3);
  dimensions.learn(Dim::date_time_field, 0, 0);
  expect_leaves(walked(table, {0, counting(2)}, dimensions), {{"None", 0, 1}, {"After", 1, 1}});
  assert_true(size_of(table, dimensions) == 2);
}

void an_unknown_condition_ends_the_enclosing_record(void**) {
  const Table table = made({record(5, {u8("Kind"), when(field("Kind") == 1, {u16("One")}),
                                       when(field("Kind") == 2, {u8("Two")}), u8("Last")}),
                            u8("After")});
  expect_leaves(walked(table, {0, hex("01 0200 03 00 77")}),
                {{"Kind", 0, 1}, {"One", 1, 2, 2}, {"Last", 3, 1, 3}, {"After", 5, 1, 0x77}});
  expect_leaves(walked(table, {0, hex("02 02 03 0000 77")}),
                {{"Kind", 0, 1}, {"Two", 1, 1, 2}, {"Last", 2, 1, 3}, {"After", 5, 1, 0x77}});
  const WalkRecord blind = walked(table, {1, hex("0200 03 00 77")});
  expect_leaves(blind, {{"After", 5, 1, 0x77}});
  assert_int_equal(blind.gaps.size(), 1);
  check_every_stretch(table, hex("01 0200 03 00 77"));
  check_every_stretch(table, hex("02 02 03 0000 77"));
}

void an_unknown_condition_outside_of_records_ends_the_table(void**) {
  const Table table = made({u8("Kind"), when(field("Kind"), {u8("One")}), u8("After")});
  assert_false(size_of(table, {}).has_value());
  const WalkRecord blind = walked(table, {1, hex("01 02")});
  expect_leaves(blind, {});
  assert_int_equal(blind.gaps.size(), 1);
  assert_int_equal(blind.gaps[0].from, 1);
  assert_int_equal(blind.gaps[0].to, 3);
}

void the_rest_takes_what_is_left(void**) {
  const Table table = made({u8("A"), rest("Rest")});
  expect_leaves(walked(table, {0, counting(9)}), {{"A", 0, 1}, {"Rest", 1, 8}});
  expect_leaves(walked(table, {0, counting(1)}), {{"A", 0, 1}});
  const Buffer bytes = counting(3);
  // Where the rest begins cannot be seen from within it.
  expect_leaves(walked(table, {5, bytes}), {{"Rest", 5, 3}});
  check_every_stretch(table, counting(6));
}

void the_rest_of_a_record_ends_with_it(void**) {
  const Table table = made({record(4, {u8("A"), rest("Rest")}), u8("After")});
  const Buffer bytes = counting(5);
  expect_leaves(walked(table, {0, bytes}), {{"A", 0, 1}, {"Rest", 1, 3}, {"After", 4, 1, 4}});
  assert_true(size_of(table, {}) == 5);
  // Cut at either end it is the same field, and not all of it.
  const WalkRecord beginning = walked(table, {0, Bytes(bytes).first(3)});
  expect_leaves(beginning, {{"A", 0, 1}, {"Rest", 1, 3}});
  assert_false(beginning.leaves[1].complete);
  const WalkRecord end = walked(table, {2, Bytes(bytes).subspan(2)});
  expect_leaves(end, {{"Rest", 1, 3}, {"After", 4, 1, 4}});
  assert_false(end.leaves[0].complete);
}

// --- Registers

Table register_table() {
  return made({u8("Before"),
               registers("Summations", 4, ni_fmat1(""), Dim::summation_source,
                         {{7, "Seven", "Wh"}, {9, "Nine", "Wh"}}),
               u8("After")});
}

void registers_hold_the_usual_sources_until_told(void**) {
  const Table table = register_table();
  const Buffer bytes = counting(18);
  const WalkRecord record = walked(table, {0, bytes});
  assert_null(record.broken);
  assert_int_equal(record.leaves.size(), 6);
  for (std::uint32_t i = 0; i < 4; ++i) {
    const SeenLeaf& leaf = record.leaves[1 + i];
    assert_int_equal(leaf.position, 1 + 4 * i);
    assert_int_equal(leaf.size, 4);
    assert_true(leaf.index == i);
  }
  assert_true(record.leaves[1].source == 7);
  assert_true(record.leaves[2].source == 9);
  assert_true(record.leaves[1].source_assumed);
  assert_false(record.leaves[3].source.has_value());
  assert_false(record.leaves[3].source_assumed);
  check_every_stretch(table, bytes);
}

void registers_hold_the_selected_sources_once_told(void**) {
  Dimensions dimensions;
  dimensions.learn(Dim::summation_source, 0, 9);
  dimensions.learn(Dim::summation_source, 3, 1);
  const Table table = register_table();
  const Buffer bytes = counting(18);
  const WalkRecord record = walked(table, {0, bytes}, dimensions);
  assert_true(record.leaves[1].source == 9);
  assert_false(record.leaves[1].source_assumed);
  assert_true(record.leaves[2].source == 9);
  assert_true(record.leaves[2].source_assumed);
  assert_false(record.leaves[3].source.has_value());
  assert_true(record.leaves[4].source == 1);
  // The same from the middle.
  const WalkRecord middle = walked(table, {13, Bytes(bytes).subspan(13)}, dimensions);
  assert_int_equal(middle.leaves.size(), 2);
  assert_true(middle.leaves[0].index == 3U);
  assert_true(middle.leaves[0].source == 1);
  assert_true(middle.leaves[0].complete);
}

void registers_within_an_array_choose_their_slot(void**) {
  const Table table = made(
      {array(2, "Record",
             {registers("Demand", 2, i16(""), Dim::demand_source, {}).selected_by(index_of(1))})});
  Dimensions dimensions;
  dimensions.learn(Dim::demand_source, 0, 40);
  dimensions.learn(Dim::demand_source, 1, 50);
  const WalkRecord record = walked(table, {0, counting(8)}, dimensions);
  assert_null(record.broken);
  assert_int_equal(record.leaves.size(), 4);
  assert_true(record.leaves[0].source == 40);
  assert_true(record.leaves[1].source == 40);
  assert_true(record.leaves[2].source == 50);
  assert_true(record.leaves[3].source == 50);
}

// --- Printed offsets

void the_printed_offset_is_that_of_the_first_elements(void**) {
  const Table table =
      made({u8("A").at(0), group("G", {u8("B").at(1)}).at(1),
            array(2, "Entry", {u8("C").at(2), u8("D").at(Expr(Dim::summations) + 3)})});
  Dimensions dimensions;
  dimensions.learn(Dim::summations, 0, 0);
  const WalkRecord record = walked(table, {0, counting(6)}, dimensions);
  expect_leaves(record,
                {{"A", 0, 1}, {"B", 1, 1}, {"C", 2, 1}, {"D", 3, 1}, {"C", 4, 1}, {"D", 5, 1}});
  for (std::size_t i = 0; i < 4; ++i)
    assert_true(record.leaves[i].printed_offset == static_cast<std::int64_t>(i));
  assert_false(record.leaves[4].printed_offset.has_value());
  assert_false(record.leaves[5].printed_offset.has_value());
  assert_true(record.branches[0].printed_offset == 1);
}

// --- Large and hostile tables

void a_far_element_costs_no_more_than_a_near_one(void**) {
  // Sizes and counts from dimensions, so that what is asked for counts the work.
  const Table table =
      made({array(1 << 24, "Block",
                  {u16("A"), array(Dim::summations, "Entry", {u8("B"), u32("C")}),
                   registers("R", Dim::summations, i32(""), Dim::summation_source, {})})});
  Dimensions dimensions;
  dimensions.learn(Dim::summations, 0, 3);
  constexpr std::uint64_t block = 2 + 3 * 5 + 3 * 4;
  const Buffer bytes = counting(100);
  for (const std::uint64_t phase : {0, 1, 2, 10, 28}) {
    const WalkRecord near = walked(table, {phase, bytes}, dimensions);
    const WalkRecord far = walked(table, {1000000 / block * block + phase, bytes}, dimensions);
    assert_null(near.broken);
    assert_null(far.broken);
    assert_int_equal(near.leaves.size(), far.leaves.size());
    assert_int_equal(near.branches.size(), far.branches.size());
    assert_true(far.asked <= near.asked + 10);
  }
}

void visited_work_grows_with_the_stretch_alone(void**) {
  const Buffer content = counting(60);
  // Of an array whose elements differ, some hundred have to be looked at, and as many in each.
  constexpr std::size_t most_questions = 200000;
  for (const std::int64_t value : {largest, std::int64_t{65535}, std::int64_t{0}, smallest}) {
    Dimensions dimensions;
    for (std::size_t i = 0; i < dim_count(); ++i)
      for (std::size_t slot = 0; slot < dim_info(static_cast<Dim>(i)).slots; ++slot)
        dimensions.learn(static_cast<Dim>(i), slot, static_cast<std::int32_t>(value));
    const Expr hostile = Dim::summations;
    const Expr slotted = slot_of(Dim::load_profile_channels, index_of());
    const Table tables[] = {
        made({array(hostile, "Flat", {u8("A")}), u8("B")}),
        made({array(hostile, "Nested",
                    {array(hostile, "Inner", {array(hostile, "Innermost", {u32("A")})})})}),
        made({array(hostile, "Empty", {bytes("A", 0)}), u8("B")}),
        made({array(hostile, "Empty by index", {bytes("A", index_of() * 0)}), u8("B")}),
        made({array(hostile, "Ragged", {array_of(slotted, u16("A"))}), u8("B")}),
        made({array(hostile, "Ragged", {array(slotted, "I", {array_of(slotted, u16("A"))})})}),
        made({array(hostile, "Empty", {record(0, {u8("A")})}), u8("B")}),
        made({array(hostile, "Conditional", {when(index_of() < 0, {u8("A")})}), u8("B")}),
        made({registers("R", hostile, i32(""), Dim::summation_source, {}), u8("B")}),
        made({bytes("Large", hostile * hostile), bytes("More", hostile), u8("B")}),
        made({record(hostile, {array(hostile, "In record", {record(hostile, {rest("A")})})})}),
        made({u8("Length"), array(hostile, "By contents", {bytes("A", field("Length"))})}),
    };
    for (const Table& table : tables) {
      size_of(table, dimensions);
      for (const std::uint64_t offset : {0U, 1U, 1000U, 65535U, 0xFFFFFFU}) {
        const WalkRecord record = walked(table, {offset, content}, dimensions);
        if (record.broken)
          print_error("%s, dimensions %lld, from %llu: %s\n", table.root.children()[0].name.c_str(),
                      static_cast<long long>(value), static_cast<unsigned long long>(offset),
                      record.broken);
        assert_null(record.broken);
        assert_true(record.leaves.size() <= content.size());
        if (record.asked > most_questions)
          print_error("%s, dimensions %lld, from %llu: asked %zu times\n",
                      table.root.children()[0].name.c_str(), static_cast<long long>(value),
                      static_cast<unsigned long long>(offset), record.asked);
        assert_true(record.asked <= most_questions);
      }
    }
  }
}

// --- Sizes

void a_table_that_ends_in_rest_counts_as_far_as_that(void**) {
  assert_true(size_of(made({u32("A"), rest("Rest")}), {}) == 4);
}

void a_size_that_hangs_on_contents_is_unknown(void**) {
  assert_false(size_of(made({u8("N"), bytes("A", field("N"))}), {}).has_value());
  assert_false(size_of(made({u8("N"), array(field("N"), "E", {u8("A")})}), {}).has_value());
  assert_false(size_of(made({array(2, "E", {u8("N"), bytes("A", field("N"))})}), {}).has_value());
  assert_true(size_of(made({record(9, {u8("N"), bytes("A", field("N"))})}), {}) == 9);
}

// --- Learning

void a_field_teaches_its_dimension(void**) {
  const Table table = made({u8("A"), u16("Count").learns(Dim::summations), u8("B")});
  Dimensions dimensions;
  assert_true(learn(table, {0, hex("01 0500 02")}, dimensions));
  assert_true(dimensions.learned(Dim::summations) == 5);
  assert_false(learn(table, {0, hex("03 0500 04")}, dimensions));
  assert_true(learn(table, {1, hex("0600")}, dimensions));
  assert_true(dimensions.learned(Dim::summations) == 6);
}

void a_cut_field_teaches_nothing(void**) {
  const Table table = made({u8("A"), u16("Count").learns(Dim::summations), u8("B")});
  Dimensions dimensions;
  assert_false(learn(table, {0, hex("01 05")}, dimensions));
  assert_false(learn(table, {2, hex("00 02")}, dimensions));
  assert_false(dimensions.learned(Dim::summations).has_value());
}

void bits_teach_theirs(void**) {
  const Table table = made({bits(1, {bit(0, "Date").learns(Dim::date_time_field),
                                     bits_of(4, 7, "Seasons").learns(Dim::seasons),
                                     bit(1, "Two").learns(Dim::load_profile_scalars, 2)})});
  Dimensions dimensions;
  assert_true(learn(table, {0, hex("C2")}, dimensions));
  assert_true(dimensions.learned(Dim::date_time_field) == 0);
  assert_true(dimensions.learned(Dim::seasons) == 12);
  assert_true(dimensions.learned(Dim::load_profile_scalars, 2) == 1);
  assert_false(dimensions.learned(Dim::load_profile_scalars, 0).has_value());
}

void elements_teach_the_slot_of_their_index(void**) {
  const Table table =
      made({array(6, "Set",
                  {u8("Channels").learns(Dim::load_profile_channels),
                   bits(1, {bit(0, "Order").learns(Dim::load_profile_block_order)})})});
  Dimensions dimensions;
  // Sets 4 and 5 have no slots.
  assert_true(learn(table, {0, hex("0A00 0B01 0C00 0D01 0E01 0F01")}, dimensions));
  for (std::size_t slot = 0; slot < 4; ++slot) {
    assert_true(dimensions.learned(Dim::load_profile_channels, slot) ==
                10 + static_cast<std::int32_t>(slot));
    assert_true(dimensions.learned(Dim::load_profile_block_order, slot) ==
                static_cast<std::int32_t>(slot % 2));
  }
  // From the middle on: the index is that of the whole table.
  assert_true(learn(table, {4, hex("2A")}, dimensions));
  assert_true(dimensions.learned(Dim::load_profile_channels, 2) == 42);
}

void a_slot_may_be_computed(void**) {
  const Table table = made(
      {array(2, "Set",
             {array(3, "Channel",
                    {u8("Source").learns(Dim::channel_source, index_of(1) * 32 + index_of(0))})})});
  Dimensions dimensions;
  assert_true(learn(table, {0, hex("01 02 03 04 05 06")}, dimensions));
  for (std::int32_t i = 0; i < 6; ++i)
    assert_true(dimensions.learned(Dim::channel_source,
                                   static_cast<std::size_t>(i / 3 * 32 + i % 3)) == i + 1);
}

void one_slot_is_taught_from_any_element(void**) {
  const Table table = made({array(2, "Set", {u8("Count").learns(Dim::summations)})});
  Dimensions dimensions;
  assert_true(learn(table, {0, hex("03 04")}, dimensions));
  assert_true(dimensions.learned(Dim::summations) == 4);
}

void what_is_learned_counts_from_the_next_walk_on(void**) {
  const Table table = made({u8("Count").learns(Dim::summations), bytes("Data", Dim::summations),
                            u8("Demands").learns(Dim::demands)});
  Dimensions dimensions;
  dimensions.learn(Dim::summations, 0, 1);
  assert_true(learn(table, {0, hex("02 AA BB 07")}, dimensions));
  assert_true(dimensions.learned(Dim::summations) == 2);
  assert_true(dimensions.learned(Dim::demands) == 0xBB);
  assert_true(learn(table, {0, hex("02 AA BB 07")}, dimensions));
  assert_true(dimensions.learned(Dim::demands) == 7);
}

int run_all() {
  const CMUnitTest tests[] = {
      cmocka_unit_test(arithmetic_is_that_of_integers),
      cmocka_unit_test(an_expression_sees_dimensions_indices_and_fields),
      cmocka_unit_test(division_by_zero_is_zero),
      cmocka_unit_test(results_stay_within_32_bits),
      cmocka_unit_test(what_is_not_visible_makes_the_result_unknown),
      cmocka_unit_test(a_slot_below_zero_holds_nothing),
      cmocka_unit_test(an_expression_tells_what_it_hangs_on),
      cmocka_unit_test(an_expression_is_readable),
      cmocka_unit_test(an_unseen_dimension_has_its_assumed_value),
      cmocka_unit_test(a_learned_dimension_replaces_the_assumed_one),
      cmocka_unit_test(learning_what_was_assumed_is_news),
      cmocka_unit_test(a_slot_that_does_not_exist_is_ignored),
      cmocka_unit_test(assumptions_are_told_in_words),
      cmocka_unit_test(a_node_knows_what_its_size_hangs_on),
      cmocka_unit_test(a_copy_of_a_node_is_another),
      cmocka_unit_test(no_two_slots_share_a_place),
      cmocka_unit_test(fields_stand_one_behind_the_other),
      cmocka_unit_test(signed_fields_are_signed),
      cmocka_unit_test(bits_count_from_the_lowest_of_the_first_byte),
      cmocka_unit_test(only_complete_leaves_have_values),
      cmocka_unit_test(bytes_after_the_last_field_are_undecoded),
      cmocka_unit_test(an_array_repeats_its_children),
      cmocka_unit_test(an_array_of_a_plain_type_needs_no_group),
      cmocka_unit_test(a_count_comes_from_a_dimension),
      cmocka_unit_test(no_elements_take_no_bytes),
      cmocka_unit_test(inner_counts_may_hang_on_the_outer_index),
      cmocka_unit_test(an_element_without_bytes_hides_none_after_it),
      cmocka_unit_test(elements_that_begin_alike_need_not_go_on_alike),
      cmocka_unit_test(inner_elements_may_hang_on_both_indices),
      cmocka_unit_test(a_record_is_as_long_as_it_says),
      cmocka_unit_test(a_record_ends_what_depends_on_its_contents),
      cmocka_unit_test(a_length_that_lies_stays_within_its_record),
      cmocka_unit_test(a_part_whose_length_is_not_visible_is_undecoded),
      cmocka_unit_test(a_field_of_a_record_is_not_seen_in_the_next),
      cmocka_unit_test(children_exist_when_their_condition_holds),
      cmocka_unit_test(an_unknown_condition_ends_the_enclosing_record),
      cmocka_unit_test(an_unknown_condition_outside_of_records_ends_the_table),
      cmocka_unit_test(the_rest_takes_what_is_left),
      cmocka_unit_test(the_rest_of_a_record_ends_with_it),
      cmocka_unit_test(registers_hold_the_usual_sources_until_told),
      cmocka_unit_test(registers_hold_the_selected_sources_once_told),
      cmocka_unit_test(registers_within_an_array_choose_their_slot),
      cmocka_unit_test(the_printed_offset_is_that_of_the_first_elements),
      cmocka_unit_test(a_far_element_costs_no_more_than_a_near_one),
      cmocka_unit_test(visited_work_grows_with_the_stretch_alone),
      cmocka_unit_test(a_table_that_ends_in_rest_counts_as_far_as_that),
      cmocka_unit_test(a_size_that_hangs_on_contents_is_unknown),
      cmocka_unit_test(a_field_teaches_its_dimension),
      cmocka_unit_test(a_cut_field_teaches_nothing),
      cmocka_unit_test(bits_teach_theirs),
      cmocka_unit_test(elements_teach_the_slot_of_their_index),
      cmocka_unit_test(a_slot_may_be_computed),
      cmocka_unit_test(one_slot_is_taught_from_any_element),
      cmocka_unit_test(what_is_learned_counts_from_the_next_walk_on),
  };
  return cmocka_run_group_tests(tests, nullptr, nullptr);
}

}  // namespace
}  // namespace mep

int main() {
  return mep::run_all();
}
