// SPDX-License-Identifier: GPL-2.0-or-later
#include "protocol/schema.h"

#include <algorithm>

namespace mep {

namespace {

Dependence dependence_of(const Expr& expression) {
  return {expression.uses_field(), expression.index_levels()};
}

Dependence dependence_of(const Nodes& nodes) {
  Dependence all;
  for (const Node& node : nodes) all = all | node.dependence;
  return all;
}

bool look_at_fields(const Nodes& nodes) {
  return std::any_of(nodes.begin(), nodes.end(),
                     [](const Node& node) { return node.looks_at_fields; });
}

// As it is called outside of the array: its own index is not known there.
Dependence outside(const Dependence& of_elements) {
  return {of_elements.on_fields, of_elements.on_indices >> 1};
}

}  // namespace

std::optional<std::string_view> name_of_value(const ValueNames& names, std::int64_t value) {
  const auto found = std::find_if(names.begin(), names.end(),
                                  [value](const auto& entry) { return entry.first == value; });
  if (found == names.end()) return std::nullopt;
  return found->second;
}

const Nodes Node::none;

const SourceName* RegistersPart::own_name(std::int32_t source) const {
  const auto found = std::find_if(source_names.begin(), source_names.end(),
                                  [source](const SourceName& own) { return own.source == source; });
  return found == source_names.end() ? nullptr : &*found;
}

std::string ArrayPart::element_name(std::uint32_t index) const {
  const ElementNames& named = names.get();
  if (index < named.each.size()) return std::string(named.each[index]);
  if (named.counted.empty()) return {};
  return std::string(named.counted) + " " + std::to_string(std::uint64_t{index} + named.first);
}

Nodes& Node::own_children() {
  return std::visit(
      [](auto& own) -> Nodes& {
        if constexpr (requires { own.children; })
          return own.children;
        else
          throw std::bad_variant_access();
      },
      part);
}

const FieldPart& Node::number_of_registers() const {
  static const FieldPart none;
  const RegistersPart* row = registers();
  return row ? row->number : none;
}

FieldPart& Node::own_field() {
  auto* field = std::get_if<FieldPart>(&part);
  return field ? *field : own_registers().number;
}

bool Node::takes_rest() const {
  return kind() == Kind::leaf && field().size.constant() == rest_of_record;
}

Node Node::at(const Expr& offset) && {
  printed_offset = offset;
  looks_at_fields |= offset.uses_field();
  return std::move(*this);
}
Node Node::unit(std::string_view text) && {
  own_field().unit_text = text;
  return std::move(*this);
}
Node Node::values(ValueNames names) && {
  own_field().details.own().value_names = std::move(names);
  return std::move(*this);
}
Node Node::shown_as(Format how) && {
  own_field().format = how;
  return std::move(*this);
}
Node Node::page(std::uint16_t number) && {
  page_number = number;
  return std::move(*this);
}
Node Node::note(std::string_view text) && {
  remark = text;
  return std::move(*this);
}
Node Node::on(Clock which) && {
  own_field().clock = which;
  return std::move(*this);
}
Node Node::as(Role what) && {
  role = what;
  return std::move(*this);
}
Node Node::sensitive(Sensitive what) && {
  sensitivity = what;
  return std::move(*this);
}
Node Node::means(Dim dim, std::int32_t value, ValueNames names) && {
  own_field().details.own().meanings.push_back({dim, value, std::move(names)});
  return std::move(*this);
}
Node Node::used_if(const Expr& condition) && {
  own_field().details.own().used_if = condition;
  looks_at_fields |= condition.uses_field();
  return std::move(*this);
}
Node Node::of_source(const Expr& source) && {
  own_field().details.own().source = source;
  looks_at_fields |= source.uses_field();
  return std::move(*this);
}
Node Node::big_endian() && {
  own_field().big_endian = true;
  return std::move(*this);
}
Node Node::called(std::vector<std::string_view> names) && {
  std::get<ArrayPart>(part).names.own().each = std::move(names);
  return std::move(*this);
}
Node Node::numbered(std::string_view name, std::uint8_t first) && {
  ElementNames& names = std::get<ArrayPart>(part).names.own();
  names.counted = name;
  names.first = first;
  return std::move(*this);
}
Node Node::learns(Dim dim) && {
  FieldPart::Details& details = own_field().details.own();
  details.learned_dim = dim;
  if (dim_info(dim).slots == 1) details.learned_slot = 0;
  return std::move(*this);
}
Node Node::learns(Dim dim, const Expr& slot) && {
  FieldPart::Details& details = own_field().details.own();
  details.learned_dim = dim;
  details.learned_slot = slot;
  looks_at_fields |= slot.uses_field();
  return std::move(*this);
}
Node Node::under_one_name() && {
  own_registers().one_name = true;
  return std::move(*this);
}
Node Node::selected_by(const Expr& slot) && {
  own_registers().selection_slot = slot;
  looks_at_fields |= slot.uses_field();
  return std::move(*this);
}

BitField BitField::learns(Dim dim) && {
  learned_dim = dim;
  return std::move(*this);
}
BitField BitField::learns(Dim dim, std::uint16_t slot) && {
  learned_dim = dim;
  learned_slot = slot;
  return std::move(*this);
}
BitField BitField::shown_as(Format how) && {
  format = how;
  return std::move(*this);
}
BitField BitField::as(Role what) && {
  role = what;
  return std::move(*this);
}

BitField BitField::named_in_group() && {
  in_group = true;
  return std::move(*this);
}

Table Table::tells(Story what) && {
  story = what;
  return std::move(*this);
}

namespace {

Node leaf(Type type, std::string_view name, const Expr& size) {
  Node node;
  node.name = name;
  FieldPart field;
  field.type = type;
  field.size = size;
  node.part = std::move(field);
  node.dependence = dependence_of(size);
  node.looks_at_fields = size.uses_field();
  return node;
}

}  // namespace

Node u8(std::string_view name) {
  return leaf(Type::unsigned_int, name, 1);
}
Node u16(std::string_view name) {
  return leaf(Type::unsigned_int, name, 2);
}
Node u24(std::string_view name) {
  return leaf(Type::unsigned_int, name, 3);
}
Node u32(std::string_view name) {
  return leaf(Type::unsigned_int, name, 4);
}
Node u40(std::string_view name) {
  return leaf(Type::unsigned_int, name, 5);
}
Node u48(std::string_view name) {
  return leaf(Type::unsigned_int, name, 6);
}
Node u64(std::string_view name) {
  return leaf(Type::unsigned_int, name, 8);
}
Node i8(std::string_view name) {
  return leaf(Type::signed_int, name, 1);
}
Node i16(std::string_view name) {
  return leaf(Type::signed_int, name, 2);
}
Node i24(std::string_view name) {
  return leaf(Type::signed_int, name, 3);
}
Node i32(std::string_view name) {
  return leaf(Type::signed_int, name, 4);
}
Node i40(std::string_view name) {
  return leaf(Type::signed_int, name, 5);
}
Node i48(std::string_view name) {
  return leaf(Type::signed_int, name, 6);
}
Node ni_fmat1(std::string_view name) {
  return i32(name);
}
Node ni_fmat2(std::string_view name) {
  return i32(name);
}
Node float32(std::string_view name) {
  return leaf(Type::float32, name, 4);
}
Node time(std::string_view name) {
  return leaf(Type::time, name, 3);
}
Node ltime_date(std::string_view name) {
  return leaf(Type::ltime_date, name, 6);
}
Node stime_date(std::string_view name) {
  return leaf(Type::stime_date, name, 5);
}
Node rdate(std::string_view name) {
  return leaf(Type::rdate, name, 2);
}
Node ansi_date(std::string_view name) {
  return leaf(Type::ansi_date, name, 2);
}
Node chars(std::string_view name, const Expr& size) {
  return leaf(Type::chars, name, size);
}
Node bytes(std::string_view name, const Expr& size) {
  return leaf(Type::bytes, name, size);
}
Node bcd(std::string_view name, const Expr& size) {
  return leaf(Type::bcd, name, size);
}
Node set(std::string_view name, const Expr& size) {
  return leaf(Type::set, name, size);
}
Node fill(const Expr& size, std::string_view name) {
  return leaf(Type::fill, name, size);
}

BitField bit(std::uint8_t number, std::string_view name, ValueNames values) {
  return bits_of(number, number, name, std::move(values));
}

BitField bits_of(std::uint8_t first, std::uint8_t last, std::string_view name, ValueNames values) {
  BitField field;
  field.name = name;
  field.first = first;
  field.last = last;
  field.values = std::move(values);
  return field;
}

Node bits(std::size_t size, std::vector<BitField> fields) {
  return bits({}, size, std::move(fields));
}

Node bits(std::string_view name, std::size_t size, std::vector<BitField> fields) {
  Node node = leaf(Type::bits, name, static_cast<std::int64_t>(size));
  node.own_field().details.own().bit_fields = std::move(fields);
  return node;
}

Node group(std::string_view name, Nodes children) {
  Node node;
  node.name = name;
  node.dependence = dependence_of(children);
  node.looks_at_fields = look_at_fields(children);
  node.part = GroupPart{std::move(children)};
  return node;
}

Node array(const Expr& count, std::string_view name, Nodes children) {
  Node node;
  node.name = name;
  const Dependence of_elements = dependence_of(children);
  node.dependence = dependence_of(count) | outside(of_elements);
  node.looks_at_fields = count.uses_field() || look_at_fields(children);
  ArrayPart own;
  own.count = count;
  own.children = std::move(children);
  own.of_elements = of_elements;
  node.part = std::move(own);
  return node;
}

Node array_of(const Expr& count, Node element) {
  Nodes children;
  const std::string name = element.name;
  std::optional<Expr> offset = std::move(element.printed_offset);
  element.printed_offset.reset();
  children.push_back(std::move(element));
  Node node = array(count, name, std::move(children));
  std::get<ArrayPart>(node.part).plain = true;
  node.printed_offset = std::move(offset);  // looks_at_fields counts it already
  return node;
}

Node record(const Expr& size, Nodes children) {
  Node node;
  node.dependence = dependence_of(size);
  node.looks_at_fields = size.uses_field() || look_at_fields(children);
  node.part = RecordPart{size, std::move(children)};
  return node;
}

Node when(const Expr& condition, Nodes children) {
  Node node;
  node.dependence = dependence_of(condition) | dependence_of(children);
  node.looks_at_fields = condition.uses_field() || look_at_fields(children);
  node.part = WhenPart{condition, std::move(children)};
  return node;
}

Node rest(std::string_view name) {
  return leaf(Type::bytes, name, rest_of_record);
}

Node registers(std::string_view name, const Expr& count, Node element, Dim selection,
               std::vector<SourceName> source_names) {
  Rare<RegistersPart> row;
  row.own().count = count;
  row.own().number = element.field();
  row.own().selection = selection;
  row.own().source_names = std::move(source_names);
  Node node = std::move(element);
  node.name = name;
  node.dependence = node.dependence | dependence_of(count);
  node.looks_at_fields |= count.uses_field();
  node.part = std::move(row);
  return node;
}

std::string page_text(std::uint16_t page) {
  const bool optical = (page & optical_page_flag) != 0;
  const auto number = static_cast<std::uint16_t>(page & ~optical_page_flag);
  return (optical ? "opt. " : "") + std::to_string(number);
}

Table table(std::uint16_t number, std::string_view name, std::uint16_t page, Nodes nodes) {
  Table made{number, name, page, group(name, std::move(nodes))};
  made.root.page_number = page;
  return made;
}

}  // namespace mep
