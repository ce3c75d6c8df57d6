// C12.18 messages, tables 2.1 to 2.7, pages 8 to 12.
// SPDX-License-Identifier: GPL-2.0-or-later
#include "protocol/message.h"

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

constexpr std::string_view request_trailer = "01020304 A0A1A2A3A4A5A6A7";
constexpr std::string_view response_trailer = "A0A1A2A3A4A5A6A7";

Buffer joined(std::string_view first, std::string_view second) {
  Buffer bytes = hex(first);
  const Buffer more = hex(second);
  bytes.insert(bytes.end(), more.begin(), more.end());
  return bytes;
}

void expect_bytes(Bytes actual, std::string_view expected) {
  const Buffer wanted = hex(expected);
  assert_int_equal(actual.size(), wanted.size());
  if (!wanted.empty()) assert_memory_equal(actual.data(), wanted.data(), wanted.size());
}

void expect_problem(Problem actual, Problem expected) {
  assert_int_equal(actual, expected);
}

void expect_request_trailer(const Request& request, Bytes message) {
  assert_true(request.sequence == 0x01020304U);
  assert_true(request.digest.has_value());
  expect_bytes(request.digest->of(message), response_trailer);
}

// Parses the message without and with a trailer; everything but the trailer must be the same.
Request parsed_both_ways(std::string_view text) {
  const Buffer bare = hex(text);
  const Buffer closed = joined(text, request_trailer);
  const Request without = parse_request(bare, Trailer::absent);
  const Request with = parse_request(closed, Trailer::present);
  assert_false(without.sequence.has_value());
  assert_false(without.digest.has_value());
  expect_request_trailer(with, closed);
  assert_int_equal(with.code, without.code);
  assert_true(with.table == without.table);
  assert_int_equal(with.offset, without.offset);
  assert_true(with.count == without.count);
  assert_int_equal(with.data.offset, without.data.offset);
  assert_int_equal(with.data.size, without.data.size);
  assert_int_equal(with.problem, without.problem);
  return without;
}

// --- Requests

void a_full_read_has_table_and_count(void**) {
  const Request request = parsed_both_ways("30 0017 002C");
  assert_true(request.is(RequestCode::full_read));
  assert_true(request.table == 0x0017);
  assert_int_equal(request.offset, 0);
  assert_true(request.count == 0x002C);
  assert_int_equal(request.data.size, 0);
  expect_problem(request.problem, Problem::none);
}

void a_full_read_may_go_without_count(void**) {
  const Request request = parsed_both_ways("30 0832");
  assert_true(request.table == 0x0832);
  assert_false(request.count.has_value());
  expect_problem(request.problem, Problem::none);
}

void a_partial_read_has_an_offset_of_three_bytes(void**) {
  const Request request = parsed_both_ways("3F 0040 012345 0100");
  assert_true(request.is(RequestCode::partial_read));
  assert_true(request.table == 0x0040);
  assert_int_equal(request.offset, 0x012345);
  assert_true(request.count == 0x0100);
  expect_problem(request.problem, Problem::none);
}

void a_full_write_carries_counted_bytes(void**) {
  const std::string_view text = "40 0007 0006 11 08 07 00 F8 03";
  const Request request = parsed_both_ways(text);
  assert_true(request.table == 0x0007);
  assert_true(request.count == 6);
  expect_bytes(request.data.of(hex(text)), "11 08 07 00 F8 03");
  expect_problem(request.problem, Problem::none);
}

void a_partial_write_carries_counted_bytes_for_an_offset(void**) {
  const std::string_view text = "4F 0832 00001E 0001 01";
  const Request request = parsed_both_ways(text);
  assert_true(request.table == 0x0832);
  assert_int_equal(request.offset, 30);
  assert_true(request.count == 1);
  expect_bytes(request.data.of(hex(text)), "01");
  expect_problem(request.problem, Problem::none);
}

