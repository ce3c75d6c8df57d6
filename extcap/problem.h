// What ends mepdump early, and what it tells its user.
//
// Extcap. To be added here: nothing.
// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>

#include "system/problem.h"

namespace mep::extcap {

using system::Problem;
using system::ReaderGone;

// One line on standard error, under mepdump's name.
void notice(const std::string& text);

}  // namespace mep::extcap
