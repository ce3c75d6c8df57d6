// What is said of lines on which something is wrong, in simulated time.
// SPDX-License-Identifier: GPL-2.0-or-later
#include "extcap/line_watch.h"

#include <algorithm>
#include <array>
#include <string>
#include <utility>
#include <vector>

#include "extcap/role_finder.h"
#include "protocol/message.h"
#include "protocol/tap.h"

// Last, since it defines fail() as a macro.
#include "tests/unit/cmocka.h"

namespace mep::extcap {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr auto from_client = Direction::client_to_meter;
constexpr auto from_meter = Direction::meter_to_client;

constexpr std::size_t client_line = 0;
constexpr std::size_t meter_line = 1;

std::vector<std::uint8_t> request() {
  constexpr std::array<std::uint8_t, 5> head = {0x30, 0, 0x17, 0, 44};
  std::vector<std::uint8_t> message(head.size() + sequence_size + digest_size, 0xA5);
  std::ranges::copy(head, message.begin());
  return frame(message);
}

std::vector<std::uint8_t> answer() {
  constexpr std::array<std::uint8_t, 7> head = {0, 0, 4, 1, 2, 3, 4};
  std::vector<std::uint8_t> message(head.size() + digest_size, 0x5A);
  std::ranges::copy(head, message.begin());
  return frame(message);
}

class Bench {
 public:
  explicit Bench(LineWatch::Settings settings = {},
                 const std::vector<LineWatch::Watched>& lines = {{"client line A", from_client},
                                                                 {"meter line B", from_meter}})
      : watch(lines, settings, start, [this](const std::string& text) { said.push_back(text); }),
        roles_(directions(lines), settings.finds_roles, [](const LineEvent&, Direction) {}) {}

  void hear(std::size_t line, Instant at, std::vector<std::uint8_t> bytes,
            std::uint8_t status = 0) {
    idle_until(start + at);
    const LineEvent event{
        line, status, 9600, start + at, start + at + milliseconds(20), std::move(bytes)};
    roles_.take(event);
    watch.take(event, roles_);
  }

  void exchange(Instant at, std::size_t client = client_line, std::size_t meter = meter_line) {
    hear(client, at, request());
    hear(meter, at + milliseconds(50), answer());
  }

  void idle(Instant at) { idle_until(start + at); }

  // What has been said since the last call.
  std::vector<std::string> words() { return std::exchange(said, {}); }

  static constexpr Instant start = seconds(1000);
  LineWatch watch;
  std::vector<std::string> said;

 private:
  static std::vector<Direction> directions(const std::vector<LineWatch::Watched>& lines) {
    std::vector<Direction> all;
    all.reserve(lines.size());
    for (const auto& line : lines) all.push_back(line.wired);
    return all;
  }

  void idle_until(Instant time) {
    while (watch.deadline() && *watch.deadline() <= time) watch.advance(*watch.deadline());
  }