void tls_requests_carry_data_alone_whatever_the_trailer(void**) {
  for (const std::string_view text : {"57 00", "58 1603030001 00", "59 1603030001 00",
                                      "80 1703030010 00112233445566778899AABBCCDDEEFF"}) {
    const Buffer message = hex(text);
    for (const Trailer trailer : {Trailer::absent, Trailer::present}) {
      const Request request = parse_request(message, trailer);
      assert_int_equal(request.code, message[0]);
      assert_false(request.table.has_value());
      assert_false(request.sequence.has_value());
      assert_false(request.digest.has_value());
      assert_int_equal(request.data.offset, 1);
      assert_int_equal(request.data.size, message.size() - 1);
      expect_problem(request.problem, Problem::none);
    }
  }
}

void a_count_larger_than_the_bytes_is_a_mismatch(void**) {
  const std::string_view text = "40 0007 0006 11 08 07";
  const Request request = parsed_both_ways(text);
  assert_true(request.count == 6);
  expect_bytes(request.data.of(hex(text)), "11 08 07");
  expect_problem(request.problem, Problem::count_mismatch);
}

void bytes_beyond_the_count_are_excess(void**) {
  const std::string_view text = "4F 0832 00001E 0001 01 02 03";
  const Request write = parsed_both_ways(text);
  expect_bytes(write.data.of(hex(text)), "01");
  expect_problem(write.problem, Problem::excess);
  expect_problem(parsed_both_ways("3F 0017 000000 002C 00").problem, Problem::excess);
  expect_problem(parsed_both_ways("30 0017 002C 00").problem, Problem::excess);
}

void a_request_that_ends_within_its_fields_is_too_short(void**) {
  for (const std::string_view text :
       {"30", "30 00", "30 0017 00", "3F 0017", "3F 0017 0000", "3F 0017 000000",
        "3F 0017 000000 00", "40 0007", "40 0007 00", "4F 0832 00001E 00"}) {
    const Request request = parsed_both_ways(text);
    expect_problem(request.problem, Problem::too_short);
    assert_false(request.count.has_value());
    assert_int_equal(request.data.size, 0);
  }
}

void a_request_without_room_for_its_trailer_says_so(void**) {
  const Request request = parse_request(hex("30 0017 002C"), Trailer::present);
  expect_problem(request.problem, Problem::no_trailer);
  assert_true(request.table == 0x0017);
  assert_false(request.digest.has_value());
}

void an_unknown_request_keeps_its_bytes(void**) {
  for (const Trailer trailer : {Trailer::absent, Trailer::present}) {
    const Buffer message = hex("77 01 02");
    const Request request = parse_request(message, trailer);
    assert_int_equal(request.code, 0x77);
    expect_bytes(request.data.of(message), "01 02");
    expect_problem(request.problem, Problem::unknown_code);
  }
}

void any_request_has_its_trailer(void**) {
  // C12.18's own, one with a body, and one that nobody has named.
  for (const std::string body :
       {"20", "21", "51 0102030405060708090A0B0C0D0E0F1011121314", "77 01"}) {
    const Buffer message = hex(body + "00005D0F 6D51F129553D93CF");
    const Request request = parse_request(message, Trailer::present);
    assert_true(request.sequence == 0x5D0FU);
    expect_bytes(request.digest->of(message), "6D51F129553D93CF");
    expect_bytes(request.data.of(message), body.substr(2));
    expect_problem(request.problem, body[0] == '7' ? Problem::unknown_code : Problem::none);
  }
}

void an_empty_message_is_empty(void**) {
  expect_problem(parse_request({}, Trailer::present).problem, Problem::empty);
  expect_problem(parse_response({}, Answers::read, Trailer::present).problem, Problem::empty);
}

// --- Responses

