// SPDX-License-Identifier: GPL-2.0-or-later
#include "protocol/size_evidence.h"

#include <algorithm>
#include <initializer_list>
#include <iterator>
#include <optional>
#include <vector>

#include "protocol/names.h"
#include "protocol/tables/tables.h"
#include "protocol/walker.h"

namespace mep {
namespace {

// An answer has 476 bytes at most (page 8), and transfers in pieces hold up to 456 table bytes
// (page 44): that many, or more, are no sign that the table ends there.
constexpr std::size_t first_cut_by_message = 456;

constexpr std::int32_t any_count = 65535;

// --- The numbers that the guides know

struct Alternatives {
  Dim dim;
  std::span<const std::int32_t> numbers;  // none: any
  bool only_these = false;                // also where it alone is unknown
};

// Values in BT28 by firmware: 2.0, 3.10, 3.50, 3.70, 4.0, 4.10, 4.30 (pages 216 to 220); 18 before
// 2.12 (optical port guide, page 54). From modules 75 of the 84 come.
constexpr std::int32_t present_values[] = {18, 22, 26, 41, 55, 72, 75, 84};
constexpr std::int32_t present_demands[] = {0, 1, 2, 3, 4, 5, 6, 7, 8};  // optical port guide, 21
constexpr std::int32_t summations[] = {11, 15, 19};                      // pages 202 and 207
constexpr std::int32_t tiers[] = {4, 8};                                 // page 202
constexpr std::int32_t extended_tables_sizes[] = {13, 20};               // page 198
constexpr std::int32_t pending_tables[] = {2, 3, 4};                     // page 198
constexpr std::int32_t manufacturer_status_sizes[] = {4, 9};  // page 198, optical port guide 49
constexpr std::int32_t mep_channels[] = {1, 2};               // page 79
constexpr std::int32_t mep_data_sources[] = {6, 20};          // page 79
constexpr std::int32_t id_code_digits[] = {0, 1};             // page 139

// Nothing else is doubted where several numbers are unknown: flags and sizes that are the same in
// all meters that the guides know, and those of demands, which come in too many ways.
constexpr Alternatives known_alternatives[] = {
    {Dim::present_values, present_values},
    {Dim::present_demands, present_demands},
    {Dim::summations, summations},
    {Dim::tiers, tiers},
    {Dim::extended_tables_size, extended_tables_sizes},
    {Dim::pending_tables, pending_tables},
    {Dim::manufacturer_status_size, manufacturer_status_sizes},
    {Dim::mep_channels, mep_channels, true},
    {Dim::mep_data_sources, mep_data_sources},
    {Dim::five_digit_id_codes, id_code_digits, true},
    // As somebody has configured them.
    {Dim::self_reads, {}},
    {Dim::devices, {}},
    {Dim::on_demand_requests, {}},
    {Dim::mbus_data_types, {}},
    {Dim::delta_data_sources, {}},
    {Dim::history_log_entries, {}},
    {Dim::alternate_event_log_entries, {}},
    {Dim::extended_read_log_entries, {}},
    {Dim::log_entries, {}},
};

const Alternatives* alternatives_of(Dim dim) {
  const auto* end = std::end(known_alternatives);
  const auto* found =
      std::find_if(std::begin(known_alternatives), end,
                   [dim](const Alternatives& alternatives) { return alternatives.dim == dim; });
  return found == end ? nullptr : found;
}

// --- What the table's size hangs on

struct Unknown {
  Dim dim;
  std::size_t slot;
};

class UnknownCollector : public Visitor {
 public:
  std::vector<Unknown> unknown;

  void relied_on(Dim dim, std::size_t slot, bool assumed) override {
    const bool had = std::any_of(unknown.begin(), unknown.end(), [&](const Unknown& other) {
      return other.dim == dim && other.slot == slot;
    });
    if (assumed && !had && slot < dim_info(dim).slots) unknown.push_back({dim, slot});
  }
};

class Search {
 public:
  Search(const Table& table, std::uint64_t size, const Dimensions& known)
      : table_(table), size_(size), known_(known) {}

  // The only way to explain the size by other numbers for as few unknown ones as possible; nothing
  // where there is none or several.
  SizeVerdict run(const std::vector<Unknown>& unknown) {
    const bool alone = unknown.size() == 1;
    for (const Unknown& one : unknown) try_one(one, alone);
    if (solutions_ == 0) {
      for (std::size_t i = 0; i < unknown.size(); ++i)
        for (std::size_t j = i + 1; j < unknown.size(); ++j) try_two(unknown[i], unknown[j]);
    }
    return solutions_ == 1 ? solution_ : SizeVerdict{};
  }

