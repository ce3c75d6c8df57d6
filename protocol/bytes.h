// Integers in and out of byte spans, and bytes as text. Frames are big-endian (page 10), table data
// little-endian (page 40).
//
// Protocol. To be added here: reading and writing numbers and bytes that several rooms need.
// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cassert>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "protocol/types.h"

namespace mep {

// Reads an unsigned integer of `size` bytes (0 to 8), most significant byte first.
// `offset + size` must lie within `bytes`.
constexpr std::uint64_t read_be(Bytes bytes, std::size_t offset, std::size_t size) {
  assert(size <= 8 && offset + size <= bytes.size());
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < size; ++i) value = (value << 8) | bytes[offset + i];
  return value;
}

// The same, least significant byte first.
constexpr std::uint64_t read_le(Bytes bytes, std::size_t offset, std::size_t size) {
  assert(size <= 8 && offset + size <= bytes.size());
  std::uint64_t value = 0;
  for (std::size_t i = size; i-- > 0;) value = (value << 8) | bytes[offset + i];
  return value;
}

// Writes the low `size` bytes (0 to 8) of `value` at `offset`, most significant byte first.
constexpr void write_be(std::span<std::uint8_t> bytes, std::size_t offset, std::size_t size,
                        std::uint64_t value) {
  assert(size <= 8 && offset + size <= bytes.size());
  for (std::size_t i = size; i-- > 0; value >>= 8)
    bytes[offset + i] = static_cast<std::uint8_t>(value);
}

// The same, least significant byte first.
constexpr void write_le(std::span<std::uint8_t> bytes, std::size_t offset, std::size_t size,
                        std::uint64_t value) {
  assert(size <= 8 && offset + size <= bytes.size());
  for (std::size_t i = 0; i < size; ++i, value >>= 8)
    bytes[offset + i] = static_cast<std::uint8_t>(value);
}

// "00 2c a5" with a blank as the separator: two small hexadecimal digits a byte, in their order.
std::string hex(Bytes bytes, std::string_view separator = {});

}  // namespace mep