Response answer(std::string_view text, Answers answers) {
  const Buffer bare = hex(text);
  const Buffer closed = joined(text, response_trailer);
  const Response without = parse_response(bare, answers, Trailer::absent);
  const Response with = parse_response(closed, answers, Trailer::present);
  assert_false(without.digest.has_value());
  assert_true(with.digest.has_value());
  expect_bytes(with.digest->of(closed), response_trailer);
  assert_int_equal(with.code, without.code);
  assert_true(with.count == without.count);
  assert_int_equal(with.data.offset, without.data.offset);
  assert_int_equal(with.data.size, without.data.size);
  assert_true(with.sequence == without.sequence);
  assert_int_equal(with.problem, without.problem);
  return without;
}

void a_reads_answer_is_counted(void**) {
  for (const Answers answers : {Answers::read, Answers::unknown}) {
    const std::string_view text = "00 0003 AA BB CC";
    const Response response = answer(text, answers);
    assert_true(response.is(ResponseCode::ok));
    assert_true(response.count == 3);
    expect_bytes(response.data.of(hex(text)), "AA BB CC");
    expect_problem(response.problem, Problem::none);
  }
}

void a_writes_answer_is_bare(void**) {
  for (const Answers answers : {Answers::write, Answers::unknown}) {
    const Response response = answer("00", answers);
    assert_false(response.count.has_value());
    expect_problem(response.problem, Problem::none);
  }
  expect_problem(answer("00 0001 AA", Answers::write).problem, Problem::excess);
}

void a_reads_answer_with_a_wrong_count_says_so(void**) {
  expect_problem(answer("00 0004 AA BB CC", Answers::read).problem, Problem::count_mismatch);
  expect_problem(answer("00 0002 AA BB CC", Answers::read).problem, Problem::excess);
  expect_problem(answer("00 00", Answers::read).problem, Problem::too_short);
  expect_problem(answer("00", Answers::read).problem, Problem::too_short);
}

void errors_have_no_data(void**) {
  for (const std::string_view text : {"01", "02", "03", "04", "05", "0A", "0B"}) {
    for (const Answers answers : {Answers::read, Answers::write, Answers::unknown}) {
      const Response response = answer(text, answers);
      assert_int_equal(response.code, hex(text)[0]);
      expect_problem(response.problem, Problem::none);
    }
    expect_problem(answer("05 00", Answers::read).problem, Problem::excess);
  }
}

void an_error_may_come_without_a_trailer(void**) {
  const Response response = parse_response(hex("0A"), Answers::read, Trailer::present);
  expect_problem(response.problem, Problem::none);
  assert_false(response.digest.has_value());
  expect_problem(parse_response(hex("00"), Answers::write, Trailer::present).problem,
                 Problem::no_trailer);
}

void an_invalid_sequence_number_comes_with_the_right_one(void**) {
  const Response response = answer("0C 77635B90", Answers::read);
  assert_true(response.sequence == 0x77635B90U);
  expect_problem(response.problem, Problem::none);
  expect_problem(answer("0C 7763", Answers::read).problem, Problem::too_short);
}

void an_unknown_response_keeps_its_bytes(void**) {
  const Buffer message = hex("0D 01 02");
  const Response response = parse_response(message, Answers::read, Trailer::present);
  expect_bytes(response.data.of(message), "01 02");
  expect_problem(response.problem, Problem::unknown_code);
}

void a_tls_answer_carries_records(void**) {
  const Buffer message = hex("00 1603030001 AA");
  for (const Answers answers : {Answers::tls, Answers::unknown}) {
    const Response response = parse_response(message, answers, Trailer::present);
    assert_int_equal(response.data.offset, 1);
    assert_int_equal(response.data.size, 6);
    assert_false(response.digest.has_value());
    expect_problem(response.problem, Problem::none);
  }
  expect_problem(parse_response(hex("01"), Answers::tls, Trailer::present).problem, Problem::none);
}

// --- Names

