// What ends mepdump early.
// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "system/problem.h"

namespace mep::extcap {

using system::Problem;

// Nobody reads the output any more: a normal end.
class ReaderGone : public std::runtime_error {
 public:
  ReaderGone() : std::runtime_error("nobody reads the output any more") {}
};

}  // namespace mep::extcap
