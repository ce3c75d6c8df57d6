// SPDX-License-Identifier: GPL-2.0-or-later
#include "extcap/value_rule.h"

#include <glib.h>

#include <utility>

#include "system/text.h"

namespace mep::extcap {
namespace {

// Blanks do not count, and nothing but blanks is no value.
std::string pattern(const ValueRule& rule) {
  return "^ *(?:" + std::string(rule.form) + ")? *$";
}

}  // namespace

ValueRule whole_number(std::uint32_t least, std::uint32_t most, const std::string& of_what) {
  return {ValueRule::Kind::whole_number,
          of_what + " from " + std::to_string(least) + " to " + std::to_string(most), least, most,
          nullptr};
}

ValueRule text_like(const char* form, std::string wanted) {
  return {ValueRule::Kind::text, std::move(wanted), 0, 0, form};
}

std::string dialog_attribute(const ValueRule& rule) {
  switch (rule.kind) {
    case ValueRule::Kind::whole_number:
      return "{range=" + std::to_string(rule.least) + "," + std::to_string(rule.most) + "}";
    case ValueRule::Kind::text:
      return "{validation=" + pattern(rule) + "}";
    default:
      return {};
  }
}

bool allows(const ValueRule& rule, const std::string& value) {
  switch (rule.kind) {
    case ValueRule::Kind::whole_number: {
      const auto number = system::parse_number<std::uint32_t>(value);
      return number && *number >= rule.least && *number <= rule.most;
    }
    case ValueRule::Kind::text:
      // Bytes: a path need not be UTF-8.
      return g_regex_match_simple(pattern(rule).c_str(), value.c_str(), G_REGEX_RAW,
                                  G_REGEX_MATCH_DEFAULT) != FALSE;
    default:
      return true;
  }
}

}  // namespace mep::extcap