void known_codes_have_names_and_others_have_none(void**) {
  assert_true(request_name(0x30) == "Full Table Read");
  assert_true(request_name(0x3F) == "Partial Table Read");
  assert_true(request_name(0x40) == "Full Table Write");
  assert_true(request_name(0x4F) == "Partial Table Write");
  assert_true(request_name(0x57) == "TLS Terminate");
  assert_true(request_name(0x58) == "TLS Handshake");
  assert_true(request_name(0x59) == "TLS Handshake Continuation");
  assert_true(request_name(0x80) == "TLS Table");
  std::size_t requests = 0, responses = 0;
  for (unsigned code = 0; code < 256; ++code) {
    if (!request_name(static_cast<std::uint8_t>(code)).empty()) ++requests;
    if (!response_name(static_cast<std::uint8_t>(code)).empty()) ++responses;
  }
  assert_true(request_name(0x20) == "Identify");
  assert_true(request_name(0x21) == "Terminate");
  assert_true(request_name(0x60) == "Negotiate" && request_name(0x6F) == "Negotiate");
  assert_true(response_name(0x06) == "Device busy");
  assert_int_equal(requests, 8 + 7 + 16);  // the guide's and C12.18's
  assert_int_equal(responses, 9 + 4);
  for (const RequestCode code : {RequestCode::tls_terminate, RequestCode::tls_handshake,
                                 RequestCode::tls_handshake_cont, RequestCode::tls_table})
    assert_true(is_tls(code));
  assert_false(is_tls(RequestCode::full_read));
}

void every_problem_is_described(void**) {
  assert_true(describe(Problem::none).empty());
  for (const Problem problem : {Problem::empty, Problem::unknown_code, Problem::too_short,
                                Problem::no_trailer, Problem::count_mismatch, Problem::excess})
    assert_false(describe(problem).empty());
}

// --- The guide's frames

bool is_request(const GuideFrame& frame) {
  return frame.direction == Direction::client_to_meter;
}

Answers what_it_answers(const GuideFrame& frame) {
  if (frame.tls) return Answers::tls;
  const auto code = static_cast<RequestCode>(guide_frames()[*frame.pairs_with].message()[0]);
  return is_read(code) ? Answers::read : Answers::write;
}

void the_guides_frames_parse_without_a_problem(void**) {
  for (const GuideFrame& frame : guide_frames()) {
    if (is_request(frame)) {
      const Request request = parse_request(frame.message(), Trailer::present);
      expect_problem(request.problem, Problem::none);
      assert_int_equal(request.table.has_value(), !frame.tls);
    } else {
      for (const Answers answers : {what_it_answers(frame), Answers::unknown}) {
        const Response response = parse_response(frame.message(), answers, Trailer::present);
        expect_problem(response.problem, Problem::none);
        assert_int_equal(response.digest.has_value(), !frame.tls);
      }
    }
  }
}

void requests_are_encoded_as_the_guide_prints_them(void**) {
  std::size_t compared = 0;
  for (const GuideFrame& printed : guide_frames()) {
    if (!is_request(printed)) continue;
    const Bytes message = printed.message();
    const Request request = parse_request(message, Trailer::present);
    const std::size_t trailer = printed.tls ? 0 : sequence_size + digest_size;
    const Bytes expected = message.first(message.size() - trailer);
    const Buffer encoded =
        encode_request(static_cast<RequestCode>(request.code), request.table.value_or(0),
                       request.offset, request.count.value_or(0), request.data.of(message));
    assert_int_equal(encoded.size(), expected.size());
    assert_memory_equal(encoded.data(), expected.data(), expected.size());
    ++compared;
  }
  assert_true(compared >= 12);
}

void every_kind_of_request_is_encoded(void**) {
  const Buffer data = hex("AA BB");
  expect_bytes(encode_request(RequestCode::full_read, 0x17, 5, 0x2C, data), "30 0017 002C");
  expect_bytes(encode_request(RequestCode::partial_read, 0x17, 0x012345, 0x2C, data),
               "3F 0017 012345 002C");
  expect_bytes(encode_request(RequestCode::full_write, 0x832, 5, 2, data), "40 0832 0002 AABB");
  expect_bytes(encode_request(RequestCode::partial_write, 0x832, 0x1E, 2, data),
               "4F 0832 00001E 0002 AABB");
  expect_bytes(encode_request(RequestCode::tls_table, 0x832, 0x1E, 2, data), "80 AABB");
  expect_bytes(frame(data), "0002 AABB");
  expect_bytes(frame({}), "0000");
}

