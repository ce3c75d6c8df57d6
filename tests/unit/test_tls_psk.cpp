// The master secrets of TLS sessions with a pre-shared key, page 18.
// SPDX-License-Identifier: GPL-2.0-or-later
#include <algorithm>
#include <string>

#include "protocol/tls_psk.h"
#include "tests/unit/material.h"

#include "tests/unit/cmocka.h"

namespace mep::tls {
namespace {

using test::Buffer;
using test::guide_frames;
using test::GuideFrame;
using test::hex;

// What a handshake's frames carry, and the secret that mbedTLS itself says it made: with
//   tls_meter --key … --client 4660 --keylog … handshake
// and, of the second, --no-extended-master-secret; of the third, the other suite.
struct Recorded {
  const char* client_hello;
  const char* server_hello;
  const char* client_finish;
  const char* server_finish;
  const char* secret;
};
constexpr Recorded recorded[] = {
    {"160303004F0100004B03036553F100ECA1EE90D8FF6C0FDE8E774D8AD6AE17A6DA9637683C0E63C57DA7EF00"
     "000400A900FF0100001E000D00120010060306010503050104030401030303010016000000170000",
     "16030300550200005103036553F10045E80B67682F4E2244BBB2714940BF3801CD61EA3204EFFDF4E40B2720"
     "859EB292B03A81E19867B4894DD79EEB5A4EA04735BB424DC2067AE0AE27406D00A9000009FF010001000017"
     "000016030300040E000000",
     "160303000910000005000334120114030300010116030300280000000000000000ACF440C599F45B504E3A2F"
     "777193652A6508C26DD357A42E928994CF8DB534C7",
     "14030300010116030300280000000000000000AD41C0ADCADD9282E13AFCF30A6920090997524704D65C26FE"
     "94839092709EF5",
     "297B88AC30AF76122FE0EABD7AF306EDB0A6A0B241AA6CFBCF3E8EF7F71B6FF7EF9A615BA5B244E771B3E125"
     "A1522657"},
    {"160303004B0100004703036553F100ECA1EE90D8FF6C0FDE8E774D8AD6AE17A6DA9637683C0E63C57DA7EF00"
     "000400A900FF0100001A000D001200100603060105030501040304010303030100160000",
     "16030300510200004D03036553F10045E80B67682F4E2244BBB2714940BF3801CD61EA3204EFFDF4E40B2720"
     "859EB292B03A81E19867B4894DD79EEB5A4EA04735BB424DC2067AE0AE27406D00A9000005FF010001001603"
     "0300040E000000",
     "1603030009100000050003341201140303000101160303002800000000000000007A51726C75ABEC39DAC17E"
     "674A7D9574276FC50261B02A421AB71C3DF8DEEFD4",
     "140303000101160303002800000000000000007735C523E959D87BD21587F981A8F13FCBE271DCEB9C62E76E"
     "6FF03E2328328E",
     "0D1B3C002EA22232025BB3A0661E8157F32D3BE5589878E5834EF9C9CF27A539436F8C15B312342A89FE9AB4"
     "DA17ADBE"},
    {"160303004F0100004B03036553F100ECA1EE90D8FF6C0FDE8E774D8AD6AE17A6DA9637683C0E63C57DA7EF00"
     "000400A800FF0100001E000D00120010060306010503050104030401030303010016000000170000",
     "16030300550200005103036553F10045E80B67682F4E2244BBB2714940BF3801CD61EA3204EFFDF4E40B2720"
     "859EB292B03A81E19867B4894DD79EEB5A4EA04735BB424DC2067AE0AE27406D00A8000009FF010001000017"
     "000016030300040E000000",
     "16030300091000000500033412011403030001011603030028000000000000000085282D96B19FF8DF8F404B"
     "6D7147F05D9D7B6E89E7D9D4410297A14B0C458420",
     "14030300010116030300280000000000000000FDCE1D205A11A86753BC32848EE97E00614432AB23F8D09F75"
     "1E0CC7B7369904",
     "B057DF5B8F2193BFA2669C7131C0C73AD9839F7794A02A6CD762FF6C094B4D418E1AB77CE46A4035A7E02AC2"
     "77547A21"},
};
const Buffer recorded_key = hex("6B33792D 66726F6D 2D746865 2D677269");

Key key_of(const Buffer& bytes) {
  Key key;
  assert_int_equal(bytes.size(), key.size());
  std::copy(bytes.begin(), bytes.end(), key.begin());
  return key;
}

// Gives the handshake the records at the start of `bytes`, all of them whole. The last one.
Bytes absorb_all(Handshake& handshake, Direction direction, Bytes bytes) {
  Bytes last;
  while (!bytes.empty()) {
    const auto size = record_size(bytes);
    assert_true(size && *size > 0 && *size <= bytes.size());
    last = bytes.first(*size);
    assert_true(handshake.absorb(direction, last));
    bytes = bytes.subspan(*size);
  }
  return last;
}

// Up to and with the client's Finished, which it gives.
Buffer absorb(Handshake& handshake, const Recorded& session) {
  absorb_all(handshake, Direction::client_to_meter, hex(session.client_hello));
  absorb_all(handshake, Direction::meter_to_client, hex(session.server_hello));
  const Buffer finish = hex(session.client_finish);
  const Bytes finished = absorb_all(handshake, Direction::client_to_meter, finish);
  return Buffer(finished.begin(), finished.end());
}

void the_secret_is_that_of_mbedtls(void**) {
  for (const Recorded& session : recorded) {
    Handshake handshake;
    absorb(handshake, session);
    assert_true(handshake.complete());
    const auto secret = handshake.master_secret(key_of(recorded_key));
    assert_true(secret.has_value());
    const Buffer expected = hex(session.secret);
    assert_true(std::equal(secret->begin(), secret->end(), expected.begin(), expected.end()));
  }
}

void the_clients_finished_tells_the_right_key(void**) {
  for (const Recorded& session : recorded) {
    Handshake handshake;
    Buffer finished = absorb(handshake, session);
    assert_true(handshake.can_verify());
    const auto secret = handshake.master_secret(key_of(recorded_key));
    assert_true(handshake.verifies(*secret, finished));
    const auto other = handshake.master_secret(factory_default_key);
    assert_true(other && *other != *secret);
    assert_false(handshake.verifies(*other, finished));
    for (const std::size_t at : {std::size_t{5}, std::size_t{13}, finished.size() - 1}) {
      finished[at] ^= 1;
      assert_false(handshake.verifies(*secret, finished));
      finished[at] ^= 1;
    }
    for (std::size_t size = 0; size < finished.size(); ++size)
      assert_false(handshake.verifies(*secret, Bytes(finished).first(size)));
  }
}

void the_identity_is_read(void**) {
  for (const Recorded& session : recorded) {
    Handshake handshake;
    assert_false(handshake.identity().has_value());
    absorb(handshake, session);
    assert_int_equal(handshake.identity()->client, 4660);
    assert_int_equal(handshake.identity()->key, 1);
  }
}

// Page 14: the guide's example, with the factory default key.
void the_guides_session_fits_the_factory_default_key(void**) {
  Handshake handshake;
  Buffer finished;
  int frames = 0;
  for (const GuideFrame& frame : guide_frames()) {
    if (!frame.tls || ++frames > 3) continue;
    const Bytes last = absorb_all(handshake, frame.direction, frame.message().subspan(1));
    finished.assign(last.begin(), last.end());
  }
  assert_true(handshake.complete());
  assert_int_equal(handshake.identity()->client, 100);
  const auto secret = handshake.master_secret(factory_default_key);
  assert_true(handshake.verifies(*secret, finished));
  assert_false(handshake.verifies(*handshake.master_secret(key_of(recorded_key)), finished));
}

void the_messages_are_named(void**) {
  Handshake handshake;
  const Recorded& session = recorded[0];
  absorb_all(handshake, Direction::client_to_meter, hex(session.client_hello));
  assert_string_equal(handshake.last_names().c_str(), "Client Hello");
  assert_true(handshake.has_client_hello());
  assert_false(handshake.complete());
  absorb_all(handshake, Direction::meter_to_client, hex(session.server_hello));
  assert_string_equal(handshake.last_names().c_str(), "Server Hello Done");
  absorb_all(handshake, Direction::client_to_meter, hex(session.client_finish));
  assert_string_equal(handshake.last_names().c_str(), "Finished");
  absorb_all(handshake, Direction::meter_to_client, hex(session.server_finish));
  assert_string_equal(handshake.last_names().c_str(), "Finished");
  absorb_all(handshake, Direction::meter_to_client, hex("17 0303 0001 00"));
  assert_string_equal(handshake.last_names().c_str(), "Application Data");
}

// The messages are the same, however the records cut them.
void messages_may_span_records(void**) {
  for (std::size_t piece = 1; piece < 40; piece += 6) {
    Handshake handshake;
    const Recorded& session = recorded[0];
    const auto in_pieces = [&](Direction direction, const Buffer& bytes) {
      Bytes rest = bytes;
      while (!rest.empty()) {
        const std::size_t size = *record_size(rest);
        Bytes body = rest.subspan(record_header_size, size - record_header_size);
        while (!body.empty()) {
          const Bytes part = body.first(std::min(piece, body.size()));
          Buffer record = {rest[0], 3, 3, 0, static_cast<std::uint8_t>(part.size())};
          record.insert(record.end(), part.begin(), part.end());
          assert_true(handshake.absorb(direction, record));
          body = body.subspan(part.size());
        }
        rest = rest.subspan(size);
      }
    };
    in_pieces(Direction::client_to_meter, hex(session.client_hello));
    in_pieces(Direction::meter_to_client, hex(session.server_hello));
    const Buffer finish = hex(session.client_finish);
    const std::size_t key_exchange = *record_size(finish);
    in_pieces(Direction::client_to_meter,
              Buffer(finish.begin(), finish.begin() + static_cast<std::ptrdiff_t>(key_exchange)));
    assert_true(handshake.complete());
    const auto secret = handshake.master_secret(key_of(recorded_key));
    const Buffer expected = hex(session.secret);
    assert_true(std::equal(secret->begin(), secret->end(), expected.begin(), expected.end()));
  }
}

void record_sizes(void**) {
  assert_false(record_size({}).has_value());
  assert_false(record_size(hex("16 03 03 00")).has_value());
  assert_int_equal(*record_size(hex("16 0303 0010")), 21);
  assert_int_equal(*record_size(hex("17 0301 0000")), 5);
  assert_int_equal(*record_size(hex("13 0303 0010")), 0);
  assert_int_equal(*record_size(hex("18 0303 0010")), 0);
  assert_int_equal(*record_size(hex("16 0203 0010")), 0);
  assert_int_equal(*record_size(hex("16 0304 0010")), 0);
  assert_int_equal(*record_size(hex("16 0303 4800")), max_record_size);
  assert_int_equal(*record_size(hex("16 0303 4801")), 0);
}

// Random damage to recorded handshakes, and records out of order: nothing is read outside them.
void any_bytes_are_survived(void**) {
  test::Random random(1);
  for (int round = 0; round < 3000; ++round) {
    const Recorded& session = recorded[random.below(std::size(recorded))];
    Handshake handshake;
    Buffer finished;
    for (const char* flight : {session.client_hello, session.server_hello, session.client_finish,
                               session.server_finish}) {
      Buffer bytes = hex(flight);
      for (std::uint32_t damages = random.below(4); damages > 0; --damages)
        bytes[random.below(static_cast<std::uint32_t>(bytes.size()))] = random.byte();
      if (random.once_in(8)) bytes.resize(random.below(static_cast<std::uint32_t>(bytes.size())));
      const auto direction =
          random.once_in(2) ? Direction::client_to_meter : Direction::meter_to_client;
      Bytes rest = bytes;
      while (const auto size = record_size(rest)) {
        if (*size == 0) break;
        // A record of its own memory, so that a sanitizer sees its end.
        finished.assign(rest.begin(),
                        rest.begin() + static_cast<std::ptrdiff_t>(std::min(*size, rest.size())));
        finished.shrink_to_fit();
        handshake.absorb(direction, finished);
        rest = rest.subspan(std::min(*size, rest.size()));
      }
      static_cast<void>(handshake.identity());
      if (!handshake.complete()) continue;
      const auto secret = handshake.master_secret(key_of(recorded_key));
      if (handshake.can_verify() && secret)
        static_cast<void>(handshake.verifies(*secret, finished));
    }
  }
}

int run_all() {
  const CMUnitTest tests[] = {
      cmocka_unit_test(the_secret_is_that_of_mbedtls),
      cmocka_unit_test(the_clients_finished_tells_the_right_key),
      cmocka_unit_test(the_identity_is_read),
      cmocka_unit_test(the_guides_session_fits_the_factory_default_key),
      cmocka_unit_test(the_messages_are_named),
      cmocka_unit_test(messages_may_span_records),
      cmocka_unit_test(record_sizes),
      cmocka_unit_test(any_bytes_are_survived),
  };
  return cmocka_run_group_tests(tests, nullptr, nullptr);
}

}  // namespace
}  // namespace mep::tls

int main() {
  return mep::tls::run_all();
}
