// SPDX-License-Identifier: GPL-2.0-or-later
#include "extcap/line_watch.h"

#include <algorithm>
#include <cmath>

#include "protocol/tap.h"
#include "system/text.h"

namespace mep::extcap {
namespace {

constexpr int times_longest_pause = 4;

// Noise that is worth a word: a plug makes less.
constexpr std::size_t much_noise = 16;
constexpr std::size_t several_records = 3;

// A role has to last for so many frames to be told: encrypted ones can be mistaken for a moment.
constexpr unsigned lasting = 3;

// Over which time rates are taken.
constexpr double rate_seconds = 5;

constexpr const char* check_when_silent =
    "check that the port at the meter is enabled (its enable line), that the adapter shares the "
    "meter's ground, that a level converter suits the line, that the adapter's receiver (RX, not "
    "TX) is at the wire, and that it is the right pin of the connector";

constexpr const char* check_when_noisy =
    "whether the signal is upside down (a level converter that is missing, or one too many), that "
    "the adapter shares the meter's ground, and that the wire is this port's";

double seconds(Instant time) {
  return std::chrono::duration<double>(time).count();
}

std::string whole_seconds(Instant time) {
  return std::to_string(std::chrono::round<std::chrono::seconds>(time).count()) + " s";
}

LineRole as_wired(Direction wired) {
  return wired == Direction::meter_to_client ? LineRole::meter : LineRole::client;
}

const char* speaker(LineRole role) {
  return role == LineRole::meter ? "the meter" : "the client";
}

double faded(double rate, Instant since) {
  return rate * std::exp(-std::max(seconds(since), 0.0) / rate_seconds);
}

}  // namespace

LineWatch::LineWatch(const std::vector<Watched>& lines, Settings settings, Instant begin, Say say)
    : settings_(settings), say_(std::move(say)) {
  for (const Watched& watched : lines) {
    lines_.push_back({.watched = watched, .last = begin});
    lines_.back().told = as_wired(watched.wired);
    lines_.back().status.wired = watched.wired;
  }
}

void LineWatch::take(const LineEvent& event, const RoleFinder& roles) {
  advance(event.first);
  Line& line = lines_[event.line];
  constexpr std::uint8_t no_frame = tap::noise | tap::truncated;
  const bool frame = (event.status & no_frame) == 0;
  count(line, event);
  note_life(line, event, frame);
  if (!frame) {
    look_for_noise(line, event);
    return;
  }
  look_at_roles(roles);
}

void LineWatch::count(Line& line, const LineEvent& event) {
  LineState& status = line.status;
  constexpr std::uint8_t damaged =
      tap::framing_error | tap::parity_error | tap::break_seen | tap::lost;
  if (event.status & tap::noise)
    ++status.noise;
  else if (event.status & tap::truncated)
    ++status.cut_short;
  else
    ++(event.bytes.size() == length_field_size ? status.alerts : status.frames);
  if (event.status & damaged) ++status.damaged;
  status.bytes += event.bytes.size();
  const Instant since = status.last_heard ? event.last - *status.last_heard : Instant(0);
  status.bytes_per_second = faded(status.bytes_per_second, since) +
                            static_cast<double>(event.bytes.size()) / rate_seconds;
}

// A frame makes everything well; noise ends a silence, too.
void LineWatch::note_life(Line& line, const LineEvent& event, bool frame) {
  if (line.status.last_heard)
    line.longest_pause = std::max(line.longest_pause, event.first - line.last);
  line.left = false;
  line.last = event.last;
  line.status.last_heard = event.last;

  LineCondition& condition = line.status.condition;
  const LineCondition before = condition;
  if (frame)
    condition = LineCondition::well;
  else if (before == LineCondition::silent)
    condition = LineCondition::unheard;
  if (frame || before == LineCondition::silent) line.noise_records = line.noise_bytes = 0;
  const bool was_bad = before == LineCondition::silent || before == LineCondition::noisy;
  if (was_bad && condition != before)
    say_(line.watched.name +
         (frame ? ": frames are heard now" : ": something is heard now, but no frame yet"));
}

void LineWatch::look_for_noise(Line& line, const LineEvent& event) {
  if (line.noise_records++ == 0) line.noise_since = event.first;
  line.noise_bytes += event.bytes.size();
  if (line.status.condition == LineCondition::noisy || line.noise_records < several_records ||
      line.noise_bytes < much_noise || event.last - line.noise_since < line.noise_patience)
    return;
  line.status.condition = LineCondition::noisy;
  say_(line.watched.name + ": nothing but noise for " + whole_seconds(line.noise_patience) + ", " +
       std::to_string(line.noise_bytes) + " bytes and no frame; " +
       (settings_.finds_speed ? "no speed that was tried makes frames of it; check "
                              : "check the speed (--baud auto finds it), ") +
       check_when_noisy);
  line.noise_patience *= 2;
}

// --- Silence -------------------------------------------------------------------------------------

Instant LineWatch::patience(const Line& line) const {
  return std::max(silence, times_longest_pause * line.longest_pause);
}

bool LineWatch::may_fall_silent(const Line& line) const {
  return !line.left && line.status.condition != LineCondition::silent;
}

std::optional<Instant> LineWatch::deadline() const {
  std::optional<Instant> next;
  for (const Line& line : lines_)
    if (const Instant due = line.last + patience(line);
        may_fall_silent(line) && (!next || due < *next))
      next = due;
  return next;
}

void LineWatch::advance(Instant now) {
  const auto due = deadline();
  if (!due || now < *due) return;
  // Both speak, or neither does: what will be silent soon is told of together with what is now.
  std::vector<std::size_t> silent;
  for (std::size_t i = 0; i < lines_.size(); ++i) {
    Line& line = lines_[i];
    if (!may_fall_silent(line) || now - line.last < patience(line) / 2) continue;
    line.status.condition = LineCondition::silent;
    silent.push_back(i);
  }
  say_silent(silent);
}

void LineWatch::say_silent(const std::vector<std::size_t>& lines) {
  std::vector<std::string> names;
  Instant longest{0};
  bool before = false;
  for (const std::size_t i : lines) {
    names.push_back(lines_[i].watched.name);
    longest = std::max(longest, patience(lines_[i]));
    before = before || lines_[i].status.last_heard;
  }
  const auto speaks = [](const Line& line) {
    return line.status.last_heard && line.status.condition != LineCondition::silent;
  };
  const bool other_speaks = std::ranges::any_of(lines_, speaks);
  say_(system::listed(names) + ": nothing has been heard for " + whole_seconds(longest) +
       (other_speaks ? ", while the other line is heard" : "") +
       (before ? ", after it had been; if the client does not just rest, " : "; ") +
       check_when_silent);
}

// --- Roles ---------------------------------------------------------------------------------------

void LineWatch::look_at_roles(const RoleFinder& roles) {
  bool lasts = true;
  for (std::size_t i = 0; i < lines_.size(); ++i) {
    Line& line = lines_[i];
    const LineRole role = roles.role(i);
    line.status.role = role;
    line.status.contradicts_wiring = roles.is_contradicted(i);
    line.seen_times = role == line.seen ? line.seen_times + 1 : 1;
    line.seen = role;
    lasts = lasts && line.seen_times >= lasting;
  }
  if (lasts) say_roles();
}

void LineWatch::say_roles() {
  std::vector<std::size_t> changed;
  for (std::size_t i = 0; i < lines_.size(); ++i) {
    Line& line = lines_[i];
    if (line.seen == LineRole::unknown || line.seen == line.told) continue;
    line.told = line.seen;
    changed.push_back(i);
  }
  if (changed.empty()) return;
  const auto is_other = [&](std::size_t i) {
    return lines_[i].told != as_wired(lines_[i].watched.wired);
  };
  const auto is_both = [&](std::size_t i) { return lines_[i].told == LineRole::both; };
  if (changed.size() > 1 && std::ranges::all_of(changed, is_other) &&
      std::ranges::none_of(changed, is_both)) {
    say_("the two lines are exchanged: the client speaks on the " +
         lines_[lines_[0].told == LineRole::client ? 0 : 1].watched.name + ", the meter on the " +
         lines_[lines_[0].told == LineRole::meter ? 0 : 1].watched.name +
         (settings_.finds_roles ? "; frames are labelled as they go"
                                : "; exchange the ports, or leave it to --roles auto"));
    return;
  }
  for (const std::size_t i : changed) {
    const Line& line = lines_[i];
    std::string what = line.watched.name;
    if (is_both(i))
      what +=
          std::string(": both directions are heard on it; ") +
          (settings_.finds_roles ? "each frame is labelled by what it says"
                                 : "all are labelled as one, unless you leave it to --roles auto");
    else if (is_other(i))
      what += std::string(": it is ") + speaker(line.told) + " who speaks on it" +
              (settings_.finds_roles
                   ? "; its frames are labelled so"
                   : "; give its port as the other line, or leave it to --roles auto");
    else
      what += std::string(": ") + speaker(line.told) + " speaks on it now, as it should";
    say_(what);
  }
}

LineState LineWatch::status(std::size_t line, Instant now) const {
  LineState status = lines_[line].status;
  if (status.last_heard)
    status.bytes_per_second = faded(status.bytes_per_second, now - *status.last_heard);
  return status;
}

}  // namespace mep::extcap
