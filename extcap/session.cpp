// SPDX-License-Identifier: GPL-2.0-or-later
#include "extcap/session.h"

#include <signal.h>

#include <algorithm>
#include <array>
#include <deque>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "extcap/capture_filter.h"
#include "extcap/event_sources.h"
#include "extcap/line_receiver.h"
#include "extcap/output.h"
#include "extcap/pcapng_writer.h"
#include "extcap/problem.h"
#include "extcap/serial_port.h"
#include "extcap/settings.h"
#include "protocol/tap.h"

namespace mep::extcap {
namespace {

constexpr Instant look_for_reader_again = std::chrono::milliseconds(20);
constexpr std::size_t read_size = 4096;  // what a terminal driver holds at most

// Turns monotonic moments into wall time. The two clocks are compared again and again, but small
// differences are left alone: records of one burst must not change places.
class WallClock {
 public:
  WallTime at(Instant moment) {
    const Instant wall = std::chrono::system_clock::now().time_since_epoch();
    const Instant offset = wall - monotonic_now();
    if (std::chrono::abs(offset - offset_) > std::chrono::milliseconds(1)) offset_ = offset;
    return (moment + offset_).count();
  }

 private:
  Instant offset_{0};
};

// A record that waits for those of the other line that arrived with it.
struct Received {
  std::size_t line;
  Instant first;
  Instant last;
  std::uint8_t status;
  std::vector<std::uint8_t> bytes;
};

struct Line {
  Line(const TappedLine& tapped, const CaptureSettings& settings, FrameSplitter::Sink sink)
      : direction(tapped.direction),
        port(line_name(tapped.direction), tapped.port, settings.baud_rate),
        receiver(tapped.direction, settings.baud_rate, settings.frame_timeout, std::move(sink)) {}

  Direction direction;
  SerialPort port;
  LineReceiver receiver;
  Statistics statistics{};
};

// Whether the capture has been asked to end, by a signal or by itself.
class StopRequest {
 public:
  StopRequest() {
    for (const int signal : {SIGINT, SIGTERM})
      sources_.push_back(EventSource::on_signal(signal, [this] { make(); }));
  }

  void make() { made_ = true; }
  bool made() const { return made_; }

 private:
  bool made_ = false;
  std::vector<EventSource> sources_;
};

class Session {
 public:
  Session(const CaptureSettings& settings, const Output& output, StopRequest& stop);

  // Between the two, the output has to be opened.
  void open_lines();
  void run();

 private:
  void start();
  void end();

  // Runs a step of the capture on behalf of GLib, which no exception may pass.
  template <typename Step>
  void guarded(Step step) noexcept;

  void receive();
  void read_line(std::size_t number);
  void time_out();
  void write_received();
  void write(const Received& received);

