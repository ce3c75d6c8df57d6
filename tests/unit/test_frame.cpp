// From a line's bytes to frames, page 9.
// SPDX-License-Identifier: GPL-2.0-or-later
#include "protocol/frame.h"

#include <algorithm>
#include <chrono>
#include <string_view>

#include "protocol/message.h"
#include "protocol/tap.h"
#include "tests/unit/material.h"

#include "tests/unit/cmocka.h"

namespace mep {
namespace {

using namespace std::chrono_literals;
using test::Buffer;
using test::guide_frames;
using test::GuideFrame;
using test::hex;
using test::Random;

constexpr Instant byte_time = 1ms;  // at 9,600 bit/s
constexpr Instant frame_timeout = 200ms;

struct Record {
  Buffer bytes;
  std::uint8_t status;
};

// A line with a splitter at its end. Whatever is sent, every byte must come out in one record, in
// order and with its times and troubles, and no more than a frame may be held: that is checked all
// the way.
class Line {
 public:
  explicit Line(Direction direction)
      : splitter_(direction, frame_timeout, [this](const LineRecord& record) { take(record); }) {}
  Line(const Line&) = delete;
  Line& operator=(const Line&) = delete;

  FrameSplitter& splitter() { return splitter_; }
  const std::vector<Record>& records() const { return records_; }
  Instant now() const { return now_; }

  void send(std::uint8_t byte, std::uint8_t trouble = 0) {
    now_ += byte_time;
    sent_.push_back({byte, now_, trouble});
    splitter_.push(byte, now_, trouble);
    assert_true(held() <= 2 * max_frame_size);
    assert_int_equal(splitter_.deadline().has_value(), held() > 0);
  }
  void send(Bytes bytes) {
    for (const std::uint8_t byte : bytes) send(byte);
  }
  // Nothing is sent, and nobody calls advance().
  void wait(Instant duration) { now_ += duration; }
  // Nothing is sent, and the owner does as deadline() tells.
  void fall_silent(Instant duration = frame_timeout) {
    now_ += duration;
    splitter_.advance(now_);
  }
  void finish() {
    splitter_.finish();
    assert_int_equal(held(), 0);
    assert_false(splitter_.deadline().has_value());
  }

  void expect(std::size_t place, Bytes bytes, std::uint8_t status) const {
    assert_true(place < records_.size());
    const Record& record = records_[place];
    assert_int_equal(record.bytes.size(), bytes.size());
    assert_memory_equal(record.bytes.data(), bytes.data(), bytes.size());
    assert_int_equal(record.status, status);
  }

 private:
  struct Sent {
    std::uint8_t byte;
    Instant at;
    std::uint8_t trouble;
  };

  std::size_t held() const { return sent_.size() - received_; }

  void take(const LineRecord& record) {
    assert_true(!record.bytes.empty());
    assert_true(received_ + record.bytes.size() <= sent_.size());
    std::uint8_t trouble = 0;
    for (std::size_t i = 0; i < record.bytes.size(); ++i) {
      assert_int_equal(record.bytes[i], sent_[received_ + i].byte);
      trouble |= sent_[received_ + i].trouble;
    }
    assert_true(record.first == sent_[received_].at);
    received_ += record.bytes.size();
    assert_true(record.last == sent_[received_ - 1].at);
    constexpr std::uint8_t verdicts = tap::truncated | tap::noise;
    assert_int_equal(record.status & ~verdicts, trouble);
    assert_int_not_equal(record.status & verdicts, verdicts);
    records_.push_back({Buffer(record.bytes.begin(), record.bytes.end()), record.status});
  }

