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

constexpr std::size_t read_size = 4096;  // what a terminal driver holds at most
// More than ever waits, unless somebody writes faster than any line is.
constexpr unsigned reads_at_once = 16;
// More than this between two reads means that something came between.
constexpr Instant at_once = std::chrono::milliseconds(5);
constexpr unsigned looks_at_once = 5;

// How long nobody looks at silent lines. Bytes that are found then have not waited longer.
constexpr Instant heartbeat = std::chrono::milliseconds(50);
// By how much it is late on a computer that is held up.
constexpr Instant late = std::chrono::milliseconds(20);

// How long adapters wait for more before they hand over bytes.
constexpr Instant adapter_delay = std::chrono::milliseconds(16);

// An uncertainty of times that is said.
constexpr Instant worth_saying = std::chrono::milliseconds(100);

// Between the parts of a recording.
constexpr Instant pause = std::chrono::milliseconds(40);

constexpr Instant look_for_lines_again = std::chrono::milliseconds(500);

}  // namespace

TapSession::Line::Line(const TappedLine& tapped, const TapSettings& settings,
                       FrameSplitter::Sink sink)
    : direction(tapped.direction),
      source(open_source(tapped, settings)),
      receiver(tapped.direction, settings.baud_rate, settings.frame_timeout, std::move(sink)) {}

TapSession::TapSession(const TapSettings& settings, system::StopRequest& stop)
    : Session(settings.capture_filter, {settings.buffer_size, true}, stop),
      settings_(settings),
      tap_(random_tap_number()),
      clock_(clocks_now()),
      timer_(EventSource::on_time([this] { guarded([this] { look(); }); })),
      heartbeat_(EventSource::on_time([this] { guarded([this] { look(); }); })),
      look_for_lines_(EventSource::on_time([this] { guarded([this] { look_for_lines(); }); })) {
  for (const TappedLine& tapped : settings.lines) {
    const std::size_t number = lines_.size();
    lines_.emplace_back(tapped, settings, [this, number](const LineRecord& record) {
      Line& line = lines_[number];
      if (line.held.notices(record))
        notice(title(line) +
               ": the line holds at zero: is the level converter missing, or is the wire at "
               "ground?");
      received_.push_back({number,
                           record.first,
                           record.last,
                           record.status,
                           {record.bytes.begin(), record.bytes.end()}});
    });
  }
  const auto recordings =
      std::ranges::count_if(lines_, [](const Line& line) { return line.source->is_recording(); });
  replays_ = recordings > 0;
  if (replays_ && static_cast<std::size_t>(recordings) < lines_.size())
    throw Problem(title(lines_.front()) + " and " + title(lines_.back()) +
                  ": a file can be replayed beside another file only, or alone");
}

Section TapSession::section() const {
  return {hardware_name(), operating_system_name(),
          replays_
              ? "Made of files with the lines' bytes: times, and which line's bytes came first, "
                "are made up"
              : ""};
}

std::vector<RecordedLine> TapSession::lines() const {
  std::vector<RecordedLine> lines;
  for (const Line& line : lines_)
    lines.push_back({line.source->path(), line_name(line.direction), line.direction,
                     settings_.baud_rate, tap_});
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
    listen_to(line);
  }
  looked_ = monotonic_now();
  heartbeat_.wake_at(looked_ + heartbeat);
}

void TapSession::listen_to(Line& line) {
  line.arrival = EventSource::on_fd(line.source->fd(),
                                    static_cast<GIOCondition>(G_IO_IN | G_IO_HUP | G_IO_ERR),
                                    [this] { guarded([this] { look(); }); });
}

// At both lines, whichever had something: what arrived together is written in order.
void TapSession::look() {
  if (replays_) {
    replay();
    return;
  }
  const Instant now = read_all();
  for (Line& line : lines_) line.receiver.advance(now);
  write_received();
  leave_lines_that_are_gone();

  std::optional<Instant> next;
  for (const Line& line : lines_)
    if (const auto due = line.receiver.deadline(); due && (!next || *due < *next)) next = due;
  timer_.wake_at(next);
  heartbeat_.wake_at(now + heartbeat);
}

// As if client and meter had spoken in turn, from now on, at the lines' speed.
void TapSession::replay() {
  for (Line& line : lines_)
    while (!line.source->gone()) read_line(line);
  const Instant begin = monotonic_now();
  std::vector<BacklogLine> backlog;
  replayed_until_ = begin;
  for (const Line& line : lines_) {
    backlog.push_back(line.receiver.backlog());
    for (const BacklogPart& part : backlog.back().parts)
      replayed_until_ += static_cast<Instant::rep>(part.size) * backlog.back().byte_time + pause;
  }
  const auto arrivals = arrivals_in_backlog(backlog, {begin, replayed_until_, false}, {});
  for (std::size_t number = 0; number < lines_.size(); ++number)
    lines_[number].receiver.date(arrivals[number]);
  write_received();
  stop().make();
}

// Until both lines have been found empty at one moment. Who was held up between the two, or since,
// cannot say so.
Instant TapSession::read_all() {
  Instant begin{0};
  Instant end{0};
  for (unsigned looks = 0; looks < looks_at_once && (looks == 0 || end - begin > at_once);
       ++looks) {
    begin = monotonic_now();
    for (Line& line : lines_) read_line(line);
    end = monotonic_now();
  }
  date_what_waits(std::exchange(looked_, begin), end);
  return end;
}

