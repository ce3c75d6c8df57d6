// A long capture in simulated time: a million frames and more over both lines of a tap, handed over
// in chunks of random sizes, with alerts, noise between frames, and times in which nobody looked.
// Counts what of it comes out, and how much memory that takes.
//
//     long_run [FRAMES [SECONDS BETWEEN EXCHANGES]]
//
// SPDX-License-Identifier: GPL-2.0-or-later
#include <fcntl.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <fstream>
#include <random>
#include <string>
#include <vector>

#include "extcap/backlog.h"
#include "extcap/line_receiver.h"
#include "extcap/recorder.h"
#include "system/file_descriptor.h"

namespace mep::extcap {
namespace {

using Buffer = std::vector<std::uint8_t>;
using std::chrono::milliseconds;

constexpr unsigned baud = 9600;
constexpr Instant byte_time = std::chrono::nanoseconds(1041667);

long resident_kib() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);)
    if (line.starts_with("VmRSS:")) return std::atol(line.c_str() + 6);
  return 0;
}

// What a driver holds of a line until it is read.
struct Sent {
  std::uint8_t byte;
  Instant at;
};

class LongRun {
 public:
  LongRun(std::size_t frames, double pause)
      : frames_(frames), pause_(Instant(static_cast<Instant::rep>(pause * 1e9))) {
    recorder_.begin(null_.get(), "/dev/null", {},
                    {{"client", "client line", Direction::client_to_meter, baud, 1},
                     {"meter", "meter line", Direction::meter_to_client, baud, 1}},
                    0);
  }

  int run() {
    std::vector<long> kib;
    while (sent_ < frames_) {
      exchange();
      if (sent_ > frames_ * (1 + kib.size()) / 5) kib.push_back(resident_kib());
    }
    for (Line& line : lines_) line.receiver.finish();
    recorder_.end(now_.count());
    int unfound = 0;
    for (const Line& line : lines_) unfound += static_cast<int>(line.expected.size());
    const double hours = std::chrono::duration<double>(now_).count() / 3600;
    std::printf(
        "%zu frames in %.1f simulated hours, %zu alerts, %zu stretches of noise, %zu times "
        "held up\n",
        sent_, hours, alerts_, noises_, held_up_);
    std::printf(
        "lost %zu (%zu of them beside noise), whole records that nobody sent %zu, "
        "order wrong %zu, times backwards %zu\n",
        lost_ + static_cast<std::size_t>(unfound), lost_beside_noise_, invented_, disorder_,
        backwards_);
    std::printf("memory, after each fifth:");
    for (const long each : kib) std::printf(" %ld KiB", each);
    std::printf("\n");
    return 0;
  }

 private:
  struct Expected {
    Buffer bytes;
    std::size_t number;
    bool beside_noise;
  };

  struct Line {
    Line(Direction direction, LongRun& run, std::size_t number)
        : receiver(direction, baud, milliseconds(200),
                   [&run, number](const LineRecord& record) { run.take(number, record); }) {}
    LineReceiver receiver;
    std::deque<Sent> waiting;
    std::deque<Expected> expected;
  };

  std::size_t below(std::size_t limit) { return engine_() % limit; }
  std::uint8_t byte() { return static_cast<std::uint8_t>(engine_()); }

  Buffer framed(Buffer message) {
    Buffer frame = {static_cast<std::uint8_t>(message.size() >> 8),
                    static_cast<std::uint8_t>(message.size())};
    frame.insert(frame.end(), message.begin(), message.end());
    return frame;
  }

  Buffer request(std::size_t count) {
    Buffer message = {
        0x3F, 0, static_cast<std::uint8_t>(below(0x50)), 0,
        0,    0, static_cast<std::uint8_t>(count >> 8),  static_cast<std::uint8_t>(count)};
    for (int i = 0; i < 12; ++i) message.push_back(byte());
    return framed(message);
  }

  Buffer answer(std::size_t count) {
    Buffer message = {0, static_cast<std::uint8_t>(count >> 8), static_cast<std::uint8_t>(count)};
    for (std::size_t i = 0; i < count + 8; ++i) message.push_back(byte());
    return framed(message);
  }

  // The line's bytes, at its speed, from now on.
  void send(std::size_t line, const Buffer& bytes) {
    for (const std::uint8_t each : bytes) {
      now_ += byte_time;
      lines_[line].waiting.push_back({each, now_});
      // An adapter hands over every few milliseconds, or when it has a packet full.
      if (looks_ && below(16) == 0) look();
    }
  }

  void send_frame(std::size_t line, const Buffer& frame, bool beside_noise) {
    lines_[line].expected.push_back({frame, sent_++, beside_noise});
    send(line, frame);
  }

  void pass(Instant time) {
    const Instant end = now_ + time;
    while (looks_ && now_ < end) {
      now_ = std::min(end, now_ + milliseconds(5));
      look();
    }
    now_ = end;
  }

