// The encoder: what it writes is what the walker reads, for every table with many dimensions.
// SPDX-License-Identifier: GPL-2.0-or-later
#include "protocol/encoder.h"

#include <algorithm>
#include <cinttypes>
#include <cstdio>
#include <map>
#include <string>
#include <vector>

#include "protocol/catalog.h"
#include "protocol/names.h"
#include "protocol/walker.h"
#include "tests/unit/material.h"

#include "tests/unit/cmocka.h"

namespace mep {
namespace {

using test::Buffer;
using test::hex;
using test::Random;

[[gnu::format(printf, 3, 4)]] void check(bool holds, const Table& table, const char* format, ...) {
  if (holds) return;
  std::va_list arguments;
  va_start(arguments, format);
  std::fprintf(stderr, "%s: ", table_label(table.number).c_str());
  std::vfprintf(stderr, format, arguments);
  std::fprintf(stderr, "\n");
  va_end(arguments);
  fail();
}

// --- Dimensions to try

struct DimensionSet {
  const char* name;
  Dimensions dimensions;
};

template <typename Rule>
Dimensions by_rule(Rule rule) {
  Dimensions made;
  std::int32_t place = 0;
  for (std::size_t i = 0; i < dim_count(); ++i) {
    const auto dim = static_cast<Dim>(i);
    for (std::size_t slot = 0; slot < dim_info(dim).slots; ++slot)
      made.learn(dim, slot, rule(place++));
  }
  return made;
}

// As if BT21 had told of a meter that has everything.
Dimensions with_demands() {
  Dimensions made;
  for (const Dim flag : {Dim::season_field, Dim::date_time_field, Dim::demand_reset_counter,
                         Dim::cumulative_demand, Dim::continuous_cumulative_demand,
                         Dim::demand_time_remaining, Dim::load_profile_end_readings})
    made.learn(flag, 0, 1);
  made.learn(Dim::demands, 0, 2);
  made.learn(Dim::coincident_values, 0, 3);
  made.learn(Dim::present_demands, 0, 2);
  return made;
}

const std::vector<DimensionSet>& dimension_sets() {
  static const std::vector<DimensionSet> sets = {
      {"the usual", {}},
      {"zeros", by_rule([](std::int32_t) { return 0; })},
      {"ones", by_rule([](std::int32_t) { return 1; })},
      {"odd ones", by_rule([](std::int32_t place) { return 3 + place % 5 * 2; })},
      {"bytes", by_rule([](std::int32_t) { return 255; })},
      {"words", by_rule([](std::int32_t) { return 65535; })},
      {"demands", with_demands()},
  };
  return sets;
}

template <typename Check>
void for_each_table_and_set(Check each) {
  for (const Table& table : catalog().tables)
    for (const DimensionSet& set : dimension_sets()) each(table, set);
}

// --- Values

// They depend on nothing but the field and its place.
class Values {
 public:
  // `small_counts`: fields that others' layout hangs on stay small, so that those come to be.
  Values(std::uint32_t seed, bool small_counts) : seed_(seed), small_counts_(small_counts) {}

  std::uint64_t number(const Asked& asked) const {
    std::uint64_t hash = seed_;
    const auto stir = [&hash](std::uint64_t value) {
      hash = (hash ^ value) * 0x9E3779B97F4A7C15U;
      hash ^= hash >> 29;
    };
    stir(asked.bits ? asked.bits->id : asked.node->field().id);
    for (const std::uint32_t index : asked.indices) stir(index);
    return hash;
  }

  Value operator()(const Asked& asked) const {
    const std::uint64_t number = this->number(asked);
    if (asked.bits) {
      const unsigned width = asked.bits->last - asked.bits->first + 1U;
      return static_cast<std::int64_t>(number & ((std::uint64_t{1} << width) - 1));
    }
    const auto size = static_cast<std::size_t>(asked.size);
    switch (asked.node->type()) {
      case Type::bits:
        return {};
      case Type::unsigned_int:
        if (small_counts_ && tells_layout(asked.name())) return small(asked.name(), number);
        return static_cast<std::int64_t>(low_bytes(number, size));
      case Type::signed_int:
        return sign_extended(low_bytes(number, size), size);
      case Type::rdate:
        return static_cast<std::int64_t>(number & 0xFFFF);
      case Type::ansi_date:
      case Type::time:
      case Type::stime_date:
      case Type::ltime_date:
        return date_time(number);
      case Type::bcd:
        return digits(number, size * 2);
      case Type::chars:
        return text(number, size);
      case Type::float32:
        return static_cast<double>(number % 1000) / 8;
      default:
        return bytes(number, size);
    }
  }