void the_guides_frames_fit_their_direction(void**) {
  for (const GuideFrame& frame : guide_frames()) {
    const Bytes message = frame.message();
    assert_int_equal(fits(message, message.size(), frame.direction), Fit::yes);
    assert_int_equal(fits(message, message.size(), Direction::unknown), Fit::yes);
    const Direction other =
        is_request(frame) ? Direction::meter_to_client : Direction::client_to_meter;
    assert_int_equal(fits(message, message.size(), other), Fit::no);
  }
}

// What has been said of a beginning holds for the whole.
void a_beginning_of_a_frame_that_fits_is_never_refused(void**) {
  for (const GuideFrame& frame : guide_frames()) {
    const Bytes message = frame.message();
    bool judged = false;
    for (std::size_t available = 0; available <= message.size(); ++available) {
      const Buffer beginning(message.begin(),
                             message.begin() + static_cast<std::ptrdiff_t>(available));
      const Fit fit = fits(beginning, message.size(), frame.direction);
      assert_int_not_equal(fit, Fit::no);
      if (judged) assert_int_equal(fit, Fit::yes);
      judged = fit == Fit::yes;
    }
    assert_true(judged);
  }
}

void another_size_does_not_fit(void**) {
  for (const GuideFrame& frame : guide_frames()) {
    if (frame.tls) continue;  // of records, only the beginning is looked at
    const Bytes message = frame.message();
    Buffer longer(message.begin(), message.end());
    longer.push_back(0);
    assert_int_equal(fits(longer, longer.size(), frame.direction), Fit::no);
    const Bytes shorter = message.first(message.size() - 1);
    assert_int_equal(fits(shorter, shorter.size(), frame.direction), Fit::no);
  }
  assert_int_equal(fits({}, 0, Direction::unknown), Fit::no);
}

void random_bytes_hardly_ever_fit(void**) {
  Random random(1);
  int fitting = 0;
  for (int round = 0; round < 20000; ++round) {
    Buffer message = random.bytes(random.between(1, max_message_size));
    if (message[0] == static_cast<std::uint8_t>(RequestCode::tls_terminate)) continue;
    if (message.size() == 1) continue;
    if (fits(message, message.size(), Direction::unknown) == Fit::yes) ++fitting;
  }
  // By chance: a code of 16 in 256 and one of a few sizes in 476.
  assert_true(fitting < 20);
}

void tls_records_begin_with_type_and_version(void**) {
  assert_true(looks_like_tls_record(hex("16 03 01 0000")));
  assert_true(looks_like_tls_record(hex("14 03 03")));
  assert_true(looks_like_tls_record(hex("17 03 04")));
  assert_false(looks_like_tls_record(hex("17 03")));
  assert_false(looks_like_tls_record(hex("13 03 03")));
  assert_false(looks_like_tls_record(hex("18 03 03")));
  assert_false(looks_like_tls_record(hex("16 02 03")));
  assert_false(looks_like_tls_record(hex("16 03 05")));
  assert_false(looks_like_tls_record({}));
}

// --- No message makes anything read outside of it (this file runs under AddressSanitizer, too)

void expect_inside(Extent extent, Bytes message) {
  assert_true(std::size_t{extent.offset} + extent.size <= message.size());
}

