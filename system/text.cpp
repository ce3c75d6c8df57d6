// SPDX-License-Identifier: GPL-2.0-or-later
#include "system/text.h"

#include <glib.h>

namespace mep::system {
namespace {

// Of the character that begins there.
std::size_t width_of(const char* character) {
  const gunichar value = g_utf8_get_char(character);
  if (g_unichar_iszerowidth(value) != FALSE) return 0;
  return g_unichar_iswide(value) != FALSE ? 2 : 1;
}

}  // namespace

std::string listed(std::span<const std::string> words) {
  std::string list;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (i > 0) list += i + 1 == words.size() ? " and " : ", ";
    list += words[i];
  }
  return list;
}

std::string_view without_blanks(std::string_view text) {
  constexpr const char* blanks = " \t\r\n";
  const std::size_t begin = text.find_first_not_of(blanks);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(blanks) - begin + 1);
}

std::string valid_utf8(std::string_view text, std::size_t most) {
  char* made = g_utf8_make_valid(text.data(), static_cast<gssize>(text.size()));
  std::string valid = made;
  g_free(made);
  if (valid.size() > most) {
    const auto continues = [](char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; };
    while (most > 0 && continues(valid[most])) --most;
    valid.resize(most);
  }
  return valid;
}

std::string printable(std::string_view text) {
  std::string shown;
  const std::string valid = valid_utf8(text);
  for (const char* at = valid.c_str(); *at != '\0';) {
    const char* next = g_utf8_next_char(at);
    shown += g_unichar_isprint(g_utf8_get_char(at)) != FALSE ? std::string(at, next) : " ";
    at = next;
  }
  return shown;
}

std::size_t columns(std::string_view text) {
  std::size_t count = 0;
  for (const char* at = text.data(); at < text.data() + text.size(); at = g_utf8_next_char(at))
    count += width_of(at);
  return count;
}

std::string first_columns(std::string_view text, std::size_t most) {
  const char* at = text.data();
  for (std::size_t used = 0; at < text.data() + text.size(); at = g_utf8_next_char(at))
    if ((used += width_of(at)) > most) break;
  return {text.data(), at};
}

}  // namespace mep::system
