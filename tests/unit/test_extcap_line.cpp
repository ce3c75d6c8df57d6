// The capture tool's way from a driver's bytes to records, where a pseudo terminal cannot stand in
// for a UART: errors, breaks, losses, arrival times.
// SPDX-License-Identifier: GPL-2.0-or-later
#include <array>
#include <vector>

#include "extcap/line_receiver.h"
#include "protocol/tap.h"
#include "tests/unit/uart.h"

// Last, since it defines fail() as a macro.
#include "tests/unit/cmocka.h"

namespace mep::extcap {
namespace {

using std::chrono::milliseconds;

constexpr unsigned baud = 9600;
constexpr TroubleCount no_trouble;

struct Seen {
  std::vector<std::uint8_t> bytes;
  std::uint8_t status;
  Instant first;
  Instant last;
};

// A receiver of a meter's line, and what came out of it.
class Bench {
 public:
  Bench()
      : receiver(Direction::meter_to_client, baud, milliseconds(200),
                 [this](const LineRecord& record) {
                   seen.push_back({{record.bytes.begin(), record.bytes.end()},
                                   record.status,
                                   record.first,
                                   record.last});
                 }) {}

  void hear(Bytes raw, Instant now) {
    receiver.hear(raw, true, no_trouble);
    receiver.date_back(now);
  }

  void receive(std::initializer_list<std::uint8_t> raw, const TroubleCount& count = no_trouble,
               Instant now = milliseconds(1000), bool marks = true) {
    receiver.hear(std::vector<std::uint8_t>(raw), marks, count);
    receiver.date_back(now);
    // Frames as short as these are believed when nothing follows.
    receiver.advance(now + milliseconds(30));
  }

