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
      receiver(tapped.direction, settings.baud_rate, settings.frame_timeout, std::move(sink)) {}

TapSession::TapSession(const TapSettings& settings, system::StopRequest& stop)
    : Session(settings.capture_filter, {settings.buffer_size, true}, stop),
      baud_rate_(settings.baud_rate),
      tap_(random_tap_number()),
      timer_(EventSource::on_time([this] { guarded([this] { time_out(); }); })) {
  for (const TappedLine& tapped : settings.lines) {
    const std::size_t number = lines_.size();
    lines_.emplace_back(tapped, settings, [this, number](const LineRecord& record) {
      Line& line = lines_[number];
      if (line.held.notices(record))
        notice(line.port.name() + " " + line.port.path() +
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
    lines.push_back(
        {line.port.path(), line_name(line.direction), line.direction, baud_rate_, tap_});
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
}

void TapSession::receive() {
  // Both lines, whichever had something: what arrived together is written in order.
  for (std::size_t number = 0; number < lines_.size(); ++number) read_line(number);
  write_received();
  leave_lines_that_are_gone();

  std::optional<Instant> next;
  for (const Line& line : lines_)
    if (const auto due = line.receiver.deadline(); due && (!next || *due < *next)) next = due;
  timer_.wake_at(next);
}

// A line whose port has been unplugged comes to its end; the capture does with the last one.
void TapSession::leave_lines_that_are_gone() {
  const auto is_gone = [](const Line& line) { return line.port.gone(); };
  const bool all = std::ranges::all_of(lines_, is_gone);
  for (std::size_t number = 0; number < lines_.size(); ++number) {
    Line& line = lines_[number];
    if (!line.port.gone() || !sources_[number]) continue;
    sources_[number].reset();
    const std::string what = line.port.name() + " " + line.port.path() +
                             ": the port has gone away in the middle of the capture; ";
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
  receive();
}

void TapSession::write_received() {
  // In the order in which they ended: a response that was handed over together with its request
  // follows it, however long it is.
  std::ranges::stable_sort(received_, {}, &Received::last);
  const std::vector<Received> batch = std::exchange(received_, {});
  for (const Received& received : batch)
    recorder().record({received.line, received.status, baud_rate_, wall_clock_.at(received.first),
                       received.last - received.first, received.bytes});
}

void TapSession::finish() {
  for (std::size_t number = 0; number < lines_.size(); ++number) read_line(number);
  for (Line& line : lines_) line.receiver.finish();
  write_received();
}

}  // namespace mep::extcap
