// SPDX-License-Identifier: GPL-2.0-or-later
#include "extcap/line_receiver.h"

#include <algorithm>
#include <utility>

#include "protocol/tap.h"

namespace mep::extcap {
namespace {

constexpr std::uint8_t escape_byte = 0xFF;
constexpr std::uint8_t error_byte = 0x00;

// A break is a byte 00 without a stop bit: without a count the two look the same.
std::uint8_t kind_of_error(std::uint8_t value, const TroubleCount& count) {
  const bool only_framing = count.framing > 0 && count.breaks == 0;
  if (value == 0 && !only_framing && count.parity == 0) return tap::break_seen;
  if (count.parity > 0 && count.framing == 0) return tap::parity_error;
  return tap::framing_error;
}

constexpr int bits_per_byte = 10;  // 8N1 with its start and stop bit

// By how much a timer is late that means something.
constexpr Instant late = std::chrono::milliseconds(20);

// Zeros in a row: a tenth of a second at the usual speed, more than plugging something in makes.
constexpr std::size_t held_zeros = 100;

}  // namespace

void MarkedInput::decode(Bytes raw, bool marks, const TroubleCount& count,
                         std::vector<ReceivedByte>& out) {
  out.clear();
  for (const std::uint8_t byte : raw) {
    switch (state_) {
      case State::plain:
        if (marks && byte == escape_byte)
          state_ = State::escape;
        else
          out.push_back({byte, 0});
        break;
      case State::escape:
        state_ = State::plain;
        if (byte == error_byte) {
          state_ = State::error;
        } else {
          out.push_back({escape_byte, 0});
          if (byte != escape_byte) out.push_back({byte, 0});  // a driver that does not double
        }
        break;
      case State::error:
        state_ = State::plain;
        out.push_back({byte, kind_of_error(byte, count)});
        break;
    }
  }
}

ArrivalClock::ArrivalClock(unsigned baud_rate) {
  set_speed(baud_rate);
}

void ArrivalClock::set_speed(unsigned baud_rate) {
  byte_time_ = Instant(std::chrono::seconds(bits_per_byte)) / baud_rate;
}

Instant ArrivalClock::arrival_in_backlog(Instant now) {
  previous_ = std::min(previous_ + byte_time_, std::max(previous_, now));
  return previous_;
}

Instant ArrivalClock::arrival(std::size_t index, std::size_t count, Instant now) {
  const Instant ago = byte_time_ * (count - 1 - index);
  previous_ = std::max(previous_, now - ago);
  return previous_;
}

LineReceiver::LineReceiver(Direction direction, unsigned baud_rate, Instant frame_timeout,
                           FrameSplitter::Sink sink, std::span<const unsigned> baud_rates)
    : clock_(baud_rate),
      baud_rate_(baud_rate),
      speed_(baud_rates, baud_rate),
      splitter_(
          direction, frame_timeout,
          [this, sink = std::move(sink)](const LineRecord& record) {
            speed_.take(record);
            sink(record);
          },
          baud_rate) {}

void LineReceiver::receive(Bytes raw, bool marks, const TroubleCount& count, Instant now) {
  if (count.overruns > 0) lost_before_next_ = true;
  // A deadline that is long past is that of a computer which was busy elsewhere.
  const auto due = splitter_.deadline();
  const bool held_up = due && now - *due > late;
  input_.decode(raw, marks, count, decoded_);
  for (std::size_t i = 0; i < decoded_.size(); ++i) {
    std::uint8_t trouble = decoded_[i].trouble;
    if (std::exchange(lost_before_next_, false)) trouble |= tap::lost;
    const Instant at =
        held_up ? clock_.arrival_in_backlog(now) : clock_.arrival(i, decoded_.size(), now);
    splitter_.advance(at);  // the frames before a pause, before the pause is seen
    speed_.push(decoded_[i].value, at, trouble);
    splitter_.push(decoded_[i].value, at, trouble);
  }
  follow_speed();
}

void LineReceiver::advance(Instant now) {
  splitter_.advance(now);
  speed_.advance(now);
  follow_speed();
}

std::optional<Instant> LineReceiver::deadline() const {
  const auto frames = splitter_.deadline();
  const auto speed = speed_.deadline();
  return frames && speed ? std::min(frames, speed) : frames ? frames : speed;
}

void LineReceiver::hint(unsigned baud_rate) {
  speed_.hint(baud_rate);
  follow_speed();
}

bool LineReceiver::exclude(unsigned baud_rate) {
  if (!speed_.exclude(baud_rate)) return false;
  follow_speed();
  return true;
}

// What is held was received at the speed before.
void LineReceiver::follow_speed() {
  if (speed_.speed() == baud_rate_) return;
  splitter_.finish();
  baud_rate_ = speed_.speed();
  clock_.set_speed(baud_rate_);
  splitter_.set_speed(baud_rate_);
}

bool HeldLine::notices(const LineRecord& record) {
  const bool only_zeros =
      (record.status & tap::noise) != 0 &&
      std::ranges::all_of(record.bytes, [](std::uint8_t byte) { return byte == 0; });
  zeros_ = only_zeros ? zeros_ + record.bytes.size() : 0;
  if (noticed_ || zeros_ < held_zeros) return false;
  noticed_ = true;
  return true;
}

}  // namespace mep::extcap
