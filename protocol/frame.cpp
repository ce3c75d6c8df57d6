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

// From when on a pause within a frame makes one look at what stands behind it. Clients, which may
// pause longer, send frames that close to each other, too.
constexpr Instant telling_pause = std::chrono::milliseconds(25);

// How long nothing must follow two zeros for them to be an alert: a few bytes' time at the usual
// speed. The next byte of a run of zeros would have come by then.
constexpr Instant alert_settles = std::chrono::milliseconds(5);

// How long nothing must follow for a frame to be at its end, where something speaks against it.
// USB adapters keep bytes to themselves for up to 16 ms.
constexpr Instant frame_settles = std::chrono::milliseconds(20);

constexpr int settling_byte_times = 3;  // at least, at low speeds

constexpr int bits_per_byte = 10;  // 8N1 with its start and stop bit

// Messages in a row that are clear. Of encrypted ones, one in some hundred seems to be.
constexpr unsigned tell_a_clear_line = 2;

// How much noise may stand before an encrypted frame that is recognised by where it ends alone:
// one byte more finds such a frame in noise once in 65,536 times more.
constexpr std::size_t most_noise_before = 20;

// A bare response with its digest. Shorter ones (1 byte, TLS errors) are too common as data.
constexpr std::size_t smallest_telling_message = 1 + digest_size;

// A TLS termination fits with any size and any data (page 8), and so does one random message in
// 256.
bool fits_anything(Bytes message) {
  return !message.empty() && message[0] == static_cast<std::uint8_t>(RequestCode::tls_terminate);
}

// As fits(), for a place where nothing else speaks for a frame.
Fit stands_out(Bytes available, std::size_t size, Direction direction) {
  if (fits_anything(available)) return Fit::no;
  return fits(available, size, direction);
}

}  // namespace

FrameSplitter::FrameSplitter(Direction direction, Instant frame_timeout, Sink sink,
                             unsigned bits_per_second)
    : direction_(direction), frame_timeout_(frame_timeout), sink_(std::move(sink)) {
  set_speed(bits_per_second);
}

FrameSplitter FrameSplitter::twin(Sink sink) const {
  FrameSplitter twin = *this;
  twin.sink_ = std::move(sink);
  return twin;
}

void FrameSplitter::set_speed(unsigned bits_per_second) {
  byte_time_ = Instant(std::chrono::seconds(bits_per_byte)) / bits_per_second;
}

void FrameSplitter::push(std::uint8_t byte, Instant at, std::uint8_t trouble) {
  advance(at);
  if (noise_ == held_ && at - last_arrival_ - byte_time_ > resync_pause()) silence();
  last_arrival_ = at;
  // A frame in doubt and the one behind it have room; only noise can fill it up.
  if (held_ >= max_frame_size) emit_noise();
  if (held_ == room) close(held_);
  bytes_[held_] = byte;
  arrivals_[held_] = at;
  trouble_[held_] = trouble;
  ++held_;
  split();
}

// After which silence a frame begins, where nothing but noise came before. Encrypted bytes say
// nothing of that themselves, so less has to do.
Instant FrameSplitter::resync_pause() const {
  return clear_in_a_row_ == 0 ? telling_pause : resync_gap;
}

