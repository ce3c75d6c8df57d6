// SPDX-License-Identifier: GPL-2.0-or-later
#include "protocol/keys.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <vector>

namespace mep {
namespace {

using namespace std::string_view_literals;

constexpr std::size_t fewest_characters = 16;
constexpr std::size_t most_characters = 20;

constexpr bool is_key_size(std::size_t bytes) {
  return bytes >= fewest_characters && bytes <= most_characters;
}

// In UTF-8: what web pages, PDFs and word processors put beside a key, some of it invisible.
constexpr std::array blanks = {" "sv,
                               "\t"sv,
                               "\n"sv,
                               "\v"sv,
                               "\f"sv,
                               "\r"sv,
                               "\xC2\xA0"sv,  // no-break space
                               "\xE2\x80\x80"sv,
                               "\xE2\x80\x81"sv,
                               "\xE2\x80\x82"sv,  // spaces by width
                               "\xE2\x80\x83"sv,
                               "\xE2\x80\x84"sv,
                               "\xE2\x80\x85"sv,  //
                               "\xE2\x80\x86"sv,
                               "\xE2\x80\x87"sv,
                               "\xE2\x80\x88"sv,  //
                               "\xE2\x80\x89"sv,
                               "\xE2\x80\x8A"sv,
                               "\xE2\x80\x8B"sv,  // the last of no width
                               "\xE2\x80\x8C"sv,
                               "\xE2\x80\x8D"sv,
                               "\xE2\x80\x8E"sv,  // joiners, writing direction
                               "\xE2\x80\x8F"sv,
                               "\xE2\x80\xA8"sv,
                               "\xE2\x80\xA9"sv,  // line and paragraph
                               "\xE2\x80\xAF"sv,
                               "\xE2\x81\xA0"sv,
                               "\xE3\x80\x80"sv,   // narrow, word joiner, wide
                               "\xEF\xBB\xBF"sv};  // byte order mark

constexpr std::array quotes = {
    "\""sv,
    "'"sv,
    "`"sv,
    "\xC2\xB4"sv,  // acute accent
    "\xC2\xAB"sv,
    "\xC2\xBB"sv,
    "\xE2\x80\xB9"sv,
    "\xE2\x80\xBA"sv,  // angled
    "\xE2\x80\x98"sv,
    "\xE2\x80\x99"sv,
    "\xE2\x80\x9A"sv,
    "\xE2\x80\x9B"sv,  // single
    "\xE2\x80\x9C"sv,
    "\xE2\x80\x9D"sv,
    "\xE2\x80\x9E"sv,
    "\xE2\x80\x9F"sv  // double
};

// Stand between digits, or around them all.
constexpr std::array separators = {","sv, ";"sv, ":"sv, "-"sv, "."sv, "{"sv,
                                   "}"sv, "["sv, "]"sv, "("sv, ")"sv};

using Spellings = std::span<const std::string_view>;

// How long the one of `spellings` is with which the text begins, or ends; 0: none.
std::size_t size_at_start(std::string_view text, Spellings spellings) {
  for (const std::string_view each : spellings)
    if (text.starts_with(each)) return each.size();
  return 0;
}
std::size_t size_at_end(std::string_view text, Spellings spellings) {
  for (const std::string_view each : spellings)
    if (text.ends_with(each)) return each.size();
  return 0;
}

std::string_view without_blanks_around(std::string_view text) {
  while (const std::size_t size = size_at_start(text, blanks)) text.remove_prefix(size);
  while (const std::size_t size = size_at_end(text, blanks)) text.remove_suffix(size);
  return text;
}

// Without the comma or semicolon that followed a quoted text where it was copied.
std::string_view without_list_comma(std::string_view text) {
  if (!text.ends_with(',') && !text.ends_with(';')) return text;
  const std::string_view before = without_blanks_around(text.substr(0, text.size() - 1));
  return size_at_end(before, quotes) ? before : text;
}

std::string_view without_quotes_around(std::string_view text) {
  const std::size_t opening = size_at_start(text, quotes);
  const std::size_t closing = size_at_end(text, quotes);
  if (opening == 0 || closing == 0 || opening + closing > text.size()) return text;
  return text.substr(opening, text.size() - opening - closing);
}

std::string_view unwrapped(std::string_view text) {
  for (;;) {
    const std::size_t before = text.size();
    text = without_quotes_around(without_list_comma(without_blanks_around(text)));
    if (text.size() == before) return text;
  }
}

// A quote that lost its partner. Only where the text is too long with it: a key may have one.
std::string_view without_single_quote(std::string_view text) {
  if (const std::size_t size = size_at_start(text, quotes)) return text.substr(size);
  return text.substr(0, text.size() - size_at_end(text, quotes));
}

// A hexadecimal digit's value; nothing for another character.
std::optional<std::uint8_t> digit_value(char c) {
  if (c >= '0' && c <= '9') return static_cast<std::uint8_t>(c - '0');
  if (c >= 'a' && c <= 'f') return static_cast<std::uint8_t>(c - 'a' + 10);
  if (c >= 'A' && c <= 'F') return static_cast<std::uint8_t>(c - 'A' + 10);
  return std::nullopt;
}

// "0x" and "\x" with a digit behind it.
bool begins_with_prefix(std::string_view text) {
  return text.size() > 2 && (text[0] == '0' || text[0] == '\\') &&
         (text[1] == 'x' || text[1] == 'X') && digit_value(text[2]).has_value();
}

// A text that consists of hexadecimal digits and what may stand between them.
struct Digits {
  std::vector<std::vector<std::uint8_t>> groups;
  bool has_prefix = false;
  std::size_t foreign = 0;  // the first character that is neither, counted from 1; 0: none

