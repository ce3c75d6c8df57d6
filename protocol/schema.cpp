// SPDX-License-Identifier: GPL-2.0-or-later
#include "protocol/schema.h"

namespace mep {

Node Node::at(const Expr& offset) && {
  printed_offset = offset;
  return std::move(*this);
}
Node Node::unit(std::string_view text) && {
  unit_text = text;
  return std::move(*this);
}
Node Node::values(ValueNames names) && {
  value_names = std::move(names);
  return std::move(*this);
}
Node Node::shown_as(Format how) && {
  format = how;
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
  clock = which;
  return std::move(*this);
}
Node Node::as(Role what) && {
  role = what;
  return std::move(*this);
}
Node Node::learns(Dim dim) && {
  learned_dim = dim;
  if (dim_info(dim).slots == 1) learned_slot = 0;
  return std::move(*this);
}
Node Node::learns(Dim dim, const Expr& slot) && {
  learned_dim = dim;
  learned_slot = slot;
  return std::move(*this);
}
Node Node::under_one_name() && {
  one_name = true;
  return std::move(*this);
}
Node Node::selected_by(const Expr& slot) && {
  selection_slot = slot;
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

Table Table::tells(Story what) && {
  story = what;
  return std::move(*this);
}

namespace {

Node leaf(Type type, std::string_view name, const Expr& size) {
  Node node;
  node.kind = Kind::leaf;
  node.type = type;
  node.name = name;
  node.size = size;
  return node;
}

Node parent(Kind kind, std::string_view name, Nodes children) {
  Node node;
  node.kind = kind;
  node.name = name;
  node.children = std::move(children);
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
  node.bit_fields = std::move(fields);
  return node;
}

Node group(std::string_view name, Nodes children) {
  return parent(Kind::group, name, std::move(children));
}

Node array(const Expr& count, std::string_view name, Nodes children) {
  Node node = parent(Kind::array, name, std::move(children));
  node.count = count;
  return node;
}

Node array_of(const Expr& count, Node element) {
  Nodes children;
  const std::string name = element.name;
  std::optional<Expr> offset = std::move(element.printed_offset);
  element.printed_offset.reset();
  children.push_back(std::move(element));
  Node node = array(count, name, std::move(children));
  node.plain = true;
  node.printed_offset = std::move(offset);
  return node;
}

Node record(const Expr& size, Nodes children) {
  Node node = parent(Kind::record, {}, std::move(children));
  node.size = size;
  return node;
}

Node when(const Expr& condition, Nodes children) {
  Node node = parent(Kind::when, {}, std::move(children));
  node.count = condition;
  return node;
}

Node rest(std::string_view name) {
  return leaf(Type::bytes, name, rest_of_record);
}

Node registers(std::string_view name, const Expr& count, Node element, Dim selection,
               std::vector<SourceName> source_names) {
  Node node = std::move(element);
  node.kind = Kind::registers;
  node.name = name;
  node.count = count;
  node.selection = selection;
  node.source_names = std::move(source_names);
  return node;
}

Table table(std::uint16_t number, std::string_view name, std::uint16_t page, Nodes nodes) {
  Table made{number, name, page, parent(Kind::group, name, std::move(nodes))};
  made.root.page_number = page;
  return made;
}

}  // namespace mep
