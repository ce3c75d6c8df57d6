// SPDX-License-Identifier: GPL-2.0-or-later
#include "extcap/role_finder.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <utility>

#include "protocol/bytes.h"
#include "protocol/evidence.h"
#include "protocol/message.h"
#include "protocol/tap.h"

namespace mep::extcap {
namespace {

using std::chrono::milliseconds;

// From here on there is no doubt: a thousand to one.
constexpr double beyond_doubt = 10;
// Most people wire as they say.
constexpr double as_wired = 4;

// One frame that tells by itself.
constexpr double certain_frame = 12;
// One that tells more than a damaged one ever would, against all that its line has shown.
constexpr double overwhelming = 16;

// What cannot be a request, because it is too short for its sequence number and digest.
constexpr double too_short_to_ask = 14;
constexpr double known_code = 8;  // in a message without a digest
// Encrypted messages have nothing but their size. Reads have 15, 17 or 20 bytes (page 11).
constexpr double size_of_a_read = 2;
constexpr double other_size = -1;

// An answer follows within 500 ms (page 21): what comes later is the next request.
constexpr Instant answer_is_late = milliseconds(600);
constexpr double late_bits = 5;
constexpr double most_late = 12;
constexpr Instant answer_is_soon = milliseconds(60);
constexpr double soon_bits = 2.5;
constexpr double not_so_soon_bits = 1;
constexpr double most_soon = 5;
// A request that was not answered is repeated as it was (page 21).
constexpr Instant repeated_after = milliseconds(300);
constexpr double repeated_bits = 12;
// Somebody who speaks again without having been answered.
constexpr Instant speaks_again_after = milliseconds(100);
constexpr double alone_bits = 2;
constexpr double most_alone = 6;
// Alerts are the meter's (page 17); two zeros can be a plug, too.
constexpr double alert_bits = 6;
constexpr double most_by_alerts = 12;
// What only one of two lines has, where the client's frames are on both.
constexpr double not_echoed_bits = 5;
constexpr double most_not_echoed = 12;
constexpr double most_content = 40;

// On a line for both: how likely it is that a frame is followed by one of the other speaker or the
// same one, soon, within the time for an answer, or later. Clients ask again as soon as they can,
// repeat what was not answered, and some requests are not heard.
struct Pace {
  double soon, in_time, late;
};
constexpr Pace answer_after_request = {0.76, 0.17, 0.02};
constexpr Pace request_after_request = {0.005, 0.0225, 0.0225};
constexpr Pace request_after_answer = {0.34, 0.34, 0.29};
constexpr Pace answer_after_answer = {0.003, 0.009, 0.018};
constexpr double surely = 0.98;

// The meter answers no more than one request in 100 ms (page 21), so frames of one speaker do not
// follow each other like that; nor without room for the smallest answer between them.
constexpr Instant one_exchange = milliseconds(85);
constexpr int smallest_answer_bytes = 9;
constexpr int bits_per_byte = 10;
constexpr double close_enough = 3;
constexpr double close_enough_alone = 0.75;  // where no other line has frames
constexpr double most_close = 6;
constexpr double not_close = 0.2;
constexpr double answered_elsewhere = 1;  // by the other line, which has the other direction then

constexpr std::uint8_t no_frame = tap::noise | tap::truncated;
constexpr std::uint8_t damaged =
    no_frame | tap::framing_error | tap::parity_error | tap::break_seen | tap::lost;

// How many of a line's certain frames are remembered, and of all frames for their echo.
constexpr unsigned most_kinds = 8;
constexpr std::size_t most_recent = 4;

bool is_alert(const LineEvent& event) {
  return (event.status & no_frame) == 0 && event.bytes.size() == length_field_size;
}

bool is_whole(const LineEvent& event) {
  return (event.status & no_frame) == 0 && event.bytes.size() > length_field_size;
}

void add(double& sum, double bits, double most) {
  sum = std::clamp(sum + bits, -most, most);
}

// Half of all messages may be encrypted, for which no reading says anything.
double at_least_noise(int bits) {
  return std::log2(0.5 + 0.5 * std::exp2(bits));
}

// What a message's own bytes speak for.
double content_bits(Bytes message) {
  if (message.size() < smallest_secured_response) {
    if (!response_name(message[0]).empty()) return -too_short_to_ask;
    return request_name(message[0]).empty() ? 0 : known_code;
  }
  const double asks = at_least_noise(clear_request_bits(message));
  const double answers = at_least_noise(clear_response_bits(message, nullptr));
  const double bits = asks - answers;
  if (message.size() < smallest_secured_request) return bits - too_short_to_ask;
  if (std::max(asks, answers) > 1) return bits;
  // With the codes and table numbers of requests, their trailer: pages 10 and 11.
  const auto is_read = [&](std::size_t body) { return message.size() == body + 12; };
  return bits + (is_read(3) || is_read(5) || is_read(8) ? size_of_a_read : other_size);
}

// The same of a frame whose rest never came.
double bits_of_part(Bytes part) {
  constexpr double fitting_beginning = 6;
  if (part.size() <= length_field_size) return 0;
  const std::size_t size = read_be(part, 0, length_field_size);
  const Bytes message = part.subspan(length_field_size);
  const bool asks = fits(message, size, Direction::client_to_meter) != Fit::no;
  const bool answers = fits(message, size, Direction::meter_to_client) != Fit::no;
  return asks == answers ? 0 : asks ? fitting_beginning : -fitting_beginning;
}

double bits_of(const LineEvent& event) {
  if ((event.status & tap::noise) != 0 || is_alert(event)) return 0;
  if ((event.status & tap::truncated) != 0) return bits_of_part(event.bytes);
  const double bits = content_bits(Bytes(event.bytes).subspan(length_field_size));
  return (event.status & damaged) != 0 ? bits / 2 : bits;
}

Direction opposite(Direction direction) {
  return direction == Direction::client_to_meter ? Direction::meter_to_client
                                                 : Direction::client_to_meter;
}

Direction direction_of(LineRole role) {
  switch (role) {
    case LineRole::client:
      return Direction::client_to_meter;
    case LineRole::meter:
      return Direction::meter_to_client;
    default:
      return Direction::unknown;
  }
}

}  // namespace

RoleFinder::RoleFinder(const std::vector<Direction>& wired, bool find, Sink sink)
    : find_(find), sink_(std::move(sink)) {
  for (const Direction direction : wired) lines_.push_back({.wired = direction});
}

void RoleFinder::take(LineEvent event) {
  release(event.last, false);
  Waiting waiting{std::move(event)};
  weigh(waiting);
  const double sum = for_first_line();
  if (std::abs(sum) >= beyond_doubt)
    settled_ = sum > 0 ? 1 : -1;
  else if (waiting.echo)
    settled_ = 0;  // it was no more than this frame, which both lines have
  waiting_.push_back(std::move(waiting));
  release(waiting_.back().event.last, false);
}

std::optional<Instant> RoleFinder::deadline() const {
  if (waiting_.empty()) return std::nullopt;
  const LineEvent& first = waiting_.front().event;
  const bool known = settled_ != 0 || waited_ || role(first.line) == LineRole::both;
  return first.last + (known ? echo_wait : longest_wait);
}

void RoleFinder::advance(Instant now) {
  release(now, false);
}

void RoleFinder::finish() {
  release(Instant(0), true);
}

// --- Evidence
// -------------------------------------------------------------------------------------

double RoleFinder::for_first_line() const {
  return evidence_.content + evidence_.alerts + evidence_.late + evidence_.soon + evidence_.alone +
         evidence_.repeated + evidence_.not_echoed;
}

void RoleFinder::weigh(Waiting& waiting) {
  const LineEvent& event = waiting.event;
  Line& line = lines_[event.line];
  const double sign = event.line == 0 ? 1 : -1;
  if (is_alert(event)) {
    add(evidence_.alerts, -alert_bits * sign, most_by_alerts);
    return;
  }
  waiting.bits = bits_of(event);
  line.heard = true;
  if ((event.status & damaged) != 0) return;
  const bool certain = std::abs(waiting.bits) >= certain_frame;

  // An echo says nothing: its bytes cancel out what they said on the other line. Where there are
  // echoes, requests say nothing at all.
  if (echoes_ == 0 || waiting.bits < 0) add(evidence_.content, waiting.bits * sign, most_content);
  if (find_echo(waiting)) return;
  if (certain) note_kind(line, waiting.bits > 0);
  line.close_before = line.close;
  // Of what is clear the bytes say more than the pace.
  const bool clear = std::abs(waiting.bits) >= overwhelming;
  if (!clear || !line.latest_is_clear) weigh_pace(line, event);
  line.latest_is_clear = clear;
  if (lines_.size() > 1) weigh_turn(event);
  if (is_mixed(line) && repeats_latest(line, event)) waiting.bits += repeated_bits;
  line.latest = event;
  last_ = event;
  last_is_echoed_ = false;
}

// Who speaks after whom, and how soon.
void RoleFinder::weigh_turn(const LineEvent& event) {
  if (!last_) return;
  const double sign = event.line == 0 ? 1 : -1;
  const Instant gap = event.first - last_->last;
  if (echoes_ > 0) {
    // Where the client is heard on both lines, what only one has is the meter's.
    if (!last_is_echoed_ && event.first - last_->first > echo_wait)
      add(evidence_.not_echoed, last_->line == 0 ? -not_echoed_bits : not_echoed_bits,
          most_not_echoed);
    return;
  }
  if (gap < Instant(0)) return;
  if (last_->line != event.line) {
    if (gap > answer_is_late)
      add(evidence_.late, late_bits * sign, most_late);
    else
      add(evidence_.soon, (gap < answer_is_soon ? -soon_bits : not_so_soon_bits) * sign, most_soon);
  } else if (repeats_latest(lines_[event.line], event)) {
    add(evidence_.repeated, repeated_bits * sign, repeated_bits);
  } else if (gap > speaks_again_after) {
    add(evidence_.alone, alone_bits * sign, most_alone);
  }
}

bool RoleFinder::repeats_latest(const Line& line, const LineEvent& event) const {
  return line.latest && line.latest->bytes == event.bytes &&
         event.first - line.latest->last >= repeated_after;
}

// Whether frames follow each other as those of one speaker never do.
void RoleFinder::weigh_pace(Line& line, const LineEvent& event) {
  // Some clients repeat themselves hastily.
  if (!line.latest || line.latest->bytes == event.bytes) return;
  const Instant byte_time =
      Instant(std::chrono::seconds(bits_per_byte)) / std::max(event.bits_per_second, 1U);
  const bool close = event.first - line.latest->first < one_exchange ||
                     event.first - line.latest->last < smallest_answer_bytes * byte_time;
  const bool elsewhere = last_ && last_->line != event.line;
  const double bits = elsewhere ? -answered_elsewhere : close ? 1 : -not_close;
  line.close = std::clamp(line.close + bits, 0.0, most_close);
}

void RoleFinder::note_kind(Line& line, bool request) {
  line.kinds = static_cast<std::uint8_t>(line.kinds << 1 | (request ? 1 : 0));
  line.certain = std::min(line.certain + 1, most_kinds);
}

// By turns requests and answers; a line that was exchanged has changed once.
bool RoleFinder::is_mixed(const Line& line) const {
  const auto is_other = [&line](const Line& other) { return &other != &line && other.heard; };
  const bool alone = std::ranges::none_of(lines_, is_other);
  if (line.close >= (alone ? close_enough_alone : close_enough)) return true;
  if (line.certain < 3) return false;
  const unsigned pairs = line.certain - 1;
  const unsigned changes = (line.kinds ^ line.kinds >> 1U) & ((1U << pairs) - 1);
  return std::popcount(changes) >= 2;
}

// Whether the other line has brought the same just now.
bool RoleFinder::find_echo(Waiting& waiting) {
  const auto is_same = [&](const Waiting& other) {
    return other.event.line != waiting.event.line && is_whole(other.event) && !other.echo &&
           std::chrono::abs(other.event.first - waiting.event.first) <= echo_wait &&
           other.event.bytes == waiting.event.bytes;
  };
  for (std::deque<Waiting>* these : {&waiting_, &recent_}) {
    const auto same = std::ranges::find_if(*these, is_same);
    if (same == these->end()) continue;
    ++echoes_;
    same->echo = waiting.echo = true;
    last_is_echoed_ = true;
    Line& other = lines_[same->event.line];
    other.latest.reset();
    other.close = other.close_before;
    if (std::abs(same->bits) >= certain_frame && other.certain > 0) {
      other.kinds >>= 1;
      --other.certain;
    }
    return true;
  }
  return false;
}

// --- What follows from it
// -------------------------------------------------------------------------

LineRole RoleFinder::role(std::size_t line) const {
  if (is_mixed(lines_[line])) return LineRole::both;
  const bool other_is_mixed = lines_.size() > 1 && is_mixed(lines_[1 - line]);
  if (other_is_mixed) {
    if (lines_[line].certain == 0) return LineRole::unknown;
    return (lines_[line].kinds & 1) != 0 ? LineRole::client : LineRole::meter;
  }
  if (settled_ == 0) return LineRole::unknown;
  return (settled_ > 0) == (line == 0) ? LineRole::client : LineRole::meter;
}

bool RoleFinder::is_contradicted(std::size_t line) const {
  const Direction shown = direction_of(role(line));
  return shown != Direction::unknown && shown != lines_[line].wired;
}

Direction RoleFinder::expected(std::size_t line) const {
  return find_ ? direction_of(role(line)) : lines_[line].wired;
}

// What a line without a doubt, or else more likely, carries.
Direction RoleFinder::likely(std::size_t line) const {
  if (const Direction shown = direction_of(role(line)); shown != Direction::unknown) return shown;
  const Direction wired = lines_[line].wired;
  const double for_client = line == 0 ? for_first_line() : -for_first_line();
  const double for_wired = wired == Direction::client_to_meter ? for_client : -for_client;
  return for_wired > -as_wired ? wired : opposite(wired);
}

bool RoleFinder::contradicts(const Waiting& waiting) const {
  if (std::abs(waiting.bits) < overwhelming) return false;
  return likely(waiting.event.line) !=
         (waiting.bits > 0 ? Direction::client_to_meter : Direction::meter_to_client);
}

Direction RoleFinder::label(const Waiting& waiting) const {
  const LineEvent& event = waiting.event;
  if (!find_) return lines_[event.line].wired;
  if (is_alert(event)) return Direction::meter_to_client;
  if (waiting.echo) return likely(event.line);
  if (role(event.line) != LineRole::both) {
    const Direction line = likely(event.line);
    return contradicts(waiting) ? opposite(line) : line;
  }
  return chance_of_request(waiting) > 0.5 ? Direction::client_to_meter : Direction::meter_to_client;
}

// On a line for both: by its own bytes, and by whose turn it is.
double RoleFinder::chance_of_request(const Waiting& waiting) const {
  const Instant gap = waiting.event.first - last_labelled_;
  const auto at_this_pace = [gap](const Pace& pace) {
    return gap < answer_is_soon ? pace.soon : gap < answer_is_late ? pace.in_time : pace.late;
  };
  const double before = request_before_;
  const double request = before * at_this_pace(request_after_request) +
                         (1 - before) * at_this_pace(request_after_answer);
  const double answer = before * at_this_pace(answer_after_request) +
                        (1 - before) * at_this_pace(answer_after_answer);
  const double odds = request / answer * std::exp2(std::clamp(waiting.bits, -30.0, 30.0));
  return odds / (1 + odds);
}

// Where it makes a difference: in the beginning, and on a line that is another's.
bool RoleFinder::may_turn_out_an_echo(const Waiting& waiting) const {
  if (!find_ || lines_.size() < 2 || waiting.echo || !is_whole(waiting.event)) return false;
  if (role(waiting.event.line) == LineRole::both) return false;
  return contradicts(waiting) || lines_[0].certain + lines_[1].certain == 1;
}

void RoleFinder::release(Instant now, bool all) {
  while (!waiting_.empty()) {
    const Waiting& first = waiting_.front();
    const bool known = !find_ || settled_ != 0 || role(first.event.line) == LineRole::both;
    const bool tells = is_alert(first.event) || (!is_whole(first.event) && !known);
    const bool may_be_echo = known && may_turn_out_an_echo(first);
    const Instant waits = known || waited_ ? echo_wait : longest_wait;
    const bool due = all || now >= first.event.last + waits || waiting_.size() > most_waiting;
    if (!due && (may_be_echo || (!known && !waited_ && !tells))) return;
    if (!known && due && !all) waited_ = true;
    hand_on();
  }
}

void RoleFinder::hand_on() {
  Waiting first = std::move(waiting_.front());
  waiting_.pop_front();
  const Direction direction = label(first);
  if (is_whole(first.event)) {
    request_before_ = role(first.event.line) == LineRole::both  ? chance_of_request(first)
                      : direction == Direction::client_to_meter ? surely
                                                                : 1 - surely;
    last_labelled_ = first.event.last;
  }
  sink_(first.event, direction);
  if (lines_.size() < 2) return;
  recent_.push_back(std::move(first));
  if (recent_.size() > most_recent) recent_.pop_front();
}

}  // namespace mep::extcap