 private:
  static std::uint64_t low_bytes(std::uint64_t number, std::size_t size) {
    return size >= 8 ? number : number & ((std::uint64_t{1} << (size * 8)) - 1);
  }
  static std::int64_t sign_extended(std::uint64_t number, std::size_t size) {
    auto value = static_cast<std::int64_t>(number);
    if (size < 8 && ((number >> (size * 8 - 1)) & 1) != 0) value -= std::int64_t{1} << (size * 8);
    return value;
  }
  static DateTime date_time(std::uint64_t number) {
    const auto part = [&number](std::uint64_t limit) {
      const std::uint64_t taken = number % limit;
      number /= limit;
      return static_cast<int>(taken);
    };
    return {2000 + part(100), 1 + part(12), 1 + part(28), part(24), part(60), part(60)};
  }
  static std::string digits(std::uint64_t number, std::size_t count) {
    std::string made;
    for (std::size_t i = 0; i < count; ++i)
      made += static_cast<char>('0' + (number >> (i % 16 * 3)) % 10);
    return made;
  }
  static std::string text(std::uint64_t number, std::size_t size) {
    std::string made(std::min<std::size_t>(number % (size + 1), 300), ' ');
    for (std::size_t i = 0; i < made.size(); ++i)
      made[i] = static_cast<char>('A' + (number + i) % 26);
    return made;
  }
  static Buffer bytes(std::uint64_t number, std::size_t size) {
    Buffer made(std::min<std::size_t>(size, 2000));
    for (std::size_t i = 0; i < made.size(); ++i)
      made[i] = static_cast<std::uint8_t>(number >> (i % 8));
    return made;
  }
  static bool tells_layout(std::string_view name) {
    for (const std::string_view word : {"Length", "Number of", "Count", "Size", "Entries", "Type"})
      if (name.find(word) != std::string_view::npos) return true;
    return false;
  }
  static std::int64_t small(std::string_view name, std::uint64_t number) {
    const auto up_to = [number](std::uint64_t limit) {
      return static_cast<std::int64_t>(number % (limit + 1));
    };
    if (name == "Fixed Section Length (FSL)") return 41 + up_to(3);
    if (name == "Log List Size (LLS)") return 7 + up_to(2);
    if (name == "Transaction Size (B)") return 40;
    if (name == "Transaction Type") return up_to(3);
    return up_to(8);
  }

  std::uint32_t seed_;
  bool small_counts_;
};

// Holds what a walk finds against the values. Numbers are put together here, not by the walker.
class Comparison : public Visitor {
 public:
  Comparison(const Table& table, const char* set, const Values& values)
      : table_(table), set_(set), values_(values) {}
  std::size_t compared = 0;

  void enter(const Branch& branch) override {
    if (branch.index) indices_.push_back(*branch.index);
  }
  void leave(const Branch& branch) override {
    if (branch.index) indices_.pop_back();
  }
  void leaf(const Leaf& leaf) override {
    if (!leaf.complete) return;
    if (leaf.index) indices_.push_back(*leaf.index);
    Asked asked{leaf.node, nullptr, indices_, leaf.position, leaf.size, leaf.source};
    for (const BitField& field : leaf.node->bit_fields()) {
      asked.bits = &field;
      same(bits_agree(leaf, field, values_.number(asked)), leaf, field.name);
    }
    asked.bits = nullptr;
    if (leaf.node->type() != Type::bits) same(agrees(leaf, values_(asked)), leaf, leaf.node->name);
    if (leaf.index) indices_.pop_back();
  }

