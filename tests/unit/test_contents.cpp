// The simulated meter's tables, seen by a reader that knows nothing but their bytes.
// SPDX-License-Identifier: GPL-2.0-or-later
#include "simulator/contents/contents.h"

#include <algorithm>
#include <cstdio>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

#include "protocol/access.h"
#include "protocol/bytes.h"
#include "protocol/catalog.h"
#include "protocol/load_profile.h"
#include "protocol/names.h"
#include "protocol/size_evidence.h"
#include "protocol/walker.h"
#include "simulator/contents/live_fields.h"
#include "simulator/contents/living.h"
#include "tests/unit/material.h"

#include "tests/unit/cmocka.h"

namespace mep::simulator {
namespace {

using test::Buffer;
using test::Random;

constexpr Generation generations[] = {Generation::gen3, Generation::gen4};
constexpr std::int64_t start = 1646119811;  // 2022-03-01 07:30:11 UTC

// --- A meter to look at: made once for each generation, as that takes most of the tests' time.

MeterState& fresh(MeterState& state, Generation generation, std::int64_t second = start) {
  state.options.generation = generation;
  state.options.start = std::chrono::seconds(second);
  state.now = state.options.start;
  furnish(state);
  return state;
}

const MeterState& meter(Generation generation) {
  static MeterState gen3, gen4;
  MeterState& state = generation == Generation::gen4 ? gen4 : gen3;
  if (!state.registers) fresh(state, generation);
  return state;
}

void pass(MeterState& state, std::int64_t seconds) {
  for (std::int64_t i = 0; i < seconds; ++i) {
    state.now += std::chrono::seconds(1);
    live_on(state);
  }
}

Buffer whole(const MeterState& state, std::uint16_t table) {
  return state.tables.read(table, 0, static_cast<std::size_t>(state.tables.size(table)));
}

void check(bool holds, std::uint16_t table, const std::string& what) {
  if (holds) return;
  std::fprintf(stderr, "%s: %s\n", table_label(table).c_str(), what.c_str());
  fail();
}

// --- A reader

struct Reading {
  std::string name;
  std::vector<std::uint32_t> indices;
  std::optional<std::uint16_t> source;
  std::optional<std::int64_t> value;
  Buffer bytes;
};

class Reader : public Visitor {
 public:
  std::vector<Reading> readings;

  void enter(const Branch& branch) override {
    if (branch.index) indices_.push_back(*branch.index);
  }
  void leave(const Branch& branch) override {
    if (branch.index) indices_.pop_back();
  }
  void leaf(const Leaf& leaf) override {
    assert_true(leaf.complete);
    if (leaf.index) indices_.push_back(*leaf.index);
    const Buffer bytes(leaf.visible.bytes.begin(), leaf.visible.bytes.end());
    readings.push_back({catalog().fields[field_of(*leaf.node, leaf.source)].name, indices_,
                        leaf.source, leaf.value, bytes});
    for (const BitField& field : leaf.node->bit_fields())
      readings.push_back({catalog().fields[field.id].name,
                          indices_,
                          std::nullopt,
                          bits_value(field, *leaf.value),
                          {}});
    if (leaf.index) indices_.pop_back();
  }

