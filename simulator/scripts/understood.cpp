// SPDX-License-Identifier: GPL-2.0-or-later
#include "simulator/scripts/understood.h"

#include <algorithm>
#include <stdexcept>
#include <string>

#include "protocol/catalog.h"
#include "protocol/names.h"
#include "protocol/tables/tables.h"
#include "protocol/walker.h"
#include "simulator/contents/values.h"

namespace mep::simulator {
namespace {

// What fits into an answer under every security.
constexpr std::uint64_t answer_size = 440;
// Where a table's size is told by nothing: more than any of those has in front of what is looked
// for.
constexpr std::uint64_t size_to_search = 4096;

std::string_view name_of(std::uint32_t id) {
  return catalog().fields[id].name;
}

// Knows the outermost array's element.
class ElementVisitor : public Visitor {
 public:
  void enter(const Branch& branch) override {
    if (branch.index && depth_++ == 0) element_ = *branch.index;
  }
  void leave(const Branch& branch) override {
    if (branch.index && --depth_ == 0) element_ = 0;
  }

 protected:
  std::uint32_t element() const { return element_; }

 private:
  int depth_ = 0;
  std::uint32_t element_ = 0;
};

class Finder : public ElementVisitor {
 public:
  Finder(std::string_view field, std::uint32_t element) : field_(field), wanted_(element) {}
  const std::optional<Place>& place() const { return place_; }

  void leaf(const Leaf& leaf) override {
    if (place_ || element() != wanted_) return;
    const auto& bits = leaf.node->bit_fields();
    const bool found = name_of(field_of(*leaf.node, leaf.source)) == field_ ||
                       std::ranges::any_of(
                           bits, [this](const BitField& bit) { return name_of(bit.id) == field_; });
    if (found)
      place_ =
          Place{static_cast<std::uint32_t>(leaf.position), static_cast<std::uint16_t>(leaf.size)};
  }

 private:
  std::string_view field_;
  std::uint32_t wanted_;
  std::optional<Place> place_;
};

std::optional<Place> find_place(std::uint16_t table, std::string_view field,
                                const Dimensions& dimensions, std::uint32_t element) {
  const Table& description = *find_table(table);
  const std::vector<std::uint8_t> zeros(size_of(description, dimensions).value_or(size_to_search));
  Finder finder(field, element);
  walk(description, {0, zeros}, dimensions, finder);
  return finder.place();
}

}  // namespace

class Reader : public ElementVisitor {
 public:
  explicit Reader(Understood& understood) : understood_(understood) {}

  void leaf(const Leaf& leaf) override {
    if (!leaf.complete) return;
    const Bytes bytes = leaf.visible.bytes;
    understood_.fields_.push_back({name_of(field_of(*leaf.node, leaf.source)),
                                   element(),
                                   leaf.value,
                                   {bytes.begin(), bytes.end()}});
    if (!leaf.value) return;
    for (const BitField& bit : leaf.node->bit_fields())
      understood_.fields_.push_back({name_of(bit.id), element(), bits_value(bit, *leaf.value), {}});
  }

 private:
  Understood& understood_;
};

Understood::Understood(std::uint16_t table, std::uint32_t offset, Bytes bytes,
                       const Dimensions& dimensions) {
  Reader reader(*this);
  if (const Table* description = find_table(table))
    walk(*description, {offset, bytes}, dimensions, reader);
}

const Understood::Field* Understood::find(std::string_view field, std::uint32_t element) const {
  require_described(field);
  const auto found = std::ranges::find_if(
      fields_, [&](const Field& each) { return each.element == element && each.name == field; });
  return found == fields_.end() ? nullptr : &*found;
}

std::optional<std::int64_t> Understood::number(std::string_view field,
                                               std::uint32_t element) const {
  const Field* found = find(field, element);
  return found ? found->number : std::nullopt;
}

std::vector<std::uint8_t> Understood::bytes(std::string_view field, std::uint32_t element) const {
  const Field* found = find(field, element);
  return found ? found->bytes : std::vector<std::uint8_t>();
}

Place place_of(std::uint16_t table, std::string_view field, const Dimensions& dimensions,
               std::uint32_t element) {
  const auto place = find_place(table, field, dimensions, element);
  if (!place) throw std::logic_error(table_label(table) + " has no field " + std::string(field));
  return *place;
}

Place element_place(std::uint16_t table, std::string_view first_field, const Dimensions& dimensions,
                    std::uint32_t element) {
  const std::uint32_t begin = place_of(table, first_field, dimensions, element).offset;
  const auto next = find_place(table, first_field, dimensions, element + 1);
  const auto end = next ? next->offset : size_of(*find_table(table), dimensions).value_or(begin);
  return {begin, static_cast<std::uint16_t>(end - begin)};
}

std::uint16_t size_known(std::uint16_t table, const Dimensions& dimensions) {
  const auto size = size_of(*find_table(table), dimensions);
  return static_cast<std::uint16_t>(std::min(size.value_or(answer_size), answer_size));
}

}  // namespace mep::simulator
