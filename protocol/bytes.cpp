// SPDX-License-Identifier: GPL-2.0-or-later
#include "protocol/bytes.h"

namespace mep {

std::string hex(Bytes bytes, std::string_view separator) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  text.reserve(bytes.size() * (2 + separator.size()));
  for (const std::uint8_t byte : bytes) {
    if (!text.empty()) text += separator;
    text += digits[byte >> 4];
    text += digits[byte & 0x0F];
  }
  return text;
}

}  // namespace mep
