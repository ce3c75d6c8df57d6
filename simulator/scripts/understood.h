// What a client makes of table bytes: their fields, by the names of docs/fields.md without "mep.",
// and where fields stand. It knows the guide's descriptions, and of this meter what it has read.
//
// Simulator/scripts. To be added here: what scripts decide by.
// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "protocol/dimensions.h"
#include "protocol/types.h"

namespace mep::simulator {

// `element` in all of this: index in the outermost array around the field, 0 outside of arrays.
class Understood {
 public:
  // Nothing.
  Understood() = default;
  // Bytes of a table, the first of them at `offset`. Fields that the edges cut are left out.
  Understood(std::uint16_t table, std::uint32_t offset, Bytes bytes, const Dimensions& dimensions);

  // All of them throw std::invalid_argument for a name that no description has.
  // Of an integer or of bits; nothing where the field is not there.
  std::optional<std::int64_t> number(std::string_view field, std::uint32_t element = 0) const;
  // Whether the field is there and not 0.
  bool has(std::string_view field, std::uint32_t element = 0) const {
    return number(field, element).value_or(0) != 0;
  }
  // As they are on the wire; empty where the field is not there.
  std::vector<std::uint8_t> bytes(std::string_view field, std::uint32_t element = 0) const;

 private:
  friend class Reader;
  struct Field {
    std::string_view name;
    std::uint32_t element;
    std::optional<std::int64_t> number;
    std::vector<std::uint8_t> bytes;
  };
  const Field* find(std::string_view field, std::uint32_t element) const;
  std::vector<Field> fields_;
};

// A stretch of a table.
struct Place {
  std::uint32_t offset;
  std::uint16_t size;
};

// Where a field stands. Throws std::logic_error for a field that the table has not.
Place place_of(std::uint16_t table, std::string_view field, const Dimensions& dimensions,
               std::uint32_t element = 0);
// Of an element, from its first field on, up to the next one's.
Place element_place(std::uint16_t table, std::string_view first_field, const Dimensions& dimensions,
                    std::uint32_t element);
// How long the table is, but no more than one answer can carry.
std::uint16_t size_known(std::uint16_t table, const Dimensions& dimensions);

}  // namespace mep::simulator
