// SPDX-License-Identifier: GPL-2.0-or-later
#include "protocol/walker.h"

#include <algorithm>
#include <limits>
#include <string_view>
#include <utility>

#include "protocol/bytes.h"
#include "protocol/load_profile.h"

namespace mep {
namespace {

// Larger than any table can be addressed (24-bit offsets); keeps sums of hostile sizes far from
// overflow.
constexpr std::uint64_t beyond_any_table = std::uint64_t{1} << 40;

// Elements of an array may each take their size from a slot of a dimension. None has more slots
// than this, so that the elements behind are all alike, however many a hostile count makes of them.
constexpr std::uint64_t most_slots = 128;

constexpr std::string_view layout_unknown = "its layout depends on bytes that are not here";
constexpr std::string_view after_the_last_field = "after the last field of the table";
constexpr std::string_view left_over = "unused";

std::uint64_t plus(std::uint64_t a, std::uint64_t b) {
  return std::min(a + b, beyond_any_table);
}

std::uint64_t times(std::uint64_t a, std::uint64_t b) {
  return a != 0 && b > beyond_any_table / a ? beyond_any_table : a * b;
}

std::int64_t sign_extend(std::uint64_t value, std::size_t size) {
  const unsigned unused = 64 - 8 * static_cast<unsigned>(size);
  return static_cast<std::int64_t>(value << unused) >> unused;
}

class Walk : public Scope {
 public:
  Walk(const Stretch& stretch, const Dimensions& dimensions, Visitor* visitor)
      : stretch_(stretch), dimensions_(dimensions), visitor_(visitor) {}

  void run(const Node& root) {
    limit_ = beyond_any_table;
    remembers_ = root.looks_at_fields;
    const Outcome outcome = children(root);
    const std::uint64_t reached = std::max(position_, stretch_.offset);
    if (outcome == Outcome::done || reached >= stretch_.end()) return;
    report_undecoded(reached, stretch_.end(),
                     outcome == Outcome::unknown ? layout_unknown : after_the_last_field);
  }

  // Size of a node as a whole where it begins at the current place; nothing if its contents decide
  // and are not visible, or it takes all that is left.
  std::optional<std::uint64_t> size(const Node& node) {
    switch (node.kind()) {
      case Kind::leaf:
        return evaluated(node.field().size);
      case Kind::record:
        return evaluated(std::get<RecordPart>(node.part).size);
      case Kind::group:
        return size_of_children(node);
      case Kind::registers: {
        const auto count = evaluated(node.registers()->count);
        const auto one = evaluated(node.field().size);
        if (!count || !one) return std::nullopt;
        return times(*count, *one);
      }
      case Kind::when: {
        const auto condition = std::get<WhenPart>(node.part).condition.evaluate(*this);
        if (!condition) return std::nullopt;
        return *condition ? size_of_children(node) : 0;
      }
      case Kind::array: {
        const ArrayPart& array = *node.array();
        const auto count = evaluated(array.count);
        if (!count) return std::nullopt;
        if (const auto each = uniform_element_size(node)) return times(*count, *each);
        if (array.of_elements.on_fields) return std::nullopt;
        const std::uint64_t apart = std::min(*count, most_slots);
        std::uint64_t sum = 0;
        for (std::uint64_t i = 0; i < apart; ++i) sum = plus(sum, size_of_element(node, i));
        if (*count > apart) sum = plus(sum, times(*count - apart, size_of_element(node, apart)));
        return sum;
      }
    }
    return std::nullopt;
  }

  // The same, where what takes all that is left, at the end, counts for nothing.
  std::optional<std::uint64_t> size_up_to_rest(const Node& node) {
    if (node.takes_rest()) return 0;
    if (node.kind() != Kind::group || node.children().empty()) return size(node);
    std::uint64_t sum = 0;
    for (const Node& child : node.children()) {
      const auto one = &child == &node.children().back() ? size_up_to_rest(child) : size(child);
      if (!one) return std::nullopt;
      sum = plus(sum, *one);
    }
    return sum;
  }

  // Whether a child, or an element of a child that is an array of records, ends at this position.
  bool has_end_at(const Node& root, std::uint64_t wanted) {
    std::uint64_t at = 0;
    for (const Node& child : root.children()) {
      const bool elements = child.kind() == Kind::array && !child.is_plain_array() &&
                            !child.array()->of_elements.on_fields;
      const auto count = elements ? evaluated(child.array()->count) : std::nullopt;
      for (std::uint64_t i = 0; count && i < *count && at < wanted; ++i) {
        const std::uint64_t each = size_of_element(child, i);
        if (each == 0) break;
        at = plus(at, each);
      }
      if (!count) {
        const auto whole = size(child);
        if (!whole) return false;
        at = plus(at, *whole);
      }
      if (at >= wanted) return at == wanted;
    }
    return false;
  }

