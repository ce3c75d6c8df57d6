// SPDX-License-Identifier: GPL-2.0-or-later
#include "extcap/tap_session.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <utility>

#include "extcap/machine.h"
#include "extcap/problem.h"
#include "extcap/source_names.h"
#include "extcap/tap_number.h"
#include "extcap/words.h"
#include "protocol/tap.h"

namespace mep::extcap {
namespace {

using system::EventSource;
using system::monotonic_now;

// How long adapters wait for more before they hand over bytes.
constexpr Instant adapter_delay = std::chrono::milliseconds(16);

// An uncertainty of times that is said.
constexpr Instant worth_saying = std::chrono::milliseconds(100);

// Between the parts of a recording.
constexpr Instant pause = std::chrono::milliseconds(40);

constexpr Instant look_for_lines_again = std::chrono::milliseconds(500);

std::vector<Direction> wiring(const TapSettings& settings) {
  std::vector<Direction> directions;
  for (const TappedLine& line : settings.lines) directions.push_back(line.direction);
  return directions;
}

std::vector<LineWatch::Watched> watched(const TapSettings& settings) {
  std::vector<LineWatch::Watched> lines;
  for (const TappedLine& line : settings.lines)
    lines.push_back({line_name(line.direction) + (" " + line.port), line.direction});
  return lines;
}

}  // namespace

TapSession::Line::Line(std::size_t which, const TappedLine& tapped, const TapSettings& settings,
                       FrameSplitter::Sink sink)
    : number(which),
      direction(tapped.direction),
      source(open_source(tapped, settings)),
      port_baud_rate(settings.baud_rate),
      receiver(
          settings.find_roles ? Direction::unknown : tapped.direction, settings.baud_rate,
          settings.frame_timeout, std::move(sink),
          source->sets_speed() ? std::span(settings.baud_rates) : std::span<const unsigned>()) {}

TapSession::TapSession(const TapSettings& settings, system::StopRequest& stop)
    : Session(settings.capture_filter, {settings.buffer_size, true}, stop),
      settings_(settings),
      tap_(random_tap_number()),
      clock_(clocks_now()),
      roles_(wiring(settings), settings.find_roles,
             [this](const LineEvent& event, Direction direction) { write(event, direction); }),
      watch_(watched(settings), {settings.find_roles, !settings.baud_rates.empty()},
             monotonic_now(), notice),
      timer_(EventSource::on_time([this] { guarded([this] { time_passed(); }); })),
      look_for_lines_(EventSource::on_time([this] { guarded([this] { look_for_lines(); }); })) {
  for (const TappedLine& tapped : settings.lines) {
    const std::size_t number = lines_.size();
    lines_.emplace_back(number, tapped, settings, [this, number](const LineRecord& record) {
      Line& line = lines_[number];
      if (line.held.notices(record))
        notice(line.title() +
               ": the line holds at zero: is the level converter missing, or is the wire at "
               "ground?");
      received_.push_back({number,
                           record.status,
                           line.receiver.baud_rate(),
                           record.first,
                           record.last,
                           {record.bytes.begin(), record.bytes.end()}});
    });
  }
  const auto recordings =
      std::ranges::count_if(lines_, [](const Line& line) { return line.source->is_recording(); });
  replays_ = recordings > 0;
  if (replays_ && static_cast<std::size_t>(recordings) < lines_.size())
    throw Problem(lines_.front().title() + " and " + lines_.back().title() +
                  ": a file can be replayed beside another file only, or alone");
}

Section TapSession::section() const {
  return {hardware_name(), operating_system_name(),
          "Frames of a smart meter's Multipurpose Expansion Port. " + std::string(what_shows_it) +
              (replays_ ? ". Made of files with the lines' bytes: times, and which line's bytes "
                          "came first, are made up"
                        : "")};
}

std::vector<RecordedLine> TapSession::lines() const {
  std::vector<RecordedLine> lines;
  for (const Line& line : lines_)
    lines.push_back({line.source->path(), line_name(line.direction), line.direction,
                     line.port_baud_rate, tap_});
  return lines;
}

WallTime TapSession::now() {
  return clock_.at(std::max(monotonic_now(), replayed_until_));
}

void TapSession::start() {
  if (replays_) {
    timer_.wake_at(monotonic_now());
    return;
  }
  for (Line& line : lines_) {
    line.source->discard_backlog();
    line.there = true;
  }
  read_lines();
  timer_.wake_at(watch_.deadline());
}

// From those that are there.
void TapSession::read_lines() {
  std::vector<int> fds;
  for (const Line& line : lines_) fds.push_back(line.there ? line.source->fd() : -1);
  if (reader_) return reader_->set_lines(fds);
  reader_.emplace(fds);
  arrival_ = EventSource::on_fd(reader_->fd(), static_cast<GIOCondition>(G_IO_IN | G_IO_HUP),
                                [this] { guarded([this] { look(); }); });
}

// Lines have to be looked at before anything can be said of a pause.
void TapSession::time_passed() {
  if (replays_)
    replay();
  else
    reader_->ask();
}

void TapSession::look() {
  while (const auto look = reader_->next()) {
    take(*look);
    leave_lines_that_are_gone();
  }

  std::optional<Instant> next;
  const auto consider = [&next](std::optional<Instant> due) {
    if (due && (!next || *due < *next)) next = due;
  };
  for (const Line& line : lines_)
    if (line.there) consider(line.receiver.deadline());
  consider(roles_.deadline());
  consider(watch_.deadline());
  timer_.wake_at(next);
}

// At all lines, whichever had something: what arrived together is written in order.
void TapSession::take(const Look& look) {
  advance(look.begin);  // nothing had come until then
  for (const Look::Piece& piece : look.pieces) {
    Line& line = lines_[piece.line];
    if (!line.there) continue;
    if (piece.end) {
      line.source->end(*piece.end);
      continue;
    }
    std::vector<std::uint8_t> bytes;
    line.source->take(piece.bytes, bytes);
    hear(line, bytes);
  }
  date_what_waits(look);
  advance(look.end);
}

void TapSession::advance(Instant now) {
  for (Line& line : lines_)
    if (line.there) line.receiver.advance(now);
  write_received();
  roles_.advance(now);
  watch_.advance(now);
  follow_evidence();
}

// What the bytes have told of the lines: who speaks, and how fast.
void TapSession::follow_evidence() {
  for (std::size_t number = 0; number < lines_.size(); ++number) {
    Line& line = lines_[number];
    line.receiver.set_direction(roles_.expected(number));
    const unsigned found = line.receiver.baud_rate_found() ? line.receiver.baud_rate() : 0;
    if (found != 0 && found != line.hinted)
      for (Line& other : lines_)
        if (&other != &line) other.receiver.hint(found);
    if (found != 0) line.hinted = found;
  }
  for (Line& line : lines_) set_speed(line);
  write_received();
}

void TapSession::set_speed(Line& line) {
  while (!line.source->gone() && line.port_baud_rate != line.receiver.baud_rate()) {
    try {
      line.source->set_speed(line.receiver.baud_rate());
      line.port_baud_rate = line.receiver.baud_rate();
    } catch (const Problem&) {
      if (!line.receiver.exclude(line.receiver.baud_rate())) throw;
      line.port_baud_rate = 0;
    }
  }
}

// As if client and meter had spoken in turn, from now on, at the lines' speed.
void TapSession::replay() {
  for (Line& line : lines_) {
    std::vector<std::uint8_t> bytes;
    read_now(*line.source, bytes);
    hear(line, bytes);
  }
  const Instant begin = monotonic_now();
  const std::vector<BacklogLine> waiting = backlog();
  replayed_until_ = begin;
  for (const BacklogLine& line : waiting)
    for (const BacklogPart& part : line.parts)
      replayed_until_ += static_cast<Instant::rep>(part.size) * line.byte_time + pause;
  const auto arrivals = arrivals_in_backlog(waiting, {begin, replayed_until_, false}, {});
  for (std::size_t number = 0; number < lines_.size(); ++number)
    lines_[number].receiver.date(arrivals[number]);
  write_received();
  stop().make();
}

void TapSession::hear(Line& line, Bytes bytes) {
  line.receiver.hear(bytes, line.source->marks_errors(), line.source->trouble());
}

// A line by itself that was looked at in time has brought its bytes just now. Otherwise they have
// waited, nobody knows for how long, or it is not clear which line's came first.
void TapSession::date_what_waits(const Look& look) {
  const auto waits = [](const Line& line) { return line.receiver.anything_waits(); };
  const auto waiting = std::ranges::count_if(lines_, waits);
  if (waiting == 0 || (!look.held_up() && waiting < 2)) {
    for (Line& line : lines_) line.receiver.date_back(look.end);
    return;
  }
  // What an adapter had in hand when somebody looked had been on the line before.
  Instant known{0};
  for (const Line& line : lines_) known = std::max(known, line.receiver.last_arrival());
  const BacklogTime time = {std::max(look.begin - adapter_delay, known), look.end, !look.held_up()};
  if (look.held_up()) held_up_ = time;
  const auto arrivals = arrivals_in_backlog(backlog(), time, awaited_);
  for (std::size_t number = 0; number < lines_.size(); ++number)
    lines_[number].receiver.date(arrivals[number]);
}

// By who speaks on each line, as far as that is known, and otherwise as they are wired.
std::vector<BacklogLine> TapSession::backlog() const {
  std::vector<BacklogLine> all;
  for (const Line& line : lines_) {
    BacklogLine& one = all.emplace_back(line.receiver.backlog());
    if (one.direction == Direction::unknown) one.direction = line.direction;
  }
  return all;
}

void TapSession::leave_lines_that_are_gone() {
  for (Line& line : lines_)
    if (line.there && line.source->gone()) leave(line);
}

// A line whose port has been unplugged comes to its end, for now at least.
void TapSession::leave(Line& line) {
  line.there = false;
  read_lines();
  watch_.leave(line.number);
  line.source->close();
  line.left = monotonic_now();
  line.receiver.finish();
  write_received();
  const std::string what =
      line.title() + ": " + line.source->what_happened() + " in the middle of the capture; ";
  const bool all =
      std::ranges::all_of(lines_, [](const Line& each) { return each.source->gone(); });
  const bool somebody_waits =
      std::ranges::any_of(lines_, [this](const Line& each) { return may_come_back(each); });
  if (all && !somebody_waits) {
    roles_.finish();
    throw Problem(what + line.source->remedy() +
                  " and start a new capture (all that arrived before has been written)");
  }
  if (!may_come_back(line)) {
    notice(what + "the other line goes on");
    return;
  }
  notice(what + (all ? "waiting until it is there again"
                     : "the other line goes on, and this one when it is there again"));
  look_for_lines_.wake_at(line.left + look_for_lines_again);
}

bool TapSession::may_come_back(const Line& line) const {
  return settings_.on_unplug == OnUnplug::wait && line.source->may_come_back();
}

void TapSession::look_for_lines() {
  for (Line& line : lines_) {
    if (line.there || !may_come_back(line)) continue;
    if (!line.source->come_back()) {
      look_for_lines_.wake_at(monotonic_now() + look_for_lines_again);
      continue;
    }
    const std::string away = seconds_text(monotonic_now() - line.left);
    notice(line.title() + ": there again after " + away);
    recorder().remark(line.number,
                      "Away since " + time_text(clock_.at(line.left)) + " for " + away);
    line.receiver.note_loss();
    line.loss = line.source->what_happened() + ", for " + away;
    line.there = true;
    read_lines();
    timer_.wake_at(monotonic_now());  // what the reader before has found
  }
}

void TapSession::follow_clocks() {
  const auto what = clock_.follow(clocks_now());
  if (!what) return;
  notice(*what);
  for (Line& line : lines_) {
    line.event = *what;
    recorder().remark(line.number, *what + " (" + time_text(now()) + ")");
  }
}

void TapSession::write_received() {
  if (received_.empty()) return;
  follow_clocks();
  // In the order in which they ended: a response that was handed over together with its request
  // follows it, however long it is.
  std::ranges::stable_sort(received_, {}, &LineEvent::last);
  const std::vector<LineEvent> batch = std::exchange(received_, {});
  for (const LineEvent& event : batch) {
    roles_.take(event);
    watch_.take(event, roles_);
  }
}

void TapSession::write(const LineEvent& event, Direction direction) {
  if (event.status == 0 && event.bytes.size() > length_field_size)
    awaited_ = direction == Direction::client_to_meter ? Direction::meter_to_client
                                                       : Direction::client_to_meter;
  recorder().record({event.line, event.status, event.bits_per_second, clock_.at(event.first),
                     event.last - event.first, event.bytes, comments_on(event), direction});
}

std::vector<std::string> TapSession::comments_on(const LineEvent& heard) {
  Line& line = lines_[heard.line];
  std::vector<std::string> comments;
  if (!line.event.empty()) comments.push_back(std::exchange(line.event, {}));
  if (heard.status & tap::lost) {
    const std::string why = std::exchange(line.loss, {});
    comments.push_back("Bytes were lost before this: " +
                       (why.empty() ? "the adapter or its driver could not keep up" : why));
  }
  if (held_up_ && held_up_->end - held_up_->begin >= worth_saying && heard.last > held_up_->begin &&
      heard.first <= held_up_->end)
    comments.push_back("Time known to within " + seconds_text(held_up_->end - held_up_->begin) +
                       " only: this computer was busy elsewhere");
  return comments;
}

// Who speaks there as found, and how fast.
void TapSession::add_findings(std::vector<LineStatus>& all) const {
  for (std::size_t number = 0; number < std::min(all.size(), lines_.size()); ++number) {
    all[number].baud = lines_[number].port_baud_rate;
    switch (roles_.role(number)) {
      case LineRole::client:
        all[number].role = line_name(Direction::client_to_meter);
        break;
      case LineRole::meter:
        all[number].role = line_name(Direction::meter_to_client);
        break;
      case LineRole::both:
        all[number].role = "both lines";
        break;
      case LineRole::unknown:
        break;
    }
  }
}

void TapSession::finish() {
  if (reader_) {
    reader_->end_process();
    while (const auto look = reader_->next()) take(*look);
  }
  for (Line& line : lines_) line.receiver.finish();
  write_received();
  roles_.finish();
  for (const Line& line : lines_)
    if (!line.there && !replays_)
      recorder().remark(line.number, "Away since " + time_text(clock_.at(line.left)));
}

}  // namespace mep::extcap
