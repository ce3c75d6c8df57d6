// SPDX-License-Identifier: GPL-2.0-or-later
#include "protocol/keys.h"

#include <algorithm>
#include <cstdint>
#include <vector>

namespace mep {
namespace {

bool is_separator(char c) {
  return c == ' ' || c == ':' || c == '-' || c == '.';
}

// A hexadecimal digit's value; nothing for another character.
std::optional<std::uint8_t> digit_value(char c) {
  if (c >= '0' && c <= '9') return static_cast<std::uint8_t>(c - '0');
  if (c >= 'a' && c <= 'f') return static_cast<std::uint8_t>(c - 'a' + 10);
  if (c >= 'A' && c <= 'F') return static_cast<std::uint8_t>(c - 'A' + 10);
  return std::nullopt;
}

std::optional<Key> as_hexadecimal(std::string_view text) {
  std::vector<std::uint8_t> digits;
  for (const char c : text) {
    if (is_separator(c)) continue;
    const auto value = digit_value(c);
    if (!value) return std::nullopt;
    digits.push_back(*value);
  }
  if (digits.size() < 32 || digits.size() > 40 || digits.size() % 2 != 0) return std::nullopt;
  Key key;
  for (std::size_t i = 0; i < key.size(); ++i)
    key[i] = static_cast<std::uint8_t>(digits[2 * i] * 16 + digits[2 * i + 1]);
  return key;
}

const char* why_not(std::string_view text) {
  if (text.empty())
    return "is empty: 16 to 20 characters or 32 to 40 hexadecimal digits are needed";
  if (text.size() < 16)
    return "is too short: 16 to 20 characters or 32 to 40 hexadecimal digits are needed";
  const bool hexadecimal = std::ranges::all_of(
      text, [](char c) { return digit_value(c).has_value() || is_separator(c); });
  if (!hexadecimal) {
    return text.size() >= 32 && text.size() <= 60
               ? "is too long for characters (16 to 20) and has characters that are no hexadecimal "
                 "digits"
               : "is too long: 16 to 20 characters or 32 to 40 hexadecimal digits are needed";
  }
  const auto digits =
      std::ranges::count_if(text, [](char c) { return digit_value(c).has_value(); });
  if (digits % 2 != 0) return "has an odd number of hexadecimal digits";
  return "has the wrong number of hexadecimal digits: 32 to 40 are needed (or 16 to 20 characters)";
}

}  // namespace

std::optional<Key> parse_key(std::string_view text, const char** reason) {
  // Twenty characters are twenty characters even if they look like hexadecimal digits: those
  // would have to be 32 at least.
  if (text.size() >= 16 && text.size() <= 20) {
    Key key;
    std::copy_n(text.begin(), key.size(), key.begin());
    return key;
  }
  auto key = as_hexadecimal(text);
  if (!key && reason) *reason = why_not(text);
  return key;
}

}  // namespace mep
