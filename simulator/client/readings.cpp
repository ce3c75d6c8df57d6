// SPDX-License-Identifier: GPL-2.0-or-later
#include "simulator/client/readings.h"

#include <bit>
#include <cstdio>

#include "protocol/bytes.h"
#include "protocol/catalog.h"
#include "protocol/times.h"
#include "protocol/walker.h"

namespace mep::simulator {
namespace {

using Buffer = std::vector<std::uint8_t>;

std::string real_text(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.6g", value);
  return text;
}

std::string up_to_zero(Bytes bytes) {
  std::string text;
  for (const std::uint8_t byte : bytes) {
    if (byte == 0) break;
    text += static_cast<char>(byte);
  }
  return text;
}

// What bytes from the wire say.
std::string text_of_bytes(const Node& node, const BitField* bits, Bytes bytes) {
  switch (node.type()) {
    case Type::unsigned_int:
    case Type::signed_int:
    case Type::bits: {
      const std::int64_t number = integer_value(node, bytes).value_or(0);
      return std::to_string(bits ? bits_value(*bits, number) : number);
    }
    case Type::rdate:
    case Type::ansi_date:
      return std::to_string(read_le(bytes, 0, 2));
    case Type::time:
      return time_text(bytes).value_or("");
    case Type::ltime_date:
    case Type::stime_date: {
      const auto when = parse_date_time(bytes);
      return when ? date_time_text(*when, node.type() == Type::ltime_date) : "";
    }
    case Type::float32:
      return real_text(std::bit_cast<float>(static_cast<std::uint32_t>(read_le(bytes, 0, 4))));
    case Type::bcd:
      return bcd_digits(bytes);
    case Type::chars:
      return up_to_zero(bytes);
    case Type::set:
    case Type::bytes:
    case Type::fill:
      return hex(bytes);
  }
  return {};
}

// What a value means before it is bytes.
struct Meant {
  const Node& node;
  const BitField* bits;
  std::uint64_t size;

  std::string operator()(std::monostate) const {
    return text_of_bytes(node, bits, Buffer(static_cast<std::size_t>(size)));
  }
  std::string operator()(std::int64_t number) const {
    if (node.type() == Type::float32) return real_text(static_cast<double>(number));
    return node.type() == Type::bcd ? padded(std::to_string(number)) : std::to_string(number);
  }
  std::string operator()(double number) const { return real_text(number); }
  std::string operator()(const std::string& text) const {
    return node.type() == Type::bcd ? padded(text) : text;
  }
  std::string operator()(const Buffer& bytes) const {
    Buffer whole = bytes;
    whole.resize(static_cast<std::size_t>(size));
    return text_of_bytes(node, bits, whole);
  }
  std::string operator()(const DateTime& when) const {
    if (node.type() == Type::ansi_date)
      return std::to_string((when.year - 2000) | (when.month << 7) | (when.day << 11));
    const std::string text = date_time_text(when, node.type() != Type::stime_date);
    return node.type() == Type::time ? text.substr(text.size() - 8) : text;
  }

 private:
  std::string padded(const std::string& digits) const {
    const auto width = static_cast<std::size_t>(size * 2);
    return digits.size() < width ? std::string(width - digits.size(), '0') + digits : digits;
  }
};

class Reader : public Visitor {
 public:
  Reader(const Dimensions& known, const Dimensions& actual) : known_(known), actual_(actual) {}
  Readings readings;

  void leaf(const Leaf& leaf) override {
    if (!leaf.complete) return;
    add(field_of(*leaf.node, leaf.source), leaf, nullptr);
    for (const BitField& bits : leaf.node->bit_fields()) add(bits.id, leaf, &bits);
  }
  void relied_on(Dim dim, std::size_t slot, bool) override {
    if (actual_.get(dim, slot) != known_.get(dim, slot)) readings.misled = true;
  }

 private:
  void add(std::uint32_t id, const Leaf& leaf, const BitField* bits) {
    if (id == 0) return;
    readings.fields.push_back({catalog().fields[id].name, leaf.position,
                               text_of_bytes(*leaf.node, bits, leaf.visible.bytes)});
  }
  const Dimensions& known_;
  const Dimensions& actual_;
};

}  // namespace

Readings read_fields(const Table& table, std::uint64_t offset, Bytes bytes, const Dimensions& known,
                     const Dimensions& actual) {
  Reader reader(known, actual);
  walk(table, {offset, bytes}, known, reader);
  return std::move(reader.readings);
}

std::string reading_text(const Node& node, const BitField* bits, std::uint64_t size,
                         const Value& value) {
  return std::visit(Meant{node, bits, size}, value);
}

}  // namespace mep::simulator
