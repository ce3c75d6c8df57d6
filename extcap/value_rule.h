// What an option's value must be like: told to Wireshark's dialog, which marks what is not, and
// checked by mepdump itself.
//
// Extcap. To be added here: a form that values of options can have.
// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <string>

namespace mep::extcap {

struct ValueRule {
  enum class Kind : std::uint8_t { anything, whole_number, text };

  Kind kind = Kind::anything;
  std::string wanted = {};  // "milliseconds from 1 to 60000", for error messages
  std::uint32_t least = 0;  // of a whole number
  std::uint32_t most = 0;
  const char* form = nullptr;  // of a text, from end to end: a regular expression of PCRE
};

// `of_what`: "milliseconds"; the limits are added.
ValueRule whole_number(std::uint32_t least, std::uint32_t most, const std::string& of_what);
ValueRule text_like(const char* form, std::string wanted);

// The attribute that an "arg" sentence of an extcap has for it; empty where anything goes.
std::string dialog_attribute(const ValueRule& rule);

// Whether a value that is not blank is as the rule wants it.
bool allows(const ValueRule& rule, const std::string& value);

}  // namespace mep::extcap
