// Keys as people have them, page 13.
//
// Protocol. To be added here: another spelling of keys that people paste.
// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "protocol/types.h"

namespace mep {

// A key as people have it: 16 to 20 characters, or the same as 32 to 40 hexadecimal digits. Only
// the first 16 bytes count.
//
// Around either may be blanks and quotes (straight or typographic), as they come along when a key
// is copied. They are never part of it: a key that really begins or ends with them is entered as
// hexadecimal digits. What is 16 to 20 characters without them is that text, even if it looks like
// digits, which would have to be 32 at least.
//
// Hexadecimal digits may be large or small, with "0x" or "\x" before them all or before each, with
// blanks, quotes, brackets and any of , ; : - . between them. 16 to 20 groups of one or two digits
// are bytes ("0x1, 0x2, ..."); 16 to 20 groups of decimal digits up to 255, at least one of them of
// three, are bytes in decimal. All else is one number, wherever it is broken. Zeros may follow the
// 40 digits: they fill a buffer.
//
// On failure nothing, and `reason` (may be null) becomes the rest of a sentence that begins with
// "The key" and says what was counted, without the text itself.
std::optional<Key> parse_key(std::string_view text, std::string* reason);

}  // namespace mep
