// SPDX-License-Identifier: GPL-2.0-or-later
#include "extcap/speed_finder.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "protocol/evidence.h"
#include "protocol/message.h"
#include "protocol/tap.h"

namespace mep::extcap {
namespace {

constexpr int bits_per_byte = 10;  // 8N1 with its start and stop bit
constexpr std::uint8_t no_stop_bit = tap::framing_error | tap::break_seen;

// No side pauses longer within a frame (page 21).
constexpr Instant burst_ends = std::chrono::milliseconds(50);
constexpr int pause_bytes = 4;  // and not shorter than so many bytes at low speeds

// A burst is judged before it has ended when so many of its bytes had no stop bit, or when it is
// too long for anything to wait for.
constexpr std::size_t certainly_bad = 8;
constexpr std::size_t longest_burst = 2 * max_frame_size;

// Scores, in bits.
constexpr double likely_at_first = 6;
constexpr double most = 12;            // of a speed that has proved itself
constexpr double exact_frame = 8;      // encrypted, and its length is right
constexpr double most_by_shape = 12;   // of one burst
constexpr double by_shape_a_byte = 2;  // a burst of few bytes is most often none
constexpr double noise = 4;            // a burst that holds no frame
constexpr double no_stop = 1.5;        // each byte without its stop bit
constexpr double most_no_stop = 8;
constexpr double by_hint = 10;
constexpr double fading = 0.75;  // what each burst leaves of what those before it said
constexpr double clearly = 0.5;  // by how much another speed has to be better

// How many bytes keep the shape that their speed gives them: noise damages some.
constexpr double keeps_shape = 0.8;

// Whether the frame of a byte as read, `samples` with the start bit first, can come from a sender
// whose bits are `ratio` of ours long. The first edge is one of the sender's own.
bool can_be(unsigned samples, int count, double ratio) {
  constexpr int unknown = -1;
  std::array<int, bits_per_byte + 1> sent;
  sent.fill(unknown);
  sent[0] = 0;
  // Near one of the sender's edges a sample can be either bit. Clocks that differ add up.
  const auto position = [ratio](int i) { return (i + 0.5) / ratio; };
  const auto near_edge = [&](int i) {
    const double tolerance = (0.1 + 0.02 * i) / ratio;
    return std::abs(position(i) - std::round(position(i))) < tolerance;
  };
  for (int i = 0; i < count; ++i) {
    if (near_edge(i)) continue;
    const int value = static_cast<int>(samples >> i & 1U);
    int& bit = sent[static_cast<std::size_t>(position(i))];
    if (bit != unknown && bit != value) return false;
    bit = value;
  }
  for (int i = 0; i < count; ++i) {
    if (!near_edge(i)) continue;
    const int value = static_cast<int>(samples >> i & 1U);
    const auto behind = static_cast<std::size_t>(std::lround(position(i)));
    const auto fits = [&](int bit) { return bit == unknown || bit == value; };
    if (behind == 0 ? !fits(0) : !fits(sent[behind - 1]) && !fits(sent[behind])) return false;
  }
  return true;
}

bool stands_out(Bytes message) {
  if (message.size() < smallest_secured_response) return false;
  if (message[0] == static_cast<std::uint8_t>(RequestCode::tls_terminate)) return false;
  return fits(message, message.size(), Direction::unknown) == Fit::yes;
}

}  // namespace

SpeedFinder::SpeedFinder(std::span<const unsigned> candidates, unsigned first) {
  for (const unsigned speed : candidates) candidates_.emplace_back(speed);
  if (std::ranges::find(candidates, first) == candidates.end()) candidates_.emplace_back(first);
  std::ranges::sort(candidates_, {}, &Candidate::speed);
  first_ = static_cast<std::size_t>(std::ranges::find(candidates_, first, &Candidate::speed) -
                                    candidates_.begin());
  candidates_[first_].score = likely_at_first;
  current_ = first_;
  change_to(first_);
  begins_in_a_frame_ = false;
}

Instant SpeedFinder::pause() const {
  return std::max(burst_ends, pause_bytes * Instant(std::chrono::seconds(bits_per_byte)) / speed());
}

void SpeedFinder::push(std::uint8_t byte, Instant at, std::uint8_t trouble) {
  if (candidates_.size() == 1) return;
  const std::size_t before = current_;
  advance(at);
  // What has arrived already was read at the speed before.
  if (current_ != before) begins_in_a_frame_ = true;
  if (quiet_since_) longest_quiet_ = std::max(longest_quiet_, at - *quiet_since_);
  last_ = at;
  quiet_since_ = at;
  const bool stop = (trouble & no_stop_bit) == 0;
  if (!stop) marks_ = true;
  // Behind a byte whose stop bit was low the receiver guesses where the next one begins; behind
  // zeros it waits for the line.
  const bool aligned = burst_.empty() || burst_.back().stop || burst_.back().byte == 0;
  burst_.push_back({byte, stop, aligned});
  if (!stop) ++without_stop_;
  if (burst_.size() < longest_burst && (without_stop_ < certainly_bad || begins_in_a_frame_))
    return;
  judge();
  begins_in_a_frame_ = true;  // and the rest of it is none of its own
}

void SpeedFinder::take(const LineRecord& record) {
  constexpr std::uint8_t damaged = tap::noise | tap::truncated | tap::framing_error |
                                   tap::parity_error | tap::break_seen | tap::lost;
  if (candidates_.size() == 1 || (record.status & damaged) != 0) return;
  const bool in_a_row = in_frames_ + record.bytes.size() == burst_.size();
  if (in_a_row) in_frames_ = burst_.size();
  if (record.bytes.size() < length_field_size + smallest_secured_response) return;
  if (stands_out(record.bytes.subspan(length_field_size)))
    clear_ = true;
  else
    long_enough_ = true;
  if (clear_ && !found_) judge_good();
}

std::optional<Instant> SpeedFinder::deadline() const {
  if (candidates_.size() == 1) return std::nullopt;
  if (!burst_.empty()) return last_ + pause();
  if (!quiet_since_) return std::nullopt;
  // Short pulses of a much faster sender are not heard at all.
  constexpr Instant not_heard = std::chrono::seconds(3);
  constexpr Instant not_heard_any_more = std::chrono::seconds(30);
  constexpr unsigned slow = 1200;
  if (!found_ && current_ != first_) return *quiet_since_ + not_heard;
  if (found_ && speed() <= slow && current_ != first_)
    return *quiet_since_ + std::max(not_heard_any_more, 4 * longest_quiet_);
  return std::nullopt;
}

void SpeedFinder::advance(Instant now) {
  const auto due = deadline();
  if (!due || now < *due) return;
  if (!burst_.empty()) {
    judge();
    begins_in_a_frame_ = false;
    return;
  }
  found_ = false;
  change_to(first_);
  begins_in_a_frame_ = false;
  quiet_since_.reset();
}

void SpeedFinder::hint(unsigned bits_per_second) {
  const auto other = std::ranges::find(candidates_, bits_per_second, &Candidate::speed);
  if (other == candidates_.end()) return;
  const auto index = static_cast<std::size_t>(other - candidates_.begin());
  if (index == current_) return;
  hint_ = index;
  hint_is_newer_ = !burst_.empty();
  if (found_) return;
  other->score += by_hint;
  change_to(index);
}

bool SpeedFinder::exclude(unsigned bits_per_second) {
  const unsigned first = candidates_[first_].speed;
  if (bits_per_second == first) return false;
  std::erase_if(candidates_, [&](const Candidate& each) { return each.speed == bits_per_second; });
  first_ = static_cast<std::size_t>(std::ranges::find(candidates_, first, &Candidate::speed) -
                                    candidates_.begin());
  found_ = false;
  hint_.reset();
  change_to(first_);
  return true;
}

// The line has paused, or the burst has gone on for long enough.
void SpeedFinder::judge() {
  const bool exact = long_enough_ && in_frames_ == burst_.size();
  if (clear_ || exact)
    judge_good();
  else if (!begins_in_a_frame_)
    judge_bad();
  else
    begins_in_a_frame_ = false;
  forget_burst();
}

void SpeedFinder::judge_good() {
  for (Candidate& candidate : candidates_) candidate.score = clear_ ? 0 : candidate.score * fading;
  Candidate& present = candidates_[current_];
  present.score = clear_ ? most : std::min(most, present.score + exact_frame);
  found_ = found_ || present.score >= most;
  bad_in_a_row_ = 0;
  begins_in_a_frame_ = false;
  // What was good before the hint came says nothing against it.
  if (!std::exchange(hint_is_newer_, false)) hint_.reset();
}

void SpeedFinder::judge_bad() {
  // Two zeros are what an alert is, and tell nothing.
  const auto is_zero = [](const Heard& heard) { return heard.byte == 0; };
  if (burst_.size() == length_field_size && without_stop_ == 0 &&
      std::ranges::all_of(burst_, is_zero))
    return;

  ++bad_in_a_row_;
  for (Candidate& candidate : candidates_) candidate.score *= fading;
  const auto size = static_cast<double>(burst_.size());
  candidates_[current_].score -=
      std::min(noise, 1 + size) +
      std::min(most_no_stop, no_stop * static_cast<double>(without_stop_));

  std::vector<double> shape(current_);
  for (std::size_t i = 0; i < current_; ++i) shape[i] = bits_for(candidates_[i]);
  const double highest = shape.empty() ? 0 : std::ranges::max(shape);
  const double allowed = std::min(most_by_shape, by_shape_a_byte * size);
  const double scale = highest > allowed ? allowed / highest : 1;
  for (std::size_t i = 0; i < current_; ++i)
    candidates_[i].score += std::max(-most_by_shape, shape[i] * scale);
  const auto hinted = std::exchange(hint_, std::nullopt);

  // A speed that has proved itself is not left for one burst of noise, unless the other line has
  // left it, too; nor is the first for half a frame, with which captures begin.
  const bool half_a_frame = !left_first_ && without_stop_ < certainly_bad / 2;
  const bool follows = hinted && *hinted != current_;
  if ((found_ || half_a_frame) && bad_in_a_row_ < 2 && !follows) return;
  const std::size_t other = follows ? *hinted : best();
  const bool better = candidates_[other].score >= candidates_[current_].score + clearly;
  if (other == current_ || (!better && !follows)) return;
  found_ = false;
  left_first_ = true;
  change_to(other);
}

// How far the burst's bytes have the shape of that slower sender's.
double SpeedFinder::bits_for(const Candidate& slower) const {
  double bits = 0;
  for (const Heard& heard : burst_) {
    if (!heard.aligned) continue;
    // Without marks a zero can be a break of a sender at any lower speed, or just a zero.
    if (!marks_ && heard.byte == 0) {
      bits += burst_.size() > length_field_size && slower.shapes.test(0) ? 1 : 0;
      continue;
    }
    const bool fits = marks_ ? slower.shapes.test(heard.byte + (heard.stop ? stop_seen : 0))
                             : slower.fits_unmarked(heard.byte);
    const double times = marks_ ? slower.telling : slower.telling_unmarked;
    bits += std::log2((fits ? keeps_shape * times : 0) + 1 - keeps_shape);
  }
  return bits;
}

// Of those that are equally good the fastest: from there all others can be told.
std::size_t SpeedFinder::best() const {
  std::size_t best = 0;
  for (std::size_t i = 1; i < candidates_.size(); ++i)
    if (candidates_[i].score > candidates_[best].score - 0.01) best = i;
  return best;
}

void SpeedFinder::forget_burst() {
  burst_.clear();
  in_frames_ = without_stop_ = 0;
  clear_ = long_enough_ = false;
}

void SpeedFinder::change_to(std::size_t candidate) {
  current_ = candidate;
  forget_burst();
  bad_in_a_row_ = 0;
  begins_in_a_frame_ = true;
  for (std::size_t i = 0; i < current_; ++i) {
    Candidate& slower = candidates_[i];
    const double ratio = static_cast<double>(speed()) / slower.speed;
    slower.shapes.reset();
    for (unsigned byte = 0; byte < 2 * stop_seen; ++byte)
      if (can_be(byte << 1U, bits_per_byte, ratio)) slower.shapes.set(byte);
    unsigned unmarked = 0;
    for (unsigned byte = 0; byte < stop_seen; ++byte)
      unmarked += slower.fits_unmarked(byte) ? 1 : 0;
    slower.telling = 2.0 * stop_seen / static_cast<double>(slower.shapes.count());
    slower.telling_unmarked = static_cast<double>(stop_seen) / unmarked;
  }
}

}  // namespace mep::extcap
