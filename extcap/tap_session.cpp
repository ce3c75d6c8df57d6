// SPDX-License-Identifier: GPL-2.0-or-later
#include "extcap/tap_session.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <utility>

#include "extcap/machine.h"
#include "extcap/problem.h"
#include "extcap/tap_number.h"

namespace mep::extcap {
namespace {

using system::EventSource;
using system::monotonic_now;

constexpr std::size_t read_size = 4096;  // what a terminal driver holds at most

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

WallTime TapSession::WallClock::at(Instant moment) {
  const Instant wall = std::chrono::system_clock::now().time_since_epoch();
  const Instant offset = wall - monotonic_now();
  if (std::chrono::abs(offset - offset_) > std::chrono::milliseconds(1)) offset_ = offset;
  return (moment + offset_).count();
}

TapSession::Line::Line(const TappedLine& tapped, const TapSettings& settings,
                       FrameSplitter::Sink sink)
    : direction(tapped.direction),
      port(line_name(tapped.direction), tapped.port, settings.baud_rate, settings.sharing),
      port_baud_rate(settings.baud_rate),
      receiver(settings.find_roles ? Direction::unknown : tapped.direction, settings.baud_rate,
               settings.frame_timeout, std::move(sink), settings.baud_rates) {}

TapSession::TapSession(const TapSettings& settings, system::StopRequest& stop)
    : Session(settings.capture_filter, stop),
      tap_(random_tap_number()),
      roles_(wiring(settings), settings.find_roles,
             [this](const LineEvent& event, Direction direction) { write(event, direction); }),
      watch_(watched(settings), {settings.find_roles, !settings.baud_rates.empty()},
             monotonic_now(), notice),
      finds_speed_(!settings.baud_rates.empty()),
      timer_(EventSource::on_time([this] { guarded([this] { time_out(); }); })) {
  for (const TappedLine& tapped : settings.lines) {
    const std::size_t number = lines_.size();
    lines_.emplace_back(tapped, settings, [this, number](const LineRecord& record) {
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
}

Section TapSession::section() const {
  return {hardware_name(), operating_system_name(), {}};
}

std::vector<RecordedLine> TapSession::lines() const {
  std::vector<RecordedLine> lines;
  for (const Line& line : lines_)
    lines.push_back(
        {line.port.path(), line_name(line.direction), line.direction, line.port_baud_rate, tap_});
  return lines;
}

WallTime TapSession::now() {
  return wall_clock_.at(monotonic_now());
}

void TapSession::start() {
  for (Line& line : lines_) {
    line.port.discard_backlog();
    sources_.emplace_back(
        EventSource::on_fd(line.port.fd(), static_cast<GIOCondition>(G_IO_IN | G_IO_HUP | G_IO_ERR),
                           [this] { guarded([this] { receive(); }); }));
  }
  timer_.wake_at(watch_.deadline());
}

void TapSession::receive() {
  // Both lines, whichever had something: what arrived together is written in order.
  for (std::size_t number = 0; number < lines_.size(); ++number) read_line(number);
  write_received();
  leave_lines_that_are_gone();
  follow_evidence();

  std::optional<Instant> next;
  const auto consider = [&next](std::optional<Instant> due) {
    if (due && (!next || *due < *next)) next = due;
  };
  for (const Line& line : lines_)
    if (!line.port.gone()) consider(line.receiver.deadline());
  consider(roles_.deadline());
  consider(watch_.deadline());
  timer_.wake_at(next);
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
  while (!line.port.gone() && line.port_baud_rate != line.receiver.baud_rate()) {
    try {
      line.port.set_speed(line.receiver.baud_rate());
      line.port_baud_rate = line.receiver.baud_rate();
    } catch (const Problem&) {
      if (!line.receiver.exclude(line.receiver.baud_rate())) throw;
      line.port_baud_rate = 0;
    }
  }
}

// A line whose port has been unplugged comes to its end; the capture does with the last one.
void TapSession::leave_lines_that_are_gone() {
  const auto is_gone = [](const Line& line) { return line.port.gone(); };
  const bool all = std::ranges::all_of(lines_, is_gone);
  for (std::size_t number = 0; number < lines_.size(); ++number) {
    Line& line = lines_[number];
    if (!line.port.gone() || !sources_[number]) continue;
    sources_[number].reset();
    watch_.leave(number);
    const std::string what =
        line.title() + ": the port has gone away in the middle of the capture; ";
    if (all)
      throw Problem(what +
                    "plug it in again and start a new capture (all that arrived before has been "
                    "written)");
    notice(what + "the other line goes on");
    line.receiver.finish();
    write_received();
  }
}

void TapSession::read_line(std::size_t number) {
  Line& line = lines_[number];
  std::array<std::uint8_t, read_size> buffer;
  while (true) {
    const std::size_t size = line.port.read(buffer);
    if (size == 0) return;
    const Instant now = monotonic_now();
    line.receiver.receive(Bytes(buffer).first(size), line.port.marks_errors(), line.port.trouble(),
                          now);
  }
}

void TapSession::time_out() {
  // First what has arrived already: a busy computer is not a silent line.
  for (std::size_t number = 0; number < lines_.size(); ++number) read_line(number);
  const Instant now = monotonic_now();
  for (Line& line : lines_) line.receiver.advance(now);
  write_received();
  roles_.advance(now);
  watch_.advance(now);
  receive();
}

void TapSession::write_received() {
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
  recorder().record({event.line, event.status, event.bits_per_second, wall_clock_.at(event.first),
                     event.last - event.first, event.bytes, direction});
}

std::vector<LineStatus> TapSession::status() const {
  std::vector<LineStatus> all;
  for (std::size_t number = 0; number < lines_.size(); ++number) {
    const Line& line = lines_[number];
    LineStatus& status = all.emplace_back(watch_.status(number, monotonic_now()));
    status.port = line.port.path();
    status.bits_per_second = line.port_baud_rate;
    status.speed_found = !finds_speed_ || line.receiver.baud_rate_found();
  }
  return all;
}

void TapSession::finish() {
  for (std::size_t number = 0; number < lines_.size(); ++number) read_line(number);
  for (Line& line : lines_) line.receiver.finish();
  write_received();
  roles_.finish();
}

}  // namespace mep::extcap