  // As a session does.
  void look() {
    const Instant begin = looked_at_;
    looked_at_ = now_;
    std::size_t waiting = 0;
    for (Line& line : lines_) {
      Buffer raw;
      for (const Sent& sent : line.waiting) {
        raw.push_back(sent.byte);
        if (sent.byte == 0xFF) raw.push_back(0xFF);
      }
      line.waiting.clear();
      line.receiver.hear(raw, true, {});
      waiting += raw.empty() ? 0 : 1;
    }
    const bool held_up = now_ - begin > milliseconds(70);
    if (waiting == 0 || (waiting < 2 && !held_up)) {
      for (Line& line : lines_) line.receiver.date_back(now_);
    } else {
      const std::array backlog = {lines_[0].receiver.backlog(), lines_[1].receiver.backlog()};
      const auto arrivals = arrivals_in_backlog(backlog, {begin, now_, !held_up}, awaited_);
      for (std::size_t line = 0; line < 2; ++line) lines_[line].receiver.date(arrivals[line]);
    }
    for (Line& line : lines_) line.receiver.advance(now_);
    std::ranges::stable_sort(batch_, {}, &Taken::last);
    for (const Taken& taken : std::exchange(batch_, {})) judge(taken);
  }

  void exchange() {
    const bool noise = below(500) == 0;
    if (noise) {
      ++noises_;
      Buffer bytes(1 + below(30));
      for (std::uint8_t& each : bytes) each = byte();
      send(below(2), bytes);
      pass(milliseconds(30 + below(100)));
    }
    if (below(50) == 0) {
      ++alerts_;
      send(1, {0, 0});
      pass(milliseconds(40));
    }
    const bool held_up = below(200) == 0;
    if (held_up) {
      ++held_up_;
      looks_ = false;
    }
    const std::size_t count = 1 + below(below(3) == 0 ? 400 : 60);
    const int pairs = held_up ? 3 : 1;
    for (int pair = 0; pair < pairs; ++pair) {
      send_frame(0, request(count), noise);
      pass(milliseconds(20 + below(20)));
      send_frame(1, answer(count), noise);
      pass(pair + 1 < pairs ? milliseconds(60) : Instant(0));
    }
    looks_ = true;
    pass(pause_);
  }

  struct Taken {
    std::size_t line;
    Instant first;
    Instant last;
    std::uint8_t status;
    Buffer bytes;
  };

  void take(std::size_t line, const LineRecord& record) {
    batch_.push_back({line,
                      record.first,
                      record.last,
                      record.status,
                      {record.bytes.begin(), record.bytes.end()}});
  }

  void judge(const Taken& taken) {
    recorder_.record({taken.line, taken.status, baud, taken.first.count(), taken.last - taken.first,
                      taken.bytes});
    if (taken.status != 0) return;
    if (taken.bytes.size() == 2) return;  // an alert
    awaited_ = taken.line == 0 ? Direction::meter_to_client : Direction::client_to_meter;
    std::deque<Expected>& expected = lines_[taken.line].expected;
    const auto found = std::ranges::find(expected, taken.bytes, &Expected::bytes);
    if (found == expected.end()) {
      ++invented_;
      return;
    }
    for (auto each = expected.begin(); each != found; ++each) {
      ++lost_;
      lost_beside_noise_ += each->beside_noise ? 1 : 0;
    }
    disorder_ += found->number < last_number_ ? 1 : 0;
    last_number_ = found->number;
    expected.erase(expected.begin(), found + 1);
    backwards_ += taken.last < last_time_ ? 1 : 0;
    last_time_ = taken.last;
  }

  const std::size_t frames_;
  const Instant pause_;
  const system::FileDescriptor null_{open("/dev/null", O_WRONLY | O_CLOEXEC)};
  Recorder recorder_{"", {.may_drop = false}};
  std::array<Line, 2> lines_ = {Line(Direction::client_to_meter, *this, 0),
                                Line(Direction::meter_to_client, *this, 1)};
  std::mt19937 engine_{1};
  Instant now_ = milliseconds(1);
  Instant looked_at_{0};
  bool looks_ = true;
  std::optional<Direction> awaited_;
  std::vector<Taken> batch_;
  std::size_t sent_ = 0;
  std::size_t alerts_ = 0;
  std::size_t noises_ = 0;
  std::size_t held_up_ = 0;
  std::size_t lost_ = 0;
  std::size_t lost_beside_noise_ = 0;
  std::size_t invented_ = 0;
  std::size_t disorder_ = 0;
  std::size_t last_number_ = 0;
  std::size_t backwards_ = 0;
  Instant last_time_{0};
};

}  // namespace
}  // namespace mep::extcap

int main(int argc, char** argv) {
  const std::size_t frames = argc > 1 ? std::strtoul(argv[1], nullptr, 10) : 1000000;
  const double pause = argc > 2 ? std::strtod(argv[2], nullptr) : 0.1;
  return mep::extcap::LongRun(frames, pause).run();
}