void parse_every_way(const Buffer& message) {
  for (const Trailer trailer : {Trailer::absent, Trailer::present}) {
    const Request request = parse_request(message, trailer);
    expect_inside(request.data, message);
    if (request.digest) expect_inside(*request.digest, message);
    for (const Answers answers : {Answers::unknown, Answers::read, Answers::write, Answers::tls}) {
      const Response response = parse_response(message, answers, trailer);
      expect_inside(response.data, message);
      if (response.digest) expect_inside(*response.digest, message);
    }
  }
  for (const Direction direction :
       {Direction::unknown, Direction::client_to_meter, Direction::meter_to_client}) {
    for (const std::size_t size : {message.size(), message.size() + 1, max_message_size})
      fits(message, size, direction);
  }
}

void every_beginning_of_every_frame_parses_inside(void**) {
  for (const GuideFrame& frame : guide_frames()) {
    const Bytes message = frame.message();
    for (std::size_t size = 0; size <= message.size(); ++size) {
      // A copy of just this size: one byte further is somebody else's.
      parse_every_way(Buffer(message.begin(), message.begin() + static_cast<std::ptrdiff_t>(size)));
    }
  }
}

void random_messages_parse_inside(void**) {
  constexpr std::uint8_t codes[] = {0x30, 0x3F, 0x40, 0x4F, 0x57, 0x58,
                                    0x59, 0x80, 0x00, 0x05, 0x0C, 0x33};
  Random random(2);
  for (int round = 0; round < 20000; ++round) {
    Buffer message = random.bytes(random.below(40));
    if (!message.empty()) message[0] = codes[random.below(std::size(codes))];
    parse_every_way(message);
  }
}

int run_all() {
  const CMUnitTest tests[] = {
      cmocka_unit_test(a_full_read_has_table_and_count),
      cmocka_unit_test(a_full_read_may_go_without_count),
      cmocka_unit_test(a_partial_read_has_an_offset_of_three_bytes),
      cmocka_unit_test(a_full_write_carries_counted_bytes),
      cmocka_unit_test(a_partial_write_carries_counted_bytes_for_an_offset),
      cmocka_unit_test(tls_requests_carry_data_alone_whatever_the_trailer),
      cmocka_unit_test(a_count_larger_than_the_bytes_is_a_mismatch),
      cmocka_unit_test(bytes_beyond_the_count_are_excess),
      cmocka_unit_test(a_request_that_ends_within_its_fields_is_too_short),
      cmocka_unit_test(a_request_without_room_for_its_trailer_says_so),
      cmocka_unit_test(an_unknown_request_keeps_its_bytes),
      cmocka_unit_test(an_empty_message_is_empty),
      cmocka_unit_test(a_reads_answer_is_counted),
      cmocka_unit_test(a_writes_answer_is_bare),
      cmocka_unit_test(a_reads_answer_with_a_wrong_count_says_so),
      cmocka_unit_test(errors_have_no_data),
      cmocka_unit_test(an_error_may_come_without_a_trailer),
      cmocka_unit_test(an_invalid_sequence_number_comes_with_the_right_one),
      cmocka_unit_test(an_unknown_response_keeps_its_bytes),
      cmocka_unit_test(a_tls_answer_carries_records),
      cmocka_unit_test(any_request_has_its_trailer),
      cmocka_unit_test(known_codes_have_names_and_others_have_none),
      cmocka_unit_test(every_problem_is_described),
      cmocka_unit_test(the_guides_frames_parse_without_a_problem),
      cmocka_unit_test(requests_are_encoded_as_the_guide_prints_them),
      cmocka_unit_test(every_kind_of_request_is_encoded),
      cmocka_unit_test(the_guides_frames_fit_their_direction),
      cmocka_unit_test(a_beginning_of_a_frame_that_fits_is_never_refused),
      cmocka_unit_test(another_size_does_not_fit),
      cmocka_unit_test(random_bytes_hardly_ever_fit),
      cmocka_unit_test(tls_records_begin_with_type_and_version),
      cmocka_unit_test(every_beginning_of_every_frame_parses_inside),
      cmocka_unit_test(random_messages_parse_inside),
  };
  return cmocka_run_group_tests(tests, nullptr, nullptr);
}

}  // namespace
}  // namespace mep

int main() {
  return mep::run_all();
}
