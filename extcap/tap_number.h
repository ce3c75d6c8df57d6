// The number that tells one tap from others that end up in the same capture (docs/link-types.md).
//
// Extcap. To be added here: nothing.
// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <string_view>

namespace mep::extcap {

// Other taps of the same session follow on it: there is room for as many as a meter has ports.
// Never 0.
std::uint32_t random_tap_number();

// The same for the same text.
std::uint32_t tap_number_of(std::string_view text);

}  // namespace mep::extcap
