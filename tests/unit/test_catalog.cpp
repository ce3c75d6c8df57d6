// Which tables are described, what their fields are called, and how long they are.
// SPDX-License-Identifier: GPL-2.0-or-later
#include "protocol/catalog.h"

#include <algorithm>
#include <cctype>
#include <cstdio>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "protocol/names.h"
#include "protocol/walker.h"

#include "tests/unit/cmocka.h"

namespace mep {
namespace {

void complain(const Table& table, const std::string& what) {
  std::fprintf(stderr, "%s: %s\n", table_label(table.number).c_str(), what.c_str());
  fail();
}

// --- Which there are

void the_tables_that_were_asked_for_are_there(void**) {
  const std::vector<std::uint16_t> extended = {
      3,  4,  9,  11, 13, 14, 15, 16, 21, 23, 29, 31, 34, 36, 41, 42, 45, 46, 47, 50, 51,
      52, 53, 54, 55, 57, 58, 59, 61, 62, 66, 70, 71, 74, 75, 79, 80, 81, 85, 89, 90, 97};
  const std::vector<std::uint16_t> basic = {0,  1,  7,  8,  15, 21, 22, 23, 24, 25,
                                            26, 27, 28, 30, 33, 50, 52, 53, 54, 55,
                                            60, 61, 62, 63, 64, 65, 66, 67, 74};
  std::set<std::uint16_t> described;
  for (const Table& table : catalog().tables) {
    assert_true(described.insert(table.number).second);
    assert_false(table.root.children().empty());
  }
  for (const std::uint16_t number : extended) assert_true(described.count(ET(number)) == 1);
  for (const std::uint16_t number : basic) assert_true(described.count(BT(number)) == 1);
  for (const std::uint16_t number : {17, 19, 39, 61}) assert_non_null(find_procedure(EP(number)));
}

// --- Names

// The contract's rule, written down once more.
std::string slug_of(std::string_view name) {
  std::string slug;
  for (const char c : name) {
    const bool plain = std::isalnum(static_cast<unsigned char>(c)) != 0;
    if (plain) slug += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    if (!plain && !slug.empty() && slug.back() != '_') slug += '_';
  }
  if (!slug.empty() && slug.back() == '_') slug.pop_back();
  return slug;
}

// What one filter name may stand for: one label of the guide with one unit and one list of values,
// in groups of which one lies within the other (variants of a layout, both ends of a frame).
// Reserved bytes all mean the same: nothing.
struct Meaning {
  std::string_view label;
  std::string_view unit;
  std::string_view remark;
  ValueNames values;
  std::vector<std::string> groups;
  int source;
  bool reserved;
  bool in_group = false;  // a name that is kept, see BitField::named_in_group
};

bool within(const std::vector<std::string>& some, const std::vector<std::string>& all) {
  return std::all_of(some.begin(), some.end(), [&all](const std::string& group) {
    return std::find(all.begin(), all.end(), group) != all.end();
  });
}

bool same(const Meaning& a, const Meaning& b) {
  if (a.reserved && b.reserved) return true;
  return a.label == b.label && a.unit == b.unit && a.remark == b.remark && a.values == b.values &&
         a.source == b.source && (within(a.groups, b.groups) || within(b.groups, a.groups));
}

// Goes over the fields of one description in wire order and holds their names against the rule.
class NameCheck {
 public:
  NameCheck(const Table& table, std::string prefix) : table_(table), prefix_(std::move(prefix)) {}

  void visit(const Node& node) {
    if (node.kind() == Kind::leaf) {
      visit_leaf(node);
    } else if (node.kind() == Kind::registers) {
      visit_registers(node);
    } else {
      groups_.push_back(slug_of(node.name));
      for (const Node& child : node.children()) visit(child);
      groups_.pop_back();
    }
  }

  void finish() const {
    for (const auto& named : meanings_) {
      const std::vector<Meaning>& meanings = named.second;
      if (!std::all_of(meanings.begin(), meanings.end(),
                       [&meanings](const Meaning& other) { return same(meanings[0], other); }))
        complain(table_, named.first + " has several meanings");
    }
  }

 private:
  void visit_leaf(const Node& node) {
    if (node.name.empty() && node.type() != Type::bits) complain(table_, "a field without a name");
    if (!node.name.empty())
      take(node.field().id, node.name, meaning(node, node.name, node.value_names()));
    for (const BitField& field : node.bit_fields()) {
      if (field.name.empty()) complain(table_, "bits without a name");
      Meaning held = meaning(node, field.name, field.values);
      held.in_group = field.in_group;
      take(field.id, field.name, held);
    }
  }

