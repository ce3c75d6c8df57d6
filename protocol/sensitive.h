// What a field says of somebody: which of a capture's fields must not be published as they are.
//
// The decision is a property of each description (Node::sensitive(), Row of M-Bus quantities). What
// a field of its type can hardly say needs none: bits, times, numbers of up to two bytes name
// nobody unless the description says so. What is text, bytes, digits or a larger number is
// undecided until its description, or the group around it, decides; a test lists what is left.
//
// Protocol. To be added here: another thing to be careful with.
// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <string_view>

namespace mep {

enum class Sensitive : std::uint8_t {
  undecided,    // nobody has thought of it: to be treated as an identifier
  none,         // the same for many meters, or of no use without the meter
  identifier,   // names this meter, device, client or person
  key,          // opens something: keys, passwords, what checks them
  place,        // says where the meter is
  consumption,  // says what was used, and so how somebody lives
};

constexpr std::string_view sensitive_name(Sensitive what) {
  switch (what) {
    case Sensitive::undecided:
      return "undecided";
    case Sensitive::none:
      return "none";
    case Sensitive::identifier:
      return "identifier";
    case Sensitive::key:
      return "key";
    case Sensitive::place:
      return "place";
    case Sensitive::consumption:
      return "consumption";
  }
  return {};
}

}  // namespace mep
