// Who speaks on which line: single conversations of every kind, and thousands of random ones.
// SPDX-License-Identifier: GPL-2.0-or-later
#include "extcap/role_finder.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <random>
#include <vector>

#include "protocol/bytes.h"
#include "protocol/message.h"
#include "protocol/tap.h"

// Last, since it defines fail() as a macro.
#include "tests/unit/cmocka.h"

namespace mep::extcap {
namespace {

using std::chrono::milliseconds;

constexpr auto from_client = Direction::client_to_meter;
constexpr auto from_meter = Direction::meter_to_client;

using Message = std::vector<std::uint8_t>;

enum class Cover { clear, encrypted };

// A client and a meter that say what the guide lets them say; what RC4 makes of it is random.
class Talk {
 public:
  Talk(unsigned seed, Cover cover) : random_(seed), cover_(cover), sequence_(random_()) {}

  unsigned below(unsigned limit) { return random_() % limit; }
  bool perhaps(double chance) { return static_cast<double>(random_()) < chance * 4294967296.0; }

  Message bytes(std::size_t size) {
    Message some(size);
    for (auto& byte : some) byte = static_cast<std::uint8_t>(random_());
    return some;
  }

  // Sets what its answer has to be.
  Message request() {
    Message message;
    const auto table = static_cast<std::uint16_t>(
        std::array{0x00, 0x01, 0x17, 0x1C, 0x34, 0x83D, 0x80D, 0x805}[below(8)]);
    const auto count =
        static_cast<std::uint16_t>(std::array{4U, 44U, 512U, 1 + below(400)}[below(4)]);
    const unsigned kind = below(10);
    answer_size_ = kind < 8 ? std::min<std::size_t>(count, 1 + below(400)) : 0;
    if (kind < 4)
      message = {0x30, high(table), low(table), high(count), low(count)};
    else if (kind < 8)
      message = {0x3F,        high(table), low(table), 0, 0, static_cast<std::uint8_t>(below(200)),
                 high(count), low(count)};
    else {
      const Message data = bytes(1 + below(60));
      message = {0x40, high(table), low(table), 0, static_cast<std::uint8_t>(data.size())};
      append(message, data);
    }
    std::array<std::uint8_t, sequence_size> sequence;
    write_be(sequence, 0, sequence_size, ++sequence_);
    message.insert(message.end(), sequence.begin(), sequence.end());
    return sealed(message);
  }

  Message answer() {
    if (perhaps(0.05)) return sealed({static_cast<std::uint8_t>(1 + below(5))});
    if (answer_size_ == 0) return sealed({0});
    Message message = {0, high(answer_size_), low(answer_size_)};
    append(message, bytes(answer_size_));
    return sealed(message);
  }

 private:
  static std::uint8_t high(std::size_t value) { return static_cast<std::uint8_t>(value >> 8); }
  static std::uint8_t low(std::size_t value) { return static_cast<std::uint8_t>(value); }
  static void append(Message& to, const Message& more) {
    to.insert(to.end(), more.begin(), more.end());
  }
  Message sealed(Message message) {
    if (cover_ == Cover::encrypted) message = bytes(message.size());
    append(message, bytes(digest_size));
    return frame(message);
  }

  std::mt19937 random_;
  Cover cover_;
  std::uint32_t sequence_;
  std::size_t answer_size_ = 0;
};

// Where each side is heard.
struct Wiring {
  std::vector<Direction> wired;        // as the options say
  std::vector<std::size_t> client_on;  // lines
  std::vector<std::size_t> meter_on;
};

const Wiring as_wired = {{from_client, from_meter}, {0}, {1}};
const Wiring crossed = {{from_client, from_meter}, {1}, {0}};
const Wiring client_alone = {{from_client}, {0}, {}};
const Wiring client_on_meter_line = {{from_meter}, {0}, {}};
const Wiring meter_alone = {{from_meter}, {}, {0}};
const Wiring meter_on_client_line = {{from_client}, {}, {0}};
const Wiring both_on_one = {{from_client}, {0}, {0}};
const Wiring both_on_the_second = {{from_client, from_meter}, {1}, {1}};
const Wiring echo = {{from_client, from_meter}, {0, 1}, {1}};
const Wiring crossed_echo = {{from_client, from_meter}, {0, 1}, {0}};

struct Labelled {
  LineEvent event;
  Direction direction;
  Instant when;  // it was handed on
};

// Lines, and what has become of what came over them.
class Bench {
 public:
  explicit Bench(const Wiring& wiring, bool find = true)
      : finder(wiring.wired, find,
               [this](const LineEvent& event, Direction direction) {
                 labelled.push_back({event, direction, now_});
               }),
        wiring_(wiring) {}

