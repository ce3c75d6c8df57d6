// What ends mepdump early, and what it tells its user.
//
// Extcap. To be added here: nothing.
// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>

#include "system/problem.h"

namespace mep::extcap {

using system::Problem;

// Nobody reads the output any more: a normal end.
class ReaderGone : public std::runtime_error {
 public:
  ReaderGone() : std::runtime_error("nobody reads the output any more") {}
};

// One line on standard error, under mepdump's name.
void notice(const std::string& text);

}  // namespace mep::extcap
