// SPDX-License-Identifier: GPL-2.0-or-later
#include "captures/sensitive_parts.h"

#include <algorithm>
#include <optional>
#include <string_view>

#include "protocol/bytes.h"
#include "protocol/catalog.h"
#include "protocol/device_source.h"
#include "protocol/mbus_record.h"
#include "protocol/names.h"
#include "protocol/procedure.h"
#include "protocol/tables/pending.h"
#include "protocol/walker.h"

namespace mep::captures {
namespace {

using Parts = std::vector<SensitivePart>;

// What a register's unit says: what the grid is like is nobody's consumption.
bool of_the_grid(std::string_view unit) {
  for (const std::string_view grid : {"mV", "mHz", "0.01 deg", "1/1000", "min", "s"})
    if (unit == grid) return true;
  return false;
}

// --- M-Bus

constexpr std::uint8_t most_significant_first = 0x01;  // bits of "Response Info", page 92
constexpr std::uint8_t decrypted = 0x04;
constexpr std::uint8_t coding_bits = 0x0F;  // of a DIF
constexpr std::uint8_t coding_real = 0x05;
constexpr std::uint8_t coding_variable = 0x0D;
constexpr std::size_t date_size = 2;       // type G
constexpr std::size_t date_time_size = 4;  // type F

void add_mbus_value(const mbus::Record& record, Bytes data, std::size_t start, bool reversed,
                    const Node* node, Parts& parts) {
  const std::size_t at = record.offset + record.value_offset;
  const Bytes value = data.subspan(at, record.size - record.value_offset);
  if (value.empty()) return;
  const mbus::Quantity& quantity = record.header.value.quantity;
  SensitivePart part{quantity.sensitivity, Shape::bytes, start + at, value.size(), reversed, node};
  const mbus::Order order = reversed ? mbus::Order::most_first : mbus::Order::least_first;
  const std::uint8_t coding = record.header.dif & coding_bits;
  if (coding == coding_variable) {
    // Its first byte is its length.
    part.offset += 1;
    part.size -= 1;
    part.shape = value[0] < 0xC0 ? Shape::text : Shape::bytes;
    if (part.size == 0) return;
    // A text's characters come last to first where numbers come least significant first.
    part.reversed = part.shape == Shape::text ? !reversed : reversed;
  } else if (!mbus::digits_of(record.header, value, order).empty()) {
    part.shape = Shape::digits;
  } else if (coding == coding_real) {
    part.shape = Shape::real;
  } else if (quantity.form == mbus::Form::number) {
    part.shape = Shape::integer;
  }
  if (quantity.form == mbus::Form::moment) {
    if (value.size() != date_size && value.size() != date_time_size) return;
    part.shape = value.size() == date_size ? Shape::mbus_date : Shape::mbus_time;
    parts.push_back(part);
    return;
  }
  if (part.what != Sensitive::none) parts.push_back(part);
}

void add_mbus_records(Bytes data, std::size_t start, bool reversed, const Node* node,
                      Parts& parts) {
  mbus::Records records(data, reversed ? mbus::Order::most_first : mbus::Order::least_first);
  while (const auto record = records.next()) {
    switch (record->kind) {
      case mbus::Record::Kind::value:
        add_mbus_value(*record, data, start, reversed, node, parts);
        break;
      case mbus::Record::Kind::filler:
      case mbus::Record::Kind::global_readout:
        break;
      case mbus::Record::Kind::manufacturer_data:
      case mbus::Record::Kind::more_follow:
        // The DIF says what it is.
        if (record->size > 1)
          parts.push_back({Sensitive::identifier, Shape::unread, start + record->offset + 1,
                           record->size - 1, false, node});
        break;
      case mbus::Record::Kind::malformed:
        parts.push_back({Sensitive::identifier, Shape::unread, start + record->offset, record->size,
                         false, node});
        break;
    }
  }
}

// --- A description over bytes

class Finder : public Visitor {
 public:
  Finder(Bytes bytes, std::uint64_t offset, const Dimensions& dimensions)
      : bytes_(bytes), offset_(offset), dimensions_(dimensions) {}

  Parts take() && { return std::move(parts_); }
  bool assumed_where_names_are() const { return name_anywhere_; }

  void leaf(const Leaf& leaf) override {
    settle();
    const Node& node = *leaf.node;
    if (node.role == Role::response_info && leaf.value)
      response_info_ = static_cast<std::uint8_t>(*leaf.value);
    SensitivePart part{node.sensitivity,          Shape::bytes, place(leaf.visible.offset),
                       leaf.visible.bytes.size(), false,        &node};
    if (node.role == Role::device_records) return add_telegram(leaf, part);
    if (add_time(leaf, part)) return;
    if (part.what == Sensitive::none) return;
    if (part.what == Sensitive::consumption) {
      if (node.registers() && of_the_grid(catalog().fields[field_of(node, leaf.source)].unit))
        return;
      if (!leaf.complete) return;  // half a number tells little, and cannot be scaled
      part.shape = node.type() == Type::float32 ? Shape::real : Shape::integer;
      const bool device = leaf.source && device_source(*leaf.source, dimensions_);
      if (device || node.role == Role::channel_placeholder) part.shape = Shape::channel;
      parts_.push_back(part);
      return;
    }
    if (leaf.complete && leaf.value && name_of_value(node.value_names(), *leaf.value)) return;
    if (node.type() != Type::fill) note_name();
    if (node.type() == Type::chars) part.shape = Shape::text;
    if (node.type() == Type::bcd) part.shape = Shape::digits;
    parts_.push_back(part);
  }
  void undecoded(const Stretch& stretch, std::string_view) override {
    parts_.push_back({Sensitive::undecided, Shape::unread, place(stretch.offset),
                      stretch.bytes.size(), false, nullptr});
  }
  // How many elements there are, and how large they are, decides where all stand but the first.
  void enter(const Branch& branch) override {
    const bool first = branch.index && *branch.index == 0;
    if (!first) settle();
    later_.push_back(asked_ && first);
    asked_ = false;
  }
  void leave(const Branch&) override {
    asked_ = asked_ || later_.back();
    later_.pop_back();
  }
  void relied_on(Dim, std::size_t, bool assumed) override { asked_ = asked_ || assumed; }

