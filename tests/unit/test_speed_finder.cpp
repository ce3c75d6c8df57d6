// A line's speed from what a UART reads of it, at every pair of speeds.
// SPDX-License-Identifier: GPL-2.0-or-later
#include "extcap/speed_finder.h"

#include <array>
#include <cstdio>
#include <random>
#include <string>
#include <vector>

#include "protocol/frame.h"
#include "tests/unit/uart.h"

// Last, since it defines fail() as a macro.
#include "tests/unit/cmocka.h"

namespace mep::extcap {
namespace {

constexpr std::array speeds = {300U,   600U,   1200U,  2400U,  4800U,  9600U,
                               14400U, 19200U, 28800U, 38400U, 57600U, 115200U};

using Message = std::vector<std::uint8_t>;

Message random_bytes(std::mt19937& random, std::size_t size) {
  Message bytes(size);
  for (auto& byte : bytes) byte = static_cast<std::uint8_t>(random());
  return bytes;
}

enum class Kind { request, answer, encrypted, any };

Message a_frame(std::mt19937& random, Kind kind) {
  if (kind == Kind::any) kind = static_cast<Kind>(random() % 2);
  Message message;
  switch (kind) {
    case Kind::request: {
      message = {0x3F, 0, 0x17, 0, 0, 0, 0, 44};
      const Message trailer = random_bytes(random, sequence_size + digest_size);
      message.insert(message.end(), trailer.begin(), trailer.end());
      break;
    }
    case Kind::answer: {
      const std::size_t count = 1 + random() % 100;
      message = {0, 0, static_cast<std::uint8_t>(count)};
      const Message data = random_bytes(random, count + digest_size);
      message.insert(message.end(), data.begin(), data.end());
      break;
    }
    default:
      message = random_bytes(random, 13 + random() % 80);
  }
  return frame(message);
}

// A port on a line, at the speed that the finder asks for.
class Bench {
 public:
  Bench(unsigned first, bool marks, AfterError after_error, unsigned seed)
      : finder(speeds, first),
        splitter(
            Direction::unknown, std::chrono::milliseconds(200),
            [this](const LineRecord& record) {
              if (record.status == 0 && record.bytes.size() > 10) ++whole;
              finder.take(record);
            },
            first),
        random(seed),
        marks_(marks),
        after_error_(after_error) {}

  // Sends bytes that begin a while after those before them.
  void send(Bytes bytes, unsigned speed, double pause = 0.3) {
    time_ += pause;
    idle_until(time_);
    const double end = time_ + static_cast<double>(bytes.size()) * bits_per_byte / speed;
    while (!bytes.empty()) bytes = bytes.subspan(listen(bytes, speed));
    time_ = end;
  }

  // Bytes as the receiver sees them.
  void hear(const std::vector<UartByte>& bytes) {
    for (const UartByte& byte : bytes) {
      time_ = std::max(time_, byte.at);
      take(byte);
    }
  }

  void idle_until(double time) {
    while (true) {
      auto due = splitter.deadline();
      if (const auto other = finder.deadline(); other && (!due || *other < *due)) due = other;
      if (!due || *due > moment(time)) return;
      const unsigned before = finder.speed();
      splitter.advance(*due);
      finder.advance(*due);
      if (finder.speed() != before) follow();
    }
  }

  // Frames until the finder has found that speed and stays; 0 if it does not.
  unsigned frames_until_found(unsigned speed, Kind kind, double pause = 0.3) {
    constexpr unsigned enough = 30;
    for (unsigned frames = 1; frames <= enough; ++frames) {
      send(a_frame(random, kind), speed, pause);
      idle_until(time_ + pause / 2);
      if (finder.found() && finder.speed() == speed) return frames;
    }
    return 0;
  }

  SpeedFinder finder;
  FrameSplitter splitter;
  std::mt19937 random;
  unsigned whole = 0;
  double time() const { return time_; }

 private:
  static constexpr int bits_per_byte = 10;

  static Instant moment(double seconds) {
    return Instant(static_cast<std::int64_t>(seconds * 1e9));
  }

  // Until the port's speed changes, in the middle of some byte. Returns how many have gone by.
  std::size_t listen(Bytes bytes, unsigned speed) {
    const unsigned mine = finder.speed();
    for (const UartByte& byte : read_at(bytes, time_, speed, mine, after_error_)) {
      take(byte);
      if (finder.speed() == mine) continue;
      const auto gone = static_cast<std::size_t>((byte.at - time_) * speed / bits_per_byte) + 1;
      time_ += static_cast<double>(gone) * bits_per_byte / speed;
      return std::min(gone, bytes.size());
    }
    return bytes.size();
  }