  const CaptureSettings& settings_;
  const Output& output_;
  StopRequest& stop_;
  std::optional<CaptureFilter> filter_;
  std::deque<Line> lines_;
  std::unique_ptr<PcapngWriter> writer_;
  WallClock wall_clock_;
  std::vector<Received> received_;
  std::vector<EventSource> sources_;
  EventSource timer_;
  std::exception_ptr failure_;
};

Session::Session(const CaptureSettings& settings, const Output& output, StopRequest& stop)
    : settings_(settings),
      output_(output),
      stop_(stop),
      timer_(EventSource::on_time([this] { guarded([this] { time_out(); }); })) {
  if (!settings.capture_filter.empty()) filter_.emplace(settings.capture_filter);
}

template <typename Step>
void Session::guarded(Step step) noexcept {
  try {
    step();
  } catch (...) {
    if (!failure_) failure_ = std::current_exception();
    stop_.make();
  }
}

void Session::run() {
  start();
  while (!stop_.made()) g_main_context_iteration(nullptr, TRUE);
  end();
}

void Session::open_lines() {
  for (const TappedLine& tapped : settings_.lines) {
    const std::size_t number = lines_.size();
    lines_.emplace_back(tapped, settings_, [this, number](const LineRecord& record) {
      received_.push_back({number,
                           record.first,
                           record.last,
                           record.status,
                           {record.bytes.begin(), record.bytes.end()}});
    });
  }
}

void Session::start() {
  std::vector<Interface> interfaces;
  for (const Line& line : lines_) {
    const bool from_client = line.direction == Direction::client_to_meter;
    interfaces.push_back({line.port.path(),
                          std::string(line_name(line.direction)) +
                              (from_client ? " (client to meter)" : " (meter to client)"),
                          settings_.capture_filter, settings_.baud_rate});
  }
  for (Line& line : lines_) {
    line.port.discard_backlog();
    line.statistics.start = wall_clock_.at(monotonic_now());
    sources_.push_back(EventSource::on_fd(line.port.fd(),
                                          static_cast<GIOCondition>(G_IO_IN | G_IO_HUP | G_IO_ERR),
                                          [this] { guarded([this] { receive(); }); }));
  }
  if (output_.has_reader())
    sources_.push_back(EventSource::on_fd(output_.fd(), G_IO_ERR, [this] { stop_.make(); }));
  try {
    writer_ = std::make_unique<PcapngWriter>(output_.fd(), output_.path(), std::move(interfaces));
  } catch (const ReaderGone&) {
    stop_.make();
  }
}

void Session::receive() {
  // Both lines, whichever had something: what arrived together is written in order.
  for (std::size_t number = 0; number < lines_.size(); ++number) read_line(number);
  write_received();
  for (const Line& line : lines_)
    if (line.port.gone())
      throw Problem(std::string(line.port.name()) + " " + line.port.path() +
                    ": the port has gone away in the middle of the capture; plug it in again and "
                    "start a new capture (all that arrived before has been written)");

  std::optional<Instant> next;
  for (const Line& line : lines_)
    if (const auto due = line.receiver.deadline(); due && (!next || *due < *next)) next = due;
  timer_.wake_at(next);
}

void Session::read_line(std::size_t number) {
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

void Session::time_out() {
  // First what has arrived already: a busy computer is not a silent line.
  for (std::size_t number = 0; number < lines_.size(); ++number) read_line(number);
  const Instant now = monotonic_now();
  for (Line& line : lines_) line.receiver.advance(now);
  receive();
}

void Session::write_received() {
  // In the order in which they ended: a response that was handed over together with its request
  // follows it, however long it is.
  std::ranges::stable_sort(received_, {}, &Received::last);
  const std::vector<Received> batch = std::exchange(received_, {});
  for (const Received& received : batch) write(received);
}

void Session::write(const Received& received) {
  Line& line = lines_[received.line];
  ++line.statistics.received;
  if (received.status & tap::lost) ++line.statistics.dropped;

  tap::Header header;
  header.direction = line.direction;
  header.status = received.status;
  header.baud_rate = settings_.baud_rate;
  header.duration_us = static_cast<std::uint32_t>(
      std::chrono::duration_cast<std::chrono::microseconds>(received.last - received.first)
          .count());
  const auto encoded = tap::encode(header);
  std::vector<std::uint8_t> bytes(encoded.begin(), encoded.end());
  bytes.insert(bytes.end(), received.bytes.begin(), received.bytes.end());

  if (filter_ && !filter_->accepts(bytes)) return;
  ++line.statistics.accepted;
  writer_->write({static_cast<std::uint32_t>(received.line), line.direction,
                  wall_clock_.at(received.first), bytes});
}

void Session::end() {
  guarded([this] {
    if (!writer_) return;
    for (std::size_t number = 0; number < lines_.size(); ++number) read_line(number);
    for (Line& line : lines_) line.receiver.finish();
    write_received();
  });
  guarded([this] {
    if (!writer_) return;
    std::vector<Statistics> statistics;
    for (Line& line : lines_) {
      line.statistics.end = wall_clock_.at(monotonic_now());
      statistics.push_back(line.statistics);
    }
    writer_->close(statistics);
  });
  if (!failure_) return;
  try {
    std::rethrow_exception(failure_);
  } catch (const ReaderGone&) {
    return;
  }
}

// Lets some time pass. Returns whether the capture goes on.
bool wait_a_moment(const StopRequest& stop) {
  bool waited = false;
  EventSource pause = EventSource::on_time([&waited] { waited = true; });
  pause.wake_at(monotonic_now() + look_for_reader_again);
  while (!waited && !stop.made()) g_main_context_iteration(nullptr, TRUE);
  return !stop.made();
}

void capture_to(Output& output, const Options& options) {
  StopRequest stop;
  const auto wait = [&stop] { return wait_a_moment(stop); };
  // A FIFO first, whatever may be wrong with the rest: until it has been opened, its reader waits,
  // and Wireshark with it. A file last: there may be an old capture in it.
  const bool fifo = output.is_fifo();
  if (fifo && !output.open(wait)) return;
  const CaptureSettings settings = settings_from(options);
  Session session(settings, output, stop);
  session.open_lines();
  if (!fifo) output.open(wait);
  session.run();
}

}  // namespace

bool capture(const Options& options, const std::function<void(const std::string&)>& complain) {
  // A reader that goes away is an error of write(2) then, not the end of the process.
  signal(SIGPIPE, SIG_IGN);
  Output output(options.fifo.value_or(""));
  try {
    capture_to(output, options);
  } catch (const Problem& problem) {
    complain(problem.what());
    return false;
  }
  return true;
}

}  // namespace mep::extcap