  // Scope
  std::int64_t dimension(Dim dim, std::size_t slot) const override {
    const auto learned = dimensions_.learned(dim, slot);
    if (visitor_) visitor_->relied_on(dim, slot, !learned);
    return dimensions_.get(dim, slot);
  }
  std::int64_t index(unsigned level) const override {
    return level < indices_.size() ? indices_[indices_.size() - 1 - level] : 0;
  }
  std::optional<std::int64_t> field(std::string_view name) const override {
    const auto seen = std::find_if(fields_.rbegin(), fields_.rend(),
                                   [name](const auto& field) { return field.first == name; });
    if (seen == fields_.rend()) return std::nullopt;
    return seen->second;
  }

 private:
  // What a visit of a node leaves behind.
  enum class Outcome : std::uint8_t {
    go_on,    // position_ stands behind the node
    unknown,  // where the node ends cannot be told
    done,     // the end of the stretch is reached
  };

  std::optional<std::uint64_t> evaluated(const Expr& expression) const {
    const auto value = expression.evaluate(*this);
    if (!value || *value == rest_of_record) return std::nullopt;
    return static_cast<std::uint64_t>(std::max<std::int64_t>(*value, 0));
  }

  std::optional<std::uint64_t> size_of_children(const Node& node) {
    std::uint64_t sum = 0;
    for (const Node& child : node.children()) {
      const auto one = size(child);
      if (!one) return std::nullopt;
      sum = plus(sum, *one);
    }
    return sum;
  }

  // The size that all elements of the array share, if they share one.
  std::optional<std::uint64_t> uniform_element_size(const Node& array) {
    constexpr std::uint32_t own_index = 1;
    const Dependence& elements = array.array()->of_elements;
    if (elements.on_fields || (elements.on_indices & own_index) != 0) return std::nullopt;
    indices_.push_back(0);
    const auto each = size_of_children(array);
    indices_.pop_back();
    return each;
  }

  // Of an array whose sizes do not depend on contents. An element that takes all that is left
  // counts as far as that.
  std::uint64_t size_of_element(const Node& array, std::uint64_t index) {
    indices_.push_back(static_cast<std::int64_t>(index));
    const auto size = size_of_children(array);
    indices_.pop_back();
    return size.value_or(0);
  }

  // --- Visits

  std::uint64_t visible_end() const { return std::min(limit_, stretch_.end()); }
  bool at_end() const { return position_ >= visible_end(); }

  Outcome children(const Node& node) {
    for (const Node& child : node.children()) {
      const Outcome outcome = visit(child);
      if (outcome != Outcome::go_on) return outcome;
    }
    return Outcome::go_on;
  }

  Outcome visit(const Node& node) {
    if (position_ >= stretch_.end()) return Outcome::done;
    // What lies before the stretch, and what nobody wants to see, is stepped over in one.
    const bool unwanted = !remembers_ && node.kind() != Kind::leaf && !visitor_->wants(node);
    if (unwanted || position_ < stretch_.offset) {
      const auto whole = size(node);
      if (whole && (unwanted || plus(position_, *whole) <= stretch_.offset)) {
        position_ = plus(position_, *whole);
        return Outcome::go_on;
      }
    }
    switch (node.kind()) {
      case Kind::leaf:
        return visit_leaf(node);
      case Kind::registers:
        return visit_registers(node);
      case Kind::group:
        return visit_branch(node, std::nullopt);
      case Kind::array:
        return visit_array(node);
      case Kind::record:
        return visit_record(node);
      case Kind::when: {
        const auto condition = std::get<WhenPart>(node.part).condition.evaluate(*this);
        if (!condition) return Outcome::unknown;
        return *condition ? children(node) : Outcome::go_on;
      }
    }
    return Outcome::unknown;
  }

  Outcome visit_branch(const Node& node, std::optional<std::uint32_t> index) {
    if (at_end()) return end_of_data();
    const Branch branch{&node, position_, index, printed_offset(node)};
    visitor_->enter(branch);
    const Outcome outcome = children(node);
    visitor_->leave(branch);
    return outcome;
  }

  // The stretch is used up, or the enclosing record is.
  Outcome end_of_data() const {
    return position_ >= stretch_.end() ? Outcome::done : Outcome::unknown;
  }

