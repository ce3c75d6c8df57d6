// What a port server says beside a line's bytes, and what it is told, against RFC 854 and RFC 2217.
// SPDX-License-Identifier: GPL-2.0-or-later
#include "extcap/port_server.h"

#include <algorithm>
#include <random>

// Last, since it defines fail() as a macro.
#include "tests/unit/cmocka.h"

namespace mep::extcap {
namespace {

using Buffer = std::vector<std::uint8_t>;

void assert_same(const Buffer& seen, const Buffer& expected) {
  assert_int_equal(seen.size(), expected.size());
  if (!expected.empty()) assert_memory_equal(seen.data(), expected.data(), expected.size());
}

Buffer bytes_of(PortServer& server, const Buffer& received) {
  Buffer bytes;
  assert_true(server.receive(received, bytes));
  return bytes;
}

// DO BINARY, DO SGA, WILL COM-PORT; then, once, speed, 8N1 and which errors are told of.
void what_a_server_is_asked(void**) {
  PortServer server(true, 0x0001FF00);
  assert_same(server.take_answer(), {0xFF, 0xFD, 0, 0xFF, 0xFD, 3, 0xFF, 0xFB, 44});
  bytes_of(server, {0xFF, 0xFD, 44});
  assert_same(server.take_answer(),
              {0xFF, 0xFA, 44, 1,  0,    1,    0xFF, 0xFF, 0, 0xFF, 0xF0,  // FF twice
               0xFF, 0xFA, 44, 2,  8,    0xFF, 0xF0,                       //
               0xFF, 0xFA, 44, 3,  1,    0xFF, 0xF0,                       //
               0xFF, 0xFA, 44, 4,  1,    0xFF, 0xF0,                       //
               0xFF, 0xFA, 44, 10, 0x1E, 0xFF, 0xF0,                       //
               0xFF, 0xFA, 44, 11, 0,    0xFF, 0xF0});
  bytes_of(server, {0xFF, 0xFD, 44});
  assert_same(server.take_answer(), {});
  server.set_speed(300);
  assert_same(server.take_answer(), {0xFF, 0xFA, 44, 1, 0, 0, 1, 0x2C, 0xFF, 0xF0});
}

// Whole, or byte by byte.
void telnet_is_taken_out(void**) {
  const Buffer stream = {0,    2,  0xFF, 0xFF, 0xFF, 0xFB, 1,    0x55, 0xFF,
                         0xFA, 44, 107,  0xFF, 0xFF, 0xFF, 0xF0, 7};
  const Buffer expected = {0, 2, 0xFF, 0x55, 7};
  PortServer at_once(true, 9600);
  assert_same(bytes_of(at_once, stream), expected);
  PortServer bit_by_bit(true, 9600);
  Buffer bytes;
  for (const std::uint8_t byte : stream) assert_true(bit_by_bit.receive({&byte, 1}, bytes));
  assert_same(bytes, expected);
}

void a_plain_stream_stays_as_it_is(void**) {
  PortServer server(false, 9600);
  assert_same(server.take_answer(), {});
  const Buffer stream = {0, 3, 0xFF, 0xFF, 0xFB, 0, 0, 0xFF, 0xFA};
  assert_same(bytes_of(server, stream), stream);
  assert_same(bytes_of(server, {0xFF, 0xFB, 1}), {0xFF, 0xFB, 1});
  assert_same(server.take_answer(), {});
}

// One that begins with a negotiation, in pieces.
void telnet_is_noticed(void**) {
  PortServer server(false, 9600);
  assert_same(bytes_of(server, {0xFF}), {});
  assert_same(bytes_of(server, {0xFD}), {});
  assert_same(bytes_of(server, {44, 0, 1, 0xFF, 0xFF}), {0, 1, 0xFF});
  assert_same(server.take_answer(), {0xFF, 0xFC, 44});  // WON'T
}

void errors_on_the_line(void**) {
  PortServer server(true, 9600);
  bytes_of(server, {0xFF, 0xFA, 44, 106, 0x1E, 0xFF, 0xF0, 0xFF, 0xFA, 44, 106, 0x08, 0xFF, 0xF0});
  const TroubleCount count = server.take_trouble();
  assert_int_equal(count.overruns, 1);
  assert_int_equal(count.parity, 1);
  assert_int_equal(count.framing, 2);
  assert_int_equal(count.breaks, 1);
  assert_int_equal(server.take_trouble().framing, 0);
}

void two_programs_do_not_go_on_for_ever(void**) {
  PortServer server(true, 9600);
  server.take_answer();
  Buffer said;
  for (int i = 0; i < 100; ++i) {
    bytes_of(server, {0xFF, 0xFB, 1, 0xFF, 0xFD, 1, 0xFF, 0xFC, 3, 0xFF, 0xFE, 0});
    const Buffer answer = server.take_answer();
    said.insert(said.end(), answer.begin(), answer.end());
  }
  assert_same(said, {0xFF, 0xFE, 1, 0xFF, 0xFC, 1});  // DON'T ECHO, WON'T ECHO
}

// Whatever comes, all that is sent are commands, and few: nothing that a port would put on a line.
void never_a_byte_for_the_line(void**) {
  std::mt19937 random(1);
  for (int round = 0; round < 2000; ++round) {
    PortServer server(round % 2 == 0, 9600);
    Buffer answer = server.take_answer();
    for (int piece = 0; piece < 20; ++piece) {
      Buffer received(random() % 40);
      for (std::uint8_t& byte : received)
        byte = static_cast<std::uint8_t>(random() % 3 == 0 ? 0xF0 + random() % 16 : random() % 48);
      if (piece == 0) received.insert(received.begin(), {0xFF, 0xFB, 1});
      Buffer bytes;
      if (!server.receive(received, bytes)) break;
      assert_true(bytes.size() <= 860);
      const Buffer more = server.take_answer();
      answer.insert(answer.end(), more.begin(), more.end());
    }
    for (std::size_t at = 0; at < answer.size();) {
      assert_int_equal(answer[at], 0xFF);
      if (answer[at + 1] == 0xFA) {
        const Buffer end = {0xFF, 0xF0};
        const auto found = std::search(answer.begin() + static_cast<std::ptrdiff_t>(at) + 2,
                                       answer.end(), end.begin(), end.end());
        assert_true(found != answer.end() && answer[at + 2] == 44);
        at = static_cast<std::size_t>(found - answer.begin()) + 2;
      } else {
        assert_true(answer[at + 1] >= 0xFB && answer[at + 1] <= 0xFE);
        at += 3;
      }
    }
    assert_true(answer.size() < 3000);
  }
}

int run() {
  const CMUnitTest tests[] = {
      cmocka_unit_test(what_a_server_is_asked),
      cmocka_unit_test(telnet_is_taken_out),
      cmocka_unit_test(a_plain_stream_stays_as_it_is),
      cmocka_unit_test(telnet_is_noticed),
      cmocka_unit_test(errors_on_the_line),
      cmocka_unit_test(two_programs_do_not_go_on_for_ever),
      cmocka_unit_test(never_a_byte_for_the_line),
  };
  return cmocka_run_group_tests(tests, nullptr, nullptr);
}

}  // namespace
}  // namespace mep::extcap

int main() {
  return mep::extcap::run();
}