  void take(const UartByte& byte) {
    const Instant at = moment(byte.at);
    const std::uint8_t trouble = marks_ ? byte.trouble : std::uint8_t{0};
    const unsigned before = finder.speed();
    splitter.advance(at);
    finder.push(byte.value, at, trouble);
    splitter.push(byte.value, at, trouble);
    if (finder.speed() != before) follow();
  }

  void follow() {
    splitter.finish();
    splitter.set_speed(finder.speed());
  }

  double time_ = 1;
  bool marks_;
  AfterError after_error_;
};

struct Figures {
  unsigned worst = 0;
  unsigned total = 0;
  unsigned count = 0;
  unsigned never = 0;
};

// From every speed to every other one.
Figures every_pair(bool marks, AfterError after_error, Kind kind, bool print) {
  Figures figures;
  for (const unsigned from : speeds) {
    std::string row;
    for (const unsigned to : speeds) {
      unsigned sum = 0;
      constexpr unsigned runs = 10;
      for (unsigned seed = 0; seed < runs; ++seed) {
        Bench bench(from, marks, after_error, seed + 1);
        const unsigned frames = bench.frames_until_found(to, kind);
        if (frames == 0) ++figures.never;
        figures.worst = std::max(figures.worst, frames);
        figures.total += frames;
        ++figures.count;
        sum += frames;
      }
      char cell[16];
      std::snprintf(cell, sizeof cell, " %5.1f", static_cast<double>(sum) / runs);
      row += cell;
    }
    if (print) std::printf("%6u:%s\n", from, row.c_str());
  }
  std::printf("%s, %s: %.1f frames on average, %u at most, %u never\n",
              marks ? "with marks" : "without marks",
              kind == Kind::encrypted ? "encrypted" : "clear",
              static_cast<double>(figures.total) / figures.count, figures.worst, figures.never);
  return figures;
}

void every_pair_is_found(void**) {
  for (const AfterError after_error : {AfterError::next_start_bit, AfterError::wait_for_high}) {
    const Figures figures = every_pair(true, after_error, Kind::any, true);
    assert_int_equal(figures.never, 0);
    assert_true(figures.total <= 3.5 * figures.count);
  }
}

void every_pair_is_found_without_marks(void**) {
  const Figures figures = every_pair(false, AfterError::next_start_bit, Kind::any, true);
  assert_int_equal(figures.never, 0);
  assert_true(figures.total <= 4.5 * figures.count);
}

void every_pair_is_found_when_encrypted(void**) {
  const Figures figures = every_pair(true, AfterError::next_start_bit, Kind::encrypted, true);
  assert_int_equal(figures.never, 0);
  assert_true(figures.total <= 3.5 * figures.count);
}

// Where captures begin, and where nearly all meters are.
void the_usual_speed_is_found_at_once(void**) {
  for (const Kind kind : {Kind::request, Kind::answer, Kind::encrypted}) {
    Bench bench(9600, true, AfterError::next_start_bit, 1);
    assert_int_equal(bench.frames_until_found(9600, kind), 1);
  }
}

// ET13 tells another speed, and both sides go on with that (page 20).
void a_change_is_followed(void**) {
  unsigned worst = 0;
  unsigned total = 0;
  unsigned count = 0;
  for (const unsigned from : speeds) {
    for (const unsigned to : speeds) {
      if (from == to) continue;
      Bench bench(from, true, AfterError::next_start_bit, from + to);
      assert_int_equal(bench.frames_until_found(from, Kind::any), 1);
      for (int i = 0; i < 5; ++i) bench.send(a_frame(bench.random, Kind::any), from);
      const unsigned frames = bench.frames_until_found(to, Kind::any, 1.0);
      assert_true(frames > 0);
      worst = std::max(worst, frames);
      total += frames;
      ++count;
    }
  }
  std::printf("a change: %.1f frames on average, %u at most\n", static_cast<double>(total) / count,
              worst);
}

// What the other line has turned out to have is tried first.
void the_other_line_helps(void**) {
  for (const unsigned from : speeds) {
    for (const unsigned to : speeds) {
      Bench bench(from, true, AfterError::next_start_bit, from + to);
      bench.send(a_frame(bench.random, Kind::any), from);
      bench.send(a_frame(bench.random, Kind::any), from);
      bench.finder.hint(to);
      // This line may not have changed yet.
      assert_int_equal(bench.finder.speed(), from);
      const unsigned frames = bench.frames_until_found(to, Kind::request);
      // From the lowest speeds the pulses of the highest are hardly heard at all.
      if (from > 1200 || to < 9600) assert_in_range(frames, 1, 3);
    }
  }
}

// A line of which nothing is known yet takes the other's.
void a_line_without_frames_takes_the_other_lines_speed(void**) {
  Bench bench(9600, true, AfterError::next_start_bit, 1);
  bench.finder.hint(2400);
  assert_int_equal(bench.finder.speed(), 2400);
  assert_false(bench.finder.found());
  bench.finder.hint(31250);  // no port's
  assert_int_equal(bench.finder.speed(), 2400);
}

// A plug, a spark, a loose wire: what has proved itself is not left for one burst of anything.
void noise_between_frames_changes_nothing(void**) {
  for (unsigned seed = 1; seed <= 200; ++seed) {
    Bench bench(9600, true, AfterError::next_start_bit, seed);
    bench.send(a_frame(bench.random, Kind::any), 9600);
    for (int i = 0; i < 10; ++i) {
      std::vector<UartByte> noise;
      const unsigned size = 1 + bench.random() % 30;
      for (unsigned n = 0; n < size; ++n) {
        const auto value = static_cast<std::uint8_t>(bench.random() % 2 ? bench.random() : 0);
        const bool error = bench.random() % 2 == 0;
        const auto trouble = value == 0 ? tap::break_seen : tap::framing_error;
        noise.push_back({value, error ? static_cast<std::uint8_t>(trouble) : std::uint8_t{0},
                         bench.time() + 0.2 + n * 0.00105});
      }
      bench.hear(noise);
      bench.idle_until(bench.time() + 0.3);
      assert_int_equal(bench.finder.speed(), 9600);
      bench.send(a_frame(bench.random, Kind::any), 9600);
      bench.idle_until(bench.time() + 0.1);
      assert_true(bench.finder.found());
    }
  }
}

void alerts_alone_change_nothing(void**) {
  for (const bool marks : {false, true}) {
    Bench bench(9600, marks, AfterError::next_start_bit, 1);
    for (int i = 0; i < 20; ++i) bench.send(std::array<std::uint8_t, 2>{}, 9600, 1.0);
    assert_int_equal(bench.finder.speed(), 9600);
  }
}

// A capture that begins in the middle of a frame.
void half_a_frame_at_first_changes_nothing(void**) {
  for (unsigned seed = 1; seed <= 100; ++seed) {
    Bench bench(9600, true, AfterError::next_start_bit, seed);
    const Message whole = a_frame(bench.random, Kind::any);
    bench.send(Bytes(whole).subspan(1 + bench.random() % (whole.size() - 1)), 9600);
    bench.idle_until(bench.time() + 0.2);
    assert_int_equal(bench.finder.speed(), 9600);
  }
}

// Not every adapter does every speed.
void a_speed_that_the_port_refuses_is_not_tried_again(void**) {
  Bench bench(9600, true, AfterError::next_start_bit, 1);
  bench.finder.hint(115200);
  assert_int_equal(bench.finder.speed(), 115200);
  assert_true(bench.finder.exclude(115200));
  assert_int_equal(bench.finder.speed(), 9600);
  assert_false(bench.finder.exclude(9600));
  bench.finder.hint(115200);
  assert_int_equal(bench.finder.speed(), 9600);
  for (int i = 0; i < 30; ++i) {
    bench.send(a_frame(bench.random, Kind::any), 115200);
    assert_int_not_equal(bench.finder.speed(), 115200);
  }
  assert_true(bench.frames_until_found(9600, Kind::any) > 0);
}

void a_speed_that_was_given_is_never_left(void**) {
  constexpr std::array only = {9600U};
  SpeedFinder finder(only, 9600);
  for (int i = 0; i < 1000; ++i)
    finder.push(static_cast<std::uint8_t>(i), std::chrono::milliseconds(i), tap::framing_error);
  assert_int_equal(finder.speed(), 9600);
  assert_false(finder.deadline().has_value());
}

}  // namespace
}  // namespace mep::extcap

int main() {
  using namespace mep::extcap;
  const CMUnitTest tests[] = {
      cmocka_unit_test(every_pair_is_found),
      cmocka_unit_test(every_pair_is_found_without_marks),
      cmocka_unit_test(every_pair_is_found_when_encrypted),
      cmocka_unit_test(the_usual_speed_is_found_at_once),
      cmocka_unit_test(a_change_is_followed),
      cmocka_unit_test(the_other_line_helps),
      cmocka_unit_test(a_line_without_frames_takes_the_other_lines_speed),
      cmocka_unit_test(noise_between_frames_changes_nothing),
      cmocka_unit_test(alerts_alone_change_nothing),
      cmocka_unit_test(half_a_frame_at_first_changes_nothing),
      cmocka_unit_test(a_speed_that_the_port_refuses_is_not_tried_again),
      cmocka_unit_test(a_speed_that_was_given_is_never_left),
  };
  return cmocka_run_group_tests(tests, nullptr, nullptr);
}
