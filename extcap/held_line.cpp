// SPDX-License-Identifier: GPL-2.0-or-later
#include "extcap/held_line.h"

#include <algorithm>

#include "protocol/tap.h"

namespace mep::extcap {
namespace {

// A tenth of a second at the usual speed, and more than plugging something in makes.
constexpr std::size_t a_while = 100;

}  // namespace

bool HeldLine::notices(const LineRecord& record) {
  const bool only_zeros =
      (record.status & tap::noise) != 0 &&
      std::ranges::all_of(record.bytes, [](std::uint8_t byte) { return byte == 0; });
  zeros_ = only_zeros ? zeros_ + record.bytes.size() : 0;
  if (noticed_ || zeros_ < a_while) return false;
  noticed_ = true;
  return true;
}

}  // namespace mep::extcap
