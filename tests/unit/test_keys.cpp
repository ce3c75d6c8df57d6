// Keys as people paste them.
// SPDX-License-Identifier: GPL-2.0-or-later
#include <algorithm>
#include <string>
#include <vector>

#include "protocol/keys.h"
#include "tests/unit/material.h"

#include "tests/unit/cmocka.h"

namespace mep {
namespace {

using test::Random;

Key key_of(std::string_view characters) {
  Key key;
  std::copy_n(characters.begin(), key.size(), key.begin());
  return key;
}

constexpr std::string_view printed = "Wv7!meter-cellar#9";

std::string hexadecimal(std::string_view characters, const std::string& before = "",
                        const std::string& between = "") {
  std::string text;
  for (const char c : characters) {
    if (!text.empty()) text += between;
    char digits[3];
    std::snprintf(digits, sizeof(digits), "%02x", static_cast<unsigned char>(c));
    text += before + digits;
  }
  return text;
}

void is_read_as(const std::string& text, const Key& expected) {
  std::string reason;
  const auto key = parse_key(text, &reason);
  if (!key) print_error("\"%s\": %s\n", text.c_str(), reason.c_str());
  assert_true(key.has_value());
  if (*key != expected) print_error("\"%s\" is read as another key\n", text.c_str());
  assert_true(*key == expected);
}

void is_refused(const std::string& text, std::string_view expected) {
  std::string reason;
  const bool refused = !parse_key(text, &reason);
  if (!refused || reason.find(expected) == std::string::npos)
    print_error("\"%s\": \"%s\"\n", text.c_str(), refused ? reason.c_str() : "accepted");
  assert_true(refused);
  assert_true(reason.find(expected) != std::string::npos);
  assert_true(!parse_key(text, nullptr));
}

const std::vector<std::pair<std::string, std::string>> wrappings = {
    {"", ""},
    {" ", ""},
    {"", "\n"},
    {"\t", " \r\n"},
    {"\xC2\xA0", "\xE2\x80\x8B"},
    {"\xEF\xBB\xBF", ""},
    {"\"", "\""},
    {"'", "' "},
    {"`", "`"},
    {" \"", "\","},
    {"'", "' ;"},
    {"\" ", " \""},
    {"\xE2\x80\x9C", "\xE2\x80\x9D"},
    {"\xE2\x80\x9E", "\xE2\x80\x9C"},
    {"\xE2\x80\x98", "\xE2\x80\x99"},
    {"\xC2\xAB\xE2\x80\xAF", "\xE2\x80\xAF\xC2\xBB"},
    {"\"'", "'\""}};

void what_stands_around_it_does_not_matter(void**) {
  for (const auto& around : wrappings) {
    const auto wrapped = [&](std::string_view text) {
      std::string whole(around.first);
      whole.append(text).append(around.second);
      return whole;
    };
    for (std::size_t size = 16; size <= 18; ++size)
      is_read_as(wrapped(printed.substr(0, size)), key_of(printed));
    is_read_as(wrapped(hexadecimal(printed)), key_of(printed));
    is_read_as(wrapped(hexadecimal(printed, "0x", ", ")), key_of(printed));
  }
}

void sixteen_to_twenty_characters_stay_what_they_are(void**) {
  for (const std::string text :
       {"0123456789abcdef", "0x010203040506070809", "{0x1,0x2,0x3,0x4}", "0a:0b:0c:0d:0e:0f:10",
        "a key with blanks", "\"quote at one end", "16 and a comma,,", "it's the key, isn't"})
    is_read_as(text, key_of(text));
  is_read_as("\"nineteen-characters", key_of("\"nineteen-characters"));
  // With the quote it would be too long.
  is_read_as("\"twenty-characters-00", key_of("twenty-characters-00"));
  is_read_as("twenty-characters-00'", key_of("twenty-characters-00"));
}

void digits_in_any_dress(void**) {
  const Key key = key_of(printed);
  for (const std::string before : {"", "0x", "0X", "\\x"}) {
    for (const std::string between :
         {"", " ", ",", ", ", ";", ":", "-", ".", "\n", ",\n\t", "\xC2\xA0", "', '"}) {
      is_read_as(hexadecimal(printed.substr(0, 16), before, between), key);
      is_read_as("{ " + hexadecimal(printed, before, between) + " };", key);
      is_read_as("[" + hexadecimal(printed, before, between) + "]", key);
    }
    is_read_as(before + hexadecimal(printed), key);
  }
  std::string large = hexadecimal(printed);
  std::ranges::transform(large, large.begin(), [](char c) { return std::toupper(c); });
  is_read_as(large, key);
  is_read_as("0X" + large, key);
  // Broken anywhere, as by a line's end.
  for (std::size_t at = 1; at < large.size(); ++at)
    is_read_as(large.substr(0, at) + "\r\n  " + large.substr(at), key);
}

void random_keys_in_all_dresses(void**) {
  Random random(20);
  for (int i = 0; i < 2000; ++i) {
    std::string bytes(16 + random.below(5), '\0');
    for (char& byte : bytes) byte = static_cast<char>(random.byte());
    const Key key = key_of(bytes);
    is_read_as(hexadecimal(bytes), key);
    is_read_as(hexadecimal(bytes, "0x", ","), key);
    is_read_as(hexadecimal(bytes, "", ":"), key);
    is_read_as("\"" + hexadecimal(bytes, "\\x") + "\"", key);
    std::string shortest, decimal;
    bool three = false;
    for (const char c : bytes) {
      const unsigned value = static_cast<unsigned char>(c);
      char digits[8];
      std::snprintf(digits, sizeof(digits), "0x%x, ", value);
      shortest += digits;
      decimal += std::to_string(value) + ", ";
      three |= value > 99;
    }
    is_read_as("{" + shortest + "}", key);
    if (three) is_read_as("[" + decimal + "]", key);
  }
}

void zeros_fill_a_buffer(void**) {
  const Key key = key_of(printed);
  const std::string sixteen = hexadecimal(printed.substr(0, 16));
  for (std::size_t zeros = 0; zeros <= 96; zeros += 2)
    is_read_as(sixteen + std::string(zeros, '0'), key);
  is_read_as(sixteen + std::string(9, '0'), key);
  is_read_as(hexadecimal("a-key-of-20-characte") + "00", key_of("a-key-of-20-characte"));
}

void refusals_say_what_was_counted(void**) {
  is_refused("", "is empty");
  is_refused("  \" \" ", "is empty");
  is_refused("fifteen-letters", "has 15 characters: 16 to 20 are needed");
  is_refused("  'fifteen-letters' ", "has 15 characters");
  is_refused("x", "has 1 character: 16");
  is_refused("twenty-one-characters", "has 21 characters: 16 to 20 are needed");
  is_refused("f\xC3\xBCnfzehn-Byte", "has 14 bytes");
  is_refused("-------------------------", "has 25 characters");
  const std::string digits = hexadecimal("a-key-of-20-characte");
  for (std::size_t size = 21; size < 32; ++size)
    is_refused(digits.substr(0, size), "has " + std::to_string(size) + " hexadecimal digits");
  is_refused("0x" + digits.substr(0, 6), "has 6 hexadecimal digits: 32 to 40");
  for (std::size_t size = 33; size < 40; size += 2)
    is_refused(digits.substr(0, size),
               "has " + std::to_string(size) + " hexadecimal digits, an odd number");
  is_refused(digits + "01", "has 42 hexadecimal digits: 32 to 40");
  is_refused(hexadecimal("fifteen-letters", "0x", ", "), "has 30 hexadecimal digits");
  std::string mistyped = digits;
  mistyped[6] = 'O';
  is_refused(mistyped,
             "has 40 characters: 16 to 20 are needed (or 32 to 40 hexadecimal digits, "
             "and number 7 is none)");
}

void refusals_never_repeat_the_key(void**) {
  Random random(21);
  for (int i = 0; i < 5000; ++i) {
    std::string text(5 + random.below(60), ' ');
    for (char& c : text) c = "QWZ0123456789abcdef:, "[random.below(22)];
    std::string reason;
    if (parse_key(text, &reason)) continue;
    for (std::size_t at = 0; at + 5 <= text.size(); ++at)
      assert_true(reason.find(text.substr(at, 5)) == std::string::npos ||
                  text.substr(at, 5).find_first_not_of(' ') == std::string::npos);
  }
}

}  // namespace
}  // namespace mep

int main() {
  using namespace mep;
  const CMUnitTest tests[] = {
      cmocka_unit_test(what_stands_around_it_does_not_matter),
      cmocka_unit_test(sixteen_to_twenty_characters_stay_what_they_are),
      cmocka_unit_test(digits_in_any_dress),
      cmocka_unit_test(random_keys_in_all_dresses),
      cmocka_unit_test(zeros_fill_a_buffer),
      cmocka_unit_test(refusals_say_what_was_counted),
      cmocka_unit_test(refusals_never_repeat_the_key),
  };
  return cmocka_run_group_tests(tests, nullptr, nullptr);
}