  Outcome visit_leaf(const Node& node) {
    const auto expected = node.field().size.evaluate(*this);
    if (!expected) return Outcome::unknown;
    const bool takes_rest = *expected == rest_of_record;
    if (takes_rest && limit_ == beyond_any_table && position_ < stretch_.offset)
      position_ = stretch_.offset;
    if (!takes_rest && *expected <= 0) return Outcome::go_on;
    if (at_end()) return takes_rest ? Outcome::go_on : end_of_data();
    // A record tells where its rest ends, visible or not.
    const std::uint64_t rest_end = limit_ == beyond_any_table ? visible_end() : limit_;
    const std::uint64_t size =
        takes_rest ? rest_end - position_ : static_cast<std::uint64_t>(*expected);
    emit(node, size, std::nullopt);
    position_ = plus(position_, size);
    return Outcome::go_on;
  }

  Outcome visit_registers(const Node& node) {
    const auto count = evaluated(node.registers()->count);
    const auto each = evaluated(node.field().size);
    if (!count || !each) return Outcome::unknown;
    if (*each == 0) return Outcome::go_on;
    const Branch branch{&node, position_, std::nullopt, printed_offset(node)};
    if (*count == 0) return Outcome::go_on;
    if (at_end()) return end_of_data();
    visitor_->enter(branch);
    const std::uint64_t start = position_;
    std::uint64_t i = start < stretch_.offset ? (stretch_.offset - start) / *each : 0;
    for (; i < *count && start + i * *each < visible_end(); ++i) {
      position_ = start + i * *each;
      indices_.push_back(static_cast<std::int64_t>(i));
      emit(node, *each, static_cast<std::uint32_t>(i));
      indices_.pop_back();
    }
    position_ = plus(start, times(*count, *each));
    visitor_->leave(branch);
    return Outcome::go_on;
  }

  Outcome visit_array(const Node& node) {
    const auto count = evaluated(node.array()->count);
    if (!count) return Outcome::unknown;
    if (const auto each = uniform_element_size(node)) return visit_alike(node, 0, *count, *each);
    const bool by_contents = node.array()->of_elements.on_fields;
    const std::uint64_t apart = by_contents ? *count : std::min(*count, most_slots);
    for (std::uint64_t i = 0; i < apart; ++i) {
      const std::uint64_t before = position_;
      const Outcome outcome = visit_element(node, i);
      if (outcome != Outcome::go_on) return outcome;
      // An element that chose to have no bytes is the last.
      if (by_contents && position_ == before) return Outcome::go_on;
    }
    if (apart == *count) return Outcome::go_on;
    return visit_alike(node, apart, *count, size_of_element(node, apart));
  }

  // Elements `first` to `count` - 1, of `each` bytes, from here on.
  Outcome visit_alike(const Node& node, std::uint64_t first, std::uint64_t count,
                      std::uint64_t each) {
    if (each == 0) return Outcome::go_on;
    const std::uint64_t start = position_;
    std::uint64_t i = first;
    if (start < stretch_.offset) i += (stretch_.offset - start) / each;
    for (; i < count; ++i) {
      position_ = plus(start, times(i - first, each));
      const Outcome outcome = visit_element(node, i);
      if (outcome != Outcome::go_on) return outcome;
    }
    position_ = plus(start, times(count - first, each));
    return Outcome::go_on;
  }

  Outcome visit_element(const Node& node, std::uint64_t index) {
    indices_.push_back(static_cast<std::int64_t>(index));
    Outcome outcome = Outcome::go_on;
    const auto whole = position_ < stretch_.offset ? size_of_children(node) : std::nullopt;
    if (whole && plus(position_, *whole) <= stretch_.offset) {
      position_ = plus(position_, *whole);
    } else {
      outcome = visit_branch(node, static_cast<std::uint32_t>(index));
    }
    indices_.pop_back();
    return outcome;
  }

  Outcome visit_record(const Node& node) {
    const auto size = evaluated(std::get<RecordPart>(node.part).size);
    if (!size) return Outcome::unknown;
    const std::uint64_t end = plus(position_, *size);
    const std::uint64_t outer_limit = std::exchange(limit_, std::min(limit_, end));
    const std::size_t outer_fields = fields_.size();
    const Outcome outcome = children(node);
    const std::uint64_t reached = std::max(position_, stretch_.offset);
    const std::uint64_t last = visible_end();
    if (outcome != Outcome::done && reached < last) {
      report_undecoded(reached, last, outcome == Outcome::unknown ? layout_unknown : left_over);
    }
    limit_ = outer_limit;
    fields_.resize(std::min(fields_.size(), outer_fields));
    position_ = end;
    return position_ >= stretch_.end() ? Outcome::done : Outcome::go_on;
  }