  std::vector<Seen> seen;
  LineReceiver receiver;
};

void assert_seen(const Seen& seen, std::vector<std::uint8_t> bytes, std::uint8_t status) {
  assert_int_equal(seen.bytes.size(), bytes.size());
  assert_memory_equal(seen.bytes.data(), bytes.data(), bytes.size());
  assert_int_equal(seen.status, status);
}

void doubled_ff_is_one_byte(void**) {
  Bench bench;
  bench.receive({0, 3, 0xFF, 0xFF, 0xFF, 0xFF, 1});
  assert_int_equal(bench.seen.size(), 1);
  assert_seen(bench.seen[0], {0, 3, 0xFF, 0xFF, 1}, 0);
}

void escapes_may_be_split_between_reads(void**) {
  Bench bench;
  for (const std::uint8_t byte : {0, 2, 0xFF, 0xFF, 0xFF, 0, 0x55}) bench.receive({byte});
  assert_int_equal(bench.seen.size(), 1);
  assert_seen(bench.seen[0], {0, 2, 0xFF, 0x55}, tap::framing_error);
}

void driver_without_marks_is_taken_literally(void**) {
  Bench bench;
  bench.receive({0, 3, 0xFF, 0, 1}, no_trouble, milliseconds(1000), false);
  assert_int_equal(bench.seen.size(), 1);
  assert_seen(bench.seen[0], {0, 3, 0xFF, 0, 1}, 0);
}

void lone_ff_stands_for_itself(void**) {
  Bench bench;
  bench.receive({0, 3, 0xFF, 7, 1});
  assert_int_equal(bench.seen.size(), 1);
  assert_seen(bench.seen[0], {0, 3, 0xFF, 7, 1}, 0);
}

void errors_are_told_apart_by_the_count(void**) {
  struct Case {
    TroubleCount count;
    std::uint8_t byte;
    std::uint8_t status;
  };
  const std::array cases = {
      Case{{}, 0x41, tap::framing_error},
      Case{{.framing = 1}, 0x41, tap::framing_error},
      Case{{.parity = 1}, 0x41, tap::parity_error},
      Case{{.framing = 1}, 0, tap::framing_error},
      Case{{.parity = 1}, 0, tap::parity_error},
      Case{{.breaks = 1}, 0x41, tap::framing_error},
      Case{{.framing = 1, .parity = 2, .breaks = 1}, 0x41, tap::framing_error | tap::parity_error},
  };
  for (const Case& one : cases) {
    Bench bench;
    bench.receive({0, 2, 0x30});
    bench.receive({0xFF, 0, one.byte}, one.count);
    assert_int_equal(bench.seen.size(), 1);
    assert_seen(bench.seen[0], {0, 2, 0x30, one.byte}, one.status);
  }
}

void break_is_seen(void**) {
  for (const TroubleCount& count : {TroubleCount{}, TroubleCount{.breaks = 1}}) {
    Bench bench;
    bench.receive({0, 2, 0x30});
    bench.receive({0xFF, 0, 0}, count);
    assert_int_equal(bench.seen.size(), 1);
    assert_seen(bench.seen[0], {0, 2, 0x30, 0}, tap::break_seen);
  }
}

void loss_marks_the_next_record(void**) {
  Bench bench;
  bench.receive({0, 1, 0x30});
  bench.receive({}, {.overruns = 3});
  bench.receive({0, 1, 0x31});
  bench.receive({0, 1, 0x32});
  assert_int_equal(bench.seen.size(), 3);
  assert_seen(bench.seen[0], {0, 1, 0x30}, 0);
  assert_seen(bench.seen[1], {0, 1, 0x31}, tap::lost);
  assert_seen(bench.seen[2], {0, 1, 0x32}, 0);
}

// A port server tells of errors beside the bytes.
void trouble_without_marks_is_the_next_bytes(void**) {
  Bench bench;
  bench.receive({0, 1, 0x30}, no_trouble, milliseconds(1000), false);
  bench.receive({}, {.framing = 1, .parity = 1}, milliseconds(1100), false);
  bench.receive({0, 1, 0x31}, no_trouble, milliseconds(1200), false);
  bench.receive({0, 1, 0x32}, no_trouble, milliseconds(1300), false);
  assert_int_equal(bench.seen.size(), 3);
  assert_seen(bench.seen[0], {0, 1, 0x30}, 0);
  assert_seen(bench.seen[1], {0, 1, 0x31}, tap::framing_error | tap::parity_error);
  assert_seen(bench.seen[2], {0, 1, 0x32}, 0);
}

void a_loss_elsewhere_marks_the_next_record(void**) {
  Bench bench;
  bench.receive({0, 1, 0x30});
  bench.receiver.note_loss();
  bench.receive({0, 1, 0x31}, no_trouble, milliseconds(1100));
  bench.receive({0, 1, 0x32}, no_trouble, milliseconds(1200));
  assert_seen(bench.seen[0], {0, 1, 0x30}, 0);
  assert_seen(bench.seen[1], {0, 1, 0x31}, tap::lost);
  assert_seen(bench.seen[2], {0, 1, 0x32}, 0);
}

// The rest of a frame, an alert, a frame, the beginning of another.
void what_waits_is_told_apart(void**) {
  Bench bench;
  const std::vector<std::uint8_t> frame = {0, 9, 0, 1, 2, 3, 4, 5, 6, 7, 8};
  bench.hear(Bytes(frame).first(4), milliseconds(1000));
  std::vector<std::uint8_t> waiting(frame.begin() + 4, frame.end());
  waiting.insert(waiting.end(), {0, 0});
  waiting.insert(waiting.end(), frame.begin(), frame.end());
  waiting.insert(waiting.end(), frame.begin(), frame.begin() + 5);
  bench.receiver.hear(waiting, true, no_trouble);
  const BacklogLine line = bench.receiver.backlog();
  assert_true(line.direction == Direction::meter_to_client);
  const std::array sizes = {7U, 2U, 11U, 5U};
  assert_int_equal(line.parts.size(), sizes.size());
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    assert_int_equal(line.parts[i].size, sizes[i]);
    assert_int_equal(line.parts[i].continues, i == 0);
    assert_int_equal(line.parts[i].alert, i == 1);
    assert_int_equal(line.parts[i].unfinished, i == 3);
  }
  // Looking has changed nothing.
  assert_true(bench.seen.empty());
  std::vector<Instant> arrivals;
  for (std::size_t i = 0; i < waiting.size(); ++i)
    arrivals.push_back(milliseconds(1100) + static_cast<Instant::rep>(i) * milliseconds(2));
  bench.receiver.date(arrivals);
  bench.receiver.finish();
  assert_int_equal(bench.seen.size(), 4);
  assert_seen(bench.seen[0], frame, 0);
  assert_seen(bench.seen[2], frame, 0);
  assert_true(bench.seen[2].first == arrivals[9] && bench.seen[2].last == arrivals[19]);
}

void bytes_read_together_arrived_one_after_another(void**) {
  Bench bench;
  const Instant byte_time = Instant(std::chrono::seconds(10)) / baud;
  bench.receive({0, 3, 0xFF, 0xFF, 1, 2});
  assert_true(bench.seen[0].last == milliseconds(1000));
  assert_true(bench.seen[0].first == milliseconds(1000) - 4 * byte_time);
}

void time_does_not_run_backwards(void**) {
  Bench bench;
  bench.receive({0}, no_trouble, milliseconds(1000));
  bench.receive({9, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 9, 1, 2, 3, 4, 5, 6, 7, 8, 9}, no_trouble,
                milliseconds(1001));
  assert_int_equal(bench.seen.size(), 2);
  assert_true(bench.seen[0].first == milliseconds(1000));
  assert_true(bench.seen[0].last == milliseconds(1000));
  assert_true(bench.seen[1].last == milliseconds(1001));
}

// Held up for a second in the middle of a frame, whose rest was waiting meanwhile.
void waiting_bytes_are_no_pause(void**) {
  Bench bench;
  const std::vector<std::uint8_t> frame = {0, 9, 0, 1, 2, 3, 4, 5, 6, 7, 8};
  bench.hear(Bytes(frame).first(5), milliseconds(1000));
  bench.hear(Bytes(frame).subspan(5), milliseconds(2000));
  assert_int_equal(bench.seen.size(), 1);
  assert_seen(bench.seen[0], frame, 0);
  assert_true(bench.seen[0].last < milliseconds(1010));
}

// A line that was looked at in time: its silence is one.
void a_silence_that_was_seen_is_one(void**) {
  Bench bench;
  const std::vector<std::uint8_t> frame = {0, 9, 0, 1, 2, 3, 4, 5, 6, 7, 8};
  bench.hear(Bytes(frame).first(5), milliseconds(1000));
  bench.receiver.advance(milliseconds(1200));
  bench.hear(frame, milliseconds(2000));
  assert_int_equal(bench.seen.size(), 2);
  assert_seen(bench.seen[0], {0, 9, 0, 1, 2}, tap::truncated);
  assert_seen(bench.seen[1], frame, 0);
  assert_true(bench.seen[1].last == milliseconds(2000));
}

void a_line_that_holds_at_zero_is_noticed_once(void**) {
  const std::vector<std::uint8_t> zeros(478, 0);
  const std::vector<std::uint8_t> frame = {0, 1, 0x0A};
  for (const std::size_t size : {1U, 40U, 478U}) {
    HeldLine line;
    const LineRecord noise{Bytes(zeros).first(size), {}, {}, tap::noise};
    int noticed = 0;
    // Not at what plugging in makes.
    if (size < 100) {
      assert_false(line.notices(noise));
      assert_false(line.notices({Bytes(frame), {}, {}, 0}));
    }
    for (std::size_t sent = 0; sent < 5000; sent += size) noticed += line.notices(noise) ? 1 : 0;
    assert_int_equal(noticed, 1);
  }
}

void zeros_in_frames_and_other_noise_are_not_a_held_line(void**) {
  const std::vector<std::uint8_t> zeros(60, 0);
  std::vector<std::uint8_t> noise(478, 0);
  noise[477] = 1;
  HeldLine line;
  for (int i = 0; i < 50; ++i) {
    assert_false(line.notices({Bytes(zeros), {}, {}, 0}));
    assert_false(line.notices({Bytes(zeros), {}, {}, tap::truncated}));
    assert_false(line.notices({Bytes(noise), {}, {}, tap::noise}));
    assert_false(line.notices({Bytes(zeros), {}, {}, tap::noise}));
  }
}

// --- A speed that is found out
// --------------------------------------------------------------------

// What a driver hands over of a line at that speed: PARMRK's marks before bytes without a stop bit.
std::vector<std::uint8_t> marked(Bytes sent, unsigned sender, unsigned port) {
  std::vector<std::uint8_t> raw;
  for (const UartByte& byte : read_at(sent, 0, sender, port)) {
    if (byte.trouble != 0)
      raw.insert(raw.end(), {0xFF, 0});
    else if (byte.value == 0xFF)
      raw.push_back(0xFF);
    raw.push_back(byte.value);
  }
  return raw;
}

void records_have_the_speed_at_which_they_came(void**) {
  constexpr std::array speeds = {1200U, 2400U, 4800U, 9600U, 19200U, 38400U};
  constexpr unsigned sender = 2400;
  struct AtSpeed {
    std::size_t size;
    std::uint8_t status;
    unsigned speed;
  };
  std::vector<AtSpeed> seen;
  LineReceiver* line = nullptr;
  LineReceiver receiver(
      Direction::unknown, baud, milliseconds(200),
      [&](const LineRecord& record) {
        seen.push_back({record.bytes.size(), record.status, line->baud_rate()});
      },
      speeds);
  line = &receiver;
  const std::vector<std::uint8_t> request = {0,    20,   0x3F, 0,    0x17, 0,   0,    0,
                                             0,    0x2C, 1,    2,    3,    4,   0x74, 0x86,
                                             0x1F, 0x6D, 0x76, 0x58, 0xDD, 0x56};
  std::size_t sent = 0;
  for (int i = 0; i < 4; ++i) {
    const Instant now = milliseconds(1000 * (i + 1));
    const auto raw = marked(request, sender, receiver.baud_rate());
    sent += receiver.baud_rate() == sender ? request.size() : 0;
    receiver.hear(raw, true, no_trouble);
    receiver.date_back(now);
    while (receiver.deadline() && *receiver.deadline() < now + milliseconds(900))
      receiver.advance(*receiver.deadline());
  }
  assert_int_equal(receiver.baud_rate(), sender);
  assert_true(receiver.baud_rate_found());
  std::size_t whole = 0;
  for (const AtSpeed& record : seen) {
    if (record.status == 0) whole += record.size;
    assert_int_equal(record.speed, record.status == 0 ? sender : baud);
  }
  // One frame was lost on it.
  assert_int_equal(whole, sent);
  assert_int_equal(sent, 3 * request.size());
}

int run() {
  const CMUnitTest tests[] = {
      cmocka_unit_test(doubled_ff_is_one_byte),
      cmocka_unit_test(escapes_may_be_split_between_reads),
      cmocka_unit_test(driver_without_marks_is_taken_literally),
      cmocka_unit_test(lone_ff_stands_for_itself),
      cmocka_unit_test(errors_are_told_apart_by_the_count),
      cmocka_unit_test(break_is_seen),
      cmocka_unit_test(loss_marks_the_next_record),
      cmocka_unit_test(trouble_without_marks_is_the_next_bytes),
      cmocka_unit_test(a_loss_elsewhere_marks_the_next_record),
      cmocka_unit_test(what_waits_is_told_apart),
      cmocka_unit_test(bytes_read_together_arrived_one_after_another),
      cmocka_unit_test(time_does_not_run_backwards),
      cmocka_unit_test(waiting_bytes_are_no_pause),
      cmocka_unit_test(a_silence_that_was_seen_is_one),
      cmocka_unit_test(a_line_that_holds_at_zero_is_noticed_once),
      cmocka_unit_test(zeros_in_frames_and_other_noise_are_not_a_held_line),
      cmocka_unit_test(records_have_the_speed_at_which_they_came),
  };
  return cmocka_run_group_tests(tests, nullptr, nullptr);
}

}  // namespace
}  // namespace mep::extcap

int main() {
  return mep::extcap::run();
}
