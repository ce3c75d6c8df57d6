// Notices a line on which nothing but zeros comes: no level converter, or a wire at ground.
// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstddef>

#include "protocol/frame.h"

namespace mep::extcap {

class HeldLine {
 public:
  // To be shown each record of the line. True once: when it has held at zero for a while.
  bool notices(const LineRecord& record);

 private:
  std::size_t zeros_ = 0;  // in a row, over records
  bool noticed_ = false;
};

}  // namespace mep::extcap