  std::vector<std::uint8_t> all() const {
    std::vector<std::uint8_t> together;
    for (const auto& group : groups) together.insert(together.end(), group.begin(), group.end());
    return together;
  }
};

Digits digits_of(std::string_view text) {
  Digits digits;
  bool apart = true;
  std::string_view rest = text;
  while (!rest.empty()) {
    if (const auto value = begins_with_prefix(rest) ? std::nullopt : digit_value(rest[0])) {
      if (apart) digits.groups.emplace_back();
      digits.groups.back().push_back(*value);
      apart = false;
      rest.remove_prefix(1);
      continue;
    }
    apart = true;
    std::size_t size = 0;
    for (const Spellings between : {Spellings(blanks), Spellings(quotes), Spellings(separators)})
      size = std::max(size, size_at_start(rest, between));
    if (begins_with_prefix(rest)) {
      digits.has_prefix = true;
      size = 2;
    }
    if (size == 0) {
      digits.foreign = text.size() - rest.size() + 1;
      return digits;
    }
    rest.remove_prefix(size);
  }
  return digits;
}

Key first_bytes(std::span<const std::uint8_t> bytes) {
  Key key;
  std::copy_n(bytes.begin(), key.size(), key.begin());
  return key;
}

// "107, 51, 121": nothing unless the groups can be read like that, and only like that.
std::optional<Key> as_decimal(const Digits& digits) {
  std::vector<std::uint8_t> bytes;
  bool three = false;
  for (const auto& group : digits.groups) {
    unsigned value = 0;
    if (group.size() > 3) return std::nullopt;
    for (const std::uint8_t digit : group) {
      if (digit > 9) return std::nullopt;
      value = value * 10 + digit;
    }
    if (value > 255) return std::nullopt;
    three |= group.size() == 3;
    bytes.push_back(static_cast<std::uint8_t>(value));
  }
  if (!three || digits.has_prefix || !is_key_size(bytes.size())) return std::nullopt;
  return first_bytes(bytes);
}

// "0x1, 0x2, 0x1f"
std::optional<Key> as_bytes(const Digits& digits) {
  std::vector<std::uint8_t> bytes;
  for (const auto& group : digits.groups) {
    if (group.size() > 2) return std::nullopt;
    bytes.push_back(static_cast<std::uint8_t>(group.size() == 2 ? group[0] * 16 + group[1]  //
                                                                : group[0]));
  }
  if (!is_key_size(bytes.size())) return std::nullopt;
  return first_bytes(bytes);
}

// The number without zeros that only fill a buffer up.
std::vector<std::uint8_t> without_filling(std::vector<std::uint8_t> digits) {
  constexpr std::size_t most = 2 * most_characters;
  if (digits.size() > most &&
      std::all_of(digits.begin() + most, digits.end(), [](auto digit) { return digit == 0; }))
    digits.resize(most);
  return digits;
}

std::optional<Key> as_number(const Digits& digits) {
  const auto all = without_filling(digits.all());
  if (all.size() % 2 != 0 || !is_key_size(all.size() / 2)) return std::nullopt;
  Key key;
  for (std::size_t i = 0; i < key.size(); ++i)
    key[i] = static_cast<std::uint8_t>(all[2 * i] * 16 + all[2 * i + 1]);
  return key;
}

std::optional<Key> as_hexadecimal(const Digits& digits) {
  if (digits.foreign != 0) return std::nullopt;
  if (const auto key = as_decimal(digits)) return key;
  if (const auto key = as_bytes(digits)) return key;
  return as_number(digits);
}

// "15 characters"
std::string counted(std::size_t count, std::string_view one) {
  return std::to_string(count) + " " + std::string(one) + (count == 1 ? "" : "s");
}

std::string size_of_text(std::string_view text) {
  const bool ascii =
      std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x80; });
  return counted(text.size(), ascii ? "character" : "byte");
}

std::string why_not(std::string_view text, const Digits& digits) {
  if (text.empty())
    return "is empty: 16 to 20 characters or 32 to 40 hexadecimal digits are needed";
  const auto all = without_filling(digits.all());
  const bool hexadecimal =
      digits.foreign == 0 && !all.empty() && (digits.has_prefix || text.size() > most_characters);
  if (hexadecimal) {
    const std::string count = "has " + counted(all.size(), "hexadecimal digit");
    const bool odd = all.size() % 2 != 0 && is_key_size(all.size() / 2);
    return count +
           (odd ? ", an odd number: 32, 34, 36, 38 or 40 are needed" : ": 32 to 40 are needed");
  }
  const std::string count = "has " + size_of_text(text);
  if (text.size() < fewest_characters)
    return count + ": 16 to 20 are needed (or 32 to 40 hexadecimal digits)";
  if (digits.foreign == 0) return count + ": 16 to 20 are needed (or 32 to 40 hexadecimal digits)";
  return count + ": 16 to 20 are needed (or 32 to 40 hexadecimal digits, and number " +
         std::to_string(digits.foreign) + " is none)";
}

}  // namespace

std::optional<Key> parse_key(std::string_view text, std::string* reason) {
  text = unwrapped(text);
  std::string_view characters = text;
  if (characters.size() > most_characters) characters = without_single_quote(characters);
  if (is_key_size(characters.size())) {
    Key key;
    std::copy_n(characters.begin(), key.size(), key.begin());
    return key;
  }
  const Digits digits = digits_of(text);
  const auto key = as_hexadecimal(digits);
  if (!key && reason) *reason = why_not(text, digits);
  return key;
}

}  // namespace mep
