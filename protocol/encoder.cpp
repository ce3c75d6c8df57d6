// SPDX-License-Identifier: GPL-2.0-or-later
#include "protocol/encoder.h"

#include <algorithm>
#include <bit>
#include <utility>

#include "protocol/walker.h"

namespace mep {
namespace {

using Buffer = std::vector<std::uint8_t>;

Buffer little_endian(std::uint64_t value, std::size_t size) {
  Buffer bytes(size);
  for (std::size_t i = 0; i < size && i < 8; ++i)
    bytes[i] = static_cast<std::uint8_t>(value >> (8 * i));
  return bytes;
}

// Whether `bits` bits can hold the value.
bool fits_unsigned(std::int64_t value, std::size_t bits) {
  return bits >= 64 || (value >= 0 && (static_cast<std::uint64_t>(value) >> bits) == 0);
}
bool fits_signed(std::int64_t value, std::size_t bits) {
  if (bits >= 64) return true;
  const std::int64_t limit = std::int64_t{1} << (bits - 1);
  return value >= -limit && value < limit;
}

Buffer in_order(const Node& node, Buffer bytes) {
  if (node.field().big_endian) std::reverse(bytes.begin(), bytes.end());
  return bytes;
}

std::optional<Buffer> number(const Node& node, std::int64_t value, std::size_t size) {
  const bool fits = node.type() == Type::signed_int ? fits_signed(value, size * 8)
                                                    : fits_unsigned(value, size * 8);
  if (!fits) return std::nullopt;
  return in_order(node, little_endian(static_cast<std::uint64_t>(value), size));
}

// Digits, most significant first, to bytes, least significant first.
std::optional<Buffer> packed_digits(std::string_view digits, std::size_t size) {
  if (digits.size() > size * 2) return std::nullopt;
  Buffer bytes(size);
  for (std::size_t i = 0; i < digits.size(); ++i) {
    const char digit = digits[digits.size() - 1 - i];
    if (digit < '0' || digit > '9') return std::nullopt;
    bytes[i / 2] |= static_cast<std::uint8_t>((digit - '0') << (i % 2 * 4));
  }
  return bytes;
}

std::uint8_t low_byte(int value) {
  return static_cast<std::uint8_t>(value);
}

std::optional<Buffer> date_and_time(Type type, const DateTime& when) {
  const bool has_date = type != Type::time;
  if (has_date && (when.year < 2000 || when.year > 2099)) return std::nullopt;
  const Buffer date = {low_byte(when.year - 2000), low_byte(when.month), low_byte(when.day)};
  const Buffer clock = {low_byte(when.hour), low_byte(when.minute), low_byte(when.second)};
  Buffer bytes;
  switch (type) {
    case Type::time:
      return clock;
    case Type::stime_date:
    case Type::ltime_date:
      bytes = date;
      bytes.insert(bytes.end(), clock.begin(), clock.end() - (type == Type::stime_date ? 1 : 0));
      return bytes;
    case Type::ansi_date:
      // Year in bits 0 to 6, month in 7 to 10, day in 11 to 15.
      return little_endian(
          static_cast<std::uint64_t>((when.year - 2000) | (when.month << 7) | (when.day << 11)), 2);
    default:
      return std::nullopt;
  }
}

// The leaf's bytes: `size` of them, or as many as text and bytes have. Nothing: it cannot hold the
// value.
struct LeafEncoder {
  const Node& node;
  std::size_t size;

  std::optional<Buffer> operator()(std::monostate) const { return Buffer(); }
  std::optional<Buffer> operator()(std::int64_t value) const {
    switch (node.type()) {
      case Type::unsigned_int:
      case Type::signed_int:
      case Type::bits:
      case Type::rdate:
      case Type::ansi_date:
        return number(node, value, size);
      case Type::bcd:
        return packed_digits(std::to_string(value), size);
      case Type::float32:
        return (*this)(static_cast<double>(value));
      default:
        return std::nullopt;
    }
  }
  std::optional<Buffer> operator()(double value) const {
    if (node.type() != Type::float32 || size != 4) return std::nullopt;
    return little_endian(std::bit_cast<std::uint32_t>(static_cast<float>(value)), size);
  }
  std::optional<Buffer> operator()(const std::string& text) const {
    if (node.type() == Type::bcd) return packed_digits(text, size);
    if (node.type() != Type::chars || text.size() > size) return std::nullopt;
    return Buffer(text.begin(), text.end());
  }
  std::optional<Buffer> operator()(const Buffer& bytes) const {
    if (bytes.size() > size) return std::nullopt;
    return bytes;
  }
  std::optional<Buffer> operator()(const DateTime& when) const {
    auto bytes = date_and_time(node.type(), when);
    if (bytes && bytes->size() != size) return std::nullopt;
    return bytes;
  }
};

std::string text_of(const Value& value) {
  if (const auto* integer = std::get_if<std::int64_t>(&value)) return std::to_string(*integer);
  if (const auto* real = std::get_if<double>(&value)) return std::to_string(*real);
  if (const auto* text = std::get_if<std::string>(&value)) return '"' + *text + '"';
  if (const auto* bytes = std::get_if<Buffer>(&value))
    return "a value of " + std::to_string(bytes->size()) + " bytes";
  if (const auto* when = std::get_if<DateTime>(&value)) return date_time_text(*when, true);
  return "nothing";
}

std::string room(std::uint64_t count, std::string_view unit) {
  return std::to_string(count) + " " + std::string(unit) + (count == 1 ? "" : "s");
}

// Fills in each leaf when the walk meets it. The walker looks at a leaf's bytes again behind its
// visit, so that lengths and conditions that were just written hold for what follows.
class Encoder : public Visitor {
 public:
  // `bytes`: zeros, one more than are wanted. The spare one tells what ends with the table from
  // what would go on.
  Encoder(std::uint64_t offset, Buffer& bytes, const ValueSource& values)
      : offset_(offset), bytes_(bytes), values_(values), described_(offset) {}

