// What an M-Bus record's value information (VIF and VIFEs) says: which quantity, in which unit, at
// which decimal place. EN 13757-3, chapter 6.4 and its tables of codes.
//
// Protocol. To be added here: codes of value information.
// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "protocol/sensitive.h"
#include "protocol/types.h"

namespace mep::mbus {

// In which order a record's multi-byte parts come: mode 1 and mode 2 of ET16's "Data Order",
// page 92. Texts go the same way: their last character comes first in mode 1.
enum class Order : std::uint8_t { least_first, most_first };

// How the value is to be understood besides its coding.
enum class Form : std::uint8_t {
  number,          // a quantity, or a count
  identification,  // digits or a text that name something: zeros in front belong to it
  flags,           // a row of bits
  moment,          // a date, a time or both
  bytes,           // nobody outside of the maker knows, or nobody at all
};

struct Quantity {
  std::string name;  // in words: "Volume, uncorrected"
  std::string unit;  // "m³"; may be empty
  // The coded number times ten to this power is in `unit`. As large as a dozen hostile corrections
  // make it: within ±100.
  int exponent = 0;
  Form form = Form::number;
  // What a device of this kind is read for: energy, volume, flow, temperature and the like, the
  // value itself and not its limits.
  bool reading = false;
  Sensitive sensitivity = Sensitive::identifier;  // an unknown one may be anything
  // What the device says in place of a value: "no data available"; empty: nothing.
  std::string_view error;
};

// The value information block (VIB) of a record.
struct ValueInformation {
  std::size_t size = 0;  // bytes, a text in place of a code included
  std::uint8_t vif = 0;
  std::size_t vife_offset = 0;  // of the VIFEs, from the VIF
  std::size_t vife_count = 0;
  Quantity quantity;
};

// `bytes` begins with the VIF and may go on behind the block. Nothing where they end within it, or
// it has more than ten VIFEs.
std::optional<ValueInformation> parse_value_information(Bytes bytes, Order order);

// "Water" for 7; empty for types that EN 13757-3 reserves. Begins with a capital letter. A literal.
std::string_view medium_name(std::uint8_t medium);

// The same; empty also for "Other" and "Unknown medium", which tell nothing of a reading.
std::string_view telling_medium_name(std::uint8_t medium);

// The text of `bytes` (ISO 8859-1, in `order`) as UTF-8; a dot for what cannot be printed.
std::string characters(Bytes bytes, Order order);

}  // namespace mep::mbus
