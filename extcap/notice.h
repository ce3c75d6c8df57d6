// What mepdump tells its user on standard error.
// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>

namespace mep::extcap {

// One line, under mepdump's name.
void notice(const std::string& text);

}  // namespace mep::extcap