  void emit(const Node& node, std::uint64_t size, std::optional<std::uint32_t> index) {
    const std::uint64_t from = std::max(position_, stretch_.offset);
    const std::uint64_t to = std::min(plus(position_, size), visible_end());
    if (from >= to) return;
    Leaf leaf;
    leaf.node = &node;
    leaf.position = position_;
    leaf.size = size;
    leaf.visible = part(from, to);
    leaf.complete = to - from == size;
    leaf.index = index;
    if (leaf.complete) leaf.value = integer_value(node, leaf.visible.bytes);
    if (index) name_register(*node.registers(), *index, leaf);
    leaf.printed_offset = printed_offset(node);
    const auto slot = slot_or_index(node.field().details.get().learned_slot);
    leaf.learned_slot = static_cast<std::size_t>(std::max<std::int64_t>(slot.value_or(0), 0));
    describe(node, leaf);
    visitor_->leaf(leaf);
    // After the visit: an encoder fills the bytes in there.
    remember(node, part(from, to).bytes, leaf.complete);
  }

  // What other fields say of this one.
  void describe(const Node& node, Leaf& leaf) {
    const FieldPart::Details& details = node.field().details.get();
    if (details.source) {
      const auto source = details.source->evaluate(*this);
      if (source) {
        leaf.unit_of = static_cast<std::uint16_t>(*source);
        rely_on_unit(*leaf.unit_of);
      }
    }
    if (!details.used_if) return;
    const std::size_t before = fields_.size();
    remember(node, leaf.visible.bytes, leaf.complete);
    leaf.unused = details.used_if->evaluate(*this) == 0;
    fields_.resize(before);
  }

  std::optional<std::int64_t> slot_or_index(const std::optional<Expr>& slot) const {
    return slot ? slot->evaluate(*this) : index(0);
  }

  std::optional<std::int64_t> printed_offset(const Node& node) const {
    if (!node.printed_offset || !visitor_->wants_printed_offsets()) return std::nullopt;
    const bool first = std::all_of(indices_.begin(), indices_.end(),
                                   [](std::int64_t index) { return index == 0; });
    if (!first) return std::nullopt;
    return node.printed_offset->evaluate(*this);
  }

  void name_register(const RegistersPart& row, std::uint32_t index, Leaf& leaf) const {
    const auto slot = slot_or_index(row.selection_slot).value_or(index);
    if (const auto source = dimensions_.learned(row.selection, static_cast<std::size_t>(slot))) {
      leaf.source = static_cast<std::uint16_t>(*source);
    } else if (index < row.source_names.size()) {
      leaf.source = row.source_names[index].source;
      leaf.source_assumed = true;
    }
    if (leaf.source) rely_on_unit(*leaf.source);
  }

  // No layout hangs on it, and yet what a count of energy stands for.
  void rely_on_unit(std::uint16_t id) const {
    const Source* source = find_source(id);
    if (source && source->measure == Measure::energy)
      static_cast<void>(dimension(Dim::energy_register_unit, 0));
  }

  void remember(const Node& node, Bytes bytes, bool complete) {
    if (!complete || !remembers_) return;
    const auto value = integer_value(node, bytes);
    if (!value) return;
    if (!node.name.empty()) fields_.emplace_back(node.name, *value);
    for (const BitField& field : node.bit_fields())
      fields_.emplace_back(field.name, bits_value(field, *value));
  }

  Stretch part(std::uint64_t from, std::uint64_t to) const {
    return {from, stretch_.bytes.subspan(from - stretch_.offset, to - from)};
  }

  void report_undecoded(std::uint64_t from, std::uint64_t to, std::string_view why) {
    visitor_->undecoded(part(from, to), why);
  }

  const Stretch stretch_;
  const Dimensions& dimensions_;
  Visitor* visitor_;
  std::uint64_t position_ = 0;
  std::uint64_t limit_ = beyond_any_table;  // end of the innermost record
  std::vector<std::int64_t> indices_;
  bool remembers_ = false;  // fields: something will ask for them
  std::vector<std::pair<std::string_view, std::int64_t>> fields_;
};

class Learner : public Visitor {
 public:
  // `before`: the dimensions that the walk works with.
  Learner(std::uint16_t table, const Dimensions& before, Dimensions& dimensions)
      : dimensions_(dimensions) {
    if (const auto set = load_profile_set(table)) {
      set_ = *set;
      headers_.emplace(*set, before);
    }
  }
  bool changed() const { return changed_; }

