// The tap header (docs/link-types.md).
// SPDX-License-Identifier: GPL-2.0-or-later
#include "protocol/tap.h"
#include "tests/unit/material.h"

#include "tests/unit/cmocka.h"

namespace mep {
namespace {

using test::Buffer;
using test::hex;
using test::Random;

bool equal(const tap::Header& a, const tap::Header& b) {
  return a.direction == b.direction && a.status == b.status && a.baud_rate == b.baud_rate &&
         a.duration_us == b.duration_us && a.tap == b.tap;
}

// The numbers are a file format: they are written out here.
void the_bytes_are_those_of_the_format(void**) {
  const tap::Header header{Direction::meter_to_client, tap::truncated | tap::lost, 9600, 0x01020304,
                           0xA1A2A3A4};
  const auto bytes = tap::encode(header);
  const Buffer expected = hex("01 10 02 21 00002580 01020304 A1A2A3A4");
  assert_int_equal(bytes.size(), expected.size());
  assert_memory_equal(bytes.data(), expected.data(), expected.size());

  assert_int_equal(tap::noise, 0x02);
  assert_int_equal(tap::framing_error, 0x04);
  assert_int_equal(tap::parity_error, 0x08);
  assert_int_equal(tap::break_seen, 0x10);
  assert_int_equal(tap::link_type, 160);
  assert_int_equal(tap::raw_link_type, 161);
}

void what_was_encoded_is_parsed(void**) {
  Random random(1);
  for (int round = 0; round < 1000; ++round) {
    tap::Header header;
    header.direction = static_cast<Direction>(random.below(3));
    header.status = random.byte();
    header.baud_rate = random.below(0xFFFFFFFF);
    header.duration_us = random.below(0xFFFFFFFF);
    header.tap = random.below(0xFFFFFFFF);
    const auto bytes = tap::encode(header);
    Buffer record(bytes.begin(), bytes.end());
    const Buffer frame = random.bytes(random.below(20));
    record.insert(record.end(), frame.begin(), frame.end());
    const auto parsed = tap::parse(record);
    assert_true(parsed.has_value());
    assert_true(equal(parsed->header, header));
    assert_int_equal(parsed->size, 16);
  }
}

// Files from before the tap number, and what lies between the two sizes.
void a_header_without_a_whole_tap_number_has_none(void**) {
  for (std::uint8_t size = 12; size < 16; ++size) {
    Buffer record = hex("01 0C 01 00 00002580 00000000 AAAAAA 0000");
    record[1] = size;
    const auto parsed = tap::parse(record);
    assert_true(parsed.has_value());
    assert_int_equal(parsed->size, size);
    assert_int_equal(parsed->header.tap, 0);
  }
}

void a_longer_header_is_skipped(void**) {
  const Buffer record = hex("01 13 01 00 00002580 00000000 00000007 AAAAAA 0000");
  const auto parsed = tap::parse(record);
  assert_true(parsed.has_value());
  assert_int_equal(parsed->size, 19);
  assert_int_equal(parsed->header.tap, 7);
  assert_int_equal(parsed->header.baud_rate, 9600);
  assert_true(parsed->header.direction == Direction::client_to_meter);
}

void a_record_shorter_than_its_header_is_rejected(void**) {
  const Buffer whole = hex("01 0F 01 00 00002580 00000000 AAAAAA");
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const Buffer cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
    assert_false(tap::parse(cut).has_value());
  }
  assert_true(tap::parse(whole).has_value());
}

void a_header_of_less_than_12_bytes_is_rejected(void**) {
  Buffer record = hex("01 0C 01 00 00002580 00000000");
  for (std::uint8_t size = 0; size < 12; ++size) {
    record[1] = size;
    assert_false(tap::parse(record).has_value());
  }
}

void another_version_is_rejected(void**) {
  Buffer record = hex("00 0C 01 00 00002580 00000000");
  for (unsigned version = 0; version < 256; ++version) {
    record[0] = static_cast<std::uint8_t>(version);
    assert_int_equal(tap::parse(record).has_value(), version == 1);
  }
}

void a_direction_without_meaning_is_unknown(void**) {
  const auto parsed = tap::parse(hex("01 0C 03 00 00002580 00000000"));
  assert_true(parsed.has_value());
  assert_true(parsed->header.direction == Direction::unknown);
}

int run_all() {
  const CMUnitTest tests[] = {
      cmocka_unit_test(the_bytes_are_those_of_the_format),
      cmocka_unit_test(what_was_encoded_is_parsed),
      cmocka_unit_test(a_header_without_a_whole_tap_number_has_none),
      cmocka_unit_test(a_longer_header_is_skipped),
      cmocka_unit_test(a_record_shorter_than_its_header_is_rejected),
      cmocka_unit_test(a_header_of_less_than_12_bytes_is_rejected),
      cmocka_unit_test(another_version_is_rejected),
      cmocka_unit_test(a_direction_without_meaning_is_unknown),
  };
  return cmocka_run_group_tests(tests, nullptr, nullptr);
}

}  // namespace
}  // namespace mep

int main() {
  return mep::run_all();
}
