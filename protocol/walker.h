// Walks over a table description and the bytes that belong to it.
//
// Any stretch of a table will do: the walker finds the position of a field by arithmetic, so that
// bytes from the middle of a long array cost no more than those at its beginning. What the edges
// of the stretch cut through is reported as cut.
//
// Protocol. To be added here: what is found out by going through a table's bytes; what is made of
// it is the visitor's.
// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "protocol/dimensions.h"
#include "protocol/schema.h"
#include "protocol/types.h"

namespace mep {

// Consecutive bytes of a table, the first of them at `offset`.
struct Stretch {
  std::uint64_t offset = 0;
  Bytes bytes;
  std::uint64_t end() const { return offset + bytes.size(); }
};

// A field that lies in the stretch, at least in part. Valid during the visit.
struct Leaf {
  const Node* node = nullptr;
  std::uint64_t position = 0;  // of its first byte, from the start of the table
  std::uint64_t size = 0;      // whole size in bytes; at least 1
  Stretch visible;             // the part that is there
  bool complete = false;       // all of it is there
  // Unsigned and signed integers and bits, complete ones: their value.
  std::optional<std::int64_t> value;
  // Registers: which one of its row, and the source it holds. `source_assumed`: the selection
  // table has not been seen.
  std::optional<std::uint32_t> index;
  std::optional<std::uint16_t> source;
  bool source_assumed = false;
  std::optional<std::uint16_t> unit_of;  // the source whose unit the number has
  bool unused = false;                   // the description says that its value means nothing here
  // The offset that the guide prints for this place, where it does and this is element 0 of every
  // array around it.
  std::optional<std::int64_t> printed_offset;
  // Where the description says that the value is a dimension: its slot (bit fields of one slot
  // have theirs in BitField::learns, slot 0 or the index of the enclosing element).
  std::size_t learned_slot = 0;
};

// The value of a bit field of a complete leaf.
std::int64_t bits_value(const BitField& field, std::int64_t word);
// The value of an integer or of a word of bits; nothing for other types. `bytes` is complete.
std::optional<std::int64_t> integer_value(const Node& node, Bytes bytes);

// The digits of packed BCD (Type::bcd), most significant first; A to F where it is none.
std::string bcd_digits(Bytes bytes);

// Structure that lies in the stretch, at least in part.
struct Branch {
  const Node* node;  // a group or one element of an array
  std::uint64_t position;
  std::optional<std::uint32_t> index;          // of an array's element
  std::optional<std::int64_t> printed_offset;  // as in Leaf
};

class Visitor {
 public:
  virtual ~Visitor() = default;
  virtual void enter(const Branch&) {}
  virtual void leave(const Branch&) {}
  virtual void leaf(const Leaf&) {}
  // Whether structure is to be visited; where its size is known, it is stepped over otherwise.
  virtual bool wants(const Node&) const { return true; }
  // Whether printed_offset is to be filled in: for those who check descriptions.
  virtual bool wants_printed_offsets() const { return false; }
  // A dimension that the walk relied on (each may come many times), and whether it is assumed.
  virtual void relied_on(Dim, std::size_t /*slot*/, bool /*assumed*/) {}
  // Bytes that no description covers: after the last field (`cut` false), in a record whose
  // content is not visible enough to be decoded, or left over in a record.
  virtual void undecoded(const Stretch&, std::string_view /*why*/) {}
};

// Walks the part of `table` that `stretch` covers.
void walk(const Table& table, const Stretch& stretch, const Dimensions& dimensions,
          Visitor& visitor);

// The same over nodes that are not a table's (a procedure's parameters).
void walk(const Node& root, const Stretch& stretch, const Dimensions& dimensions, Visitor& visitor);

// The size of the whole table in bytes with these dimensions; nothing where it depends on its own
// contents (a table that ends in rest() counts as far as that).
std::optional<std::uint64_t> size_of(const Table& table, const Dimensions& dimensions);

// The same, and tells `visitor` which dimensions the size hangs on (relied_on() alone is called).
std::optional<std::uint64_t> size_of(const Table& table, const Dimensions& dimensions,
                                     Visitor& visitor);

// Whether, with these dimensions, one of the table's own fields, groups or rows, or an element of
// one of its arrays of records, ends after `size` bytes: where a meter ends that has less of the
// table.
bool may_end_at(const Table& table, const Dimensions& dimensions, std::uint64_t size);

// Whether bytes of the node tell dimensions: a number that is one, or the header of a load
// profile's block (protocol/load_profile.h).
bool teaches(const Node& node);

// Takes into `dimensions` what complete fields of the stretch tell. True if anything changed.
bool learn(const Table& table, const Stretch& stretch, Dimensions& dimensions);
// The same where the table is laid out by `layout`.
bool learn(const Table& table, const Stretch& stretch, const Dimensions& layout,
           Dimensions& dimensions);

}  // namespace mep
