// Who may write and call what: Appendix C, pages 259 to 264.
//
// Protocol. To be added here: what a key permits, as Appendix C has it.
// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>

#include "protocol/types.h"

namespace mep {

// What a key grants (page 13): reading everything and little more with the MEP Basic Key, nearly
// everything with the MEP Advanced Key.
enum class AccessLevel : std::uint8_t { basic = 1, advanced = 2 };

enum class Permission : std::uint8_t {
  unknown,  // Appendix C does not list it
  denied,
  granted,
};

// Reading needs no permission beyond a key. Table numbers as on the wire. What is inside of a
// transaction needs the same of the key that writes it into ET52 (page 130).
Permission may_write(AccessLevel level, std::uint16_t table);
// Procedure numbers as in BT07.
Permission may_call(AccessLevel level, std::uint16_t procedure);
// The same with what the procedure is called with: what follows BT07's header, as far as it is
// there. With the basic key EP17 removes MEP clients only, no M-Bus devices (page 244).
Permission may_call(AccessLevel level, std::uint16_t procedure, Bytes parameters);

}  // namespace mep
