// All fields of all descriptions, with their names for filters and their types. What registers
// fields (the plugin) or documents them (docs/fields.md) works from this list alone.
//
// Names follow docs/filter-names.md: "Fwd Active Wh L1L2L3" of BT23 is bt23.fwd_active_wh_l1l2l3.
//
// Protocol. To be added here: what follows from all descriptions together; what one table is goes
// into tables/.
// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/schema.h"
#include "protocol/tables/procedures.h"
#include "protocol/tables/tables.h"

namespace mep {

// What a field's values are, independently of how long they are on the wire.
enum class FieldKind : std::uint8_t {
  boolean,
  unsigned_int,
  signed_int,
  real,
  bytes,
  text,
  date_and_time,
};

struct FieldInfo {
  std::string name;   // "bt23.tier.fwd_active_wh_l1l2l3"; a name may stand here several times
  std::string label;  // the guide's name
  FieldKind kind = FieldKind::bytes;
  std::uint8_t size = 0;               // in bytes, of integers and of the word around bits; else 0
  std::uint32_t mask = 0;              // of bits
  const ValueNames* values = nullptr;  // may be null
  Format format = Format::plain;
  std::string_view unit;
  std::string_view remark;
  std::uint16_t page = 0;
  const Node* node = nullptr;  // where it is described
  // A register's, for a source that the guide does not list for the table but BT22 can select.
  bool unlisted_source = false;
};

struct Catalog {
  std::vector<Table> tables;          // ascending by number
  std::vector<Procedure> procedures;  // ascending by number
  Node pending_event;                 // before the bytes of a pending table
  // FieldPart::id, BitField::id and RegistersPart::source_ids are indices into this; 0 is no field.
  std::vector<FieldInfo> fields;
};

// Built on first use, lives as long as the program.
const Catalog& catalog();

// The id of the field that a leaf stands for: of a register the one for the source that it holds,
// where that has a field of its own.
std::uint32_t field_of(const Node& node, std::optional<std::uint16_t> source);

// "Fwd Active Wh L1L2L3" -> "fwd_active_wh_l1l2l3": lower case, every run of other characters than
// letters and digits one underscore, none at the ends.
std::string field_slug(std::string_view name);

// Names the fields under `root`, whose names all begin with `prefix` ("bt23"): fills in the ids of
// its nodes and appends to `fields`. Nodes must stay where they are afterwards.
void name_fields(Node& root, std::string_view prefix, std::uint16_t page,
                 std::vector<FieldInfo>& fields);

}  // namespace mep
