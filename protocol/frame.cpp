// SPDX-License-Identifier: GPL-2.0-or-later
#include "protocol/frame.h"

#include <algorithm>
#include <utility>

#include "protocol/bytes.h"
#include "protocol/message.h"
#include "protocol/tap.h"

namespace mep {
namespace {

// No client pauses longer than 50 ms within a frame, no meter longer than 25 ms (page 21); what
// follows such a pause on a line that held nothing but noise begins a frame.
constexpr Instant resync_gap = std::chrono::milliseconds(50);

// How long nothing must follow two zeros for them to be an alert: a few bytes' time at the usual
// speed. The next byte of a run of zeros would have come by then.
constexpr Instant alert_settles = std::chrono::milliseconds(5);

// A bare response with its digest. Shorter ones (1 byte, TLS errors) are too common as data.
constexpr std::size_t smallest_telling_message = 1 + digest_size;

// As fits(), for a place where nothing else speaks for a frame. A TLS termination fits with any
// size and any data (page 8), and so does one random message in 256.
Fit stands_out(Bytes available, std::size_t size, Direction direction) {
  constexpr auto fits_anything = static_cast<std::uint8_t>(RequestCode::tls_terminate);
  if (!available.empty() && available[0] == fits_anything) return Fit::no;
  return fits(available, size, direction);
}

}  // namespace

FrameSplitter::FrameSplitter(Direction direction, Instant frame_timeout, Sink sink)
    : direction_(direction), frame_timeout_(frame_timeout), sink_(std::move(sink)) {}

void FrameSplitter::push(std::uint8_t byte, Instant at, std::uint8_t trouble) {
  advance(at);
  if (noise_ == held_ && at - last_arrival_ >= resync_gap) {
    emit_noise();
    trusted_ = true;
  }
  last_arrival_ = at;
  if (held_ == max_frame_size) emit_noise();  // a whole frame never waits, so noise comes first
  bytes_[held_] = byte;
  arrivals_[held_] = at;
  trouble_[held_] = trouble;
  ++held_;
  split();
}

std::optional<Instant> FrameSplitter::deadline() const {
  if (held_ == 0) return std::nullopt;
  return arrivals_[held_ - 1] +
         (holds_alert() ? std::min(alert_settles, frame_timeout_) : frame_timeout_);
}

void FrameSplitter::advance(Instant now) {
  if (const auto due = deadline(); due && now >= *due) silence();
}

void FrameSplitter::finish() {
  silence();
}

// What begins at `at`, in the light of the bytes held. `trusted`: a frame must begin here.
FrameSplitter::Examined FrameSplitter::examine(std::size_t at, bool trusted) const {
  const Bytes candidate = held(at);
  if (candidate.empty()) return {Verdict::wait};
  if (trouble_[at] & tap::break_seen) return {Verdict::not_a_frame};
  if (candidate[0] > max_message_size >> 8) return {Verdict::not_a_frame};
  if (candidate.size() < length_field_size) return {Verdict::wait};

  const std::size_t message_size = read_be(candidate, 0, length_field_size);
  if (message_size == 0) {
    const bool may_be_alert = trusted && direction_ != Direction::client_to_meter;
    return may_be_alert ? examine_zeros(at) : Examined{Verdict::not_a_frame};
  }
  if (message_size > max_message_size) return {Verdict::not_a_frame};

  const std::size_t size = length_field_size + message_size;
  if (!trusted) {
    // "00 01 00" stands in every second table; as a frame it needs a better place than this.
    if (message_size < smallest_telling_message) return {Verdict::not_a_frame};
    const std::size_t available = std::min(message_size, candidate.size() - length_field_size);
    const Bytes message = candidate.subspan(length_field_size, available);
    if (stands_out(message, message_size, direction_) == Fit::no) return {Verdict::not_a_frame};
  }
  if (candidate.size() < size) return {Verdict::wait};
  return {Verdict::whole, size};
}

// Two zeros where a frame must begin, on a line that has alerts.
FrameSplitter::Examined FrameSplitter::examine_zeros(std::size_t at) const {
  // A zero without its stop bit is a line held low.
  constexpr std::uint8_t held_low = tap::break_seen | tap::framing_error;
  if ((trouble_[at] | trouble_[at + 1]) & held_low) return {Verdict::not_a_frame};
  if (last_alert_ && arrivals_[at] - *last_alert_ < resync_gap) return {Verdict::not_a_frame};
  const Bytes candidate = held(at);
  // A third zero may begin a frame's length, a fourth cannot be part of one.
  const Bytes behind = candidate.subspan(length_field_size);
  if (behind.empty()) return {Verdict::alert_unless_more, length_field_size};
  if (behind[0] != 0) return {Verdict::whole, length_field_size};
  if (behind.size() < length_field_size) return {Verdict::wait};
  return behind[1] != 0 ? Examined{Verdict::whole, length_field_size}
                        : Examined{Verdict::not_a_frame};
}

// Whether an alert is all that is held, if nothing follows it.
bool FrameSplitter::holds_alert() const {
  return trusted_ && held_ == length_field_size && noise_ == 0 &&
         examine(0, true).verdict == Verdict::alert_unless_more;
}

// Whether clear frames stand back to back somewhere after `at`, up to `end` or over it: then what
// begins at `at` is no frame, however good its length looks. On a silent line one whole clear
// frame of some size is enough, since what lies around it never became one.
bool FrameSplitter::frames_inside(std::size_t at, std::size_t end, bool line_is_silent) const {
  const Bytes all = Bytes(bytes_).first(end);
  for (std::size_t start = at + 1; start < end; ++start) {
    std::size_t next = start;
    bool whole_frames = false;  // after one of those, the next may end before it tells anything
    while (next + length_field_size < end) {
      const std::size_t message_size = read_be(all, next, length_field_size);
      const std::size_t message = next + length_field_size;
      if (message_size == 0 && whole_frames && direction_ != Direction::client_to_meter) {
        next = message;  // an alert
        continue;
      }
      if (message_size == 0 || message_size > max_message_size) break;
      const std::size_t available = std::min(message_size, end - message);
      const Fit fit = stands_out(all.subspan(message, available), message_size, direction_);
      if (fit == Fit::no || (fit == Fit::prefix && !whole_frames)) break;
      next = message + message_size;
      if (next > end || message_size < smallest_telling_message) continue;
      if (line_is_silent && message_size > smallest_telling_message) return true;
      whole_frames = true;
    }
    if (next >= end || (whole_frames && next + length_field_size >= end)) return true;
  }
  return false;
}

// Emits what can be emitted.
void FrameSplitter::split() {
  while (noise_ < held_) {
    const Examined found = examine(noise_, trusted_);
    if (found.verdict == Verdict::wait || found.verdict == Verdict::alert_unless_more) return;
    if (found.verdict == Verdict::not_a_frame) {
      drop_candidate_byte();
      continue;
    }
    const Bytes message = held(noise_).subspan(length_field_size, found.size - length_field_size);
    if (trusted_ && !message.empty() && fits(message, message.size(), direction_) == Fit::no &&
        frames_inside(noise_, noise_ + found.size, false)) {
      drop_candidate_byte();
      continue;
    }
    emit_noise();
    emit_frame(found.size);
  }
}

// The line has fallen silent or ended: nothing that is held will ever become longer.
void FrameSplitter::silence() {
  if (holds_alert()) emit_frame(held_);
  while (held_ > 0) {
    // Zeros that were waiting for what would make them an alert and a frame.
    if (std::ranges::all_of(held(noise_), [](std::uint8_t byte) { return byte == 0; }) &&
        held_ - noise_ > length_field_size)
      noise_ = held_;
    if (noise_ == held_) {
      emit_noise();
      break;
    }
    // A frame that waits for its rest. If its beginning does not fit, frames inside it are better
    // than a part of something.
    if (!beginning_fits() && frames_inside(noise_, held_, true)) {
      drop_candidate_byte();
      split();
      continue;
    }
    // After noise, a part is worth calling one only if its code has been seen to fit.
    constexpr std::size_t with_code = length_field_size + 1;
    if (!trusted_ && held_ - noise_ < with_code) {
      noise_ = held_;
      continue;
    }
    emit_noise();
    emit(held_, tap::truncated);
  }
  trusted_ = true;
}

// Whether the unfinished frame after the noise begins like a clear message.
bool FrameSplitter::beginning_fits() const {
  const Bytes candidate = held(noise_);
  if (candidate.size() <= length_field_size) return false;
  return fits(candidate.subspan(length_field_size), read_be(candidate, 0, length_field_size),
              direction_) == Fit::yes;
}

void FrameSplitter::drop_candidate_byte() {
  ++noise_;
  trusted_ = false;
}

void FrameSplitter::emit_frame(std::size_t size) {
  const Instant end = arrivals_[size - 1];
  last_alert_ = size == length_field_size ? std::optional(end) : std::nullopt;
  emit(size, 0);
  trusted_ = true;
}

void FrameSplitter::emit_noise() {
  if (noise_ == 0) return;
  const std::size_t size = std::exchange(noise_, 0);
  emit(size, tap::noise);
}

// Hands the first `size` bytes to the sink and lets go of them.
void FrameSplitter::emit(std::size_t size, std::uint8_t status) {
  for (std::size_t i = 0; i < size; ++i) status |= trouble_[i];
  sink_({Bytes(bytes_).first(size), arrivals_[0], arrivals_[size - 1], status});
  std::copy(bytes_.begin() + size, bytes_.begin() + held_, bytes_.begin());
  std::copy(arrivals_.begin() + size, arrivals_.begin() + held_, arrivals_.begin());
  std::copy(trouble_.begin() + size, trouble_.begin() + held_, trouble_.begin());
  held_ -= size;
}

}  // namespace mep
