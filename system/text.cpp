// SPDX-License-Identifier: GPL-2.0-or-later
#include "system/text.h"

#include <glib.h>

namespace mep::system {

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

}  // namespace mep::system
