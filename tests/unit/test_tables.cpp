// What must hold of every description in protocol/tables, whatever the bytes and the dimensions:
// the walker stays inside, comes to an end, and finds each field where the guide prints it.
// SPDX-License-Identifier: GPL-2.0-or-later
#include "protocol/tables/tables.h"

#include <algorithm>
#include <limits>
#include <map>
#include <string>

#include "protocol/names.h"
#include "protocol/tables/procedures.h"
#include "protocol/walker.h"
#include "tests/unit/material.h"
#include "tests/unit/walk_record.h"

#include "tests/unit/cmocka.h"

namespace mep {
namespace {

using test::Buffer;
using test::Random;
using test::SeenBranch;
using test::SeenLeaf;
using test::walked;
using test::WalkRecord;

// "BT21.0.4" is a bit or a few of a byte, "BT21.3" the byte.
bool is_bit(const DimInfo& info) {
  return std::count(info.origin.begin(), info.origin.end(), '.') == 2;
}

template <typename Value>
Dimensions all_of(Value value) {
  Dimensions dimensions;
  for (std::size_t i = 0; i < dim_count(); ++i) {
    const auto dim = static_cast<Dim>(i);
    for (std::size_t slot = 0; slot < dim_info(dim).slots; ++slot)
      dimensions.learn(dim, slot, value(dim_info(dim)));
  }
  return dimensions;
}

Dimensions small_ones(std::uint32_t seed) {
  Random random(seed);
  return all_of([&random](const DimInfo& info) {
    return static_cast<std::int32_t>(random.below(is_bit(info) ? 2 : 7));
  });
}

// Sizes as meters have them, flags and counts varied.
Dimensions usual_ones(std::uint32_t seed) {
  Random random(seed);
  return all_of([&random](const DimInfo& info) {
    if (is_bit(info)) return static_cast<std::int32_t>(random.below(2));
    const auto assumed = static_cast<std::uint32_t>(info.assumed);
    return static_cast<std::int32_t>(random.between(assumed, assumed + 3));
  });
}

Dimensions extreme_ones(std::uint32_t seed) {
  Random random(seed);
  return all_of([&random](const DimInfo&) {
    constexpr std::int32_t extremes[] = {0,
                                         1,
                                         -1,
                                         65535,
                                         65536,
                                         std::numeric_limits<std::int32_t>::max(),
                                         std::numeric_limits<std::int32_t>::min()};
    return extremes[random.below(std::size(extremes))];
  });
}

Dimensions constant(std::int32_t value) {
  return all_of([value](const DimInfo&) { return value; });
}

void expect_sound(const WalkRecord& record, const Table& table, const Stretch& stretch) {
  if (record.broken)
    print_error("%s, %zu bytes from %llu: %s\n", table_label(table.number).c_str(),
                stretch.bytes.size(), static_cast<unsigned long long>(stretch.offset),
                record.broken);
  assert_null(record.broken);
}

void walk_soundly(const Table& table, std::uint64_t offset, const Buffer& bytes,
                  const Dimensions& dimensions) {
  const Stretch stretch{offset, bytes};
  const WalkRecord record = walked(table, stretch, dimensions);
  expect_sound(record, table, stretch);
  assert_true(record.leaves.size() <= bytes.size());
}

void tables_are_in_ascending_order_and_found(void**) {
  assert_true(all_tables().size() > 60);
  std::int32_t last = -1;
  for (const Table& table : all_tables()) {
    assert_true(table.number > last);
    last = table.number;
    assert_ptr_equal(find_table(table.number), &table);
    assert_ptr_equal(find_table(table.number | pending_flag), &table);
    const bool optical = (table.page & optical_page_flag) != 0;
    const int page = table.page & ~optical_page_flag;
    assert_true(optical ? page >= 5 && page <= 64 : page >= 40 && page <= 260);
  }
  assert_null(find_table(BT(2047)));
}

void no_length_of_any_table_leads_outside(void**) {
  Random random(1);
  const Dimensions sets[] = {Dimensions(), small_ones(1)};
  for (const Table& table : all_tables()) {
    const Buffer content = random.bytes(600);
    for (const Dimensions& dimensions : sets) {
      for (std::size_t size = 0; size <= content.size(); ++size) {
        // A copy of just this size: one byte further is somebody else's.
        walk_soundly(table, 0,
                     Buffer(content.begin(), content.begin() + static_cast<std::ptrdiff_t>(size)),
                     dimensions);
      }
    }
  }
}

void no_stretch_of_any_table_leads_outside(void**) {
  Random random(2);
  const Dimensions sets[] = {Dimensions(),  constant(0),   constant(1),    small_ones(2),
                             small_ones(3), usual_ones(4), extreme_ones(5)};
  for (const Table& table : all_tables()) {
    for (const Dimensions& dimensions : sets) {
      for (int round = 0; round < 40; ++round) {
        const std::uint32_t far = round < 30 ? 1000 : 0xFFFFFF;
        walk_soundly(table, random.below(far), random.bytes(random.below(200)), dimensions);
      }
    }
  }
}

void hostile_dimensions_come_to_an_end(void**) {
  constexpr std::int32_t largest = std::numeric_limits<std::int32_t>::max();
  constexpr std::int32_t smallest = std::numeric_limits<std::int32_t>::min();
  std::vector<Dimensions> sets = {constant(largest), constant(smallest), constant(-1),
                                  constant(65535)};
  for (std::uint32_t seed = 0; seed < 10; ++seed) sets.push_back(extreme_ones(seed));
  Random random(3);
  for (const Table& table : all_tables()) {
    for (const Dimensions& dimensions : sets) {
      size_of(table, dimensions);
      for (const std::uint64_t offset : {0U, 7U, 1000U, 65535U, 0xFFFFFFU}) {
        const Buffer bytes = random.bytes(100);
        const WalkRecord record = walked(table, {offset, bytes}, dimensions);
        expect_sound(record, table, {offset, bytes});
        if (record.asked > 200000)
          print_error("%s from %llu: asked %zu times\n", table_label(table.number).c_str(),
                      static_cast<unsigned long long>(offset), record.asked);
        assert_true(record.asked <= 200000);
      }
    }
  }
}

// What a part shows of a field is what the whole shows.
void a_part_of_a_table_agrees_with_the_whole(void**) {
  Random random(4);
  const Dimensions sets[] = {Dimensions(), small_ones(6), usual_ones(7)};
  for (const Table& table : all_tables()) {
    for (const Dimensions& dimensions : sets) {
      // Small values, so that lengths and conditions within the contents come true now and then.
      Buffer content = random.bytes(1500);
      for (std::uint8_t& byte : content)
        if (random.once_in(2)) byte = static_cast<std::uint8_t>(random.below(8));
      const WalkRecord whole = walked(table, {0, content}, dimensions);
      expect_sound(whole, table, {0, content});
      for (int round = 0; round < 60; ++round) {
        const std::size_t from = random.below(1500);
        const std::size_t size = random.below(1500 - static_cast<std::uint32_t>(from) + 1);
        const Stretch stretch{from, Bytes(content).subspan(from, size)};
        const WalkRecord part = walked(table, stretch, dimensions);
        expect_sound(part, table, stretch);
        for (const SeenLeaf& leaf : part.leaves) {
          if (leaf.node->takes_rest()) continue;
          const auto begins_before = [](const SeenLeaf& seen, std::uint64_t position) {
            return seen.position < position;
          };
          const auto same = std::lower_bound(whole.leaves.begin(), whole.leaves.end(),
                                             leaf.position, begins_before);
          const bool agrees = same != whole.leaves.end() && same->node == leaf.node &&
                              same->position == leaf.position && same->size == leaf.size &&
                              same->index == leaf.index && same->source == leaf.source &&
                              (!leaf.complete || same->value == leaf.value);
          if (!agrees)
            print_error("%s, %zu bytes from %zu: %s at %llu\n", table_label(table.number).c_str(),
                        size, from, leaf.node->name.c_str(),
                        static_cast<unsigned long long>(leaf.position));
          assert_true(agrees);
        }
      }
    }
  }
}

void learning_never_leads_outside_either(void**) {
  Random random(5);
  Dimensions dimensions;
  for (int round = 0; round < 20; ++round) {
    for (const Table& table : all_tables()) {
      const Buffer bytes = random.bytes(random.below(300));
      learn(table, {random.once_in(2) ? 0 : random.below(500), bytes}, dimensions);
    }
  }
}

constexpr std::size_t most_bytes = 65536;

template <typename Seen>
std::size_t disagreements(const std::vector<Seen>& seen, const Table& table) {
  std::size_t count = 0;
  for (const Seen& each : seen) {
    if (!each.printed_offset || *each.printed_offset == static_cast<std::int64_t>(each.position))
      continue;
    print_error("%s, %s: the guide prints %lld, the layout says %llu\n",
                table_label(table.number).c_str(), each.node->name.c_str(),
                static_cast<long long>(*each.printed_offset),
                static_cast<unsigned long long>(each.position));
    ++count;
  }
  return count;
}

void fields_are_where_the_guide_prints_them(void**) {
  const Buffer zeros(most_bytes);
  std::vector<Dimensions> sets = {Dimensions()};
  for (std::uint32_t seed = 0; seed < 3; ++seed) sets.push_back(usual_ones(100 + seed));
  std::size_t disagreeing = 0, printed = 0;
  for (const Table& table : all_tables()) {
    for (const Dimensions& dimensions : sets) {
      const std::uint64_t size =
          std::min<std::uint64_t>(size_of(table, dimensions).value_or(512), 8192);
      const WalkRecord record =
          walked(table, {0, Bytes(zeros).first(static_cast<std::size_t>(size))}, dimensions);
      for (const SeenLeaf& leaf : record.leaves) printed += leaf.printed_offset.has_value();
      disagreeing += disagreements(record.leaves, table);
      disagreeing += disagreements(record.branches, table);
    }
  }
  assert_true(printed > 2000);
  assert_int_equal(disagreeing, 0);
}

void the_size_of_a_table_is_the_end_of_its_last_field(void**) {
  const Buffer zeros(most_bytes);
  std::vector<Dimensions> sets = {Dimensions(), constant(0), constant(1)};
  for (std::uint32_t seed = 0; seed < 2; ++seed) {
    sets.push_back(usual_ones(200 + seed));
    sets.push_back(small_ones(200 + seed));
  }
  std::size_t compared = 0;
  for (const Table& table : all_tables()) {
    for (const Dimensions& dimensions : sets) {
      const auto size = size_of(table, dimensions);
      constexpr std::size_t more = 16;
      if (!size || *size + more > zeros.size()) continue;
      const Stretch stretch{0, Bytes(zeros).first(static_cast<std::size_t>(*size) + more)};
      const WalkRecord record = walked(table, stretch, dimensions);
      expect_sound(record, table, stretch);
      // The rest of a table counts for nothing; of anything else, what follows is undecoded.
      std::uint64_t end = stretch.end();
      if (!record.gaps.empty() && record.gaps.back().to == end) {
        end = record.gaps.back().from;
      } else if (!record.leaves.empty() && record.leaves.back().node->takes_rest()) {
        end = record.leaves.back().position;
      }
      if (end != *size)
        print_error("%s: size %llu, the last field ends at %llu\n",
                    table_label(table.number).c_str(), static_cast<unsigned long long>(*size),
                    static_cast<unsigned long long>(end));
      assert_int_equal(end, *size);
      ++compared;
    }
  }
  assert_true(compared > 200);
}

// BT64 holds some megabytes.
void the_end_of_a_load_profile_costs_no_more_than_its_beginning(void**) {
  const Table* table = find_table(BT(64));
  assert_non_null(table);
  const Buffer bytes(100);
  Dimensions dimensions;
  const auto size = size_of(*table, dimensions);
  assert_true(size.has_value());
  assert_true(*size > 1000000);
  const WalkRecord beginning = walked(*table, {0, bytes}, dimensions);
  const std::uint64_t block =
      *size / static_cast<std::uint64_t>(dimensions.get(Dim::load_profile_blocks, 0));
  const WalkRecord end = walked(*table, {*size - block, bytes}, dimensions);
  expect_sound(end, *table, {*size - block, bytes});
  assert_int_equal(end.leaves.size(), beginning.leaves.size());
  assert_true(end.asked <= beginning.asked + 10);
}

void procedures_stay_inside_as_well(void**) {
  Random random(6);
  for (const Procedure& procedure : all_procedures()) {
    for (const Node* root : {&procedure.parameters, &procedure.response}) {
      for (std::size_t size = 0; size <= 100; ++size) {
        const Buffer bytes = random.bytes(size);
        const std::uint64_t offset = random.once_in(2) ? 0 : random.below(50);
        WalkRecord record({offset, bytes});
        walk(*root, {offset, bytes}, Dimensions(), record);
        if (!record.consistent())
          print_error("%s, %zu bytes from %llu: %s\n", procedure_label(procedure.number).c_str(),
                      size, static_cast<unsigned long long>(offset), record.broken);
        assert_null(record.broken);
      }
    }
  }
}

// How often each role occurs under a node.
void count_roles(const Node& node, std::map<Role, int>& roles) {
  ++roles[node.role];
  for (const BitField& field : node.bit_fields()) ++roles[field.role];
  for (const Node& child : node.children()) count_roles(child, roles);
}

std::map<Role, int> roles_of(const Table& table) {
  std::map<Role, int> roles;
  count_roles(table.root, roles);
  roles.erase(Role::none);
  return roles;
}

constexpr Role last_role = Role::channel_placeholder;
constexpr Story last_story = Story::flags;

void every_role_and_every_story_is_used(void**) {
  std::map<Role, int> roles;
  std::map<Story, int> stories;
  for (const Table& table : all_tables()) {
    for (const auto& [role, count] : roles_of(table)) roles[role] += count;
    ++stories[table.story];
  }
  assert_int_equal(roles.size(), static_cast<std::size_t>(last_role));
  assert_int_equal(stories.size(), static_cast<std::size_t>(last_story) + 1);
}

// What the roles of a load profile's parts are, and each of them once.
void load_profiles_have_each_of_their_roles_once(void**) {
  const std::map<Role, int> wanted = {{Role::block, 1},
                                      {Role::block_end, 1},
                                      {Role::block_status, 1},
                                      {Role::interval, 1},
                                      {Role::channel_pair, 1},
                                      {Role::channel_0_status, 1},
                                      {Role::odd_channel_status, 1},
                                      {Role::even_channel_status, 1},
                                      {Role::summer_time, 1}};
  for (const Table& table : all_tables()) {
    const bool is_profile = table.number >= BT(64) && table.number <= BT(67);
    assert_true((table.story == Story::intervals) == is_profile);
    if (is_profile) assert_true(roles_of(table) == wanted);
  }
}

// A story has the parts that it is told from.
void stories_have_what_they_tell(void**) {
  for (const Table& table : all_tables()) {
    auto roles = roles_of(table);
    const bool of_devices = table.story == Story::devices || table.story == Story::device_log;
    const bool has_time =
        table.number != BT(23) &&
        (table.story == Story::energies || table.story == Story::snapshots ||
         table.story == Story::events || of_devices || table.story == Story::clock);
    assert_int_equal(roles[Role::moment], has_time ? 1 : 0);
    assert_true((roles[Role::flags] > 0) == (table.story == Story::flags));
    // In both data structures of M-Bus, pages 93 and 94.
    assert_int_equal(roles[Role::serial_number], of_devices ? 2 : 0);
    assert_int_equal(roles[Role::response_info], of_devices ? 1 : 0);
    assert_int_equal(roles[Role::device_records], of_devices ? 1 : 0);
    if (table.story == Story::energies || table.story == Story::snapshots)
      assert_int_equal(roles[Role::tier], 1);
    // What M-Bus devices said last is what there is of them.
    const bool keeps = has_time && table.story != Story::devices;
    assert_int_equal(table.past, keeps || table.story == Story::intervals);
  }
}

bool is_source(Dim dim) {
  return dim_info(dim).kind == DimKind::source;
}

void check_sources(const Node& node, std::size_t& rows) {
  if (const RegistersPart* row = node.registers()) {
    assert_true(is_source(row->selection));
    ++rows;
  }
  if (const auto learned = node.learned_dim())
    assert_true(is_source(*learned) == (node.field().format == Format::source_id));
  for (const BitField& field : node.bit_fields())
    if (field.learned_dim) assert_false(is_source(*field.learned_dim));
  for (const Node& child : node.children()) check_sources(child, rows);
}

// What registers are named by is a source, and whatever tells one is shown as a source.
void selections_are_sources_and_nothing_else_is(void**) {
  std::size_t rows = 0;
  for (const Table& table : all_tables()) check_sources(table.root, rows);
  assert_true(rows > 0);
}

// By the guide's names, which are written by another rule than the units.
void energies_are_the_sources_in_watt_hours(void**) {
  for (const Source& source : sources()) {
    const bool by_name = source.name.find("Wh") != std::string_view::npos ||
                         source.name.find("rh ") != std::string_view::npos;
    if ((source.measure == Measure::energy) != by_name)
      fail_msg("source %u, %s", source.id, std::string(source.name).c_str());
  }
}

void sources_are_in_ascending_order_and_found(void**) {
  std::int32_t last = -1;
  for (const Source& source : sources()) {
    assert_true(source.id > last);
    last = source.id;
    assert_false(source.name.empty());
    assert_ptr_equal(find_source(source.id), &source);
  }
  assert_true(last > 0);
  assert_null(find_source(0xFFFF));
}

int run_all() {
  const CMUnitTest tests[] = {
      cmocka_unit_test(tables_are_in_ascending_order_and_found),
      cmocka_unit_test(no_length_of_any_table_leads_outside),
      cmocka_unit_test(no_stretch_of_any_table_leads_outside),
      cmocka_unit_test(hostile_dimensions_come_to_an_end),
      cmocka_unit_test(a_part_of_a_table_agrees_with_the_whole),
      cmocka_unit_test(learning_never_leads_outside_either),
      cmocka_unit_test(fields_are_where_the_guide_prints_them),
      cmocka_unit_test(the_size_of_a_table_is_the_end_of_its_last_field),
      cmocka_unit_test(the_end_of_a_load_profile_costs_no_more_than_its_beginning),
      cmocka_unit_test(procedures_stay_inside_as_well),
      cmocka_unit_test(every_role_and_every_story_is_used),
      cmocka_unit_test(load_profiles_have_each_of_their_roles_once),
      cmocka_unit_test(stories_have_what_they_tell),
      cmocka_unit_test(selections_are_sources_and_nothing_else_is),
      cmocka_unit_test(energies_are_the_sources_in_watt_hours),
      cmocka_unit_test(sources_are_in_ascending_order_and_found),
  };
  return cmocka_run_group_tests(tests, nullptr, nullptr);
}

}  // namespace
}  // namespace mep

int main() {
  return mep::run_all();
}