 private:
  std::vector<std::uint32_t> indices_;
};

std::vector<Reading> read_all(const MeterState& state, std::uint16_t table,
                              const Dimensions& dimensions) {
  const Buffer bytes = whole(state, table);
  Reader reader;
  walk(*find_table(table), {0, bytes}, dimensions, reader);
  return reader.readings;
}

const Reading& find(const std::vector<Reading>& readings, std::string_view name,
                    const std::vector<std::uint32_t>& indices = {}) {
  const auto found = std::find_if(readings.begin(), readings.end(), [&](const Reading& reading) {
    return reading.name == name && reading.indices == indices;
  });
  if (found == readings.end()) std::fprintf(stderr, "no %s\n", std::string(name).c_str());
  assert_true(found != readings.end());
  return *found;
}

std::int64_t number_in(const MeterState& state, std::uint16_t table, std::string_view name,
                       const std::vector<std::uint32_t>& indices = {}) {
  return find(read_all(state, table, state.tables.dimensions()), name, indices).value.value();
}

// What a reader learns from these tables, in this order.
Dimensions learned_from(const MeterState& state, const std::vector<std::uint16_t>& tables) {
  Dimensions dimensions;
  for (const std::uint16_t table : tables) {
    const Buffer bytes = whole(state, table);
    learn(*find_table(table), {0, bytes}, dimensions);
  }
  return dimensions;
}

Dimensions learned_from_dimension_tables(const MeterState& state) {
  return learned_from(
      state, {BT(0), BT(20), BT(21), BT(22), BT(27), BT(30), BT(50), BT(60), BT(61), BT(62), BT(71),
              ET(4), ET(11), ET(36), ET(54), ET(90), ET(42), BT(62)});
}

// --- The tables as such

std::vector<std::uint16_t> promised(Generation generation) {
  std::vector<std::uint16_t> tables;
  for (const std::uint16_t number :
       {0,  1,  3,  4,  7,  8,  15, 20, 21, 22, 23, 24, 25, 26, 27, 28, 30,
        33, 50, 52, 53, 54, 55, 60, 61, 62, 63, 64, 65, 66, 67, 70, 71, 74})
    tables.push_back(BT(number));
  for (const std::uint16_t number :
       {3,  4,  9,  11, 13, 14, 15, 16, 21, 23, 29, 31, 34, 36, 41, 42, 45, 46, 47, 50, 51,
        52, 53, 54, 55, 57, 58, 59, 61, 62, 66, 70, 71, 74, 75, 79, 80, 81, 89, 90, 97})
    tables.push_back(ET(number));
  if (generation == Generation::gen4) tables.push_back(ET(85));
  return tables;
}

// Those whose contents are somebody's data, which there is none of at first.
bool may_be_zero(std::uint16_t table) {
  for (const std::uint16_t empty :
       {BT(4), BT(7), BT(8), BT(66), BT(67), ET(15), ET(46), ET(52), ET(53), ET(59), ET(85)})
    if (table == empty) return true;
  return false;
}

void every_table_is_there(void**) {
  for (const Generation generation : generations) {
    const MeterState& state = meter(generation);
    for (const std::uint16_t table : promised(generation)) {
      check(state.tables.has(table), table, "is missing");
      const Buffer bytes = whole(state, table);
      assert_int_equal(bytes.size(), state.tables.size(table));
      const bool zeros =
          std::all_of(bytes.begin(), bytes.end(), [](auto byte) { return byte == 0; });
      // The older firmware has one client, and this meter of it no demands.
      const bool older = generation == Generation::gen3;
      const bool empty = older && (table == ET(41) || table == ET(70) || table == ET(74));
      check(!zeros || may_be_zero(table) || empty, table, "is all zeros");
    }
  }
  assert_false(meter(Generation::gen3).tables.has(ET(85)));
}

void tables_have_the_sizes_that_their_dimensions_give(void**) {
  // They end in what is left: room for a response, say.
  const std::map<std::uint16_t, std::size_t> rest = {{BT(7), 255},
                                                     {BT(8), response_data_length},
                                                     {ET(59), response_data_length},
                                                     {ET(85), response_data_length},
                                                     {ET(23), 86}};
  for (const Generation generation : generations) {
    const MeterState& state = meter(generation);
    const Dimensions dimensions = learned_from_dimension_tables(state);
    for (const std::uint16_t table : promised(generation)) {
      const auto described = size_of(*find_table(table), dimensions);
      if (!described || table == BT(0)) continue;
      const auto behind = rest.contains(table) ? rest.at(table) : 0;
      const auto expected =
          std::min<std::uint64_t>(*described + behind, table_limit(table, generation));
      check(state.tables.size(table) == expected, table,
            "has " + std::to_string(state.tables.size(table)) + " bytes in place of " +
                std::to_string(expected));
    }
    assert_int_equal(state.tables.size(ET(52)), transaction_request_length);
    assert_int_equal(state.tables.size(ET(53)), transaction_response_length);
  }
}

void arrays_of_devices_have_an_entry_for_each(void**) {
  for (const Generation generation : generations) {
    const MeterState& state = meter(generation);
    const std::size_t devices = generation == Generation::gen4 ? 6 : 5;
    const std::size_t clients = devices - mbus_slots;
    assert_int_equal(number_in(state, ET(11), "et11.number_of_devices"), devices);
    assert_int_equal(state.tables.size(ET(13)), devices * 66);
    assert_int_equal(state.tables.size(ET(14)), devices * 36 + 6);
    assert_int_equal(state.tables.size(ET(16)), devices * 517);
    assert_int_equal(state.tables.size(ET(34)), devices * 22);
    assert_int_equal(state.tables.size(ET(58)), devices * 20);
    assert_int_equal(state.tables.size(ET(50)), clients * (35 + 6 * 6));
    assert_int_equal(state.tables.size(ET(51)), clients * 10);
    assert_int_equal(number_in(state, ET(54), "et54.multiple_mep_clients"), clients > 1);
    assert_int_equal(number_in(state, ET(29), "et29.mep_client_2_port"), clients > 1);
    assert_int_equal(number_in(state, ET(42), "et42.table_length"), state.tables.size(ET(42)));
  }
}

void pieces_are_what_the_whole_has_there(void**) {
  Random random(20220301);
  for (const Generation generation : generations) {
    const MeterState& state = meter(generation);
    for (const std::uint16_t table : promised(generation)) {
      const Buffer all = whole(state, table);
      for (int i = 0; i < 60; ++i) {
        const std::size_t offset = random.below(static_cast<std::uint32_t>(all.size() + 4));
        const std::size_t count = random.between(1, random.once_in(2) ? 20 : 476);
        const Buffer piece = state.tables.read(table, offset, count);
        const std::size_t from = std::min(offset, all.size());
        const std::size_t to = std::min(offset + count, all.size());
        const Buffer expected(all.begin() + static_cast<std::ptrdiff_t>(from),
                              all.begin() + static_cast<std::ptrdiff_t>(to));
        check(piece == expected, table,
              "another piece of " + std::to_string(count) + " at " + std::to_string(offset));
      }
    }
  }
}

void no_value_is_refused(void**) {
  for (const Generation generation : generations) {
    const Layout layout = layout_of(generation);
    const MeterState& state = meter(generation);
    const Values values = contents(layout);
    for (const std::uint16_t table : promised(generation)) {
      const auto source = [&values](const Asked& asked) -> Value {
        const std::string_view name = field_name(asked);
        const Value* value = name.empty() ? nullptr : values.find(name, asked.indices);
        return value ? *value : Value();
      };
      const Encoded encoded = encode(*find_table(table), state.tables.dimensions(), source,
                                     table_limit(table, generation));
      for (const std::string& refused : encoded.refused) check(false, table, refused);
    }
  }
}

// --- Registers

void summations_show_the_registers(void**) {
  for (const Generation generation : generations) {
    const MeterState& state = meter(generation);
    const Dimensions dimensions = learned_from(state, {BT(21), BT(22)});
    const Layout layout = layout_of(generation);
    std::size_t totals = 0, of_tiers = 0;
    for (const Reading& reading : read_all(state, BT(23), dimensions)) {
      if (!reading.source || reading.name.ends_with("demand") ||
          reading.name.ends_with("coincidents"))
        continue;
      const std::uint16_t source = layout.summations[reading.indices.back()];
      assert_int_equal(*reading.source, std::min<std::uint16_t>(source, no_source));
      const bool is_total = reading.indices.size() == 1;
      const auto expected = is_total ? state.registers->value(source)
                                     : state.registers->value(source, reading.indices.front());
      assert_int_equal(*reading.value, expected.value());
      ++(is_total ? totals : of_tiers);
    }
    assert_int_equal(totals, generation == Generation::gen4 ? 19 : 11);
    assert_int_equal(of_tiers, totals * tier_count);
  }
}

void the_maximum_demand_is_the_registers(void**) {
  const MeterState& state = meter(Generation::gen4);
  const auto readings = read_all(state, BT(23), learned_from(state, {BT(21), BT(22)}));
  const MaximumDemand& demand = state.registers->maximum_demand();
  const Reading watts = find(readings, "bt23.demand", {0, 0});
  assert_int_equal(*watts.value, demand.watts);
  assert_int_equal(*watts.source, 8);
  const auto time = parse_date_time(find(readings, "bt23.event_time", {0, 0}).bytes);
  assert_int_equal(seconds_since_1970(*time), demand.ended + local_offset_seconds(demand.ended));
}

void present_values_show_the_registers(void**) {
  for (const Generation generation : generations) {
    const MeterState& state = meter(generation);
    std::size_t count = 0;
    for (const Reading& reading : read_all(state, BT(28), learned_from(state, {BT(21), BT(27)}))) {
      if (!reading.source) continue;
      assert_int_equal(*reading.value, state.registers->value(*reading.source).value());
      ++count;
    }
    assert_int_equal(count, generation == Generation::gen4 ? 85 : 55);
  }
}

void device_sources_show_the_mbus(void**) {
  const MeterState& state = meter(Generation::gen3);
  assert_int_equal(source_value(state, 73).value(), state.mbus[0].value);
  assert_int_equal(source_value(state, 75).value(), state.mbus[1].value);
  assert_int_equal(source_value(state, 77).value(), 0);
  // As the device sends it: eight digits.
  char digits[16];
  std::snprintf(digits, sizeof digits, "%llx",
                static_cast<unsigned long long>(source_value(state, first_mapped_source).value()));
  assert_int_equal(std::atoll(digits), state.mbus[0].value);
  assert_true(state.mbus[0].value > state.mbus[0].start_value);
  assert_false(source_value(state, first_mapped_source + 1).has_value());
}

// All that BT23 and the M-Bus devices count.
std::vector<std::int64_t> counted(const MeterState& state) {
  std::vector<std::int64_t> all;
  for (const auto& counter : state.registers->energies().registers) {
    all.insert(all.end(), counter.tiers.begin(), counter.tiers.end());
    all.push_back(counter.begun);
  }
  for (const MbusDevice& device : state.mbus) all.push_back(device.value);
  return all;
}

MeterState& continuing(MeterState& state, std::uint64_t seed, std::int64_t second) {
  state.options = {.seed = seed, .start = std::chrono::seconds(second), .continues = true};
  state.now = state.options.start;
  furnish(state);
  live_on(state);
  return state;
}

void a_meter_that_starts_again_goes_on(void**) {
  // Over the change to summer time, too.
  for (const auto& [month, day, hours] : {std::array{6, 4, 1}, {3, 28, 30}, {10, 24, 55}}) {
    const std::int64_t then = seconds_since_1970({2026, month, day, 20, 11, 12});
    MeterState first, second;
    continuing(first, 7, then);
    const auto before = counted(first);
    first.now += std::chrono::hours(hours);
    live_on(first);
    continuing(second, 7, then + std::int64_t{3600} * hours);
    assert_true(counted(second) == counted(first));
    assert_true(counted(second) != before);
  }
}

void registers_never_run_backwards(void**) {
  for (const std::uint64_t seed : {1U, 5U}) {
    const std::int64_t then = seconds_since_1970({2026, 8, 31, 23, 59, 50});
    MeterState running, again;
    continuing(running, seed, then);
    running.now += std::chrono::hours(72);
    live_on(running);
    continuing(again, seed, then + std::int64_t{72} * 3600);
    std::int64_t ahead = 0;
    for (std::size_t i = 0; i < again.registers->energies().registers.size(); ++i) {
      const auto& now = again.registers->energies().registers[i];
      const auto& before = running.registers->energies().registers[i];
      for (std::size_t tier = 0; tier < tier_count; ++tier)
        assert_true(now.tiers[tier] >= before.tiers[tier]);
      assert_true(now.total() - before.total() < 50'000);
      ahead += now.total() - before.total();
    }
    assert_true(ahead > 0);
    for (std::size_t i = 0; i < again.mbus.size(); ++i)
      assert_int_equal(again.mbus[i].value, running.mbus[i].value);
    // The totals are those of their parts.
    const auto& all = again.registers->energies().registers;
    assert_in_range(all[2].total() - all[4].total() - all[5].total(), 0, 1);
    assert_in_range(all[3].total() - all[6].total() - all[7].total(), 0, 1);
  }
}

void snapshots_are_older_registers(void**) {
  for (const Generation generation : generations) {
    const MeterState& state = meter(generation);
    const Dimensions dimensions = learned_from_dimension_tables(state);
    const std::string name = "fwd_active_wh_l1l2l3";
    const auto now = *find(read_all(state, BT(23), dimensions), "bt23." + name, {0}).value;
    const auto season = *find(read_all(state, BT(24), dimensions), "bt24." + name, {0}).value;
    const auto self_reads = read_all(state, BT(26), dimensions);
    assert_int_equal(*find(self_reads, "bt26.number_of_valid_entries").value, 2);
    const auto first = *find(self_reads, "bt26." + name, {0, 0}).value;
    const auto second = *find(self_reads, "bt26." + name, {1, 0}).value;
    const auto once = *find(read_all(state, ET(31), dimensions), "et31." + name, {0, 0}).value;
    assert_true(season < first && first < once && once < second && second < now);
    const auto midnight = parse_date_time(find(self_reads, "bt26.time_and_date", {1}).bytes);
    assert_int_equal(midnight->hour, 0);
    assert_int_equal(midnight->minute, 0);
    assert_int_equal(midnight->day, 1);
  }
}

// --- Dimensions

// All that `of` has learned is in `all`, too.
void contains(const Dimensions& all, const Dimensions& of, std::initializer_list<Dim> but) {
  for (std::size_t i = 0; i < dim_count(); ++i) {
    const auto dim = static_cast<Dim>(i);
    if (std::find(but.begin(), but.end(), dim) != but.end()) continue;
    for (std::size_t slot = 0; slot < dim_info(dim).slots; ++slot) {
      const auto value = of.learned(dim, slot);
      if (!value || all.learned(dim, slot) == value) continue;
      std::fprintf(stderr, "%s[%zu]: %d in one, %d in the other\n", dim_info(dim).name.data(), slot,
                   *value, all.get(dim, slot));
      fail();
    }
  }
}

void the_interface_definition_repeats_the_dimension_tables(void**) {
  for (const Generation generation : generations) {
    const MeterState& state = meter(generation);
    const Dimensions separately = learned_from(
        state, {BT(21), BT(22), BT(61), BT(62), BT(71), ET(36), ET(54), ET(55), ET(57)});
    const Dimensions together = learned_from(state, {ET(42)});
    // It has extended sources where BT62 has mapped ones, page 116.
    contains(separately, together, {Dim::channel_source});
    for (std::size_t channel = 0; channel < 7; ++channel)
      assert_int_equal(together.get(Dim::channel_source, channel),
                       separately.get(Dim::channel_source, channel));
    assert_int_equal(separately.get(Dim::channel_source, 7), first_mapped_source);
    assert_int_equal(together.get(Dim::channel_source, 7), 0x4001);
    assert_int_equal(number_in(state, ET(66), "et66.extended_source_ids", {0, 0}), 0x4001);

    // In return, nothing is missing in it that concerns it.
    const Dimensions registers = learned_from(state, {BT(21)});
    contains(together, registers,
             {Dim::season_field, Dim::date_time_field, Dim::demand_time_remaining,
              Dim::self_read_sequence_number});
    for (std::size_t set = 0; set < 2; ++set)
      for (const Dim dim : {Dim::load_profile_blocks, Dim::load_profile_intervals,
                            Dim::load_profile_channels, Dim::load_profile_interval_time})
        assert_int_equal(together.get(dim, set), separately.get(dim, set));

    std::map<std::string, std::int64_t> sizes;
    for (const Reading& reading : read_all(state, ET(42), together))
      if (reading.value) sizes.emplace(reading.name, *reading.value);
    const std::int64_t blocks = 1 + static_cast<std::int64_t>(tier_count);
    assert_int_equal(sizes["et42.tier_size"] * blocks + sizes["et42.demand_reset_counter"],
                     state.tables.size(BT(23)));
    assert_int_equal(sizes["et42.block_size"] * sizes["et42.number_of_blocks"],
                     state.tables.size(BT(64)));
  }
}

void layouts_follow_from_either(void**) {
  for (const Generation generation : generations) {
    const MeterState& state = meter(generation);
    const Dimensions all = learned_from_dimension_tables(state);
    const Dimensions one = learned_from(state, {ET(42)});
    for (const std::uint16_t table : {BT(23), BT(26), BT(28), BT(64), BT(65), ET(45), ET(81)})
      check(size_of(*find_table(table), all) == size_of(*find_table(table), one), table,
            "another size by ET42 alone");
  }
}

// What the size of a whole table proves to somebody who knows nothing else is so in this meter.
void sizes_prove_what_the_tables_tell(void**) {
  for (const Generation generation : generations) {
    const MeterState& state = meter(generation);
    const Dimensions& true_ones = state.tables.dimensions();
    for (const std::uint16_t table : promised(generation)) {
      const auto size = static_cast<std::size_t>(state.tables.size(table));
      if (size == 0 || size > 455) continue;
      const SizeVerdict verdict = judge_size(*find_table(table), 0, size, Reach::whole, {});
      for (const FromSize& found : verdict.found()) {
        const std::int32_t expected = true_ones.get(found.dim, found.slot);
        check(found.value == expected, table, found_text(verdict));
      }
      // Demands in BT22 and in registers come in too many ways, and so do four data sets' channels.
      const bool too_many =
          table == BT(62) || (generation == Generation::gen4 &&
                              (table == BT(22) || table == BT(23) || table == BT(24)));
      check((verdict.kind == SizeVerdict::Kind::contradicted) == too_many, table,
            std::to_string(size) + " bytes are judged " +
                std::to_string(static_cast<int>(verdict.kind)));
    }
    const SizeVerdict of_bt28 =
        judge_size(*find_table(BT(28)), 0, state.tables.size(BT(28)), Reach::whole, {});
    assert_string_equal(found_text(of_bt28).c_str(),
                        generation == Generation::gen4 ? "BT21.8 = 1" : "BT21.9 = 55");
  }
}

// --- The load profile

// Registers that live through the same as the meter's, to be asked for a moment in its history.
class SameRegisters {
 public:
  explicit SameRegisters(Generation generation) { fresh(state_, generation, start); }
  // Moments must not run backwards.
  std::int64_t value_at(std::int64_t second, std::uint16_t source) {
    state_.now = std::chrono::seconds(second);
    live_on(state_);
    return source_value(state_, source).value();
  }

 private:
  MeterState state_;
};

void intervals_hold_the_registers(void**) {
  constexpr std::int64_t hours = 5;
  for (const Generation generation : generations) {
    MeterState state;
    fresh(state, generation);
    SameRegisters same(generation);
    pass(state, hours * 3600);
    Dimensions dimensions = learned_from_dimension_tables(state);
    for (unsigned set = 0; set < 2; ++set) {
      const auto table = static_cast<std::uint16_t>(BT(64) + set);
      const std::string prefix = set == 0 ? "bt64." : "bt65.";
      const auto block =
          static_cast<std::uint32_t>(number_in(state, BT(63), "bt63.last_block", {set}));
      const auto newest =
          static_cast<std::uint32_t>(number_in(state, ET(21), "et21.last_interval_number", {set}));

      // The header tells the time of the newest interval, and the others follow.
      const Buffer bytes = whole(state, table);
      learn(*find_table(table), {0, bytes}, dimensions);
      const BlockHeader header = remembered_header(dimensions, set, block);
      assert_int_equal(header.newest.value(), newest);
      assert_true(state.second() - *header.end <
                  state.load_profiles[set].config().interval_seconds());

      std::map<std::pair<std::int64_t, std::uint32_t>, std::int64_t> values;
      const std::size_t channels = state.load_profiles[set].config().sources.size();
      for (const Reading& reading : read_all(state, table, dimensions)) {
        if (!reading.source || reading.indices.size() != 3 || reading.indices[0] != block) continue;
        const auto end = interval_end(dimensions, set, header, reading.indices[1]);
        if (end && *end > start) values[{*end, reading.indices[2]}] = *reading.value;
      }
      const std::int64_t length = state.load_profiles[set].config().interval_seconds();
      assert_int_equal(values.size(), static_cast<std::size_t>(hours * 3600 / length) * channels);
      if (set != 0) continue;
      for (const auto& [place, value] : values) {
        const std::uint8_t source = state.load_profiles[set].config().sources[place.second];
        assert_int_equal(value, same.value_at(place.first, source));
      }
    }
  }
}

// Step 6 of page 31.
void the_newest_interval_is_where_its_configuration_says(void**) {
  for (const Generation generation : generations) {
    const MeterState& state = meter(generation);
    for (std::uint32_t set = 0; set < 2; ++set) {
      const auto in_et21 = [&](std::string_view name) {
        return static_cast<std::size_t>(
            number_in(state, ET(21), "et21." + std::string(name), {set}));
      };
      const LoadProfileLog& log = state.load_profiles[set];
      const std::size_t offset = log.last_block() * in_et21("block_size") +
                                 in_et21("interval_0_offset_from_block") +
                                 in_et21("last_interval_number") * in_et21("interval_size");
      const std::size_t channels = in_et21("channel_0_offset_from_interval");
      const auto table = static_cast<std::uint16_t>(BT(64) + set);
      const Buffer read = state.tables.read(table, offset, in_et21("interval_size"));
      const auto newest = log.newest_interval(log.last_block()).value();
      const auto values = log.interval(log.last_block(), newest).values;
      assert_int_equal(read.size(), channels + 4 * values.size());
      for (std::size_t i = 0; i < values.size(); ++i)
        assert_int_equal(read_le(read, channels + 4 * i, 4), values[i]);
    }
  }
}

void an_outage_shows(void**) {
  const MeterState& state = meter(Generation::gen4);
  const auto all = outages(state);
  assert_int_equal(all.size(), 1);
  const Dimensions dimensions = learned_from_dimension_tables(state);

  const auto log = read_all(state, ET(81), dimensions);
  const auto from = parse_date_time(find(log, "et81.start_timestamp", {0}).bytes);
  assert_int_equal(seconds_since_1970(*from), all[0].from + local_offset_seconds(all[0].from));
  assert_int_equal(number_in(state, ET(9), "et09.power_off_duration", {0}),
                   all[0].to - all[0].from);
  assert_int_equal(number_in(state, BT(23), "bt23.power_outage_qty", {5}),
                   state.registers->value(5).value());

  // One interval was not recorded, and the next says why.
  const LoadProfileLog& profile = state.load_profiles[0];
  std::size_t failed = 0, missing = 0;
  for (std::uint16_t interval = 0; interval < 96; ++interval) {
    const LoggedInterval logged = profile.interval(1, interval);
    failed += logged.processed && logged.common.power_fail;
    missing += !logged.processed;
  }
  assert_int_equal(failed, 1);
  assert_int_equal(missing, 1);
}

// --- M-Bus devices

void reads_are_logged(void**) {
  MeterState state;
  fresh(state, Generation::gen4);
  const auto sequence = number_in(state, ET(45), "et45.last_entry_sequence_number");
  const auto answers = number_in(state, ET(14), "et14.read_answers", {0});
  pass(state, 3600);
  assert_int_equal(number_in(state, ET(45), "et45.last_entry_sequence_number"), sequence + 2);
  assert_int_equal(number_in(state, ET(14), "et14.read_answers", {0}), answers + 1);

  const auto last = static_cast<std::uint32_t>(number_in(state, ET(45), "et45.last_entry_element"));
  const auto log = read_all(state, ET(45), state.tables.dimensions());
  assert_int_equal(*find(log, "et45.handle", {last}).value, 2);
  const auto time = parse_date_time(find(log, "et45.timestamp", {last}).bytes);
  assert_int_equal(time->minute, 0);
  assert_int_equal(time->hour, 9);

  // What ET16 has of it is as long as ET14 says.
  const auto length =
      static_cast<std::size_t>(number_in(state, ET(14), "et14.billing_read_length", {1}));
  const Buffer read = state.tables.read(ET(16), device_data_size, device_data_size);
  assert_int_equal(7 + 1 + read[7], length);
  assert_true(std::all_of(read.begin() + static_cast<std::ptrdiff_t>(length), read.end(),
                          [](auto byte) { return byte == 0; }));
  const auto data = read_all(state, ET(16), state.tables.dimensions());
  assert_int_equal(*find(data, "et16.medium", {0, 0}).value, 3);
  assert_int_equal(*find(data, "et16.medium", {1, 0}).value, 7);
}

void an_on_demand_read_is_answered(void**) {
  MeterState state;
  fresh(state, Generation::gen3);
  const std::int64_t before = state.mbus[1].read_at;
  state.on_demand[0] = {0x4200, 2, 2, 0, state.now + std::chrono::seconds(3)};
  pass(state, 1);
  assert_int_equal(number_in(state, ET(15), "et15.result", {0}), 0);
  assert_int_equal(number_in(state, ET(15), "et15.transaction_nbr", {0}), 0x4200);
  pass(state, 2);
  assert_int_equal(number_in(state, ET(15), "et15.result", {0}), 1);
  assert_true(state.mbus[1].read_at > before);

  // Nobody has that handle.
  state.on_demand[1] = {0x4201, 7, 2, 0, state.now};
  live_on(state);
  assert_int_equal(number_in(state, ET(15), "et15.result", {1}), 2);
}

// --- Clients

void write_flags(MeterState& state, unsigned client, std::uint8_t flags) {
  const std::uint64_t entry_size = state.tables.size(ET(50)) / state.clients();
  state.tables.write(ET(50), client * entry_size + 30, Buffer{flags});
}

void a_client_registers(void**) {
  for (const Generation generation : generations) {
    MeterState state;
    fresh(state, generation);
    const unsigned client = state.clients() - 1;
    const std::uint32_t entry = device_entry(client);
    assert_int_equal(number_in(state, ET(14), "et14.device_handle", {entry}), 0);
    write_flags(state, client, registered);
    pass(state, 1);
    assert_int_equal(number_in(state, ET(14), "et14.device_handle", {entry}), 1000 * (client + 1));
    assert_int_equal(number_in(state, ET(14), "et14.device_status", {entry}), 3);
    assert_int_equal(number_in(state, ET(14), "et14.device_occupancy") >> entry, 1);
    assert_int_equal(state.events.back().event, static_cast<int>(Event::client_registered));
    assert_int_equal(state.events.back().argument, client_handle(client));
    write_flags(state, client, 0);
    pass(state, 1);
    assert_int_equal(number_in(state, ET(14), "et14.device_handle", {entry}), 0);
    assert_int_equal(state.events.back().event, static_cast<int>(Event::client_removed));
  }
}

void only_registered_clients_are_alerted(void**) {
  MeterState state;
  fresh(state, Generation::gen4);
  write_flags(state, 1, registered | mbus_alerts);
  pass(state, 3600);
  assert_int_equal(state.alerts[0], 0);
  assert_int_equal(state.alerts[1], mbus_change);
  assert_int_equal(number_in(state, ET(13), "et13.m_bus_change", {device_entry(1)}), 1);
  // ET13 asks client 2 for its data at 00:31 local time.
  pass(state, std::int64_t{15} * 3600);
  assert_int_equal(state.alerts[1], mbus_change);
  pass(state, 3600);
  assert_int_equal(state.alerts[1], mbus_change | scheduled_read);
  assert_int_equal(state.alerts[0], 0);
  assert_int_equal(number_in(state, ET(14), "et14.read_attempts", {device_entry(1)}), 1);

  state.on_demand[2] = {7, client_handle(1), 2, 0, state.now + std::chrono::seconds(30)};
  pass(state, 1);
  assert_true(state.alerts[1] & on_demand_request);
  pass(state, 30);
  assert_int_equal(state.on_demand[2].result, 2);
  assert_false(state.alerts[1] & on_demand_request);
}

void alerts_are_for_those_who_want_them(void**) {
  MeterState state;
  fresh(state, Generation::gen3);
  write_flags(state, 0, registered);
  state.tables.write(ET(71), 0, Buffer{15, 0, 1, 0});
  pass(state, 3600);
  assert_int_equal(state.alerts[0], 0);
}

void delta_data_are_watched(void**) {
  MeterState state;
  fresh(state, Generation::gen3);
  // The voltage of L1: any change counts.
  state.tables.write(ET(71), 0, Buffer{15, 0, 1, 0});
  state.tables.write(ET(71), 13, Buffer{0xF0, 0x0F, 1, 0});
  pass(state, 5);
  assert_int_equal(state.alerts[0], 0);
  write_flags(state, 0, registered | delta_data_alerts);
  pass(state, 5);
  assert_int_equal(state.alerts[0], delta_data);
  assert_int_equal(number_in(state, ET(71), "et71.sampled_data_value", {0}),
                   state.registers->value(15).value());
  assert_int_equal(number_in(state, ET(71), "et71.source_id_invalid", {0}), 0);
  assert_int_equal(number_in(state, ET(71), "et71.source_id_invalid", {1}), 1);
  assert_int_equal(number_in(state, ET(71), "et71.delta_data_monitor_source", {2}), 255);
}

template <typename Do>
bool is_refused(Do something) {
  try {
    something();
  } catch (const std::invalid_argument&) {
    return true;
  }
  return false;
}

// A name that was changed in a description is found out before a meter runs without the field.
void names_that_nothing_has_are_refused(void**) {
  const Give give = [](const Asked&) -> Value { return 1; };
  assert_false(is_refused([&] { by_name({{"bt52.clock_calendar", give}}); }));
  assert_true(is_refused([&] { by_name({{"bt52.calendar", give}}); }));
  TableSpace tables;
  tables.add(BT(52));
  assert_false(is_refused([&] { tables.live(BT(52), by_label({{"Clock Calendar", give}})); }));
  assert_true(is_refused([&] { tables.live(BT(52), by_label({{"Summations", give}})); }));
  Values values;
  assert_true(is_refused([&] { values.set("bt52.calendar", 1); }));
}

void results_are_where_the_client_wants_them(void**) {
  MeterState state;
  fresh(state, Generation::gen4);
  state.results[0] = {EP(19), 6, 0, {4}};
  state.results[1] = {EP(61), 7, 3, {}};
  assert_int_equal(number_in(state, BT(8), "bt08.procedure_number"), EP(19));
  assert_int_equal(number_in(state, ET(59), "et59.procedure_number"), 0);
  assert_int_equal(whole(state, BT(8))[4], 4);
  write_flags(state, 0, registered | answers_in_et59);
  assert_int_equal(number_in(state, BT(8), "bt08.procedure_number"), 0);
  assert_int_equal(number_in(state, ET(59), "et59.procedure_sequence_number_psn"), 6);
  assert_int_equal(number_in(state, ET(85), "et85.procedure_number"), EP(61));
  assert_int_equal(number_in(state, ET(85), "et85.result_code"), 3);
}

// --- Time and events

void clocks_show_the_time(void**) {
  for (const std::int64_t second : {start, std::int64_t{1656676800}}) {
    MeterState state;
    fresh(state, Generation::gen3, second);
    const Buffer clock = state.tables.read(BT(52), 0, 6);
    assert_int_equal(seconds_since_1970(*parse_date_time(clock)), second);
    const Buffer local = state.tables.read(BT(55), 0, 6);
    const bool summer = second != start;
    assert_int_equal(seconds_since_1970(*parse_date_time(local)), second + (summer ? 7200 : 3600));
    assert_int_equal(number_in(state, BT(55), "bt55.daylight_savings_time"), summer);
    assert_int_equal(number_in(state, BT(55), "bt55.current_tier"), state.registers->tier());
  }
}

void events_stand_in_two_logs(void**) {
  for (const Generation generation : generations) {
    const MeterState& state = meter(generation);
    const auto primary = number_in(state, BT(74), "bt74.number_of_valid_entries");
    const auto alternate = number_in(state, ET(79), "et79.number_of_valid_entries");
    assert_int_equal(primary + alternate, state.events.size());
    assert_true(alternate > 0);
    const auto last =
        static_cast<std::uint32_t>(number_in(state, BT(74), "bt74.last_entry_element"));
    assert_int_equal(number_in(state, BT(74), "bt74.sequence_number", {last}),
                     number_in(state, BT(74), "bt74.last_entry_sequence_number"));
  }
}

void an_event_log_is_a_ring(void**) {
  MeterState state;
  fresh(state, Generation::gen3);
  const std::size_t entries = layout_of(Generation::gen3).history_entries;
  while (state.events.size() < 3 * entries) log_event(state, state.second(), Event::self_read);
  const auto last = static_cast<std::uint32_t>(number_in(state, BT(74), "bt74.last_entry_element"));
  assert_int_equal(number_in(state, BT(74), "bt74.number_of_valid_entries"), entries);
  assert_int_equal(number_in(state, BT(74), "bt74.overflow"), 1);
  assert_int_equal(number_in(state, BT(74), "bt74.sequence_number", {last}), 3 * entries);
  const auto oldest = static_cast<std::uint32_t>((last + 1) % entries);
  assert_int_equal(number_in(state, BT(74), "bt74.sequence_number", {oldest}), 2 * entries + 1);
}

void the_same_seed_gives_the_same_meter(void**) {
  MeterState one, other;
  fresh(one, Generation::gen4);
  fresh(other, Generation::gen4);
  // Whether time passes in steps or in leaps.
  pass(one, 7300);
  other.now += std::chrono::seconds(7300);
  live_on(other);
  for (const std::uint16_t table : promised(Generation::gen4))
    check(whole(one, table) == whole(other, table), table, "differs");
}

// --- Writing

// Fields that show what is, whatever is written.
bool is_live(std::string_view name) {
  for (const std::string_view live : {"et09.power", "et09.reset_cause", "et09.l1", "et09.l2",
                                      "et09.l3", "et13.alert_flags", "et23.lontalk", "bt23"})
    if (name.starts_with(live)) return true;
  return false;
}

// The places of live fields in a table.
class LivePlaces : public Visitor {
 public:
  explicit LivePlaces(std::size_t size) : live_(size) {}
  void leaf(const Leaf& leaf) override {
    if (!is_live(catalog().fields[field_of(*leaf.node, leaf.source)].name)) return;
    for (std::uint64_t at = leaf.visible.offset; at < leaf.visible.end(); ++at)
      live_[static_cast<std::size_t>(at)] = true;
  }
  bool at(std::size_t position) const { return live_[position]; }

 private:
  std::vector<bool> live_;
};

// By Appendix C or, for what it forgets, by the table's own page.
bool is_writable(std::uint16_t table) {
  for (const std::uint16_t forgotten : {ET(61), ET(62), ET(71), ET(97)})
    if (table == forgotten) return true;
  return may_write(AccessLevel::advanced, table) == Permission::granted;
}

void what_is_written_is_read(void**) {
  Random random(50);
  for (const Generation generation : generations) {
    MeterState state;
    fresh(state, generation);
    for (const std::uint16_t table : promised(generation)) {
      // BT07 and ET52 are the meter's to take, which is not their bytes' end.
      if (!is_writable(table) || table == BT(7) || table == ET(52)) continue;
      const Buffer before = whole(state, table);
      LivePlaces live(before.size());
      walk(*find_table(table), {0, before}, state.tables.dimensions(), live);
      const std::size_t offset = random.below(static_cast<std::uint32_t>(before.size()));
      const Buffer written = random.bytes(random.between(1, 100));
      state.tables.write(table, offset, written);
      const Buffer after = whole(state, table);
      assert_int_equal(after.size(), before.size());
      for (std::size_t i = 0; i < after.size(); ++i) {
        if (live.at(i)) continue;
        const bool inside = i >= offset && i < offset + written.size();
        check(after[i] == (inside ? written[i - offset] : before[i]), table,
              "another byte at " + std::to_string(i));
      }
    }
  }
}

}  // namespace
}  // namespace mep::simulator

int main() {
  using namespace mep::simulator;
  const CMUnitTest tests[] = {
      cmocka_unit_test(every_table_is_there),
      cmocka_unit_test(tables_have_the_sizes_that_their_dimensions_give),
      cmocka_unit_test(arrays_of_devices_have_an_entry_for_each),
      cmocka_unit_test(pieces_are_what_the_whole_has_there),
      cmocka_unit_test(no_value_is_refused),
      cmocka_unit_test(summations_show_the_registers),
      cmocka_unit_test(the_maximum_demand_is_the_registers),
      cmocka_unit_test(present_values_show_the_registers),
      cmocka_unit_test(device_sources_show_the_mbus),
      cmocka_unit_test(a_meter_that_starts_again_goes_on),
      cmocka_unit_test(registers_never_run_backwards),
      cmocka_unit_test(snapshots_are_older_registers),
      cmocka_unit_test(the_interface_definition_repeats_the_dimension_tables),
      cmocka_unit_test(layouts_follow_from_either),
      cmocka_unit_test(sizes_prove_what_the_tables_tell),
      cmocka_unit_test(intervals_hold_the_registers),
      cmocka_unit_test(the_newest_interval_is_where_its_configuration_says),
      cmocka_unit_test(an_outage_shows),
      cmocka_unit_test(reads_are_logged),
      cmocka_unit_test(an_on_demand_read_is_answered),
      cmocka_unit_test(a_client_registers),
      cmocka_unit_test(only_registered_clients_are_alerted),
      cmocka_unit_test(alerts_are_for_those_who_want_them),
      cmocka_unit_test(delta_data_are_watched),
      cmocka_unit_test(names_that_nothing_has_are_refused),
      cmocka_unit_test(results_are_where_the_client_wants_them),
      cmocka_unit_test(clocks_show_the_time),
      cmocka_unit_test(events_stand_in_two_logs),
      cmocka_unit_test(an_event_log_is_a_ring),
      cmocka_unit_test(the_same_seed_gives_the_same_meter),
      cmocka_unit_test(what_is_written_is_read),
  };
  return cmocka_run_group_tests_name("contents", tests, nullptr, nullptr);
}
