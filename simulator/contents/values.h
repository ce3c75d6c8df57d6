// What the fields of a meter's tables hold, by name.
//
// Simulator/contents. To be added here: nothing: values are set where their subject is.
// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/encoder.h"

namespace mep::simulator {

// Of elements of the arrays around a field, the outermost first.
using Indices = std::vector<std::uint32_t>;

// The name of the field that an encoder asks for, as in docs/fields.md but without "mep."; empty
// where it has none (a word of bits without a name of its own).
std::string_view field_name(const Asked& asked);

// Throws std::invalid_argument for a name that no description has: one that was changed there does
// not go unnoticed here.
void require_described(std::string_view name);

class Values {
 public:
  // `name`: as in docs/fields.md, without "mep.". Without indices, or with fewer than the field
  // has, the value holds for all elements that are not set by themselves. Throws
  // std::invalid_argument for a name that no description has.
  void set(std::string_view name, Value value, Indices indices = {});

  // The value with these indices, or with as many of the first as there is one for; null: none.
  const Value* find(std::string_view name, std::span<const std::uint32_t> indices) const;

 private:
  std::map<std::string, std::map<Indices, Value>, std::less<>> values_;
};

}  // namespace mep::simulator