 private:
  // Where it stands hangs on all that was asked for until here.
  void settle() {
    assumed_ = assumed_ || asked_;
    asked_ = false;
  }
  void note_name() { name_anywhere_ = name_anywhere_ || assumed_; }

  std::size_t place(std::uint64_t position) const {
    return static_cast<std::size_t>(position - offset_);
  }

  bool add_time(const Leaf& leaf, SensitivePart part) {
    switch (leaf.node->type()) {
      case Type::ltime_date:
        part.shape = Shape::ltime;
        break;
      case Type::stime_date:
        part.shape = Shape::stime;
        break;
      case Type::ansi_date:
        part.shape = Shape::ansi_date;
        break;
      default:
        return false;
    }
    // A part of a time cannot be shifted.
    if (leaf.complete) parts_.push_back(part);
    return true;
  }

  void add_telegram(const Leaf& leaf, SensitivePart part) {
    note_name();
    const bool from_the_start = leaf.visible.offset == leaf.position;
    if (!from_the_start || part.offset < mbus::long_header_size) {
      part.what = Sensitive::identifier;
      part.shape = Shape::unread;
      parts_.push_back(part);
      return;
    }
    const bool reversed = (response_info_ & most_significant_first) != 0;
    Bytes data = bytes_.subspan(part.offset, part.size);
    const auto header =
        mbus::parse_long_header(bytes_.subspan(part.offset - mbus::long_header_size));
    std::size_t closed = 0;
    if (header && (response_info_ & decrypted) == 0)
      closed = std::min(mbus::encrypted_size(header->signature, data), data.size());
    if (closed != 0)
      parts_.push_back({Sensitive::key, Shape::unread, part.offset, closed, false, leaf.node});
    add_mbus_records(data.subspan(closed), part.offset + closed, reversed, leaf.node, parts_);
  }

  Bytes bytes_;
  std::uint64_t offset_;
  const Dimensions& dimensions_;
  Parts parts_;
  std::uint8_t response_info_ = 0;
  bool asked_ = false;          // for what nobody has told, since the last field
  std::vector<bool> later_;     // likewise, of what is behind the first element, by array
  bool assumed_ = false;        // where the next field stands
  bool name_anywhere_ = false;  // a name may stand elsewhere
};

Parts all_unread(Bytes bytes, std::size_t from = 0) {
  if (from >= bytes.size()) return {};
  return {{Sensitive::undecided, Shape::unread, from, bytes.size() - from, false, nullptr}};
}

// Those of a description that begins `behind` bytes further on.
Parts parts_of(const Node& root, std::uint64_t offset, Bytes bytes, std::size_t behind,
               const Dimensions& dimensions) {
  Finder finder(bytes.subspan(behind), offset, dimensions);
  walk(root, {offset, bytes.subspan(behind)}, dimensions, finder);
  if (finder.assumed_where_names_are()) return all_unread(bytes, behind);
  Parts parts = std::move(finder).take();
  for (SensitivePart& part : parts) part.offset += behind;
  return parts;
}

Parts procedure_parts(const TableBytes& table, const Dimensions& dimensions, bool call) {
  const std::size_t header = call ? procedure::call_header_size : procedure::result_header_size;
  if (table.offset != 0) return all_unread(table.bytes);
  if (table.bytes.size() <= header) return {};
  const auto number = procedure::parse_number(table.bytes);
  const Procedure* described = number ? find_procedure(*number) : nullptr;
  if (!described) return all_unread(table.bytes, header);
  return parts_of(call ? described->parameters : described->response, 0, table.bytes, header,
                  dimensions);
}

}  // namespace

std::string digits_of(Bytes bytes) {
  std::string digits = bcd_digits(bytes);
  std::replace_if(
      digits.begin(), digits.end(), [](char c) { return c > '9'; }, '.');
  return digits;
}

std::vector<SensitivePart> sensitive_parts(const TableBytes& table, const Dimensions& dimensions,
                                           bool contradicted) {
  if (table.bytes.empty()) return {};
  if (table.table == BT(7)) return procedure_parts(table, dimensions, true);
  if (table.table == BT(8) || table.table == ET(59) || table.table == ET(85))
    return procedure_parts(table, dimensions, false);
  const Table* described = find_table(table.table);
  if (!described || contradicted) return all_unread(table.bytes);
  if ((table.table & pending_flag) == 0)
    return parts_of(described->root, table.offset, table.bytes, 0, dimensions);
  if (table.offset != 0 || !begins_with_pending_event(table.bytes)) return all_unread(table.bytes);
  Parts parts = parts_of(pending_event(), 0, table.bytes.first(pending_event_size), 0, dimensions);
  const Parts behind = parts_of(described->root, 0, table.bytes, pending_event_size, dimensions);
  parts.insert(parts.end(), behind.begin(), behind.end());
  return parts;
}

}  // namespace mep::captures
