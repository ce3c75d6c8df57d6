// SPDX-License-Identifier: GPL-2.0-or-later
#include "extcap/line_receiver.h"

#include <algorithm>
#include <utility>

#include "protocol/tap.h"

namespace mep::extcap {
namespace {

constexpr std::uint8_t escape_byte = 0xFF;
constexpr std::uint8_t error_byte = 0x00;

// A break is a byte 00 without a stop bit: without a count the two look the same. Where several
// kinds were counted, nobody knows which byte had which.
std::uint8_t kind_of_error(std::uint8_t value, const TroubleCount& count) {
  std::uint8_t kinds = 0;
  if (count.framing > 0) kinds |= tap::framing_error;
  if (count.parity > 0) kinds |= tap::parity_error;
  if (count.breaks > 0 && value == 0) kinds |= tap::break_seen;
  if (kinds != 0) return kinds;
  return value == 0 ? tap::break_seen : tap::framing_error;
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

Instant ArrivalClock::dated(Instant at) {
  previous_ = std::max(previous_, at);
  return previous_;
}

LineReceiver::LineReceiver(Direction direction, unsigned baud_rate, Instant frame_timeout,
                           FrameSplitter::Sink sink, std::span<const unsigned> baud_rates)
    : direction_(direction),
      clock_(baud_rate),
      baud_rate_(baud_rate),
      speed_(baud_rates, baud_rate),
      splitter_(
          direction, frame_timeout,
          [this, sink = std::move(sink)](const LineRecord& record) {
            held_ -= record.bytes.size();
            speed_.take(record);
            sink(record);
          },
          baud_rate) {}

void LineReceiver::hear(Bytes raw, bool marks, const TroubleCount& count) {
  input_.decode(raw, marks, count, decoded_);
  if (count.overruns > 0) trouble_of_next_ |= tap::lost;
  if (!marks) {
    if (count.framing > 0) trouble_of_next_ |= tap::framing_error;
    if (count.parity > 0) trouble_of_next_ |= tap::parity_error;
    if (count.breaks > 0) trouble_of_next_ |= tap::break_seen;
  }
  if (!decoded_.empty()) decoded_.front().trouble |= std::exchange(trouble_of_next_, 0);
  waiting_.insert(waiting_.end(), decoded_.begin(), decoded_.end());
}

void LineReceiver::set_direction(Direction direction) {
  direction_ = direction;
  splitter_.set_direction(direction);
}

void LineReceiver::note_loss() {
  trouble_of_next_ |= tap::lost;
}

void LineReceiver::push(const ReceivedByte& byte, Instant at) {
  splitter_.advance(at);  // the frames before a pause, before the pause is seen
  ++held_;
  speed_.push(byte.value, at, byte.trouble);
  splitter_.push(byte.value, at, byte.trouble);
}

void LineReceiver::date_back(Instant now) {
  // A deadline that is long past is that of a computer which was busy elsewhere.
  const auto due = splitter_.deadline();
  const bool held_up = due && now - *due > late;
  for (std::size_t i = 0; i < waiting_.size(); ++i)
    push(waiting_[i],
         held_up ? clock_.arrival_in_backlog(now) : clock_.arrival(i, waiting_.size(), now));
  waiting_.clear();
  follow_speed();
}

BacklogLine LineReceiver::backlog() const {
  BacklogLine line = {direction_, clock_.byte_time(), {}};
  std::size_t before = held_;
  bool at_the_end = false;
  const auto take = [&](const LineRecord& record) {
    const std::size_t old = std::min(before, record.bytes.size());
    before -= old;
    const bool alert = record.status == 0 && record.bytes.size() == length_field_size &&
                       direction_ == Direction::meter_to_client;
    const bool unfinished = at_the_end && (record.status & tap::truncated) != 0;
    if (record.bytes.size() > old)
      line.parts.push_back({record.bytes.size() - old, old > 0, alert, unfinished});
  };
  FrameSplitter ahead = splitter_.twin(take);
  // As if they had come without a pause: it is their bytes that tell what they are.
  ArrivalClock clock = clock_;
  for (const ReceivedByte& byte : waiting_)
    ahead.push(byte.value, clock.arrival_in_backlog(Instant::max()), byte.trouble);
  at_the_end = true;
  ahead.finish();
  return line;
}

void LineReceiver::date(std::span<const Instant> arrivals) {
  for (std::size_t i = 0; i < waiting_.size(); ++i) push(waiting_[i], clock_.dated(arrivals[i]));
  waiting_.clear();
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
