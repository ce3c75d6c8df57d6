// SPDX-License-Identifier: GPL-2.0-or-later
#include "captures/pseudonyms.h"

#include <algorithm>
#include <cctype>

namespace mep::captures {
namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_upper(char c) {
  return c >= 'A' && c <= 'Z';
}
bool is_lower(char c) {
  return c >= 'a' && c <= 'z';
}

// Of a text that fills the field, or is followed by zeros or blanks: its size; 0: it is none.
std::size_t text_size(Bytes bytes) {
  constexpr std::size_t shortest = 3;
  std::size_t size = bytes.size();
  while (size > 0 && (bytes[size - 1] == 0 || bytes[size - 1] == ' ')) --size;
  const bool printable =
      std::all_of(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size),
                  [](std::uint8_t byte) { return byte >= 0x20 && byte < 0x7F; });
  return printable && size >= shortest ? size : 0;
}

}  // namespace

Pseudonyms::Pseudonyms() = default;

std::uint32_t Pseudonyms::random(std::uint32_t below) {
  return std::uniform_int_distribution<std::uint32_t>(0, below - 1)(source_);
}

// Others for others, as long as there are any left, and never the original itself.
template <typename Make>
const std::string& Pseudonyms::replacement(const std::string& original, Make make) {
  const auto known = known_.find(original);
  if (known != known_.end()) return known->second;
  constexpr int patience = 64;
  std::string made;
  for (int i = 0; i < patience; ++i) {
    made = make();
    if (made != original && !given_.contains(made)) break;
  }
  given_.insert(made);
  return known_.emplace(original, std::move(made)).first->second;
}

std::string Pseudonyms::text(std::string_view original) {
  const std::string& made = replacement(std::string(original), [&] {
    std::string text(original);
    // Signs stay, but not where there is little else.
    const auto telling =
        static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
          return is_digit(c) || is_upper(c) || is_lower(c);
        }));
    const bool signs_stay = 2 * telling >= text.size();
    for (char& c : text) {
      if (is_digit(c)) {
        c = static_cast<char>('0' + random(10));
      } else if (is_upper(c)) {
        c = static_cast<char>('A' + random(26));
      } else if (is_lower(c) || static_cast<unsigned char>(c) >= 0x80 ||
                 (!signs_stay && c != ' ' && c != '\0')) {
        c = static_cast<char>('a' + random(26));
      }
    }
    return text;
  });
  originals_.emplace(original.begin(), original.end());
  made_.emplace(made.begin(), made.end());
  return made;
}

bool Pseudonyms::says_nothing(Bytes original) {
  return std::all_of(original.begin(), original.end(), [&](std::uint8_t byte) {
    return byte == original[0] && (byte == 0 || byte == 0xFF || byte == ' ');
  });
}

std::vector<std::uint8_t> Pseudonyms::bytes(Bytes original) {
  std::vector<std::uint8_t> made(original.begin(), original.end());
  if (says_nothing(original)) return made;
  originals_.insert(made);
  if (const std::size_t size = text_size(original)) {
    const std::string replaced = text({reinterpret_cast<const char*>(original.data()), size});
    std::copy(replaced.begin(), replaced.end(), made.begin());
  } else {
    std::size_t first = 0;
    std::size_t end = made.size();
    while (made[first] == 0) ++first;
    while (made[end - 1] == 0) --end;
    const std::string part(made.begin() + static_cast<std::ptrdiff_t>(first),
                           made.begin() + static_cast<std::ptrdiff_t>(end));
    // Text and bytes are apart: a byte that is no text's leads.
    const std::string& replaced = replacement('\0' + part, [&] {
      std::string some(1, '\0');
      for (std::size_t i = 0; i < part.size(); ++i) some += static_cast<char>(1 + random(0xFE));
      return some;
    });
    std::copy(replaced.begin() + 1, replaced.end(),
              made.begin() + static_cast<std::ptrdiff_t>(first));
  }
  made_.insert(made);
  return made;
}

std::vector<std::uint8_t> Pseudonyms::noise(Bytes original) {
  std::vector<std::uint8_t> key(original.begin(), original.end());
  auto& made = noises_[key];
  if (made.empty() && !key.empty())
    for (std::size_t i = 0; i < key.size(); ++i)
      made.push_back(static_cast<std::uint8_t>(random(256)));
  return made;
}

bool Pseudonyms::made(Bytes pseudonym) const {
  return made_.contains({pseudonym.begin(), pseudonym.end()});
}

}  // namespace mep::captures
