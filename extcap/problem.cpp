// SPDX-License-Identifier: GPL-2.0-or-later
#include "extcap/problem.h"

#include <cstdio>

namespace mep::extcap {

void notice(const std::string& text) {
  std::fprintf(stderr, "mepdump: %s\n", text.c_str());
}

}  // namespace mep::extcap
