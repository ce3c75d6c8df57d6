// Builds the bytes of a table from values: the descriptions that decode tables, in the other
// direction. This is how a simulated meter answers.
//
//   const Encoded answer = encode(*find_table(BT(52)), dimensions, [](const Asked& asked) -> Value
//   {
//     if (asked.name() == "Clock Calendar") return DateTime{2022, 3, 1, 7, 30, 0};
//     return {};
//   }, 6);
//
// Protocol. To be added here: how a type of field becomes bytes.
// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "protocol/dimensions.h"
#include "protocol/schema.h"
#include "protocol/times.h"

namespace mep {

// What a value is asked for. Valid during the call only.
struct Asked {
  const Node* node;
  // One of the fields in a word of bits; null: the leaf itself.
  const BitField* bits;
  // Elements of the arrays around the leaf, the outermost first; a register's number in its row
  // comes last. Plain arrays (array_of) count, too.
  std::span<const std::uint32_t> indices;
  std::uint64_t position;  // of the leaf's first byte, from the start of the table
  std::uint64_t size;      // of the leaf in bytes; where it takes the rest: what there is room for
  // The measurement source that a register holds; nothing for other leaves.
  std::optional<std::uint16_t> source;

  std::string_view name() const { return bits ? bits->name : node->name; }
};

// A field's value, or nothing: then its bytes are zero.
//
//   integers, bits   an integer, in the field's own unit
//   rdate            an integer: the 16 bits of page 41
//   ansi_date        an integer: its 16 bits; or a DateTime, of which the date counts
//   times            a DateTime, of which the parts count that the type has
//   bcd              text, most significant digit first; or an integer
//   chars            text
//   float32          a number
//   set, bytes, fill bytes, a set's bit 0 in the first byte's least significant bit
//
// Every field takes bytes, too, as they are to stand on the wire. Text and bytes may be shorter
// than the field, which is filled up with zeros.
using Value = std::variant<std::monostate, std::int64_t, double, std::string,
                           std::vector<std::uint8_t>, DateTime>;

// Called for each leaf, in wire order. For a word of bits first for the word as a whole, then,
// if that brought nothing, for each of its fields. A leaf that the edges of the stretch cut is
// asked for like any other.
using ValueSource = std::function<Value(const Asked&)>;

struct Encoded {
  std::vector<std::uint8_t> bytes;
  // Values that the field cannot hold, one line each for people: "Tariff: 300 does not fit in
  // 1 byte". The field is zero then. Empty: all went well.
  std::vector<std::string> refused;
};

// The whole table, from its first byte on, but `limit` bytes at most: the table that a meter has
// may be shorter than its description, and those that end in "the rest" have no size of their own.
// What stands in the table itself (a length, a count, a condition) takes effect on what follows.
Encoded encode(const Table& table, const Dimensions& dimensions, const ValueSource& values,
               std::size_t limit);
// The same for a procedure's parameters or response.
Encoded encode(const Node& root, const Dimensions& dimensions, const ValueSource& values,
               std::size_t limit);

// `size` bytes of the table from `offset` on, as a partial read wants them: far into a load profile
// it costs no more than at its beginning. Bytes behind the table's end are missing from the result.
// Only for tables whose layout does not depend on their own contents: of others, what follows a
// field that is not in the stretch stays zero.
Encoded encode_part(const Table& table, const Dimensions& dimensions, const ValueSource& values,
                    std::uint64_t offset, std::size_t size);

}  // namespace mep
