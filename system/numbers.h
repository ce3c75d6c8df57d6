// Numbers as people type them.
// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <charconv>
#include <optional>
#include <string_view>

namespace mep::system {

// The number that the text is, all of it; nothing for any other text and for what does not fit.
template <typename Number>
std::optional<Number> parse_number(std::string_view text) {
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace mep::system