  void visit_registers(const Node& node) {
    take(node.field().id, node.name, meaning(node, node.name, node.value_names()));
    const RegistersPart& row = *node.registers();
    if (row.one_name) return;
    for (std::size_t source = 0; source < row.source_ids.size(); ++source) {
      if (row.source_ids[source] == 0) continue;
      std::string_view name;
      if (const Source* listed = find_source(static_cast<std::uint16_t>(source)))
        name = listed->name;
      for (const SourceName& own : row.source_names)
        if (own.source == source) name = own.name;
      Meaning held = meaning(node, name, node.value_names());
      held.source = static_cast<int>(source);
      take(row.source_ids[source], name, held);
    }
  }

  Meaning meaning(const Node& node, std::string_view label, const ValueNames& values) const {
    const bool bits = node.type() == Type::bits;
    return {label,
            bits ? std::string_view() : node.field().unit_text,
            node.remark,
            values,
            groups_,
            -1,
            node.type() == Type::fill};
  }

  static bool is_numbered(const std::string& name, const std::string& base) {
    if (name == base) return true;
    if (!name.starts_with(base + "_")) return false;
    const std::string number = name.substr(base.size() + 1);
    return std::all_of(number.begin(), number.end(), [](char c) { return c >= '0' && c <= '9'; });
  }

  // Right is the slug, with the name of a group around it in front, and with a number behind.
  bool is_right(const std::string& name, const std::string& slug) const {
    if (is_numbered(name, prefix_ + "." + slug)) return true;
    return std::any_of(groups_.begin(), groups_.end(), [&](const std::string& group) {
      return is_numbered(name, prefix_ + "." + group + "." + slug);
    });
  }

  void take(std::uint32_t id, std::string_view label, const Meaning& meaning) {
    if (id == 0 || id >= catalog().fields.size())
      complain(table_, std::string(label) + " is not in the catalogue");
    const FieldInfo& field = catalog().fields[id];
    const std::string slug = slug_of(label);
    if (!is_right(field.name, slug)) complain(table_, std::string(label) + " is " + field.name);
    if (field.label != label) complain(table_, field.name + " has another label");
    // Registers come by source and not in the order of a table: theirs are numbered by BT22's list.
    if (meaning.source < 0 && !meaning.in_group && seen_.insert(slug).second &&
        field.name != prefix_ + "." + slug)
      complain(table_, field.name + " is the first of its name");
    meanings_[field.name].push_back(meaning);
  }

