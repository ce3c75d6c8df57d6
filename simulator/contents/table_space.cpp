// SPDX-License-Identifier: GPL-2.0-or-later
#include "simulator/contents/table_space.h"

#include <algorithm>
#include <stdexcept>
#include <string>
#include <utility>

#include "protocol/bytes.h"
#include "protocol/names.h"
#include "protocol/tables/tables.h"
#include "protocol/walker.h"

namespace mep::simulator {
namespace {

// More rounds than tables depend on each other's dimensions.
constexpr int rounds_at_most = 8;

Encoded filled(const Table& table, const Dimensions& dimensions, const Values& values,
               std::size_t limit) {
  const auto source = [&values](const Asked& asked) -> Value {
    const std::string_view name = field_name(asked);
    const Value* value = name.empty() ? nullptr : values.find(name, asked.indices);
    return value ? *value : Value();
  };
  return encode(table, dimensions, source, limit);
}

bool has_label(const Node& node, std::string_view label) {
  return node.name == label ||
         std::ranges::any_of(node.bit_fields(),
                             [label](const BitField& field) { return field.name == label; }) ||
         std::ranges::any_of(node.children(),
                             [label](const Node& child) { return has_label(child, label); });
}

// A word of bits as a number: fewer bytes than it has are followed by zeros.
std::int64_t word_of(const Asked& asked, std::vector<std::uint8_t> bytes) {
  bytes.resize(static_cast<std::size_t>(asked.size));
  return integer_value(*asked.node, bytes).value_or(0);
}

// Writes down what an encoder is given. A word of bits is asked for as a whole, then, if there is
// nothing, bit by bit: here both are written down either way.
struct HeldFields {
  std::vector<TableSpace::Held> all;

  void add(const Asked& asked, const Value& value) {
    if (asked.bits) {
      const auto* number = std::get_if<std::int64_t>(&value);
      add_to_word(asked, number ? *number : 0);
    } else if (asked.node->type() == Type::bits) {
      add_word(asked, value);
    } else if (asked.size > 0) {
      push(asked, value);
    }
  }