  // The end of the last described byte, and what had to be refused.
  std::uint64_t described_end() const { return described_; }
  std::vector<std::string> refused() && { return std::move(refused_); }

  void enter(const Branch& branch) override {
    if (branch.index) indices_.push_back(*branch.index);
  }
  void leave(const Branch& branch) override {
    if (branch.index) indices_.pop_back();
  }
  void leaf(const Leaf& leaf) override {
    if (leaf.index) indices_.push_back(*leaf.index);
    described_ = leaf.visible.end();
    fill(leaf, bytes_for(leaf));
    if (leaf.index) indices_.pop_back();
  }
  // What is left over in a record belongs to the table; what reaches the end does not.
  void undecoded(const Stretch& stretch, std::string_view) override {
    if (stretch.end() < end()) described_ = stretch.end();
  }

 private:
  std::uint64_t end() const { return offset_ + bytes_.size(); }

  // Takes all that there is room for, the spare byte aside.
  bool takes_rest(const Leaf& leaf) const {
    return leaf.node->takes_rest() && leaf.visible.end() == end();
  }
  std::uint64_t room_for(const Leaf& leaf) const { return leaf.size - (takes_rest(leaf) ? 1 : 0); }

  Asked asked(const Leaf& leaf, const BitField* bits) const {
    return {leaf.node, bits, indices_, leaf.position, room_for(leaf), leaf.source};
  }

  Buffer bytes_for(const Leaf& leaf) {
    const Value value = values_(asked(leaf, nullptr));
    if (leaf.node->type() == Type::bits && std::holds_alternative<std::monostate>(value))
      return word_of_bits(leaf);
    const auto size = static_cast<std::size_t>(room_for(leaf));
    auto bytes = std::visit(LeafEncoder{*leaf.node, size}, value);
    if (!bytes) {
      refuse(leaf.node->name, value, room(size, "byte"));
      bytes.emplace();
    }
    // A leaf that takes the rest is as long as its value.
    if (takes_rest(leaf)) described_ = leaf.position + bytes->size();
    return std::move(*bytes);
  }

  Buffer word_of_bits(const Leaf& leaf) {
    std::uint64_t word = 0;
    for (const BitField& field : leaf.node->bit_fields()) {
      const Value value = values_(asked(leaf, &field));
      if (std::holds_alternative<std::monostate>(value)) continue;
      const auto* integer = std::get_if<std::int64_t>(&value);
      const unsigned width = field.last - field.first + 1U;
      if (!integer || !fits_unsigned(*integer, width)) {
        refuse(field.name, value, room(width, "bit"));
        continue;
      }
      word |= static_cast<std::uint64_t>(*integer) << field.first;
    }
    return in_order(*leaf.node, little_endian(word, static_cast<std::size_t>(leaf.size)));
  }

  void refuse(std::string_view name, const Value& value, const std::string& room) {
    refused_.push_back(std::string(name) + ": " + text_of(value) + " does not fit in " + room);
  }

  // Copies the part of the leaf's bytes that is in the stretch.
  void fill(const Leaf& leaf, const Buffer& bytes) {
    for (std::uint64_t at = leaf.visible.offset; at < leaf.visible.end(); ++at) {
      const std::uint64_t within = at - leaf.position;
      if (within >= bytes.size()) return;
      bytes_[static_cast<std::size_t>(at - offset_)] = bytes[static_cast<std::size_t>(within)];
    }
  }

  const std::uint64_t offset_;
  Buffer& bytes_;
  const ValueSource& values_;
  std::vector<std::uint32_t> indices_;
  std::uint64_t described_;
  std::vector<std::string> refused_;
};

// `known_size`: of the whole table, as far as it can be told.
Encoded encode_stretch(const Node& root, const Dimensions& dimensions, const ValueSource& values,
                       std::uint64_t offset, std::size_t size, std::uint64_t known_size) {
  Encoded encoded;
  encoded.bytes.assign(size + 1, 0);
  Encoder encoder(offset, encoded.bytes, values);
  walk(root, {offset, encoded.bytes}, dimensions, encoder);
  const std::uint64_t end = std::max({encoder.described_end(), known_size, offset});
  encoded.bytes.resize(static_cast<std::size_t>(std::min<std::uint64_t>(end - offset, size)));
  encoded.refused = std::move(encoder).refused();
  return encoded;
}

}  // namespace

Encoded encode(const Node& root, const Dimensions& dimensions, const ValueSource& values,
               std::size_t limit) {
  return encode_stretch(root, dimensions, values, 0, limit, 0);
}

Encoded encode(const Table& table, const Dimensions& dimensions, const ValueSource& values,
               std::size_t limit) {
  return encode_part(table, dimensions, values, 0, limit);
}

Encoded encode_part(const Table& table, const Dimensions& dimensions, const ValueSource& values,
                    std::uint64_t offset, std::size_t size) {
  const std::uint64_t known_size = size_of(table, dimensions).value_or(0);
  return encode_stretch(table.root, dimensions, values, offset, size, known_size);
}

}  // namespace mep