  const Table& table_;
  std::string prefix_;
  std::vector<std::string> groups_;
  std::set<std::string> seen_;
  std::map<std::string, std::vector<Meaning>> meanings_;
};

void every_field_is_named_by_the_rule(void**) {
  for (const Table& table : catalog().tables) {
    char prefix[16];
    std::snprintf(prefix, sizeof prefix, "%s%02d",
                  (table.number & manufacturer_flag) != 0 ? "et" : "bt",
                  table.number & number_mask);
    NameCheck check(table, prefix);
    for (const Node& child : table.root.children()) check.visit(child);
    check.finish();
  }
}

// Wireshark lets two fields have one name only where their types go together.
void fields_of_one_name_are_of_one_kind(void**) {
  std::map<std::string, FieldKind> kinds;
  for (std::size_t id = 1; id < catalog().fields.size(); ++id) {
    const FieldInfo& field = catalog().fields[id];
    const auto [known, is_new] = kinds.emplace(field.name, field.kind);
    if (is_new || known->second == field.kind) continue;
    std::fprintf(stderr, "%s is of two kinds\n", field.name.c_str());
    fail();
  }
}

void names_that_others_rely_on_are_there(void**) {
  std::set<std::string> names;
  for (const FieldInfo& field : catalog().fields) names.insert(field.name);
  for (const char* name :
       {"bt23.fwd_active_wh_l1l2l3", "bt23.tier.fwd_active_wh_l1l2l3",
        "bt23.fwd_rev_active_wh_l1l2l3_2", "bt23.tier.fwd_rev_active_wh_l1l2l3_2",
        "bt23.power_outage_duration", "et50.mep_device_registered", "bt28.rms_voltage_mv_l1",
        "bt28.frequency_mhz", "bt28.power_factor_l1_1_1000", "bt21.number_of_summations",
        "bt64.end_time", "bt64.extended_status", "et13.alert_flags", "et11.number_of_devices",
        "bt63.interval_order", "et04.program_id_firmware_version_id", "ep17.device_handle"}) {
    if (names.count(name) == 1) continue;
    std::fprintf(stderr, "there is no %s\n", name);
    fail();
  }
}

// --- Sizes

std::uint64_t size_in_bytes(std::uint16_t table, const Dimensions& dimensions = {}) {
  return size_of(*find_table(table), dimensions).value_or(0);
}

void usual_sizes_are_those_that_one_counts_by_hand(void**) {
  assert_int_equal(size_in_bytes(BT(1)), 24);
  assert_int_equal(size_in_bytes(BT(15)), 4 + 4 + 1 + 4 + 4);
  assert_int_equal(size_in_bytes(BT(21)), 10);
  assert_int_equal(size_in_bytes(BT(22)), 11);
  assert_int_equal(size_in_bytes(BT(23)), 5 * 11 * 4);  // total and four tiers
  assert_int_equal(size_in_bytes(BT(24)), 5 + 1 + 220);
  assert_int_equal(size_in_bytes(BT(25)), 5 + 1 + 220);
  assert_int_equal(size_in_bytes(BT(26)), 6 + 5 + 1 + 220);
  assert_int_equal(size_in_bytes(BT(27)), 84);
  assert_int_equal(size_in_bytes(BT(28)), 84 * 4);
  assert_int_equal(size_in_bytes(BT(61)), 7 + 4 * 6);
  assert_int_equal(size_in_bytes(BT(62)), 4 * (8 * 3 + 1));
  assert_int_equal(size_in_bytes(BT(63)), 4 * 13);
  const std::uint64_t block = 5 + 12 + 96 * (1 + 4 + 8 * 4);
  assert_int_equal(size_in_bytes(BT(64)), 9530 * block);
  assert_int_equal(size_in_bytes(ET(3)), 143);
  assert_int_equal(size_in_bytes(ET(4)), 140);
  assert_int_equal(size_in_bytes(ET(11)), 39);
  assert_int_equal(size_in_bytes(ET(13)), 5 * 66);
  assert_int_equal(size_in_bytes(ET(14)), 6 + 5 * 36);
  assert_int_equal(size_in_bytes(ET(16)), 5 * 517);
  assert_int_equal(size_in_bytes(ET(50)), 31 + 6 * 2 + 6 * 4 + 2 + 2);
  assert_int_equal(size_in_bytes(ET(57)), 16 * 4);
}

void sizes_follow_the_dimensions(void**) {
  Dimensions everything;
  for (const Dim flag :
       {Dim::season_field, Dim::date_time_field, Dim::demand_reset_counter, Dim::cumulative_demand,
        Dim::continuous_cumulative_demand, Dim::demand_time_remaining})
    everything.learn(flag, 0, 1);
  everything.learn(Dim::demands, 0, 2);
  everything.learn(Dim::coincident_values, 0, 3);
  everything.learn(Dim::present_demands, 0, 2);
  // Of each demand: event time, cumulative, continuous cumulative, value.
  const std::uint64_t block = 11 * 4 + 2 * (5 + 4 + 4 + 4) + 3 * 4;
  assert_int_equal(size_in_bytes(BT(23), everything), 1 + 5 * block);
  // BIDN, time and season before the snapshot.
  assert_int_equal(size_in_bytes(BT(26), everything), 6 + 2 + 5 + 1 + 1 + 5 * block);
  assert_int_equal(size_in_bytes(BT(28), everything), 2 * (3 + 4) + 84 * 4);
  // Min Max Flags of one byte; what coincides, and with which demand.
  assert_int_equal(size_in_bytes(BT(22), everything), 11 + 2 + 1 + 3 + 3);

  Dimensions two_sets;
  for (const std::size_t set : {0, 1}) {
    two_sets.learn(Dim::load_profile_blocks, set, 30);
    two_sets.learn(Dim::load_profile_intervals, set, set == 0 ? 48 : 24);
    two_sets.learn(Dim::load_profile_channels, set, set == 0 ? 3 : 16);
  }
  assert_int_equal(size_in_bytes(BT(64), two_sets), 30 * (5 + 6 + 48 * (1 + 1 + 3 * 4)));
  assert_int_equal(size_in_bytes(BT(65), two_sets), 30 * (5 + 3 + 24 * (1 + 8 + 16 * 4)));
}

}  // namespace
}  // namespace mep

int main() {
  using namespace mep;
  const CMUnitTest tests[] = {
      cmocka_unit_test(the_tables_that_were_asked_for_are_there),
      cmocka_unit_test(every_field_is_named_by_the_rule),
      cmocka_unit_test(fields_of_one_name_are_of_one_kind),
      cmocka_unit_test(names_that_others_rely_on_are_there),
      cmocka_unit_test(usual_sizes_are_those_that_one_counts_by_hand),
      cmocka_unit_test(sizes_follow_the_dimensions),
  };
  return cmocka_run_group_tests_name("catalog", tests, nullptr, nullptr);
}
