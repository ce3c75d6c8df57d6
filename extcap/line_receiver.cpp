// SPDX-License-Identifier: GPL-2.0-or-later
#include "extcap/line_receiver.h"

#include <utility>

#include "protocol/tap.h"

namespace mep::extcap {

LineReceiver::LineReceiver(Direction direction, unsigned baud_rate, Instant frame_timeout,
                           FrameSplitter::Sink sink)
    : clock_(baud_rate), splitter_(direction, frame_timeout, std::move(sink)) {}

void LineReceiver::receive(Bytes raw, bool marks, const TroubleCount& count, Instant now) {
  if (count.overruns > 0) lost_before_next_ = true;
  input_.decode(raw, marks, count, decoded_);
  for (std::size_t i = 0; i < decoded_.size(); ++i) {
    std::uint8_t trouble = decoded_[i].trouble;
    if (std::exchange(lost_before_next_, false)) trouble |= tap::lost;
    splitter_.push(decoded_[i].value, clock_.arrival(i, decoded_.size(), now), trouble);
  }
}

}  // namespace mep::extcap