  void client(const Message& bytes, milliseconds pause) { say(wiring_.client_on, bytes, pause); }
  void meter(const Message& bytes, milliseconds pause) { say(wiring_.meter_on, bytes, pause); }
  void client_unheard(const Message& bytes, milliseconds pause) { say({}, bytes, pause); }

  void idle_until(Instant time) {
    while (finder.deadline() && *finder.deadline() <= time) {
      now_ = std::max(now_, *finder.deadline());
      finder.advance(now_);
    }
    now_ = std::max(now_, time);
  }

  // How many frames until a line's role is known; 0 if it never was.
  unsigned known_after = 0;
  unsigned frames = 0;
  RoleFinder finder;
  std::vector<Labelled> labelled;

 private:
  void say(const std::vector<std::size_t>& lines, const Message& bytes, milliseconds pause) {
    const Instant byte_time = std::chrono::nanoseconds(1'041'667);
    const Instant first = time_ + pause;
    time_ = first + byte_time * static_cast<int>(bytes.size());
    idle_until(time_);
    // Adapters hand over with a delay of their own.
    for (const std::size_t line : lines) {
      ++frames;
      now_ = time_;
      finder.take({line, 0, 9600, first, time_, bytes});
      if (known_after == 0 && finder.role(line) != LineRole::unknown) known_after = frames;
    }
  }

