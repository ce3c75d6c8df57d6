// SPDX-License-Identifier: GPL-2.0-or-later
#include "extcap/tap_number.h"

#include <random>

namespace mep::extcap {
namespace {

// Half of what there is: a number that others follow must not run over into 0.
constexpr std::uint32_t most = 0x7FFFFFFF;

std::uint32_t tap_number(std::uint32_t any) {
  return any % most + 1;
}

}  // namespace

std::uint32_t random_tap_number() {
  std::random_device random;
  return tap_number(random());
}

// FNV-1a: std::hash may be another in the next library, and captures are compared byte for byte.
std::uint32_t tap_number_of(std::string_view text) {
  std::uint32_t hash = 0x811C9DC5;
  for (const char c : text) hash = (hash ^ static_cast<std::uint8_t>(c)) * 0x01000193;
  return tap_number(hash);
}

}  // namespace mep::extcap
