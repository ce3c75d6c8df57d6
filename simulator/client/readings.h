// What table bytes say, field by field, as a client understands them; and the same text for what a
// meter meant, so that both can be compared.
//
// Simulator/client. To be added here: how a type of field is read.
// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/dimensions.h"
#include "protocol/encoder.h"
#include "protocol/schema.h"
#include "protocol/types.h"

namespace mep::simulator {

struct Reading {
  std::string_view field;  // as in docs/fields.md, without "mep."
  std::uint64_t position;  // of its first byte in the table
  std::string text;
};

struct Readings {
  std::vector<Reading> fields;  // in wire order; those that the edges cut are left out
  // A dimension that the layout or a name depends on is not known as it is.
  bool misled = false;
};

// The fields of a stretch of a table, for somebody who knows these dimensions. `actual`: what the
// meter knows, for Readings::misled.
Readings read_fields(const Table& table, std::uint64_t offset, Bytes bytes, const Dimensions& known,
                     const Dimensions& actual);

// Numbers in decimal, times as "2026-06-15 07:30:00", text as it is, bytes in hexadecimal; empty
// for a time that is not set. A value that is nothing stands for zeros. `size`: of the field.
std::string reading_text(const Node& node, const BitField* bits, std::uint64_t size,
                         const Value& value);

}  // namespace mep::simulator