  bool wants(const Node& node) const override { return teaches(node); }
  void enter(const Branch& branch) override {
    if (headers_) headers_->enter(*branch.node, branch.index);
  }
  void leaf(const Leaf& leaf) override {
    if (headers_ && leaf.complete) {
      headers_->leaf(*leaf.node, leaf.visible.bytes);
      if (leaf.node->role == Role::block_status)
        changed_ |= remember(headers_->header(), set_, dimensions_);
    }
    if (const auto dim = leaf.node->learned_dim())
      if (const auto told = leaf.value ? leaf.value : bytes_as_number(leaf))
        take(*dim, leaf.learned_slot, *told);
    if (!leaf.value) return;
    for (const BitField& field : leaf.node->bit_fields())
      if (field.learned_dim)
        take(*field.learned_dim, field.learned_slot.value_or(leaf.learned_slot),
             bits_value(field, *leaf.value));
  }

 private:
  // Bytes without numeric meaning, as one number: the first is the least significant.
  static std::optional<std::int64_t> bytes_as_number(const Leaf& leaf) {
    const Bytes bytes = leaf.visible.bytes;
    const bool as_number = leaf.node->type() == Type::bytes || leaf.node->type() == Type::set;
    if (!leaf.complete || !as_number || bytes.size() > 3) return std::nullopt;
    return static_cast<std::int64_t>(read_le(bytes, 0, bytes.size()));
  }
  void take(Dim dim, std::size_t slot, std::int64_t value) {
    if (dim_info(dim).slots == 1) slot = 0;
    changed_ |= dimensions_.learn(dim, slot, static_cast<std::int32_t>(value));
  }

  Dimensions& dimensions_;
  unsigned set_ = 0;
  std::optional<BlockHeaderReader> headers_;  // of load profile data
  bool changed_ = false;
};

}  // namespace

std::int64_t bits_value(const BitField& field, std::int64_t word) {
  const unsigned width = field.last - field.first + 1U;
  const std::uint64_t mask = width >= 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << width) - 1;
  return static_cast<std::int64_t>((static_cast<std::uint64_t>(word) >> field.first) & mask);
}

std::string bcd_digits(Bytes bytes) {
  std::string digits = hex(std::vector<std::uint8_t>(bytes.rbegin(), bytes.rend()));
  for (char& digit : digits)
    if (digit >= 'a') digit = static_cast<char>(digit - 'a' + 'A');
  return digits;
}

std::optional<std::int64_t> integer_value(const Node& node, Bytes bytes) {
  if (bytes.empty() || bytes.size() > 8) return std::nullopt;
  switch (node.type()) {
    case Type::unsigned_int:
    case Type::bits:
      return static_cast<std::int64_t>(node.field().big_endian ? read_be(bytes, 0, bytes.size())
                                                               : read_le(bytes, 0, bytes.size()));
    case Type::signed_int:
      return sign_extend(read_le(bytes, 0, bytes.size()), bytes.size());
    default:
      return std::nullopt;
  }
}

void walk(const Node& root, const Stretch& stretch, const Dimensions& dimensions,
          Visitor& visitor) {
  Walk(stretch, dimensions, &visitor).run(root);
}

void walk(const Table& table, const Stretch& stretch, const Dimensions& dimensions,
          Visitor& visitor) {
  walk(table.root, stretch, dimensions, visitor);
}

std::optional<std::uint64_t> size_of(const Table& table, const Dimensions& dimensions) {
  return Walk({}, dimensions, nullptr).size_up_to_rest(table.root);
}

std::optional<std::uint64_t> size_of(const Table& table, const Dimensions& dimensions,
                                     Visitor& visitor) {
  return Walk({}, dimensions, &visitor).size_up_to_rest(table.root);
}

bool may_end_at(const Table& table, const Dimensions& dimensions, std::uint64_t size) {
  return Walk({}, dimensions, nullptr).has_end_at(table.root, size);
}

bool teaches(const Node& node) {
  const std::vector<BitField>& bits = node.bit_fields();
  return node.learned_dim() || node.role == Role::block_end || node.role == Role::block_status ||
         std::ranges::any_of(bits,
                             [](const BitField& bit) { return bit.learned_dim.has_value(); }) ||
         std::ranges::any_of(node.children(), teaches);
}

bool learn(const Table& table, const Stretch& stretch, Dimensions& dimensions) {
  const Dimensions before = dimensions;
  return learn(table, stretch, before, dimensions);
}

bool learn(const Table& table, const Stretch& stretch, const Dimensions& layout,
           Dimensions& dimensions) {
  Learner learner(table.number, layout, dimensions);
  walk(table, stretch, layout, learner);
  return learner.changed();
}

}  // namespace mep