 private:
  // The byte of that significance, 0 the least.
  static unsigned significant(const Leaf& leaf, std::size_t significance) {
    const Bytes bytes = leaf.visible.bytes;
    return leaf.node->field().big_endian ? bytes[bytes.size() - 1 - significance]
                                         : bytes[significance];
  }

  static bool bits_agree(const Leaf& leaf, const BitField& field, std::uint64_t wanted) {
    const std::int64_t value = bits_value(field, leaf.value.value_or(0));
    for (unsigned bit = field.first; bit <= field.last; ++bit) {
      const unsigned expected = wanted >> (bit - field.first) & 1;
      if ((significant(leaf, bit / 8) >> (bit % 8) & 1U) != expected) return false;
      if ((static_cast<std::uint64_t>(value) >> (bit - field.first) & 1) != expected) return false;
    }
    return true;
  }

  // The expected bytes, and zeros behind.
  static bool begins_with(Bytes bytes, Bytes expected) {
    if (expected.size() > bytes.size()) return false;
    const auto rest = bytes.subspan(expected.size());
    return std::equal(expected.begin(), expected.end(), bytes.begin()) &&
           std::all_of(rest.begin(), rest.end(), [](std::uint8_t byte) { return byte == 0; });
  }

  static bool agrees(const Leaf& leaf, const Value& value) {
    const Bytes bytes = leaf.visible.bytes;
    if (const auto* integer = std::get_if<std::int64_t>(&value)) {
      for (std::size_t i = 0; i < bytes.size(); ++i)
        if (significant(leaf, i) != static_cast<std::uint8_t>(*integer >> (8 * i))) return false;
      return leaf.value.value_or(*integer) == *integer;
    }
    if (const auto* text = std::get_if<std::string>(&value)) {
      return leaf.node->type() == Type::bcd
                 ? bcd_text(bytes) == *text
                 : begins_with(bytes, Buffer(text->begin(), text->end()));
    }
    if (const auto* plain = std::get_if<Buffer>(&value)) return begins_with(bytes, *plain);
    if (const auto* when = std::get_if<DateTime>(&value)) return agrees(leaf, *when);
    if (const auto* real = std::get_if<double>(&value)) {
      float read = 0;
      std::memcpy(&read, bytes.data(), sizeof read);
      return static_cast<double>(read) == *real;
    }
    return false;
  }

  static bool agrees(const Leaf& leaf, const DateTime& when) {
    const Bytes bytes = leaf.visible.bytes;
    switch (leaf.node->type()) {
      case Type::time:
        return bytes[0] == when.hour && bytes[1] == when.minute && bytes[2] == when.second;
      case Type::ansi_date:
        return ansi_date_text(static_cast<std::uint16_t>(bytes[0] | bytes[1] << 8)) ==
               date_time_text(when, true).substr(0, 10);
      default:
        break;
    }
    const bool seconds = leaf.node->type() == Type::ltime_date;
    const auto parsed = parse_date_time(bytes);
    return parsed && date_time_text(*parsed, seconds) == date_time_text(when, seconds);
  }

  static std::string bcd_text(Bytes bytes) {
    std::string digits;
    for (std::size_t i = bytes.size(); i-- > 0;) {
      digits += static_cast<char>('0' + (bytes[i] >> 4));
      digits += static_cast<char>('0' + (bytes[i] & 15));
    }
    return digits;
  }

  void same(bool holds, const Leaf& leaf, const std::string& name) {
    ++compared;
    check(holds, table_, "%s at %" PRIu64 " came back otherwise, with %s", name.c_str(),
          leaf.position, set_);
  }

