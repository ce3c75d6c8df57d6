// What a message's bytes speak for, in bits.
// SPDX-License-Identifier: GPL-2.0-or-later
#include "protocol/evidence.h"

#include <algorithm>

#include "tests/unit/material.h"

#include "tests/unit/cmocka.h"

namespace mep {
namespace {

using test::Buffer;
using test::guide_frames;
using test::GuideFrame;
using test::hex;
using test::Random;

Buffer with(std::string_view message, std::string_view trailer) {
  Buffer bytes = hex(message);
  const Buffer more = hex(trailer);
  bytes.insert(bytes.end(), more.begin(), more.end());
  return bytes;
}

int request_bits(std::string_view message) {
  return clear_request_bits(with(message, "00005D0F 6D51F129553D93CF"));
}

// As the answer to that request; "": to none that was heard.
int response_bits(std::string_view message, std::string_view request) {
  const Buffer asked = with(request, "00005D0F 6D51F129553D93CF");
  const Request question = parse_request(asked, Trailer::present);
  return clear_response_bits(with(message, "A4AD3E7E902E7A99"),
                             request.empty() ? nullptr : &question);
}

constexpr std::string_view read = "30 0017 0200";
constexpr std::string_view write = "4F 0832 000000 0001 01";
constexpr int certain = 16;

void the_guides_frames_are_clear(void**) {
  int clear = 0;
  for (const GuideFrame& frame : guide_frames()) {
    const Bytes message = frame.message();
    if (message.empty()) continue;
    const bool request = frame.direction == Direction::client_to_meter;
    const int bits = request ? clear_request_bits(message) : clear_response_bits(message, nullptr);
    if (bits > 0) ++clear;
  }
  assert_true(clear > 20);
}

void what_clients_send_is_certain(void**) {
  assert_true(request_bits(read) >= certain);
  assert_true(request_bits("3F 001C 000010 0014") >= certain);
  assert_true(request_bits("40 0007 0003 010203") >= certain);
  assert_true(request_bits(write) >= certain);
  assert_true(request_bits("20") > 0);
  assert_true(request_bits("21") > 0);
  assert_true(request_bits("50 0002 6F70657261746F722020") > 0);
}

void no_single_field_outweighs_code_and_size(void**) {
  assert_true(request_bits("30 0017 FFFF") > 0);         // count
  assert_true(request_bits("30 FFFF 0200") > 0);         // table
  assert_true(request_bits("3F 0017 FFFFFF 0001") > 0);  // offset
  assert_true(request_bits("30 E123 FFFF") > 0);         // two of them
  assert_true(request_bits("3F E123 FFFFFF FFFF") > 0);  // all
}

void what_fits_no_code_speaks_for_noise(void**) {
  assert_true(request_bits("99 0017 0200") < 0);
  assert_true(request_bits("30 E123 0200 00") < 0);  // a byte too many
  assert_true(request_bits("40 0017 0200 01") < 0);
  assert_true(response_bits("9C 000102", read) < -8);
  assert_true(response_bits("00 0005 0102", read) < 0);
}

void answers_that_fit_are_certain(void**) {
  assert_true(response_bits("00 0003 010203", read) >= certain);
  assert_true(response_bits("00 0003 010203", "") >= certain);
  assert_true(response_bits("0C 00005D10", read) >= certain);  // counts on
  assert_true(response_bits("00", write) > 0);
  assert_true(response_bits("05", read) > 0);
}

void an_answer_to_something_else_is_not(void**) {
  assert_true(response_bits("00", read) < 0);
  assert_true(response_bits("0C 12345678", read) < response_bits("0C 00005D0F", read));
}

// It comes in clear to encrypted requests, too.
void a_refusal_says_nothing(void**) {
  assert_int_equal(response_bits("0B", read), 0);
}

void numbers_near_each_other_count_on(void**) {
  assert_true(sequence_bits(0x5D0F, 0x5D10) >= certain);
  assert_true(sequence_bits(0x5D10, 0x5D0F) >= certain);
  assert_true(sequence_bits(0xFFFFFFFF, 0) >= certain);  // over the end
  assert_int_equal(sequence_bits(0, 0x80000000), 0);
  assert_int_equal(sequence_bits(1, 1000), 0);
}

// The figures are what they say: noise that has n bits or more is as rare as one in 2^n.
void noise_rarely_looks_clear(void**) {
  Random random(17);
  constexpr int tries = 300'000;
  for (const std::size_t size : {13U, 15U, 17U, 20U, 29U, 60U}) {
    int requests[2] = {};
    int responses[2] = {};
    for (int i = 0; i < tries; ++i) {
      const Buffer noise = random.bytes(size);
      const int asked = clear_request_bits(noise);
      const int answered = clear_response_bits(noise, nullptr);
      requests[0] += asked > 0 ? 1 : 0;
      requests[1] += asked >= certain ? 1 : 0;
      responses[0] += answered > 0 ? 1 : 0;
      responses[1] += answered >= certain ? 1 : 0;
    }
    assert_true(requests[0] < tries / 40 && responses[0] < tries / 40);
    assert_true(requests[1] <= tries / 10'000 && responses[1] <= tries / 10'000);
  }
}

void any_bytes_can_be_judged(void**) {
  Random random(18);
  for (std::size_t size = 0; size < 40; ++size) {
    for (unsigned code = 0; code < 256; ++code) {
      Buffer bytes = random.bytes(size);
      if (size > 0) bytes[0] = static_cast<std::uint8_t>(code);
      const Request question = parse_request(bytes, Trailer::present);
      assert_in_range(clear_request_bits(bytes) + 100, 50, 200);
      assert_in_range(clear_response_bits(bytes, &question) + 100, 50, 200);
    }
  }
}

int run() {
  const CMUnitTest tests[] = {
      cmocka_unit_test(the_guides_frames_are_clear),
      cmocka_unit_test(what_clients_send_is_certain),
      cmocka_unit_test(no_single_field_outweighs_code_and_size),
      cmocka_unit_test(what_fits_no_code_speaks_for_noise),
      cmocka_unit_test(answers_that_fit_are_certain),
      cmocka_unit_test(an_answer_to_something_else_is_not),
      cmocka_unit_test(a_refusal_says_nothing),
      cmocka_unit_test(numbers_near_each_other_count_on),
      cmocka_unit_test(noise_rarely_looks_clear),
      cmocka_unit_test(any_bytes_can_be_judged),
  };
  return cmocka_run_group_tests(tests, nullptr, nullptr);
}

}  // namespace
}  // namespace mep

int main() {
  return mep::run();
}
