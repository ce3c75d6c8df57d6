// Keys as people have them, page 13.
// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <optional>
#include <string_view>

#include "protocol/types.h"

namespace mep {

// A key as people have it: 16 to 20 characters, or the same as 32 to 40 hexadecimal digits, with
// or without separators (space : - .). Only the first 16 bytes count. On failure nothing, and
// `reason` (may be null) points to the rest of a sentence that begins with "The key", without the
// text itself.
std::optional<Key> parse_key(std::string_view text, const char** reason);

}  // namespace mep
