// SPDX-License-Identifier: GPL-2.0-or-later
#include "extcap/tap_session.h"

#include <algorithm>
#include <array>
#include <iomanip>
#include <optional>
#include <sstream>
#include <string>
#include <utility>

#include "extcap/machine.h"
#include "extcap/problem.h"
#include "extcap/serial_port.h"
#include "extcap/tap_number.h"

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

}  // namespace

WallTime TapSession::WallClock::at(Instant moment) {
  const Instant wall = std::chrono::system_clock::now().time_since_epoch();
  const Instant offset = wall - monotonic_now();
  if (std::chrono::abs(offset - offset_) > std::chrono::milliseconds(1)) offset_ = offset;
  return (moment + offset_).count();
}

TapSession::Line::Line(const TappedLine& tapped, const TapSettings& settings,
                       FrameSplitter::Sink sink)
    : direction(tapped.direction),
      source(std::make_unique<SerialPort>(line_name(tapped.direction), tapped.port,
                                          settings.baud_rate, settings.sharing)),
      receiver(tapped.direction, settings.baud_rate, settings.frame_timeout, std::move(sink)) {}

TapSession::TapSession(const TapSettings& settings, system::StopRequest& stop)
    : Session(settings.capture_filter, {settings.buffer_size, true}, stop),
      settings_(settings),
      tap_(random_tap_number()),
      timer_(EventSource::on_time([this] { guarded([this] { look(); }); })),
      heartbeat_(EventSource::on_time([this] { guarded([this] { look(); }); })) {
  for (const TappedLine& tapped : settings.lines) {
    const std::size_t number = lines_.size();
    lines_.emplace_back(tapped, settings, [this, number](const LineRecord& record) {
      Line& line = lines_[number];
      if (line.held.notices(record))
        notice(line.source->name() + " " + line.source->path() +
               ": the line holds at zero: is the level converter missing, or is the wire at "
               "ground?");
      received_.push_back({number,
                           record.first,
                           record.last,
                           record.status,
                           {record.bytes.begin(), record.bytes.end()}});
    });
  }
}

Section TapSession::section() const {
  return {hardware_name(), operating_system_name(), {}};
}

std::vector<RecordedLine> TapSession::lines() const {
  std::vector<RecordedLine> lines;
  for (const Line& line : lines_)
    lines.push_back({line.source->path(), line_name(line.direction), line.direction,
                     settings_.baud_rate, tap_});
  return lines;
}

WallTime TapSession::now() {
  return wall_clock_.at(monotonic_now());
}

void TapSession::start() {
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
  if (!held_up && std::ranges::count_if(lines_, waits) < 2) {
    for (Line& line : lines_) line.receiver.date_back(now);
    return;
  }
  const BacklogTime time = {begin, now, !held_up};
  if (held_up) held_up_ = time;
  std::vector<BacklogLine> backlog;
  for (const Line& line : lines_) backlog.push_back(line.receiver.backlog());
  const auto arrivals = arrivals_in_backlog(backlog, time, awaited_);
  for (std::size_t number = 0; number < lines_.size(); ++number)
    lines_[number].receiver.date(arrivals[number]);
}

// A line whose port has been unplugged comes to its end; the capture does with the last one.
void TapSession::leave_lines_that_are_gone() {
  const bool all =
      std::ranges::all_of(lines_, [](const Line& line) { return line.source->gone(); });
  for (Line& line : lines_) {
    if (!line.source->gone() || !line.arrival) continue;
    line.arrival.reset();
    const std::string what = line.source->name() + " " + line.source->path() + ": " +
                             line.source->what_happened() + " in the middle of the capture; ";
    if (all)
      throw Problem(what + line.source->remedy() +
                    " and start a new capture (all that arrived before has been written)");
    notice(what + "the other line goes on");
    line.receiver.finish();
    write_received();
  }
}

void TapSession::write_received() {
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
                       wall_clock_.at(received.first), received.last - received.first,
                       received.bytes, comment_on(received)});
  }
}

std::string TapSession::comment_on(const Received& received) const {
  if (!held_up_ || received.last <= held_up_->begin || received.first > held_up_->end) return {};
  std::ostringstream text;
  text << "Time known to within " << std::fixed << std::setprecision(3)
       << std::chrono::duration<double>(held_up_->end - held_up_->begin).count()
       << " s only: this computer was busy elsewhere";
  return text.str();
}

void TapSession::finish() {
  read_all();
  for (Line& line : lines_) line.receiver.finish();
  write_received();
}

}  // namespace mep::extcap