std::optional<Instant> FrameSplitter::deadline() const {
  if (held_ == 0) return std::nullopt;
  const auto soon = [this](Instant settles) {
    return std::min(frame_timeout_, std::max(settles, settling_byte_times * byte_time_));
  };
  const Instant after = holds_alert()  ? soon(alert_settles)
                        : settles_at() ? soon(frame_settles)
                                       : frame_timeout_;
  return arrivals_[held_ - 1] + after;
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
  if (pause_before(at + 1, telling_pause)) return {Verdict::not_a_frame};
  const Bytes candidate = held(at);
  // A third zero may begin a frame's length, a fourth cannot be part of one. What begins no frame
  // is the second byte of a length whose first is the second zero.
  const Bytes behind = candidate.subspan(length_field_size);
  if (behind.empty()) return {Verdict::alert_unless_more, length_field_size};
  if (behind[0] > max_message_size >> 8) return {Verdict::not_a_frame};
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

// Whether the line was silent before the byte at `at` for longer than `longest`.
bool FrameSplitter::pause_before(std::size_t at, Instant longest) const {
  return at > 0 && arrivals_[at] - arrivals_[at - 1] - byte_time_ > longest;
}

// What the bytes behind a pause say. `before_fits`: those before it are a clear message's, so that
// nothing encrypted is to be expected.
FrameSplitter::Begins FrameSplitter::begins(std::size_t at, bool before_fits) const {
  const Bytes candidate = held(at);
  if (trouble_[at] & tap::break_seen) return Begins::no;
  if (candidate[0] > max_message_size >> 8) return Begins::no;
  if (candidate.size() < length_field_size) return Begins::maybe;
  const std::size_t message_size = read_be(candidate, 0, length_field_size);
  const bool is_short = candidate.size() <= length_field_size + message_size;
  // Zeros within a clear message are no alert, which would come a second after it at the earliest.
  if (message_size == 0) {
    const bool may_be_alert = is_short && !before_fits && direction_ != Direction::client_to_meter;
    return may_be_alert ? Begins::maybe : Begins::no;
  }
  if (message_size > max_message_size) return Begins::no;
  const std::size_t available = std::min(message_size, candidate.size() - length_field_size);
  const Fit fit =
      stands_out(candidate.subspan(length_field_size, available), message_size, direction_);
  if (fit == Fit::yes && message_size >= smallest_telling_message) return Begins::yes;
  if (before_fits && (fit == Fit::no || message_size < smallest_telling_message)) return Begins::no;
  return is_short ? Begins::maybe : Begins::no;
}

// How well the candidate at `at` begins as a clear message, as far as it is held.
Fit FrameSplitter::held_fit(std::size_t at) const {
  const Bytes candidate = held(at);
  if (candidate.size() < length_field_size) return Fit::no;
  const std::size_t message_size = read_be(candidate, 0, length_field_size);
  const std::size_t available = std::min(message_size, candidate.size() - length_field_size);
  return fits(candidate.subspan(length_field_size, available), message_size, direction_);
}

// The first place behind an illegal pause, within the candidate after the noise or behind it, at
// which a frame begins with at least this certainty.
std::optional<std::size_t> FrameSplitter::frame_behind_pause(Begins least) const {
  const bool before_fits = held_fit(noise_) != Fit::no;
  for (std::size_t at = noise_ + 1; at < held_; ++at)
    if (pause_before(at, telling_pause) && begins(at, before_fits) >= least) return at;
  return std::nullopt;
}

// Where the frame begins that is complete if nothing follows for a moment.
std::optional<std::size_t> FrameSplitter::settles_at() const {
  if (noise_ == held_) return std::nullopt;
  const Examined found = examine(noise_, trusted_);
  const bool goes_on = found.verdict == Verdict::whole && noise_ + found.size == held_;
  if (goes_on && held_fit(noise_) == Fit::yes) return noise_;
  const auto behind = frame_behind_pause(Begins::maybe);
  if (behind && held_ - *behind >= length_field_size &&
      held_ - *behind == length_field_size + read_be(held(*behind), 0, length_field_size))
    return behind;
  return goes_on ? std::optional(noise_) : std::nullopt;
}

// The line has been silent for a moment: what is complete is a frame. Returns whether there was
// one; then nothing is held any more.
bool FrameSplitter::settle() {
  const auto at = holds_alert() ? std::optional<std::size_t>(0) : settles_at();
  if (!at) return false;
  if (*at > noise_) close(*at);
  emit_noise();
  emit_frame(held_);
  return true;
}

// Emits what can be emitted.
void FrameSplitter::split() {
  while (noise_ < held_) {
    const Examined found = examine(noise_, trusted_);
    if (found.verdict == Verdict::not_a_frame) {
      drop_candidate_byte();
      continue;
    }
    if (const auto behind = frame_behind_pause(Begins::yes)) {
      close(*behind);
      continue;
    }
    if (frame_behind_pause(Begins::maybe)) return;
    if (found.verdict == Verdict::wait || found.verdict == Verdict::alert_unless_more) return;
    const std::size_t end = noise_ + found.size;
    const Bytes message = held(noise_).subspan(length_field_size, found.size - length_field_size);
    const bool clear = held_fit(noise_) == Fit::yes || fits_anything(message);
    if (trusted_ && !message.empty() && !clear && frames_inside(noise_, end, false)) {
      drop_candidate_byte();
      continue;
    }
    // What is no clear message among clear ones, or too short to tell, and goes on behind its end
    // as no frame does, is damaged, or bytes before a frame.
    const bool tells = message.empty() || (message.size() >= smallest_telling_message &&
                                           (clear_in_a_row_ < tell_a_clear_line || clear));
    if (trusted_ && !tells) {
      const Begins behind = end < held_ ? begins(end, true) : Begins::maybe;
      if (behind == Begins::maybe) return;
      if (behind == Begins::no) {
        drop_candidate_byte();
        continue;
      }
    }
    emit_noise();
    emit_frame(found.size);
  }
}

// The line has fallen silent or ended: nothing that is held will ever become longer.
void FrameSplitter::silence() {
  settle();
  while (held_ > 0) {
    // Zeros that were waiting for what would make them an alert and a frame.
    if (std::ranges::all_of(held(noise_), [](std::uint8_t byte) { return byte == 0; }) &&
        held_ - noise_ > length_field_size)
      noise_ = held_;
    if (const std::size_t before = noise_before_exact_frame(); before > 0) {
      noise_ = before;
      emit_noise();
      emit_frame(held_);
      break;
    }
    if (noise_ == held_) {
      emit_noise();
      break;
    }
    if (const auto behind = frame_behind_pause(Begins::maybe)) {
      close(*behind);
      continue;
    }
    // A frame in doubt, and behind it, without a pause, what became none.
    if (examine(noise_, trusted_).verdict == Verdict::whole) {
      drop_candidate_byte();
      split();
      continue;
    }
    // A frame that waits for its rest. If its beginning does not fit, frames inside it are better
    // than a part of something.
    if (held_fit(noise_) != Fit::yes && frames_inside(noise_, held_, true)) {
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

// How much noise stands before an encrypted frame that ends where the held bytes do; 0: none, or
// there is no such frame. Where messages are encrypted, nothing else tells it from noise.
std::size_t FrameSplitter::noise_before_exact_frame() const {
  if (clear_in_a_row_ > 0) return 0;
  if (trusted_ && noise_ == 0 && held_fit(0) == Fit::yes) return 0;
  for (std::size_t at = 1; at <= most_noise_before && at + length_field_size < held_; ++at) {
    const std::size_t message_size = read_be(held(at), 0, length_field_size);
    if (message_size >= smallest_telling_message && at + length_field_size + message_size == held_)
      return at;
  }
  return 0;
}

// What is held before `end` has come to its end; a frame must begin there.
void FrameSplitter::close(std::size_t end) {
  const std::size_t rest = held_ - end;
  held_ = end;
  behind_ += rest;
  silence();
  held_ = rest;
  behind_ -= rest;
}

void FrameSplitter::drop_candidate_byte() {
  ++noise_;
  trusted_ = noise_ < held_ && pause_before(noise_, resync_pause());
}

void FrameSplitter::emit_frame(std::size_t size) {
  const Instant end = arrivals_[size - 1];
  last_alert_ = size == length_field_size ? std::optional(end) : std::nullopt;
  if (size >= length_field_size + smallest_telling_message)
    clear_in_a_row_ = held_fit(0) == Fit::yes ? clear_in_a_row_ + 1 : 0;
  emit(size, 0);
  trusted_ = true;
}

void FrameSplitter::emit_noise() {
  if (noise_ == 0) return;
  for (std::size_t left = std::exchange(noise_, 0); left > 0;) {
    const std::size_t size = std::min(left, max_frame_size);
    emit(size, tap::noise);
    left -= size;
  }
}

// Hands the first `size` bytes to the sink and lets go of them.
void FrameSplitter::emit(std::size_t size, std::uint8_t status) {
  for (std::size_t i = 0; i < size; ++i) status |= trouble_[i];
  sink_({Bytes(bytes_).first(size), arrivals_[0], arrivals_[size - 1], status});
  const std::size_t end = held_ + behind_;
  std::copy(bytes_.begin() + size, bytes_.begin() + end, bytes_.begin());
  std::copy(arrivals_.begin() + size, arrivals_.begin() + end, arrivals_.begin());
  std::copy(trouble_.begin() + size, trouble_.begin() + end, trouble_.begin());
  held_ -= size;
}

}  // namespace mep