 private:
  static std::optional<std::int64_t> as_number(const Asked& asked, const Value& value) {
    if (const auto* number = std::get_if<std::int64_t>(&value)) return *number;
    if (const auto* bytes = std::get_if<std::vector<std::uint8_t>>(&value))
      return word_of(asked, *bytes);
    return std::nullopt;
  }
  void push(const Asked& asked, const Value& value) {
    all.push_back({field_name(asked), asked.position, asked.node, asked.bits, asked.size, value});
  }
  void add_word(const Asked& asked, const Value& value) {
    auto number = as_number(asked, value);
    push(asked, number.value_or(0));
    if (!number) return;
    for (const BitField& field : asked.node->bit_fields()) {
      Asked bits = asked;
      bits.bits = &field;
      push(bits, bits_value(field, *number));
    }
  }
  void add_to_word(const Asked& asked, std::int64_t number) {
    const auto word = std::find_if(all.rbegin(), all.rend(),
                                   [](const TableSpace::Held& held) { return !held.bits; });
    std::get<std::int64_t>(word->value) |= number << asked.bits->first;
    push(asked, number);
  }
};

}  // namespace

void TableSpace::add(std::uint16_t table, std::size_t limit) {
  const Table* description = find_table(table);
  if (!description) throw std::invalid_argument(table_label(table) + " is not described");
  Space& space = spaces_[table];
  space.table = description;
  space.limit = limit;
}

void TableSpace::live(std::uint16_t table, Live source, bool all) {
  Space& space = spaces_.at(table);
  for (const std::string_view label : source.labels)
    if (!has_label(space.table->root, label))
      throw std::invalid_argument(table_label(table) + " has no field " + std::string(label));
  space.live = std::move(source);
  space.all_live = all;
}

void TableSpace::fill(const Values& values) {
  values_ = values;
  // Layouts depend on what other tables say, and these on others.
  for (int round = 0; round < rounds_at_most; ++round) {
    const Dimensions before = dimensions_;
    std::string refused;
    for (auto& [number, space] : spaces_) {
      if (space.all_live) continue;
      Encoded encoded = filled(*space.table, dimensions_, values, space.limit);
      if (!encoded.refused.empty()) refused = table_label(number) + ": " + encoded.refused.front();
      space.stored = std::move(encoded.bytes);
      space.written.assign(space.stored.size(), false);
      const auto bytes = read(number, 0, space.stored.size());
      learn(*space.table, {0, bytes}, dimensions_);
    }
    if (dimensions_ != before) continue;
    if (!refused.empty()) throw std::invalid_argument(refused);
    return;
  }
  throw std::invalid_argument("the tables' dimensions contradict each other");
}

std::vector<std::uint16_t> TableSpace::tables() const {
  std::vector<std::uint16_t> all;
  for (const auto& space : spaces_) all.push_back(space.first);
  std::ranges::reverse(all);
  return all;
}

std::uint64_t TableSpace::size(std::uint16_t table) const {
  const Space& space = spaces_.at(table);
  if (!space.all_live) return space.stored.size();
  return std::min<std::uint64_t>(size_of(*space.table, dimensions_).value_or(space.limit),
                                 space.limit);
}

// What changes by itself, else the stored bytes. In a word of bits some of either.
Value TableSpace::value_for(const Space& space, const Asked& asked) {
  const std::string_view name = field_name(asked);
  const auto live = [&space](std::string_view field, const Asked& wanted) {
    return space.live.give ? space.live.give(field, wanted) : Value();
  };
  if (Value value = live(name, asked); !std::holds_alternative<std::monostate>(value)) return value;
  if (space.all_live) return {};
  const std::uint64_t begin = std::min<std::uint64_t>(asked.position, space.stored.size());
  const std::uint64_t end = std::min<std::uint64_t>(begin + asked.size, space.stored.size());
  std::vector<std::uint8_t> stored(space.stored.begin() + static_cast<std::ptrdiff_t>(begin),
                                   space.stored.begin() + static_cast<std::ptrdiff_t>(end));
  if (asked.node->type() != Type::bits || stored.size() > sizeof(std::uint64_t)) return stored;

  auto word = static_cast<std::uint64_t>(word_of(asked, stored));
  for (const BitField& field : asked.node->bit_fields()) {
    Asked bits = asked;
    bits.bits = &field;
    const Value value = live(field_name(bits), bits);
    const auto* number = std::get_if<std::int64_t>(&value);
    if (!number) continue;
    const std::uint64_t mask = ((std::uint64_t{2} << (field.last - field.first)) - 1)
                               << field.first;
    word = (word & ~mask) | ((static_cast<std::uint64_t>(*number) << field.first) & mask);
  }
  return static_cast<std::int64_t>(word);
}

std::vector<std::uint8_t> TableSpace::read(std::uint16_t table, std::uint64_t offset,
                                           std::size_t count) const {
  const Space& space = spaces_.at(table);
  const std::uint64_t end = size(table);
  offset = std::min(offset, end);
  count = static_cast<std::size_t>(std::min<std::uint64_t>(count, end - offset));
  if (!space.live.give) {
    const auto begin = space.stored.begin() + static_cast<std::ptrdiff_t>(offset);
    return {begin, begin + static_cast<std::ptrdiff_t>(count)};
  }
  // A layout that depends on the table's own contents can only be walked from its beginning.
  const bool anywhere = size_of(*space.table, dimensions_).has_value() && space.all_live;
  const std::uint64_t from = anywhere ? offset : 0;
  const auto source = [&space](const Asked& asked) { return value_for(space, asked); };
  Encoded encoded = encode_part(*space.table, dimensions_, source, from,
                                static_cast<std::size_t>(offset - from) + count);
  encoded.bytes.resize(static_cast<std::size_t>(offset - from) + count);
  encoded.bytes.erase(encoded.bytes.begin(),
                      encoded.bytes.begin() + static_cast<std::ptrdiff_t>(offset - from));
  return std::move(encoded.bytes);
}

// What a field holds: live, else as it was filled in, else as it was written.
Value TableSpace::meant(const Space& space, std::string_view field, const Asked& asked) const {
  Value value = space.live.give ? space.live.give(field, asked) : Value();
  if (!std::holds_alternative<std::monostate>(value) || space.all_live) return value;
  const auto begin =
      static_cast<std::ptrdiff_t>(std::min<std::uint64_t>(asked.position, space.stored.size()));
  const auto end = static_cast<std::ptrdiff_t>(
      std::min<std::uint64_t>(asked.position + asked.size, space.stored.size()));
  const bool written = std::find(space.written.begin() + begin, space.written.begin() + end,
                                 true) != space.written.begin() + end;
  if (!written) {
    const Value* filled_in = field.empty() ? nullptr : values_.find(field, asked.indices);
    return filled_in ? *filled_in : Value();
  }
  return value_for(space, asked);
}

std::vector<TableSpace::Held> TableSpace::held(std::uint16_t table, std::uint64_t offset,
                                               std::size_t count) const {
  const Space& space = spaces_.at(table);
  HeldFields held;
  const auto source = [&](const Asked& asked) {
    Value value = meant(space, field_name(asked), asked);
    if (asked.position >= offset && asked.position + asked.size <= offset + count)
      held.add(asked, value);
    return value;
  };
  const bool anywhere = size_of(*space.table, dimensions_).has_value();
  const std::uint64_t from = anywhere ? offset : 0;
  encode_part(*space.table, dimensions_, source, from,
              static_cast<std::size_t>(offset - from) + count);
  return std::move(held.all);
}

void TableSpace::write(std::uint16_t table, std::uint64_t offset, Bytes bytes) {
  Space& space = spaces_.at(table);
  if (offset >= space.stored.size()) return;
  const std::size_t count =
      std::min(bytes.size(), space.stored.size() - static_cast<std::size_t>(offset));
  const auto begin = static_cast<std::ptrdiff_t>(offset);
  std::copy_n(bytes.begin(), count, space.stored.begin() + begin);
  std::fill_n(space.written.begin() + begin, count, true);
  learn(*space.table, {0, space.stored}, dimensions_);
}

}  // namespace mep::simulator
