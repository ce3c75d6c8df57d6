// Which field of a table is asked for, and what it shows: how live tables are written down.
//
// Simulator/contents. To be added here: nothing that is about one table.
// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "protocol/times.h"
#include "simulator/contents/table_space.h"

namespace mep::simulator {

using Give = std::function<Value(const Asked&)>;
// Names are literals. Fields that are not in it stay as they are stored.
using LiveFields = std::unordered_map<std::string_view, Give>;

// By the name of docs/fields.md, without "mep.". Throws std::invalid_argument for a name that no
// description has.
inline TableSpace::Live by_name(LiveFields fields) {
  for (const auto& field : fields) require_described(field.first);
  return {[fields = std::move(fields)](std::string_view name, const Asked& asked) -> Value {
    const auto found = fields.find(name);
    return found == fields.end() ? Value() : found->second(asked);
  }};
}

// By the guide's name: for layouts that several tables share.
inline TableSpace::Live by_label(LiveFields fields) {
  std::vector<std::string_view> labels;
  for (const auto& field : fields) labels.push_back(field.first);
  return {[fields = std::move(fields)](std::string_view, const Asked& asked) -> Value {
            const auto found = fields.find(asked.name());
            return found == fields.end() ? Value() : found->second(asked);
          },
          std::move(labels)};
}

// TableSpace::live()'s `all`.
inline constexpr bool only_live = true;

// Zeros, in fields of any type but bits.
inline Value nothing() {
  return std::vector<std::uint8_t>();
}

inline Value time_or_nothing(std::optional<std::int64_t> second, DateTime (*clock)(std::int64_t)) {
  return second ? Value(clock(*second)) : nothing();
}

}  // namespace mep::simulator