  Wiring wiring_;
  Instant time_ = milliseconds(1000);
  Instant now_{0};
};

void exchange(Bench& bench, Talk& talk, milliseconds think) {
  bench.client(talk.request(), think);
  bench.meter(talk.answer(), milliseconds(20 + talk.below(15)));
}

Bench converse(const Wiring& wiring, Cover cover, unsigned exchanges, unsigned seed = 1,
               milliseconds think = milliseconds(900)) {
  Talk talk(seed, cover);
  Bench bench(wiring);
  for (unsigned i = 0; i < exchanges; ++i) exchange(bench, talk, think);
  bench.finder.finish();
  return bench;
}

void assert_roles(const Bench& bench, std::vector<LineRole> roles) {
  for (std::size_t line = 0; line < roles.size(); ++line)
    assert_int_equal(static_cast<int>(bench.finder.role(line)), static_cast<int>(roles[line]));
}

// --- One conversation of each kind
// ----------------------------------------------------------------

void a_clear_request_is_enough(void**) {
  for (const Wiring& wiring : {as_wired, crossed}) {
    Talk talk(1, Cover::clear);
    Bench bench(wiring);
    bench.client(talk.request(), milliseconds(0));
    // It could be an echo, heard on both lines: that takes a moment.
    bench.idle_until(milliseconds(1200));
    assert_int_equal(bench.labelled.size(), 1);
    assert_true(bench.labelled[0].when - bench.labelled[0].event.last <= RoleFinder::echo_wait);
    assert_int_equal(static_cast<int>(bench.labelled[0].direction), static_cast<int>(from_client));
    bench.meter(talk.answer(), milliseconds(25));
    assert_int_equal(bench.labelled.size(), 2);
    assert_int_equal(static_cast<int>(bench.labelled[1].direction), static_cast<int>(from_meter));
    assert_true(bench.finder.is_contradicted(0) == (wiring.client_on[0] == 1));
  }
}

void encrypted_lines_are_told_apart(void**) {
  using enum LineRole;
  assert_roles(converse(as_wired, Cover::encrypted, 20), {client, meter});
  assert_roles(converse(crossed, Cover::encrypted, 20), {meter, client});
  assert_roles(converse(both_on_one, Cover::encrypted, 20), {both});
  assert_roles(converse(echo, Cover::encrypted, 20), {client, meter});
  assert_roles(converse(crossed_echo, Cover::encrypted, 20), {meter, client});
}

void clear_lines_are_told_apart(void**) {
  using enum LineRole;
  assert_roles(converse(client_alone, Cover::clear, 5), {client});
  assert_roles(converse(client_on_meter_line, Cover::clear, 5), {client});
  assert_roles(converse(meter_alone, Cover::clear, 5), {meter});
  assert_roles(converse(meter_on_client_line, Cover::clear, 5), {meter});
  assert_roles(converse(both_on_one, Cover::clear, 5), {both});
  assert_roles(converse(echo, Cover::clear, 5), {client, meter});
  assert_roles(converse(crossed_echo, Cover::clear, 5), {meter, client});
}

// What the meter line's adapter hears of the client is an echo there, whoever hands over first.
void an_echo_is_labelled_as_its_line(void**) {
  for (const Wiring& wiring : {echo, Wiring{{from_client, from_meter}, {1, 0}, {1}}}) {
    const Bench bench = converse(wiring, Cover::clear, 8);
    for (const Labelled& each : bench.labelled)
      assert_int_equal(static_cast<int>(each.direction),
                       static_cast<int>(each.event.line == 0 ? from_client : from_meter));
  }
}

void alerts_are_the_meters(void**) {
  for (const Wiring& wiring : {meter_on_client_line, crossed}) {
    Bench bench(wiring);
    for (int i = 0; i < 3; ++i) bench.meter({0, 0}, milliseconds(1000));
    assert_int_equal(bench.labelled.size(), 3);
    for (const Labelled& each : bench.labelled)
      assert_int_equal(static_cast<int>(each.direction), static_cast<int>(from_meter));
    assert_int_equal(static_cast<int>(bench.finder.role(0)), static_cast<int>(LineRole::meter));
  }
}

// An answer whose request nobody heard.
void a_capture_can_begin_with_an_answer(void**) {
  for (const Cover cover : {Cover::clear, Cover::encrypted}) {
    Talk talk(3, cover);
    Bench bench(crossed);
    bench.client_unheard(talk.request(), milliseconds(0));
    bench.meter(talk.answer(), milliseconds(25));
    for (int i = 0; i < 20; ++i) exchange(bench, talk, milliseconds(900));
    assert_roles(bench, {LineRole::meter, LineRole::client});
  }
}

void a_dead_line_leaves_the_other(void**) {
  // A request that is repeated, byte for byte, and never answered.
  Talk talk(4, Cover::encrypted);
  Bench bench(Wiring{{from_client, from_meter}, {1}, {}});
  const Message request = talk.request();
  for (int i = 0; i < 4; ++i) bench.client(request, milliseconds(500));
  assert_roles(bench, {LineRole::meter, LineRole::client});
  assert_true(bench.finder.is_contradicted(1));
}

void noise_says_nothing(void**) {
  Talk talk(5, Cover::encrypted);
  Bench bench(crossed);
  for (int i = 0; i < 200; ++i) {
    const Instant at = milliseconds(100 * i);
    bench.idle_until(at);
    const std::uint8_t status = i % 2 == 0 ? tap::noise : tap::truncated | tap::framing_error;
    bench.finder.take({talk.below(2), status, 9600, at, at, talk.bytes(1 + talk.below(40))});
    // Nor does it wait for anything.
    assert_int_equal(bench.labelled.size(), i + 1);
  }
  assert_roles(bench, {LineRole::unknown, LineRole::unknown});
  assert_int_equal(
      static_cast<int>(bench.labelled.back().direction),
      static_cast<int>(bench.labelled.back().event.line == 0 ? from_client : from_meter));
}

void nothing_waits_for_long(void**) {
  // One encrypted frame: nothing will ever say whose it is.
  Talk talk(6, Cover::encrypted);
  Bench bench(as_wired);
  bench.client(talk.request(), milliseconds(0));
  assert_int_equal(bench.labelled.size(), 0);
  bench.idle_until(milliseconds(10'000));
  assert_int_equal(bench.labelled.size(), 1);
  assert_true(bench.labelled[0].when - bench.labelled[0].event.last <= RoleFinder::longest_wait);
  assert_int_equal(static_cast<int>(bench.labelled[0].direction), static_cast<int>(from_client));
  // Nor does the next one then.
  bench.client(talk.request(), milliseconds(10'000));
  assert_int_equal(bench.labelled.size(), 2);
}

void many_frames_do_not_wait(void**) {
  Talk talk(7, Cover::encrypted);
  Bench bench(client_alone);
  for (int i = 0; i < 12; ++i) {
    bench.client(talk.request(), milliseconds(95));
    assert_true(bench.labelled.size() + RoleFinder::most_waiting >= bench.frames);
  }
}

void as_wired_is_the_last_word(void**) {
  Talk talk(8, Cover::clear);
  Bench bench(crossed, false);
  for (int i = 0; i < 4; ++i) exchange(bench, talk, milliseconds(900));
  assert_int_equal(bench.labelled.size(), 8);
  for (const Labelled& each : bench.labelled)
    assert_int_equal(static_cast<int>(each.direction),
                     static_cast<int>(each.event.line == 0 ? from_client : from_meter));
  assert_true(bench.finder.is_contradicted(0) && bench.finder.is_contradicted(1));
}

void wires_exchanged_in_mid_capture(void**) {
  Talk talk(9, Cover::clear);
  Bench bench(as_wired);
  for (int i = 0; i < 10; ++i) exchange(bench, talk, milliseconds(900));
  // The same bench with crossed wires.
  Instant at = milliseconds(100'000);
  for (int i = 0; i < 10; ++i) {
    const Message request = talk.request();
    const Message answer = talk.answer();
    bench.idle_until(at);
    bench.finder.take({1, 0, 9600, at, at + milliseconds(20), request});
    bench.idle_until(at + milliseconds(300));
    bench.finder.take({0, 0, 9600, at + milliseconds(50), at + milliseconds(300), answer});
    at += milliseconds(1000);
  }
  bench.finder.finish();
  assert_roles(bench, {LineRole::meter, LineRole::client});
  unsigned wrong = 0;
  for (std::size_t i = 20; i < bench.labelled.size(); ++i)
    wrong += bench.labelled[i].direction !=
             (bench.labelled[i].event.line == 1 ? from_client : from_meter);
  // Bare answers say too little against all that was before.
  assert_true(wrong <= 2);
}

// --- Thousands of conversations
// -------------------------------------------------------------------

struct Figures {
  unsigned wrong_role = 0;
  unsigned unknown_role = 0;
  unsigned wrong_labels = 0;
  unsigned wrong_after_known = 0;
  unsigned labels = 0;
  double known_after = 0;
  unsigned known_at_most = 0;
};

// What is right of a line.
LineRole right_role(const Wiring& wiring, std::size_t line) {
  const auto has = [line](const std::vector<std::size_t>& lines) {
    return std::ranges::find(lines, line) != lines.end();
  };
  const bool echoed = wiring.client_on.size() > 1;
  if (has(wiring.client_on) && has(wiring.meter_on))
    return echoed ? LineRole::meter : LineRole::both;
  return has(wiring.client_on) ? LineRole::client : LineRole::meter;
}

Figures many(const char* name, const Wiring& wiring, Cover cover, unsigned conversations) {
  Figures figures;
  for (unsigned seed = 0; seed < conversations; ++seed) {
    Talk talk(seed + 1, cover);
    Bench bench(wiring);
    const milliseconds think(std::array{80, 150, 400, 1000, 5000}[talk.below(5)]);
    std::vector<Direction> right;
    std::vector<std::size_t> line_of;
    const auto heard = [&](const std::vector<std::size_t>& lines, Direction direction) {
      for (std::size_t line : lines) {
        // An echo's label is its line's.
        const bool echoed = wiring.client_on.size() > 1;
        const LineRole role = right_role(wiring, line);
        right.push_back(!echoed || role == LineRole::both ? direction
                        : role == LineRole::client        ? from_client
                                                          : from_meter);
        line_of.push_back(line);
      }
    };
    constexpr unsigned exchanges = 25;
    for (unsigned i = 0; i < exchanges; ++i) {
      const Message request = talk.request();
      // Some captures begin in mid-conversation, some requests get no answer and are repeated.
      if (i > 0 || talk.perhaps(0.7)) {
        bench.client(request, think);
        heard(wiring.client_on, from_client);
      } else {
        bench.client_unheard(request, think);
      }
      if (talk.perhaps(0.03)) {
        bench.client(request, milliseconds(500));
        heard(wiring.client_on, from_client);
      }
      bench.meter(talk.answer(), milliseconds(15 + talk.below(30)));
      heard(wiring.meter_on, from_meter);
      if (talk.perhaps(0.05)) {
        bench.meter({0, 0}, milliseconds(1000));
        heard(wiring.meter_on, from_meter);
      }
    }
    bench.finder.finish();
    bool wrong = false;
    bool unknown = false;
    for (std::size_t line = 0; line < wiring.wired.size(); ++line) {
      if (std::ranges::find(line_of, line) == line_of.end()) continue;
      const LineRole role = bench.finder.role(line);
      unknown = unknown || role == LineRole::unknown;
      wrong = wrong || (role != LineRole::unknown && role != right_role(wiring, line));
    }
    figures.wrong_role += wrong ? 1 : 0;
    figures.unknown_role += unknown ? 1 : 0;
    for (std::size_t i = 0; i < right.size(); ++i) {
      const bool mistaken = bench.labelled[i].direction != right[i];
      figures.wrong_labels += mistaken ? 1 : 0;
      if (bench.known_after > 0 && i >= bench.known_after)
        figures.wrong_after_known += mistaken ? 1 : 0;
    }
    figures.labels += static_cast<unsigned>(right.size());
    figures.known_after += bench.known_after;
    figures.known_at_most = std::max(figures.known_at_most, bench.known_after);
  }
  figures.known_after /= conversations;
  std::printf(
      "%-24s %-9s: role wrong %u, unknown %u of %u conversations; labels wrong %u of %u "
      "(%u once known); known after %.1f frames, %u at most\n",
      name, cover == Cover::clear ? "clear" : "encrypted", figures.wrong_role, figures.unknown_role,
      conversations, figures.wrong_labels, figures.labels, figures.wrong_after_known,
      figures.known_after, figures.known_at_most);
  return figures;
}

struct Case {
  const char* name;
  const Wiring& wiring;
  // Labels in a thousand that may be wrong: while nothing speaks for anything, as wired is what
  // there is, and that is wrong here.
  unsigned wrong_when_encrypted;
  unsigned wrong_when_clear = 0;
};

const std::array cases = {
    Case{"as wired", as_wired, 0},
    Case{"crossed", crossed, 3},
    Case{"client alone", client_alone, 0},
    Case{"client, as meter", client_on_meter_line, 60},
    Case{"meter alone", meter_alone, 10},
    Case{"meter, as client", meter_on_client_line, 70},
    Case{"both on one", both_on_one, 20},
    Case{"both on the second", both_on_the_second, 20},
    Case{"echo", echo, 0},
    Case{"crossed, echo", crossed_echo, 20, 1},
};

constexpr unsigned conversations = 1000;

void clear_conversations(void**) {
  for (const Case& one : cases) {
    const Figures figures = many(one.name, one.wiring, Cover::clear, conversations);
    assert_int_equal(figures.wrong_role, 0);
    assert_int_equal(figures.unknown_role, 0);
    assert_true(figures.wrong_labels * 1000 <= figures.labels * one.wrong_when_clear);
  }
}

void encrypted_conversations(void**) {
  for (const Case& one : cases) {
    const Figures figures = many(one.name, one.wiring, Cover::encrypted, conversations);
    assert_int_equal(figures.wrong_role, 0);
    assert_int_equal(figures.unknown_role, 0);
    assert_true(figures.wrong_labels * 1000 <= figures.labels * one.wrong_when_encrypted);
  }
}

}  // namespace
}  // namespace mep::extcap

int main() {
  using namespace mep::extcap;
  const CMUnitTest tests[] = {
      cmocka_unit_test(a_clear_request_is_enough),
      cmocka_unit_test(encrypted_lines_are_told_apart),
      cmocka_unit_test(clear_lines_are_told_apart),
      cmocka_unit_test(an_echo_is_labelled_as_its_line),
      cmocka_unit_test(alerts_are_the_meters),
      cmocka_unit_test(a_capture_can_begin_with_an_answer),
      cmocka_unit_test(a_dead_line_leaves_the_other),
      cmocka_unit_test(noise_says_nothing),
      cmocka_unit_test(nothing_waits_for_long),
      cmocka_unit_test(many_frames_do_not_wait),
      cmocka_unit_test(as_wired_is_the_last_word),
      cmocka_unit_test(wires_exchanged_in_mid_capture),
      cmocka_unit_test(clear_conversations),
      cmocka_unit_test(encrypted_conversations),
  };
  return cmocka_run_group_tests(tests, nullptr, nullptr);
}