void TapSession::read_line(Line& line) {
  std::array<std::uint8_t, read_size> buffer;
  for (unsigned reads = 0; reads < reads_at_once; ++reads) {
    const std::size_t size = line.source->read(buffer);
    if (size == 0) return;
    line.receiver.hear(Bytes(buffer).first(size), line.source->marks_errors(),
                       line.source->trouble());
  }
}

// A line by itself that was looked at in time has brought its bytes just now. Otherwise they have
// waited, nobody knows for how long, or it is not clear which line's came first.
void TapSession::date_what_waits(Instant begin, Instant now) {
  const bool held_up = now - begin > heartbeat + late;
  const auto waits = [](const Line& line) { return line.receiver.anything_waits(); };
  const auto waiting = std::ranges::count_if(lines_, waits);
  if (waiting == 0 || (!held_up && waiting < 2)) {
    for (Line& line : lines_) line.receiver.date_back(now);
    return;
  }
  // What an adapter had in hand when somebody looked had been on the line before.
  Instant known{0};
  for (const Line& line : lines_) known = std::max(known, line.receiver.last_arrival());
  const BacklogTime time = {std::max(begin - adapter_delay, known), now, !held_up};
  if (held_up) held_up_ = time;
  std::vector<BacklogLine> backlog;
  for (const Line& line : lines_) backlog.push_back(line.receiver.backlog());
  const auto arrivals = arrivals_in_backlog(backlog, time, awaited_);
  for (std::size_t number = 0; number < lines_.size(); ++number)
    lines_[number].receiver.date(arrivals[number]);
}

std::string TapSession::title(const Line& line) const {
  return line.source->name() + " " + line.source->path();
}

void TapSession::remark(const Line& line, const std::string& text) {
  for (std::size_t number = 0; number < lines_.size(); ++number)
    if (&lines_[number] == &line) recorder().remark(number, text);
}

void TapSession::leave_lines_that_are_gone() {
  for (Line& line : lines_)
    if (line.arrival && line.source->gone()) leave(line);
}

// A line whose port has been unplugged comes to its end, for now at least.
void TapSession::leave(Line& line) {
  line.arrival.reset();
  line.source->close();
  line.left = monotonic_now();
  line.receiver.finish();
  write_received();
  const std::string what =
      title(line) + ": " + line.source->what_happened() + " in the middle of the capture; ";
  const bool all =
      std::ranges::all_of(lines_, [](const Line& each) { return each.source->gone(); });
  const bool somebody_waits =
      std::ranges::any_of(lines_, [this](const Line& each) { return may_come_back(each); });
  if (all && !somebody_waits)
    throw Problem(what + line.source->remedy() +
                  " and start a new capture (all that arrived before has been written)");
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
    if (line.arrival || !may_come_back(line)) continue;
    if (!line.source->come_back()) {
      look_for_lines_.wake_at(monotonic_now() + look_for_lines_again);
      continue;
    }
    const std::string away = seconds_text(monotonic_now() - line.left);
    notice(title(line) + ": there again after " + away);
    remark(line, "Away since " + time_text(clock_.at(line.left)) + " for " + away);
    line.receiver.note_loss();
    line.loss = line.source->what_happened() + ", for " + away;
    listen_to(line);
  }
}

void TapSession::follow_clocks() {
  const auto what = clock_.follow(clocks_now());
  if (!what) return;
  notice(*what);
  for (Line& line : lines_) {
    line.event = *what;
    remark(line, *what + " (" + time_text(now()) + ")");
  }
}

void TapSession::write_received() {
  if (received_.empty()) return;
  follow_clocks();
  // In the order in which they ended: a response that was handed over together with its request
  // follows it, however long it is.
  std::ranges::stable_sort(received_, {}, &Received::last);
  const std::vector<Received> batch = std::exchange(received_, {});
  for (const Received& received : batch) {
    const Direction direction = lines_[received.line].direction;
    if (received.status == 0 && received.bytes.size() > length_field_size)
      awaited_ = direction == Direction::client_to_meter ? Direction::meter_to_client
                                                         : Direction::client_to_meter;
    recorder().record({received.line, received.status, settings_.baud_rate,
                       clock_.at(received.first), received.last - received.first, received.bytes,
                       comments_on(received)});
  }
}

std::vector<std::string> TapSession::comments_on(const Received& received) {
  Line& line = lines_[received.line];
  std::vector<std::string> comments;
  if (!line.event.empty()) comments.push_back(std::exchange(line.event, {}));
  if (received.status & tap::lost) {
    const std::string why = std::exchange(line.loss, {});
    comments.push_back("Bytes were lost before this: " +
                       (why.empty() ? "the adapter or its driver could not keep up" : why));
  }
  if (held_up_ && held_up_->end - held_up_->begin >= worth_saying &&
      received.last > held_up_->begin && received.first <= held_up_->end)
    comments.push_back("Time known to within " + seconds_text(held_up_->end - held_up_->begin) +
                       " only: this computer was busy elsewhere");
  return comments;
}

void TapSession::finish() {
  read_all();
  for (Line& line : lines_) line.receiver.finish();
  write_received();
  for (const Line& line : lines_)
    if (!line.arrival && !replays_) remark(line, "Away since " + time_text(clock_.at(line.left)));
}

}  // namespace mep::extcap