 private:
  // The numbers for `one` with which, the others being `others`, the size is explained.
  std::vector<std::int32_t> explaining(const Dimensions& others, Unknown one,
                                       std::span<const std::int32_t> tried) const {
    std::vector<std::int32_t> explaining;
    for (const std::int32_t value : tried)
      if (size_with(others, one, value) == size_) explaining.push_back(value);
    return explaining;
  }
  std::optional<std::uint64_t> size_with(Dimensions dimensions, Unknown one,
                                         std::int32_t value) const {
    dimensions.learn(one.dim, one.slot, value);
    return size_of(table_, dimensions);
  }

  // The only count that may explain the size: sizes grow evenly with a count. Empty: none.
  std::vector<std::int32_t> solved(const Dimensions& others, Unknown one) const {
    const auto none = size_with(others, one, 0);
    const auto single = size_with(others, one, 1);
    if (!none || !single || *single <= *none || size_ < *none) return {};
    const std::uint64_t value = (size_ - *none) / (*single - *none);
    if (value > any_count) return {};
    return {static_cast<std::int32_t>(value)};
  }

  void try_one(Unknown one, bool alone) {
    const Alternatives* alternatives = alternatives_of(one.dim);
    if (!alternatives && !alone) return;
    // A number that is the only one to be unknown may be any.
    const bool any =
        !alternatives || alternatives->numbers.empty() || (alone && !alternatives->only_these);
    const std::vector<std::int32_t> only = any ? solved(known_, one) : std::vector<std::int32_t>();
    for (const std::int32_t value : explaining(known_, one, any ? only : alternatives->numbers))
      add({found(one, value)});
  }

  // Two counts that may be any explain every size.
  void try_two(Unknown first, Unknown second) {
    const Alternatives* of_first = alternatives_of(first.dim);
    const Alternatives* of_second = alternatives_of(second.dim);
    if (!of_first || !of_second) return;
    if (of_first->numbers.empty()) {
      if (!of_second->numbers.empty()) try_two(second, first);
      return;
    }
    for (const std::int32_t one : of_first->numbers) {
      Dimensions others = known_;
      others.learn(first.dim, first.slot, one);
      const bool any = of_second->numbers.empty();
      const std::vector<std::int32_t> only =
          any ? solved(others, second) : std::vector<std::int32_t>();
      for (const std::int32_t other : explaining(others, second, any ? only : of_second->numbers))
        add({found(first, one), found(second, other)});
    }
  }

  static FromSize found(Unknown one, std::int32_t value) {
    return {one.dim, static_cast<std::uint16_t>(one.slot), value};
  }

  void add(std::initializer_list<FromSize> found) {
    ++solutions_;
    solution_.kind = SizeVerdict::Kind::found;
    solution_.count = found.size();
    std::copy(found.begin(), found.end(), solution_.all.begin());
  }

  const Table& table_;
  std::uint64_t size_;
  const Dimensions& known_;
  unsigned solutions_ = 0;
  SizeVerdict solution_;
};

}  // namespace

Reach reach_of(const Request& request, std::size_t answered) {
  if (request.offset != 0 || answered >= first_cut_by_message) return Reach::part;
  if (!request.count || answered < *request.count) return Reach::whole;
  return answered == *request.count ? Reach::perhaps_whole : Reach::part;
}

SizeVerdict judge_size(const Table& table, std::uint64_t offset, std::size_t size, Reach reach,
                       const Dimensions& known) {
  UnknownCollector collector;
  const auto expected = size_of(table, known, collector);
  const Nodes& fields = table.root.children();
  if (!expected || collector.unknown.empty() || fields.empty() || fields.back().takes_rest())
    return {};
  const std::uint64_t end = offset + size;
  const SizeVerdict contradicted{SizeVerdict::Kind::contradicted};
  if (reach == Reach::part) return end > *expected ? contradicted : SizeVerdict{};
  if (end == *expected || (reach == Reach::perhaps_whole && end < *expected)) return {};
  const SizeVerdict verdict = Search(table, end, known).run(collector.unknown);
  if (verdict.kind == SizeVerdict::Kind::found) return verdict;
  return end < *expected && may_end_at(table, known, end) ? SizeVerdict{} : contradicted;
}

SizeVerdict judge_answer(const Request& request, std::size_t answered, const Dimensions& known) {
  const bool read = is_read(static_cast<RequestCode>(request.code));
  const bool pending = request.table && (*request.table & pending_flag) != 0;
  const Table* table = read && request.table && !pending ? find_table(*request.table) : nullptr;
  if (!table || answered == 0) return {};
  return judge_size(*table, request.offset, answered, reach_of(request, answered), known);
}

Dimensions with_found(const SizeVerdict& verdict, const Dimensions& known) {
  Dimensions dimensions = known;
  for (const FromSize& each : verdict.found()) dimensions.learn(each.dim, each.slot, each.value);
  return dimensions;
}

std::string found_text(const SizeVerdict& verdict) {
  std::string text;
  for (const FromSize& each : verdict.found()) {
    if (!text.empty()) text += ", ";
    text.append(dim_info(each.dim).origin).append(" = ").append(std::to_string(each.value));
  }
  return text;
}

}  // namespace mep
