// Text that comes from outside: typed, or read from an adapter or from the system.
//
// System. To be added here: numbers and texts as people type them.
// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <charconv>
#include <optional>
#include <span>
#include <string>
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

// "a, b and c".
std::string listed(std::span<const std::string> words);

// A part of the text: without the blanks around it.
std::string_view without_blanks(std::string_view text);

// The text with U+FFFD in place of what is no UTF-8, cut off before the character with which it
// would have more than `most` bytes.
std::string valid_utf8(std::string_view text, std::size_t most = std::string_view::npos);

// The same with a blank in place of each character that does not show, so that nothing happens to a
// terminal, a dialog or a log that the text is put on.
std::string printable(std::string_view text);

// How many columns of a terminal a valid text takes, and as much of it as fits into so many.
std::size_t columns(std::string_view text);
std::string first_columns(std::string_view text, std::size_t most);

}  // namespace mep::system
