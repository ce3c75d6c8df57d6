// Records that were not cut where frames end.
// SPDX-License-Identifier: GPL-2.0-or-later
#include "protocol/pieces.h"

#include <algorithm>

#include "protocol/message.h"
#include "tests/unit/material.h"

#include "tests/unit/cmocka.h"

namespace mep {
namespace {

using namespace std::chrono_literals;
using test::Buffer;
using test::hex;
using test::Random;

constexpr Direction meter = Direction::meter_to_client;
constexpr Direction client = Direction::client_to_meter;

void expect(const char* bytes, bool whole_record, Direction direction, PartKind kind,
            std::size_t size) {
  const Part part = first_part(hex(bytes), whole_record, direction);
  assert_int_equal(static_cast<int>(part.kind), static_cast<int>(kind));
  assert_int_equal(part.size, size);
}

void what_a_record_begins_with(void**) {
  expect("00 01 03", true, meter, PartKind::frame, 3);
  expect("00 01 03 00", true, meter, PartKind::frame, 3);
  expect("00 01 03 00 05 01", true, meter, PartKind::frame, 3);
  expect("00 05 01", true, meter, PartKind::beginning, 3);
  expect("01", true, meter, PartKind::beginning, 1);
  // The length has at most 9 bits, and is at most 476.
  expect("02", true, meter, PartKind::other, 1);
  expect("01 DC 00", true, meter, PartKind::beginning, 3);
  expect("01 DD 00", true, meter, PartKind::other, 3);
  // What cannot follow a frame stays with it.
  expect("00 01 03 AB AB", true, meter, PartKind::other, 5);
}

void zeros_are_an_alert_where_a_frame_may_begin_and_two(void**) {
  expect("00 00", true, meter, PartKind::frame, 2);
  expect("00 00 00", true, meter, PartKind::zeros, 3);
  expect("00 00 00 00 00", true, meter, PartKind::zeros, 5);
  // Before an answer in the same record, and behind one.
  expect("00 00 00 01 03", true, meter, PartKind::frame, 2);
  expect("00 00 00 0D 0C 01 02", true, meter, PartKind::frame, 2);
  expect("00 00 00", false, meter, PartKind::frame, 2);
  // The line was dead, and speaks again.
  expect("00 00 00 00 00 00 0D 0C", true, meter, PartKind::zeros, 5);
  // A table's middle.
  expect("00 00 00 00 00 00 83 B7 EC 03", true, meter, PartKind::noise, 10);
  expect("00 00 83 B7 EC 03", true, meter, PartKind::noise, 6);
}

void a_piece_goes_on(void**) {
  const Buffer answer = hex("00 0D 0C 77 63 5B 90 35 86 3C 1D F5 B9 14 82");
  for (std::size_t cut = 1; cut < answer.size(); ++cut)
    assert_true(goes_on(Bytes(answer).first(cut), Bytes(answer).subspan(cut), meter));
  assert_true(goes_on(hex("00 37 00 00 2C"), hex("00 00"), meter));
  assert_true(goes_on(hex("00 37 00 00 2C"), hex("00 01 00"), meter));
  assert_true(goes_on(hex("01"), hex("20 00 01 15"), meter));
}

void a_frame_that_stands_out_begins_anew(void**) {
  const Buffer waiting = hex("00 E7 00 00 DC 11 22 33");
  assert_false(goes_on(waiting, hex("00 0D 0C 77 63 5B 90 35 86 3C 1D F5 B9 14 82"), meter));
  assert_false(goes_on(waiting, hex("00 E7 00 00 DC 11 22"), meter));
  assert_false(goes_on(waiting, hex("00 09 0B 35 86 3C 1D F5 B9 14 82"), meter));
  assert_false(
      goes_on(hex("00 14 3F 00"), hex("00 14 3F 00 17 00 00 00 00 2C 01 02 03 04 74"), client));
  // A length out of range was none.
  assert_false(goes_on(hex("01"), hex("FF 00 01"), meter));
}

// Unreadable frames: sizes are all there is to tell by.
void an_encrypted_frame_of_just_its_size_begins_anew(void**) {
  Random random(7);
  for (int round = 0; round < 1000; ++round) {
    Buffer message = random.bytes(random.between(12, 200));
    message[0] |= 0x80;
    const Buffer whole = frame(message);
    const std::size_t come = random.between(3, static_cast<std::uint32_t>(whole.size() - 1));
    const Buffer stalled = frame(random.bytes(400));
    const Bytes waiting = Bytes(stalled).first(std::min<std::size_t>(come, 100));
    if (fits(waiting.subspan(2), 400, client) != Fit::no) continue;
    assert_false(goes_on(waiting, whole, client));
    assert_true(goes_on(Bytes(whole).first(come), Bytes(whole).subspan(come), client));
  }
}

// Whatever the cuts, the guide's frames come out as they went in.
void random_cuts_and_joints(void**) {
  Random random(8);
  for (const Direction direction : {client, meter}) {
    Buffer line;
    std::vector<Buffer> frames;
    for (const test::GuideFrame& each : test::guide_frames())
      if (each.direction == direction) frames.push_back(each.bytes);
    for (const Buffer& each : frames) line.insert(line.end(), each.begin(), each.end());
    for (int round = 0; round < 300; ++round) {
      std::vector<Buffer> found;
      Buffer waiting;
      std::size_t at = 0;
      const std::uint32_t largest = random.between(1, 200);
      while (at < line.size()) {
        const std::size_t size =
            std::min<std::size_t>(random.between(1, largest), line.size() - at);
        Bytes record = Bytes(line).subspan(at, size);
        at += size;
        bool whole_record = true;
        if (!waiting.empty()) {
          assert_true(goes_on(waiting, record, direction));
          std::size_t taken = 0;
          while (taken < record.size() &&
                 (waiting.size() < 2 || waiting.size() < 2U + (waiting[0] << 8 | waiting[1])))
            waiting.push_back(record[taken++]);
          record = record.subspan(taken);
          whole_record = false;
          if (waiting.size() >= 2 && waiting.size() == 2U + (waiting[0] << 8 | waiting[1])) {
            found.push_back(waiting);
            waiting.clear();
          }
        }
        while (!record.empty()) {
          const Part part = first_part(record, whole_record, direction);
          const Bytes taken = record.first(part.size);
          if (part.kind == PartKind::frame) {
            found.emplace_back(taken.begin(), taken.end());
          } else {
            assert_int_equal(static_cast<int>(part.kind), static_cast<int>(PartKind::beginning));
            waiting.assign(taken.begin(), taken.end());
          }
          record = record.subspan(part.size);
          whole_record = false;
        }
      }
      assert_true(found == frames);
      assert_true(waiting.empty());
    }
  }
}

void patience_has_an_end(void**) {
  const auto start = 1'700'000'000s + 123'456us;
  assert_false(given_up(start, start + 50ms, 62));
  assert_false(given_up(start, start + 160ms, 150));
  // The client repeats after 500 ms.
  assert_true(given_up(start, start + 500ms, 150));
  assert_true(given_up(start, start + 500ms, 1));
  assert_false(given_up(start, start - 50ms, 1));
  // Whole seconds: one may be nothing, two may not.
  const auto coarse = std::chrono::nanoseconds(1'700'000'000s);
  assert_false(given_up(coarse, coarse + 1s, 62));
  assert_false(given_up(coarse + 7us, coarse + 1s + 8us, 62));
  assert_true(given_up(coarse, coarse + 2s, 62));
  assert_true(given_up(start, start + 1s, 62));
}

int run_all() {
  const CMUnitTest tests[] = {
      cmocka_unit_test(what_a_record_begins_with),
      cmocka_unit_test(zeros_are_an_alert_where_a_frame_may_begin_and_two),
      cmocka_unit_test(a_piece_goes_on),
      cmocka_unit_test(a_frame_that_stands_out_begins_anew),
      cmocka_unit_test(an_encrypted_frame_of_just_its_size_begins_anew),
      cmocka_unit_test(random_cuts_and_joints),
      cmocka_unit_test(patience_has_an_end),
  };
  return cmocka_run_group_tests(tests, nullptr, nullptr);
}

}  // namespace
}  // namespace mep

int main() {
  return mep::run_all();
}