  RoleFinder roles_;
};

void assert_says(const std::vector<std::string>& said,
                 const std::vector<std::vector<std::string>>& expected) {
  assert_int_equal(said.size(), expected.size());
  for (std::size_t i = 0; i < said.size(); ++i)
    for (const std::string& part : expected[i])
      if (said[i].find(part) == std::string::npos)
        fail_msg("%s: no %s", said[i].c_str(), part.c_str());
}

LineCondition condition(const Bench& bench, std::size_t line) {
  return bench.watch.status(line, Bench::start).condition;
}

void two_silent_lines_are_one_word(void**) {
  Bench bench;
  bench.idle(milliseconds(9999));
  assert_true(bench.words().empty());
  bench.idle(seconds(3600));
  assert_says(bench.words(), {{"client line A and meter line B: nothing has been heard for 10 s",
                               "enable line", "ground", "level converter", "RX, not TX", "pin"}});
  assert_true(condition(bench, client_line) == LineCondition::silent);
  bench.exchange(seconds(3600));
  assert_says(bench.words(), {{"client line A", "frames are heard now"},
                              {"meter line B", "frames are heard now"}});
  assert_true(condition(bench, client_line) == LineCondition::well);
}

void one_silent_line_is_told_apart(void**) {
  Bench bench;
  for (int i = 0; i < 60; ++i) bench.hear(client_line, seconds(i), request());
  assert_says(bench.words(), {{"meter line B: nothing", "while the other line is heard"}});
}

void all_is_well_without_a_word(void**) {
  Bench bench;
  for (int i = 0; i < 100; ++i) bench.exchange(seconds(5 * i));
  assert_true(bench.words().empty());
}

// Every minute, every quarter of an hour: they are not told of each time.
void clients_that_ask_rarely_are_known_after_once(void**) {
  for (const int period : {30, 60, 900}) {
    Bench bench;
    for (int i = 0; i < 50; ++i) bench.exchange(seconds(period * i));
    // The first pause is as long as any.
    assert_says(
        bench.words(),
        {{"nothing has been heard for 10 s", "after it had been"}, {"heard now"}, {"heard now"}});
    bench.idle(seconds(period * (49 + 5)));
    assert_says(bench.words(), {{"nothing has been heard for " + std::to_string(4 * period)}});
  }
}

void noise_alone_is_told_once(void**) {
  Bench bench({.finds_speed = false});
  for (int i = 0; i < 100; ++i)
    bench.hear(meter_line, milliseconds(200 * i), {1, 2, 3, 4}, tap::noise | tap::framing_error);
  const auto said = bench.words();
  assert_says(said, {{"meter line B: nothing but noise for 5 s", "--baud", "upside down", "ground"},
                     {"client line A: nothing has been heard", "while the other"}});
  assert_true(condition(bench, meter_line) == LineCondition::noisy);
  for (int i = 0; i < 5; ++i) bench.exchange(seconds(21 + i));
  assert_says(bench.words(),
              {{"client line A: frames are heard now"}, {"meter line B: frames are heard now"}});
  // And again, when it is so again.
  for (int i = 0; i < 100; ++i)
    bench.hear(meter_line, seconds(30) + milliseconds(200 * i), {1, 2, 3, 4}, tap::noise);
  assert_says({bench.words().back()}, {{"meter line B: nothing but noise for 10 s"}});
}

void noise_between_frames_is_no_state(void**) {
  Bench bench;
  for (int i = 0; i < 100; ++i) {
    bench.exchange(seconds(i));
    bench.hear(i % 2, seconds(i) + milliseconds(300), {0, 1, 2, 3, 4, 5, 6, 7}, tap::noise);
  }
  assert_true(bench.words().empty());
}

void noise_ends_a_silence(void**) {
  Bench bench;
  bench.idle(seconds(20));
  bench.words();
  bench.hear(client_line, seconds(20), {1, 2, 3}, tap::noise);
  assert_says(bench.words(), {{"client line A: something is heard now, but no frame yet"}});
}

void exchanged_lines_are_told_once(void**) {
  for (const bool finds : {false, true}) {
    Bench bench({.finds_roles = finds});
    for (int i = 0; i < 10; ++i) bench.exchange(seconds(i), meter_line, client_line);
    assert_says(bench.words(),
                {{"the two lines are exchanged: the client speaks on the meter line B, "
                  "the meter on the client line A",
                  finds ? "labelled as they go" : "--roles auto"}});
    // Somebody has put that right.
    for (int i = 10; i < 30; ++i) bench.exchange(seconds(i));
    const auto said = bench.words();
    assert_true(!said.empty() && said.size() <= 2);
    assert_says({said.back()}, {{"as it should"}});
  }
}

void one_line_that_is_the_others(void**) {
  Bench bench({.finds_roles = false}, {{"client line A", from_client}});
  for (int i = 0; i < 10; ++i) bench.hear(0, seconds(i), answer());
  assert_says(bench.words(), {{"client line A: it is the meter who speaks on it", "--roles auto"}});
}

void one_line_with_both(void**) {
  Bench bench({}, {{"client line A", from_client}});
  for (int i = 0; i < 10; ++i) bench.exchange(seconds(i), 0, 0);
  assert_says(bench.words(),
              {{"client line A: both directions are heard on it", "labelled by what it says"}});
  assert_true(bench.watch.status(0, Bench::start).role == LineRole::both);
}

void a_line_that_is_gone_is_not_silent(void**) {
  Bench bench;
  bench.exchange(seconds(1));
  bench.watch.leave(meter_line);
  for (int i = 2; i < 30; ++i) bench.hear(client_line, seconds(i), request());
  assert_true(bench.words().empty());
}

void it_counts(void**) {
  Bench bench;
  bench.hear(meter_line, seconds(1), answer());
  bench.hear(meter_line, seconds(2), {0, 0});
  bench.hear(meter_line, seconds(3), {0, 9, 0}, tap::truncated);
  bench.hear(meter_line, seconds(4), {1, 2, 3, 4}, tap::noise | tap::framing_error);
  const LineState status = bench.watch.status(meter_line, Bench::start + seconds(4));
  assert_int_equal(status.frames, 1);
  assert_int_equal(status.alerts, 1);
  assert_int_equal(status.cut_short, 1);
  assert_int_equal(status.noise, 1);
  assert_int_equal(status.damaged, 1);
  assert_int_equal(status.bytes, answer().size() + 2 + 3 + 4);
  assert_true(status.last_heard == Bench::start + seconds(4) + milliseconds(20));
  assert_true(status.bytes_per_second > 1 && status.bytes_per_second < 10);
  assert_true(bench.watch.status(meter_line, Bench::start + seconds(60)).bytes_per_second < 0.01);
}

}  // namespace
}  // namespace mep::extcap

int main() {
  using namespace mep::extcap;
  const CMUnitTest tests[] = {
      cmocka_unit_test(two_silent_lines_are_one_word),
      cmocka_unit_test(one_silent_line_is_told_apart),
      cmocka_unit_test(all_is_well_without_a_word),
      cmocka_unit_test(clients_that_ask_rarely_are_known_after_once),
      cmocka_unit_test(noise_alone_is_told_once),
      cmocka_unit_test(noise_between_frames_is_no_state),
      cmocka_unit_test(noise_ends_a_silence),
      cmocka_unit_test(exchanged_lines_are_told_once),
      cmocka_unit_test(one_line_that_is_the_others),
      cmocka_unit_test(one_line_with_both),
      cmocka_unit_test(a_line_that_is_gone_is_not_silent),
      cmocka_unit_test(it_counts),
  };
  return cmocka_run_group_tests(tests, nullptr, nullptr);
}
