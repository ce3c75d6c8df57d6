// One tapped line, from what the driver hands over to records. No input or output: tests feed it.
// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <optional>
#include <vector>

#include "extcap/arrival.h"
#include "extcap/marked_input.h"
#include "protocol/frame.h"

namespace mep::extcap {

class LineReceiver {
 public:
  LineReceiver(Direction direction, unsigned baud_rate, Instant frame_timeout,
               FrameSplitter::Sink sink);

  // Bytes that were read together at `now`; `marks` as for MarkedInput. `count` is what the driver
  // counted since the last call.
  void receive(Bytes raw, bool marks, const TroubleCount& count, Instant now);

  void advance(Instant now) { splitter_.advance(now); }
  std::optional<Instant> deadline() const { return splitter_.deadline(); }
  void finish() { splitter_.finish(); }

 private:
  MarkedInput input_;
  ArrivalClock clock_;
  FrameSplitter splitter_;
  std::vector<ReceivedByte> decoded_;
  bool lost_before_next_ = false;
};

}  // namespace mep::extcap