  const Table& table_;
  const char* set_;
  const Values& values_;
  std::vector<std::uint32_t> indices_;
};

// --- Tests

bool looks_at_fields(const Node& node) {
  return node.dependence.on_fields ||
         std::any_of(node.children().begin(), node.children().end(), looks_at_fields);
}

bool ends_in_rest(const Table& table) {
  return table.root.children().back().takes_rest();
}

constexpr std::uint64_t room = 6000;

void what_is_encoded_is_decoded(void**) {
  std::size_t compared = 0;
  for_each_table_and_set([&compared](const Table& table, const DimensionSet& set) {
    for (const bool small_counts : {false, true}) {
      const Values values(small_counts ? 7 : 8, small_counts);
      const Encoded encoded = encode(table, set.dimensions, values, room);
      for (const std::string& line : encoded.refused) check(false, table, "%s", line.c_str());
      const auto size = size_of(table, set.dimensions);
      if (size && !ends_in_rest(table)) {
        const auto expected = std::min(*size, room);
        check(encoded.bytes.size() == expected, table, "%zu bytes and not %" PRIu64 ", with %s",
              encoded.bytes.size(), expected, set.name);
      }
      Comparison comparison(table, set.name, values);
      walk(table, {0, encoded.bytes}, set.dimensions, comparison);
      compared += comparison.compared;
    }
  });
  assert_true(compared > 100000);
}

// A part is what the whole has at its place, where layout does not hang on contents.
void a_part_is_what_the_whole_has_there(void**) {
  Random random(5);
  std::size_t tables = 0;
  for_each_table_and_set([&](const Table& table, const DimensionSet& set) {
    const auto size = size_of(table, set.dimensions);
    if (looks_at_fields(table.root) || !size || *size == 0 || ends_in_rest(table)) return;
    ++tables;
    const Values values(9, true);
    const Buffer whole = encode(table, set.dimensions, values, 20000).bytes;
    for (int i = 0; i < 5; ++i) {
      const std::uint32_t from = random.below(static_cast<std::uint32_t>(whole.size()));
      const auto left = static_cast<std::uint32_t>(whole.size()) - from;
      const std::size_t count = random.between(1, std::min<std::uint32_t>(left, 476));
      const Buffer part = encode_part(table, set.dimensions, values, from, count).bytes;
      const bool same =
          part.size() == count && std::equal(part.begin(), part.end(), whole.begin() + from);
      check(same, table, "%zu bytes at %u, with %s", count, from, set.name);
    }
  });
  assert_true(tables > 300);
}

void a_part_ends_with_the_table(void**) {
  const Table& table = *find_table(BT(21));
  const auto ones = [](const Asked&) -> Value { return Buffer{1}; };
  assert_int_equal(encode_part(table, {}, ones, 8, 100).bytes.size(), 2);
  assert_int_equal(encode_part(table, {}, ones, 10, 100).bytes.size(), 0);
  assert_int_equal(encode_part(table, {}, ones, 500, 100).bytes.size(), 0);
}

void far_into_a_load_profile_costs_no_more(void**) {
  const auto calls = [](std::uint64_t offset) {
    std::size_t count = 0;
    const auto counting = [&count](const Asked&) -> Value {
      ++count;
      return {};
    };
    assert_int_equal(encode_part(*find_table(BT(64)), {}, counting, offset, 400).bytes.size(), 400);
    return count;
  };
  // The same place in another block, of 3,569 bytes each.
  assert_int_equal(calls(17), calls(17 + 9000 * 3569));
}

Encoded encoded_with(std::uint16_t table, const std::map<std::string, Value>& values,
                     std::size_t limit) {
  const auto by_name = [&values](const Asked& asked) -> Value {
    const auto found = values.find(std::string(asked.name()));
    return found == values.end() ? Value() : found->second;
  };
  return encode(*find_table(table), {}, by_name, limit);
}

void a_clock_is_encoded(void**) {
  // The bytes of page 255.
  const Encoded clock =
      encoded_with(BT(52), {{"Clock Calendar", DateTime{2004, 2, 16, 15, 59, 55}}}, 6);
  assert_true(clock.refused.empty());
  assert_true(clock.bytes == hex("04 02 10 0F 3B 37"));
}

void a_transaction_is_as_long_as_it_says(void**) {
  // Page 45: one read of BT23.
  const Encoded transaction = encoded_with(ET(52),
                                           {{"Transaction Size (B)", std::int64_t{17}},
                                            {"Transaction Number", std::int64_t{2}},
                                            {"Record List", hex("08 00 3F 00 17 00 00 00 00 2C")}},
                                           1785);
  assert_true(transaction.refused.empty());
  assert_true(transaction.bytes == hex("11 00 00 02 00 08 00 3F 00 17 00 00 00 00 2C 02 00"));
}

void a_procedure_call_is_as_long_as_its_parameters(void**) {
  // Page 53: EP17 removes the client with the handle 0x03F8.
  const Encoded call = encoded_with(BT(7),
                                    {{"Procedure Number", std::int64_t{0x811}},
                                     {"Procedure Sequence Number (PSN)", std::int64_t{7}},
                                     {"Parameters", hex("00 F8 03")}},
                                    100);
  assert_true(call.bytes == hex("11 08 07 00 F8 03"));
  const auto handle = [](const Asked& asked) -> Value {
    if (asked.name() == "Device Handle") return std::int64_t{0x3F8};
    return {};
  };
  assert_true(encode(find_procedure(EP(17))->parameters, {}, handle, 100).bytes == hex("00 F8 03"));
}

void a_record_that_is_not_filled_counts_whole(void**) {
  // BT21 and the like have none; ET13's entries are 66 bytes, of which a client's fields fill all:
  // with 70, four are left over in the last one, too.
  Dimensions dimensions;
  dimensions.learn(Dim::devices, 0, 1);
  dimensions.learn(Dim::device_config_size, 0, 70);
  const Encoded table = encode(
      *find_table(ET(13)), dimensions, [](const Asked&) { return Value(); }, 1000);
  assert_int_equal(table.bytes.size(), 70);
}

std::string refusal(std::uint16_t table, const std::string& name, const Value& value) {
  const Encoded encoded = encoded_with(table, {{name, value}}, 4000);
  if (encoded.refused.empty()) return "";
  for (const std::uint8_t byte : encoded.bytes) assert_int_equal(byte, 0);
  return encoded.refused[0];
}

void what_does_not_fit_is_refused(void**) {
  const auto refused = [](std::uint16_t table, const std::string& name, const Value& value,
                          const std::string& line) {
    assert_string_equal(refusal(table, name, value).c_str(), line.c_str());
  };
  const std::string tiers = "Number of Tiers";
  refused(BT(21), tiers, std::int64_t{300}, "Number of Tiers: 300 does not fit in 1 byte");
  refused(BT(21), tiers, std::int64_t{-1}, "Number of Tiers: -1 does not fit in 1 byte");
  refused(BT(21), tiers, hex("01 02"),
          "Number of Tiers: a value of 2 bytes does not fit in 1 byte");
  refused(BT(21), tiers, std::string("4"), "Number of Tiers: \"4\" does not fit in 1 byte");
  refused(BT(21), tiers, std::int64_t{255}, "");
  refused(BT(21), tiers, hex("FF"), "");
  refused(BT(21), "Self-read Demand Reset", std::int64_t{4},
          "Self-read Demand Reset: 4 does not fit in 2 bits");
  refused(BT(21), "Date/Time Field", std::int64_t{2}, "Date/Time Field: 2 does not fit in 1 bit");
  const std::string long_text(31, 'x');
  refused(ET(3), "Utility Serial Number", long_text,
          "Utility Serial Number: \"" + long_text + "\" does not fit in 30 bytes");
  refused(BT(52), "Clock Calendar", DateTime{1999, 1, 1, 0, 0, 0},
          "Clock Calendar: 1999-01-01 00:00:00 does not fit in 6 bytes");
  refused(BT(52), "Clock Calendar", std::int64_t{5}, "Clock Calendar: 5 does not fit in 6 bytes");
}

}  // namespace
}  // namespace mep

int main() {
  using namespace mep;
  const CMUnitTest tests[] = {
      cmocka_unit_test(what_is_encoded_is_decoded),
      cmocka_unit_test(a_part_is_what_the_whole_has_there),
      cmocka_unit_test(a_part_ends_with_the_table),
      cmocka_unit_test(far_into_a_load_profile_costs_no_more),
      cmocka_unit_test(a_clock_is_encoded),
      cmocka_unit_test(a_transaction_is_as_long_as_it_says),
      cmocka_unit_test(a_procedure_call_is_as_long_as_its_parameters),
      cmocka_unit_test(a_record_that_is_not_filled_counts_whole),
      cmocka_unit_test(what_does_not_fit_is_refused),
  };
  return cmocka_run_group_tests_name("encoder", tests, nullptr, nullptr);
}