  FrameSplitter splitter_;
  std::vector<Sent> sent_;
  std::vector<Record> records_;
  std::size_t received_ = 0;
  Instant now_ = 1h;
};

const Buffer alert = {0, 0};

std::vector<Buffer> frames_of(Direction direction) {
  std::vector<Buffer> frames;
  for (const GuideFrame& frame : guide_frames())
    if (frame.direction == direction) frames.push_back(frame.bytes);
  return frames;
}

constexpr Direction both_directions[] = {Direction::client_to_meter, Direction::meter_to_client};

void append(Buffer& bytes, Bytes more) {
  bytes.insert(bytes.end(), more.begin(), more.end());
}

// --- Whole frames

void frames_and_alerts_come_out_whole_in_any_chunking(void**) {
  Random random(1);
  for (int round = 0; round < 300; ++round) {
    for (const Direction direction : both_directions) {
      Line line(direction);
      std::vector<Buffer> expected;
      for (const Buffer& frame : frames_of(direction)) {
        while (direction == Direction::meter_to_client && random.once_in(3)) {
          // Once a second at most, page 17; a frame may follow at once.
          if (!expected.empty() && expected.back() == alert) line.fall_silent(1s);
          line.send(alert);
          expected.push_back(alert);
        }
        for (const std::uint8_t byte : frame) {
          // Any pause within a frame that is shorter than the timeout.
          if (random.once_in(20)) line.wait(random.below(190) * 1ms);
          if (random.once_in(20)) line.splitter().advance(line.now());
          line.send(byte);
        }
        expected.push_back(frame);
        if (random.once_in(4)) line.fall_silent(random.below(2000) * 1ms);
      }
      line.finish();
      assert_int_equal(line.records().size(), expected.size());
      for (std::size_t i = 0; i < expected.size(); ++i) line.expect(i, expected[i], 0);
    }
  }
}

void a_frame_comes_out_with_its_last_byte(void**) {
  for (const GuideFrame& frame : guide_frames()) {
    Line line(frame.direction);
    line.send(Bytes(frame.bytes).first(frame.bytes.size() - 1));
    assert_int_equal(line.records().size(), 0);
    line.send(frame.bytes.back());
    assert_int_equal(line.records().size(), 1);
    line.expect(0, frame.bytes, 0);
    assert_false(line.splitter().deadline().has_value());
  }
}

void the_largest_frame_fits(void**) {
  for (const Direction direction : both_directions) {
    Line line(direction);
    Buffer frame = hex("01DC");
    frame.resize(max_frame_size, 0xA5);
    for (int i = 0; i < 3; ++i) line.send(frame);
    assert_int_equal(line.records().size(), 3);
    for (std::size_t i = 0; i < 3; ++i) line.expect(i, frame, 0);
  }
}

// Of an encrypted message nothing can be told: where a frame must begin, its length is believed.
void encrypted_frames_are_left_alone(void**) {
  Random random(2);
  std::size_t sent = 0, misjudged = 0;
  for (const Direction direction : both_directions) {
    Line line(direction);
    std::vector<Buffer> frames;
    for (int i = 0; i < 10000; ++i) {
      frames.push_back(frame(random.bytes(random.between(1, max_message_size))));
      line.send(frames.back());
      ++sent;
      // A misjudgement must not spoil the count of those after it.
      line.fall_silent();
    }
    line.finish();
    auto record = line.records().begin();
    for (const Buffer& each : frames) {
      const bool whole = record->status == 0 && record->bytes == each;
      if (!whole) ++misjudged;
      for (std::size_t bytes = 0; bytes < each.size(); ++record) bytes += record->bytes.size();
    }
  }
  if (misjudged) print_error("%zu of %zu misjudged\n", misjudged, sent);
  assert_int_equal(misjudged, 0);
}

// --- Alerts

void an_alert_is_a_frame_on_the_meters_line(void**) {
  for (const Direction direction : {Direction::meter_to_client, Direction::unknown}) {
    Line line(direction);
    for (std::size_t count = 0; count < 3; ++count) {
      line.send(alert);
      // Seen within a few bytes' time, not only when the next one comes.
      line.fall_silent(5ms);
      assert_int_equal(line.records().size(), count + 1);
      line.expect(count, alert, 0);
      assert_false(line.splitter().deadline().has_value());
      line.wait(1s);
    }
  }
}

void an_alert_at_the_end_of_the_line_is_one(void**) {
  Line line(Direction::meter_to_client);
  line.send(alert);
  line.finish();
  line.expect(0, alert, 0);
}

void an_alert_costs_no_frame_behind_it(void**) {
  for (const GuideFrame& frame : guide_frames()) {
    if (frame.direction != Direction::meter_to_client) continue;
    for (const Instant pause : {0ms, 3ms, 10ms, 60ms}) {
      Line line(frame.direction);
      line.send(alert);
      line.wait(pause);
      line.send(frame.bytes);
      assert_int_equal(line.records().size(), 2);
      line.expect(0, alert, 0);
      line.expect(1, frame.bytes, 0);
    }
  }
  // Of any contents, of any size, also an encrypted one.
  Random random(9);
  for (int round = 0; round < 2000; ++round) {
    Line line(Direction::meter_to_client);
    const Buffer behind = frame(random.bytes(random.between(1, max_message_size)));
    line.send(alert);
    if (random.once_in(2)) line.fall_silent(random.below(190) * 1ms);
    line.send(behind);
    line.finish();
    line.expect(0, alert, 0);
  }
}

// A zero that a level converter makes: two zeros are no alert if what follows is no frame.
void a_stray_zero_before_an_answer_is_no_alert(void**) {
  for (const GuideFrame& frame : guide_frames()) {
    if (frame.direction != Direction::meter_to_client || frame.bytes.size() < 11) continue;
    for (const Instant pause : {0ms, 3ms, 10ms}) {
      Line line(frame.direction);
      line.send(0x00);
      line.wait(pause);
      line.send(frame.bytes);
      assert_int_equal(line.records().size(), 2);
      line.expect(0, hex("00"), tap::noise);
      line.expect(1, frame.bytes, 0);
    }
  }
}

void two_zeros_with_a_pause_between_them_are_no_alert(void**) {
  const Buffer frame = guide_frames()[3].bytes;
  Line line(Direction::meter_to_client);
  line.send(0x00);
  line.wait(60ms);
  line.send(frame);
  line.expect(line.records().size() - 1, frame, 0);
  for (const Record& record : line.records()) assert_false(record.bytes == alert);
}

// Nothing can be read there, but the line falls silent where the length says.
void a_stray_byte_costs_no_encrypted_frame_behind_it(void**) {
  Random random(23);
  int lost = 0;
  for (int round = 0; round < 1000; ++round) {
    Line line(both_directions[round % 2]);
    // Too short to be taken for another stray byte's.
    const Buffer sent = frame(random.bytes(random.between(9, 255)));
    line.send(hex("0010 FFEEDDCC BBAA9988 FFEEDDCC BBAA9988"));
    line.fall_silent(60ms);
    line.send(round % 4 < 2 ? 0x00 : 0xFE);
    line.send(sent);
    line.fall_silent();
    if (line.records().size() != 3 || line.records()[2].bytes != sent ||
        line.records()[2].status != 0)
      ++lost;
  }
  assert_true(lost <= 10);
}

// --- A line that holds at zero

void zeros_in_a_row_are_one_stretch_of_noise(void**) {
  for (const Direction direction : {Direction::meter_to_client, Direction::unknown}) {
    for (const std::size_t size : {3U, 4U, 5U, 6U, 7U, 100U, 477U, 478U, 479U, 1000U, 5001U}) {
      Line line(direction);
      line.send(Buffer(size, 0x00));
      line.fall_silent();
      // What is left over at the end may be as short as an alert, and is none.
      assert_int_equal(line.records().size(), (size + max_frame_size - 1) / max_frame_size);
      for (const Record& record : line.records()) assert_int_equal(record.status, tap::noise);
    }
  }
}

// As adapters hand them over: bytes in bunches, and nothing known of the next bunch.
void zeros_without_end_are_never_a_wall_of_alerts(void**) {
  Random random(10);
  for (int round = 0; round < 200; ++round) {
    Line line(Direction::meter_to_client);
    for (int bunch = 0; bunch < 200; ++bunch) {
      line.send(Buffer(random.between(1, 64), 0x00));
      line.fall_silent(random.below(40) * 1ms);
    }
    line.finish();
    const auto alerts = std::ranges::count(line.records(), 0, &Record::status);
    // Nobody can tell the very first two from an alert if nothing comes behind them for a while.
    assert_true(alerts <= 1);
    if (alerts == 1) line.expect(0, alert, 0);
    assert_true(line.records().size() < 30);
  }
}

void breaks_without_end_are_noise(void**) {
  Random random(11);
  for (const std::uint8_t first : {tap::break_seen, tap::framing_error}) {
    Line line(Direction::meter_to_client);
    for (int i = 0; i < 3000; ++i)
      line.send(0x00, random.once_in(3) ? std::uint8_t{tap::break_seen} : first);
    line.finish();
    assert_int_equal(line.records().size(), (3000 + max_frame_size - 1) / max_frame_size);
    for (const Record& record : line.records())
      assert_int_equal(record.status & (tap::noise | tap::truncated), tap::noise);
  }
}

void zeros_held_low_are_no_alert(void**) {
  for (const std::uint8_t trouble : {tap::break_seen, tap::framing_error}) {
    for (const std::size_t place : {0U, 1U}) {
      Line line(Direction::meter_to_client);
      line.send(0x00, place == 0 ? trouble : 0);
      line.send(0x00, place == 1 ? trouble : 0);
      line.fall_silent();
      assert_int_equal(line.records().size(), 1);
      line.expect(0, alert, tap::noise | trouble);
    }
  }
}

void the_line_is_good_again_after_zeros(void**) {
  Random random(12);
  for (const GuideFrame& frame : guide_frames()) {
    if (frame.direction != Direction::meter_to_client) continue;
    for (int round = 0; round < 20; ++round) {
      Line line(frame.direction);
      const std::size_t zeros = random.between(4, 1500);
      line.send(Buffer(zeros, 0x00));
      line.fall_silent(random.between(60, 400) * 1ms);
      line.send(frame.bytes);
      line.expect(line.records().size() - 1, frame.bytes, 0);
      line.wait(1s);
      line.send(alert);
      line.fall_silent();
      line.expect(line.records().size() - 1, alert, 0);
    }
  }
}

void a_clear_frame_right_behind_zeros_is_found(void**) {
  for (const GuideFrame& frame : guide_frames()) {
    if (frame.direction != Direction::meter_to_client || frame.bytes.size() < 20) continue;
    if (fits(Bytes(frame.bytes).subspan(2), frame.bytes.size() - 2, frame.direction) != Fit::yes)
      continue;
    if (frame.bytes[2] == 0x59) continue;  // a TLS termination looks like anything
    for (const std::size_t zeros : {3U, 4U, 7U, 400U}) {
      Line line(frame.direction);
      line.send(Buffer(zeros, 0x00));
      line.send(frame.bytes);
      line.finish();
      line.expect(line.records().size() - 1, frame.bytes, 0);
    }
  }
}

void a_zero_length_is_noise_on_the_clients_line(void**) {
  Line line(Direction::client_to_meter);
  const Buffer frame = guide_frames()[0].bytes;
  line.send(alert);
  line.send(frame);
  assert_int_equal(line.records().size(), 2);
  line.expect(0, alert, tap::noise);
  line.expect(1, frame, 0);
}

void zeros_within_noise_are_no_alert(void**) {
  Line line(Direction::meter_to_client);
  const Buffer noise = hex("FF 00 00 FE FE 00 00");
  line.send(noise);
  line.fall_silent();
  assert_int_equal(line.records().size(), 1);
  line.expect(0, noise, tap::noise);
}

// --- Noise

Buffer random_noise(Random& random, std::size_t size) {
  Buffer noise = random.bytes(size);
  if (noise[0] < 2) noise[0] = 0xFF;  // no length that must be believed
  return noise;
}

void noise_before_a_frame_is_one_record(void**) {
  Random random(3);
  for (int round = 0; round < 2000; ++round) {
    const GuideFrame& frame =
        guide_frames()[random.below(static_cast<std::uint32_t>(guide_frames().size()))];
    Line line(frame.direction);
    const Buffer noise = random_noise(random, random.between(1, 100));
    line.send(noise);
    line.send(frame.bytes);
    assert_int_equal(line.records().size(), 2);
    line.expect(0, noise, tap::noise);
    line.expect(1, frame.bytes, 0);
  }
}

void noise_between_frames_costs_none_of_them(void**) {
  Random random(4);
  for (const Direction direction : both_directions) {
    Line line(direction);
    std::vector<Record> expected;
    for (int round = 0; round < 50; ++round) {
      for (const Buffer& frame : frames_of(direction)) {
        if (random.once_in(2)) {
          expected.push_back({random_noise(random, random.between(1, 40)), tap::noise});
          line.send(expected.back().bytes);
        }
        expected.push_back({frame, 0});
        line.send(frame);
      }
    }
    line.finish();
    assert_int_equal(line.records().size(), expected.size());
    for (std::size_t i = 0; i < expected.size(); ++i)
      line.expect(i, expected[i].bytes, expected[i].status);
  }
}

void noise_longer_than_a_frame_comes_in_large_pieces(void**) {
  for (const std::size_t size : {1U, 477U, 478U, 479U, 956U, 957U, 5000U}) {
    Line line(Direction::client_to_meter);
    line.send(Buffer(size, 0xFF));
    line.finish();
    assert_int_equal(line.records().size(), (size + max_frame_size - 1) / max_frame_size);
    for (const Record& record : line.records()) assert_int_equal(record.status, tap::noise);
  }
}

// A frame of an encrypted line is not recognised after noise, but after a pause.
void a_pause_after_noise_begins_a_frame(void**) {
  const Buffer encrypted = hex("0009 DEADBEEF0123456789");
  for (const Direction direction : both_directions) {
    Line line(direction);
    line.send(hex("FF FE FD"));
    line.wait(60ms);
    line.send(encrypted);
    assert_int_equal(line.records().size(), 2);
    line.expect(0, hex("FF FE FD"), tap::noise);
    line.expect(1, encrypted, 0);
  }
}

void a_length_beyond_the_maximum_is_noise(void**) {
  for (const std::string_view length : {"01DD", "01FF", "0200", "8000", "FFFF"}) {
    Line line(Direction::client_to_meter);
    line.send(hex(length));
    line.send(guide_frames()[0].bytes);
    assert_int_equal(line.records().size(), 2);
    line.expect(0, hex(length), tap::noise);
    line.expect(1, guide_frames()[0].bytes, 0);
  }
}

// Garbage that has to be believed for as long as it may be a frame; what comes behind it shows.
void garbage_like_a_length_costs_no_frame_behind_it(void**) {
  Random random(5);
  int lost = 0;
  for (int round = 0; round < 3000; ++round) {
    const Direction direction = both_directions[round % 2];
    const auto frames = frames_of(direction);
    Line line(direction);
    Buffer garbage = hex("0100");
    garbage[0] = static_cast<std::uint8_t>(random.below(2));
    garbage[1] = static_cast<std::uint8_t>(random.between(12, 0xDC));
    line.send(garbage);
    std::vector<Buffer> expected;
    for (std::size_t bytes = 0; bytes < 1200; bytes += expected.back().size()) {
      expected.push_back(frames[random.below(static_cast<std::uint32_t>(frames.size()))]);
      line.send(expected.back());
    }
    line.finish();
    bool right = line.records().size() == expected.size() + 1 &&
                 line.records()[0].bytes == garbage && line.records()[0].status == tap::noise;
    for (std::size_t i = 0; right && i < expected.size(); ++i)
      right = line.records()[i + 1].bytes == expected[i] && line.records()[i + 1].status == 0;
    if (!right) ++lost;
  }
  if (lost) print_error("in %d of 3000 rounds\n", lost);
  assert_int_equal(lost, 0);
}

void garbage_like_a_length_costs_no_frame_before_a_silence(void**) {
  for (const GuideFrame& frame : guide_frames()) {
    if (frame.bytes.size() < 12) continue;  // a bare answer is too short to tell
    Line line(frame.direction);
    line.send(hex("0100"));
    line.send(frame.bytes);
    line.fall_silent();
    assert_int_equal(line.records().size(), 2);
    line.expect(0, hex("0100"), tap::noise);
    line.expect(1, frame.bytes, 0);
  }
}

// --- Frames cut short

void a_frame_cut_short_comes_out_after_the_timeout_and_the_next_one_is_intact(void**) {
  for (const GuideFrame& frame : guide_frames()) {
    for (std::size_t size = 1; size < frame.bytes.size(); ++size) {
      Line line(frame.direction);
      const Bytes part = Bytes(frame.bytes).first(size);
      line.send(part);
      line.fall_silent(frame_timeout - 1ns);
      assert_int_equal(line.records().size(), 0);
      line.fall_silent(1ns);
      assert_int_equal(line.records().size(), 1);
      line.expect(0, part, tap::truncated);
      line.send(frame.bytes);
      assert_int_equal(line.records().size(), 2);
      line.expect(1, frame.bytes, 0);
    }
  }
}

void an_encrypted_frame_cut_short_is_one_record(void**) {
  Random random(6);
  for (int round = 0; round < 2000; ++round) {
    Line line(both_directions[round % 2]);
    const Buffer whole = frame(random.bytes(random.between(2, max_message_size)));
    const Bytes part =
        Bytes(whole).first(random.between(1, static_cast<std::uint32_t>(whole.size()) - 1));
    line.send(part);
    line.fall_silent();
    assert_int_equal(line.records().size(), 1);
    line.expect(0, part, tap::truncated);
  }
}

void a_part_of_a_clear_frame_after_noise_is_a_part(void**) {
  const Bytes part = Bytes(guide_frames()[0].bytes).first(12);
  Line line(Direction::client_to_meter);
  line.send(hex("FF"));
  line.send(part);
  line.fall_silent();
  assert_int_equal(line.records().size(), 2);
  line.expect(0, hex("FF"), tap::noise);
  line.expect(1, part, tap::truncated);
}

void a_byte_that_comes_after_the_timeout_is_not_of_the_same_frame(void**) {
  // Nobody called advance() in between.
  const Buffer frame = guide_frames()[0].bytes;
  Line line(Direction::client_to_meter);
  line.send(Bytes(frame).first(5));
  line.wait(frame_timeout);
  line.send(frame);
  assert_int_equal(line.records().size(), 2);
  line.expect(0, Bytes(frame).first(5), tap::truncated);
  line.expect(1, frame, 0);
}

// --- Trouble

void trouble_within_a_frame_ends_up_in_its_status_alone(void**) {
  const Buffer frame = guide_frames()[0].bytes;
  for (const std::uint8_t trouble :
       {tap::framing_error, tap::parity_error, tap::break_seen, tap::lost}) {
    for (std::size_t place = 0; place < frame.size(); ++place) {
      if (trouble == tap::break_seen && place == 0) continue;  // no frame begins with a break
      Line line(Direction::client_to_meter);
      line.send(frame);
      for (std::size_t i = 0; i < frame.size(); ++i) line.send(frame[i], i == place ? trouble : 0);
      line.send(frame);
      assert_int_equal(line.records().size(), 3);
      line.expect(0, frame, 0);
      line.expect(1, frame, trouble);
      line.expect(2, frame, 0);
    }
  }
}

void troubles_add_up(void**) {
  Line line(Direction::client_to_meter);
  const Bytes part = Bytes(guide_frames()[0].bytes).first(6);
  for (std::size_t i = 0; i < part.size(); ++i)
    line.send(part[i], i == 2 ? tap::framing_error : i == 5 ? tap::lost : 0);
  line.fall_silent();
  line.expect(0, part, tap::truncated | tap::framing_error | tap::lost);
}

void a_break_between_frames_is_noise(void**) {
  Line line(Direction::meter_to_client);
  const Buffer frame = guide_frames()[3].bytes;
  line.send(0x00, tap::break_seen);
  line.send(frame);
  assert_int_equal(line.records().size(), 2);
  line.expect(0, hex("00"), tap::noise | tap::break_seen);
  line.expect(1, frame, 0);
}

// --- Pauses

bool is_telling(const GuideFrame& frame) {
  // An answer of one byte is as common as data, and a TLS termination looks like anything.
  return frame.bytes.size() >= 11 && frame.bytes[2] != 0x59 &&
         fits(frame.message(), frame.message().size(), frame.direction) == Fit::yes;
}

// The last record is this frame, whole, and of what was sent before it `frames` were whole.
void expect_last(const Line& line, Bytes frame, std::ptrdiff_t frames) {
  line.expect(line.records().size() - 1, frame, 0);
  assert_int_equal(std::ranges::count(line.records(), 0, &Record::status), frames + 1);
}

// A byte is missing anywhere: the frame waits for it, and the next one must not be what comes.
void a_missing_byte_costs_no_frame_behind_the_pause(void**) {
  for (const Instant pause : {30ms, 55ms, 80ms, 120ms, 190ms}) {
    for (const GuideFrame& cut : guide_frames()) {
      for (const GuideFrame& behind : guide_frames()) {
        if (!is_telling(cut) || !is_telling(behind) || cut.direction != behind.direction) continue;
        for (std::size_t place = 0; place < cut.bytes.size(); ++place) {
          // Without its length's low byte it is a frame, too, or an alert and a frame's beginning.
          const std::uint8_t code = cut.bytes[2];
          if (place == 1 && (code == cut.bytes[1] - 1 || code == 0)) continue;
          Line line(cut.direction);
          for (int i = 0; i < 2; ++i) {
            line.send(behind.bytes);
            line.wait(pause);
          }
          Buffer damaged = cut.bytes;
          damaged.erase(damaged.begin() + static_cast<std::ptrdiff_t>(place));
          line.send(damaged);
          line.wait(pause);
          line.send(behind.bytes);
          expect_last(line, behind.bytes, 2);
        }
      }
    }
  }
}

void a_frame_cut_anywhere_costs_no_frame_behind_the_pause(void**) {
  for (const GuideFrame& frame : guide_frames()) {
    if (!is_telling(frame)) continue;
    for (std::size_t size = 2; size < frame.bytes.size(); ++size) {
      Line line(frame.direction);
      line.send(Bytes(frame.bytes).first(size));
      line.wait(60ms);
      line.send(frame.bytes);
      assert_int_equal(line.records().size(), 2);
      line.expect(0, Bytes(frame.bytes).first(size), tap::truncated);
      line.expect(1, frame.bytes, 0);
    }
  }
}

// Where nothing can be read, a frame behind a pause is known by where it ends.
void a_missing_byte_costs_no_encrypted_frame_behind_the_pause(void**) {
  Random random(21);
  int lost = 0;
  constexpr int rounds = 2000;
  for (int round = 0; round < rounds; ++round) {
    Line line(both_directions[round % 2]);
    Buffer cut = frame(random.bytes(random.between(9, max_message_size)));
    const Buffer behind = frame(random.bytes(random.between(9, max_message_size)));
    cut.erase(
        cut.begin() + 2 +
        static_cast<std::ptrdiff_t>(random.below(static_cast<std::uint32_t>(cut.size()) - 2)));
    line.send(cut);
    line.wait(60ms);
    line.send(behind);
    line.fall_silent(60ms);
    const bool right = line.records().size() == 2 && line.records()[0].bytes == cut &&
                       line.records()[0].status == tap::truncated &&
                       line.records()[1].bytes == behind && line.records()[1].status == 0;
    if (!right) ++lost;
  }
  // A lost byte that is followed by its like cannot be told from another; nor can a length be from
  // the code of a clear message.
  assert_true(lost < rounds / 50);
}

// Even where the pauses are hardly longer than those that a meter makes within a frame.
void a_byte_too_many_costs_few_encrypted_frames_behind_short_pauses(void**) {
  Random random(24);
  int lost = 0;
  constexpr int rounds = 1000;
  constexpr std::size_t behind = 5;
  for (int round = 0; round < rounds; ++round) {
    Line line(both_directions[round % 2]);
    std::vector<Buffer> frames;
    for (std::size_t number = 0; number < 2 + behind; ++number)
      frames.push_back(frame(random.bytes(random.between(9, 255))));
    for (std::size_t number = 0; number < frames.size(); ++number) {
      line.send(frames[number]);
      if (number == 1) line.send(random.bytes(1));
      line.wait(30ms);
    }
    line.fall_silent(60ms);
    for (std::size_t number = 2; number < frames.size(); ++number)
      lost += std::ranges::none_of(line.records(), [&](const Record& record) {
        return record.status == 0 && record.bytes == frames[number];
      });
  }
  assert_true(lost < rounds / 10);
}

// What page 21 allows, whatever the bytes behind the pause look like.
void legal_pauses_cut_no_frame(void**) {
  Random random(22);
  for (int round = 0; round < 4000; ++round) {
    const Direction direction = both_directions[round % 2];
    const Instant longest = direction == Direction::client_to_meter ? 50ms : 25ms;
    Line line(direction);
    const auto frames = frames_of(direction);
    const Buffer sent = round % 4 < 2
                            ? frame(random.bytes(random.between(9, max_message_size)))
                            : frames[random.below(static_cast<std::uint32_t>(frames.size()))];
    for (const std::uint8_t byte : sent) {
      if (random.once_in(20)) line.wait(random.below(1000) * longest / 1000);
      line.send(byte);
    }
    line.fall_silent(60ms);
    assert_int_equal(line.records().size(), 1);
    line.expect(0, sent, 0);
  }
}

// At 300 bit/s a byte takes longer than the meter's pauses: no pause is between two of them.
void slow_bytes_are_no_pause(void**) {
  for (const GuideFrame& sent : guide_frames()) {
    if (!is_telling(sent)) continue;
    std::vector<Record> records;
    FrameSplitter splitter(
        sent.direction, frame_timeout,
        [&records](const LineRecord& record) {
          records.push_back({Buffer(record.bytes.begin(), record.bytes.end()), record.status});
        },
        9600);
    splitter.set_speed(300);
    Instant now = 1h;
    for (int i = 0; i < 3; ++i) {
      for (const std::uint8_t byte : sent.bytes) {
        now += 33333us;
        splitter.advance(now);
        splitter.push(byte, now);
      }
      assert_int_equal(records.size(), i + 1);
      assert_true(records.back().bytes == sent.bytes && records.back().status == 0);
    }
  }
}

// A shorter length than was meant: what it makes is no frame, since the bytes go on behind it.
void a_damaged_length_makes_no_frame_among_clear_ones(void**) {
  for (const GuideFrame& frame : guide_frames()) {
    if (!is_telling(frame)) continue;
    for (std::uint8_t length = 2; length < frame.bytes[1]; ++length) {
      // A bare answer that is not one: only its digest tells.
      if (length == 9 || frame.bytes[0] != 0) continue;
      Line line(frame.direction);
      for (int i = 0; i < 2; ++i) {
        line.send(frame.bytes);
        line.wait(60ms);
      }
      Buffer damaged = frame.bytes;
      damaged[1] = length;
      if (fits(Bytes(damaged).subspan(2, length), length, frame.direction) == Fit::yes) continue;
      line.send(damaged);
      line.wait(60ms);
      line.send(frame.bytes);
      expect_last(line, frame.bytes, 2);
    }
  }
}

// --- Time

void the_deadline_is_the_timeout_after_the_last_byte(void**) {
  Line line(Direction::client_to_meter);
  assert_false(line.splitter().deadline().has_value());
  line.send(0x00);
  assert_true(line.splitter().deadline() == line.now() + frame_timeout);
  line.wait(20ms);
  line.send(0x14);
  assert_true(line.splitter().deadline() == line.now() + frame_timeout);
  line.splitter().advance(*line.splitter().deadline() - 1ns);
  assert_int_equal(line.records().size(), 0);
  line.splitter().advance(*line.splitter().deadline());
  assert_int_equal(line.records().size(), 1);
  assert_false(line.splitter().deadline().has_value());
}

void noise_has_a_deadline_too(void**) {
  Line line(Direction::client_to_meter);
  line.send(hex("FF FF"));
  assert_true(line.splitter().deadline().has_value());
  line.fall_silent();
  line.expect(0, hex("FF FF"), tap::noise);
}

void the_end_of_the_line_brings_out_what_is_held(void**) {
  Line line(Direction::client_to_meter);
  const Bytes part = Bytes(guide_frames()[0].bytes).first(7);
  line.send(part);
  line.finish();
  assert_int_equal(line.records().size(), 1);
  line.expect(0, part, tap::truncated);
  line.finish();
  line.fall_silent();
  assert_int_equal(line.records().size(), 1);
}

void time_without_bytes_does_nothing(void**) {
  Line line(Direction::client_to_meter);
  for (int i = 0; i < 10; ++i) line.fall_silent();
  line.finish();
  assert_int_equal(line.records().size(), 0);
}

// --- Anything at all. What Line checks is the point.

void random_noise_of_any_size_comes_out(void**) {
  Random random(7);
  for (std::uint32_t size = 1; size <= 1500; size += random.between(1, 9)) {
    for (const Direction direction : both_directions) {
      Line line(direction);
      line.send(random.bytes(size));
      line.finish();
    }
  }
}

void random_bytes_and_times_come_out(void**) {
  for (std::uint32_t seed = 0; seed < 4; ++seed) {
    Random random(100 + seed);
    Line line(static_cast<Direction>(seed % 3));
    for (int i = 0; i < 25000; ++i) {
      if (random.once_in(200)) line.wait(random.below(400) * 1ms);
      if (random.once_in(300)) line.fall_silent(random.below(400) * 1ms);
      if (random.once_in(2000)) line.finish();
      // Lengths and codes that mean something are otherwise rare.
      constexpr std::uint8_t telling[] = {0x00, 0x00, 0x01, 0x14, 0x09, 0x3F, 0x30, 0x4F, 0x58};
      const std::uint8_t byte =
          seed < 2 ? random.byte() : telling[random.below(std::size(telling))];
      const std::uint8_t trouble = random.once_in(50) ? random.byte() & 0x3C : 0;
      line.send(byte, trouble);
    }
    line.finish();
  }
}

// Frames between all sorts of damage: after a silence, the next frame is always found.
void a_frame_after_damage_and_silence_is_found(void**) {
  Random random(8);
  for (int round = 0; round < 3000; ++round) {
    const Direction direction = both_directions[round % 2];
    const auto frames = frames_of(direction);
    const auto any_frame = [&]() -> const Buffer& {
      return frames[random.below(static_cast<std::uint32_t>(frames.size()))];
    };
    Line line(direction);
    Buffer damaged;
    for (std::uint32_t i = random.below(4); i > 0; --i) append(damaged, any_frame());
    for (std::uint32_t i = random.below(4); i > 0 && !damaged.empty(); --i) {
      const std::size_t at = random.below(static_cast<std::uint32_t>(damaged.size()));
      if (random.once_in(2)) {
        damaged.erase(damaged.begin() + static_cast<std::ptrdiff_t>(at));
      } else {
        damaged[at] = random.byte();
      }
    }
    line.send(damaged);
    line.fall_silent();
    const Buffer& frame = any_frame();
    line.send(frame);
    line.expect(line.records().size() - 1, frame, 0);
  }
}

int run_all() {
  const CMUnitTest tests[] = {
      cmocka_unit_test(frames_and_alerts_come_out_whole_in_any_chunking),
      cmocka_unit_test(a_frame_comes_out_with_its_last_byte),
      cmocka_unit_test(the_largest_frame_fits),
      cmocka_unit_test(encrypted_frames_are_left_alone),
      cmocka_unit_test(an_alert_is_a_frame_on_the_meters_line),
      cmocka_unit_test(an_alert_at_the_end_of_the_line_is_one),
      cmocka_unit_test(an_alert_costs_no_frame_behind_it),
      cmocka_unit_test(a_stray_zero_before_an_answer_is_no_alert),
      cmocka_unit_test(two_zeros_with_a_pause_between_them_are_no_alert),
      cmocka_unit_test(a_stray_byte_costs_no_encrypted_frame_behind_it),
      cmocka_unit_test(zeros_in_a_row_are_one_stretch_of_noise),
      cmocka_unit_test(zeros_without_end_are_never_a_wall_of_alerts),
      cmocka_unit_test(breaks_without_end_are_noise),
      cmocka_unit_test(zeros_held_low_are_no_alert),
      cmocka_unit_test(the_line_is_good_again_after_zeros),
      cmocka_unit_test(a_clear_frame_right_behind_zeros_is_found),
      cmocka_unit_test(a_zero_length_is_noise_on_the_clients_line),
      cmocka_unit_test(zeros_within_noise_are_no_alert),
      cmocka_unit_test(noise_before_a_frame_is_one_record),
      cmocka_unit_test(noise_between_frames_costs_none_of_them),
      cmocka_unit_test(noise_longer_than_a_frame_comes_in_large_pieces),
      cmocka_unit_test(a_pause_after_noise_begins_a_frame),
      cmocka_unit_test(a_length_beyond_the_maximum_is_noise),
      cmocka_unit_test(garbage_like_a_length_costs_no_frame_behind_it),
      cmocka_unit_test(garbage_like_a_length_costs_no_frame_before_a_silence),
      cmocka_unit_test(a_frame_cut_short_comes_out_after_the_timeout_and_the_next_one_is_intact),
      cmocka_unit_test(an_encrypted_frame_cut_short_is_one_record),
      cmocka_unit_test(a_part_of_a_clear_frame_after_noise_is_a_part),
      cmocka_unit_test(a_byte_that_comes_after_the_timeout_is_not_of_the_same_frame),
      cmocka_unit_test(trouble_within_a_frame_ends_up_in_its_status_alone),
      cmocka_unit_test(troubles_add_up),
      cmocka_unit_test(a_break_between_frames_is_noise),
      cmocka_unit_test(a_missing_byte_costs_no_frame_behind_the_pause),
      cmocka_unit_test(a_frame_cut_anywhere_costs_no_frame_behind_the_pause),
      cmocka_unit_test(a_missing_byte_costs_no_encrypted_frame_behind_the_pause),
      cmocka_unit_test(a_byte_too_many_costs_few_encrypted_frames_behind_short_pauses),
      cmocka_unit_test(legal_pauses_cut_no_frame),
      cmocka_unit_test(slow_bytes_are_no_pause),
      cmocka_unit_test(a_damaged_length_makes_no_frame_among_clear_ones),
      cmocka_unit_test(the_deadline_is_the_timeout_after_the_last_byte),
      cmocka_unit_test(noise_has_a_deadline_too),
      cmocka_unit_test(the_end_of_the_line_brings_out_what_is_held),
      cmocka_unit_test(time_without_bytes_does_nothing),
      cmocka_unit_test(random_noise_of_any_size_comes_out),
      cmocka_unit_test(random_bytes_and_times_come_out),
      cmocka_unit_test(a_frame_after_damage_and_silence_is_found),
  };
  return cmocka_run_group_tests(tests, nullptr, nullptr);
}

}  // namespace
}  // namespace mep

int main() {
  return mep::run_all();
}
