// Both ends of TLS sessions, in memory. Without mbedTLS: that an end says so.
// SPDX-License-Identifier: GPL-2.0-or-later
#include <algorithm>
#include <array>
#include <ctime>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/tls_psk.h"
#include "simulator/security/tls_end.h"
#include "tests/unit/material.h"

#include "tests/unit/cmocka.h"

namespace mep::simulator {
namespace {

using test::Buffer;
using test::hex;

Key key_of(std::string_view sixteen_characters) {
  Key key;
  assert_int_equal(sixteen_characters.size(), key.size());
  std::copy(sixteen_characters.begin(), sixteen_characters.end(), key.begin());
  return key;
}

const TlsMeterKeys meter_keys = {.mbk = key_of("the meter's  MBK"),
                                 .mak = key_of("the meter's  MAK")};
const TlsClientKey with_mbk = {.identity = {.client = 0x1234, .key = 0}, .key = meter_keys.mbk};
const TlsClientKey with_mak = {.identity = {.client = 0x1234, .key = 1}, .key = meter_keys.mak};

struct Flight {
  Direction direction;
  Buffer bytes;

  bool operator==(const Flight&) const = default;
};

// What the function's TlsError says; empty where it throws none.
template <typename Function>
std::string error_of(Function function) {
  try {
    function();
  } catch (const TlsError& error) {
    return error.what();
  }
  return {};
}

bool contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

// A client, a meter, and what they say in their handshake.
struct Pair {
  Pair(const TlsClientKey& key, TlsRandom& random, const TlsOptions& options = {})
      : client(key, random, keeping(options, client_secrets)),
        meter(meter_keys, random, keeping(options, meter_secrets)) {}
  Pair(const Pair&) = delete;
  Pair& operator=(const Pair&) = delete;

  static TlsOptions keeping(TlsOptions options, std::vector<TlsSecret>& secrets) {
    options.secret_made = [&secrets](const TlsSecret& secret) { secrets.push_back(secret); };
    return options;
  }

  // To its end, whichever that is.
  void shake_hands() {
    do {
      if (client_error.empty()) client_error = error_of([this] { client.shake_hands(); });
      carry(Direction::client_to_meter, client, meter);
      if (meter_error.empty()) meter_error = error_of([this] { meter.shake_hands(); });
      carry(Direction::meter_to_client, meter, client);
    } while (!client.incoming.empty());
  }

  void carry(Direction direction, TlsEnd& from, TlsEnd& to) {
    if (from.outgoing.empty()) return;
    to.incoming.insert(to.incoming.end(), from.outgoing.begin(), from.outgoing.end());
    flights.push_back({direction, std::move(from.outgoing)});
    from.outgoing.clear();
  }

  std::vector<TlsSecret> client_secrets, meter_secrets;
  TlsEnd client, meter;
  std::string client_error, meter_error;
  std::vector<Flight> flights;
};

// Says it and has it heard, in both directions.
void assert_they_talk(Pair& pair) {
  assert_true(pair.client.ready() && pair.meter.ready());
  const Buffer question = hex("3F0000"), answer = hex("00 0102");
  pair.client.write(question);
  pair.carry(Direction::client_to_meter, pair.client, pair.meter);
  assert_true(pair.meter.read() == question);
  assert_false(pair.meter.read().has_value());
  pair.meter.write(answer);
  pair.carry(Direction::meter_to_client, pair.meter, pair.client);
  assert_true(pair.client.read() == answer);
}

// How `handshake` took in what both ends said.
void overhear(tls::Handshake& handshake, const std::vector<Flight>& flights) {
  for (const Flight& flight : flights) {
    Bytes rest = flight.bytes;
    while (!rest.empty()) {
      const auto size = tls::record_size(rest);
      assert_true(size && *size > 0 && *size <= rest.size());
      assert_true(handshake.absorb(flight.direction, rest.first(*size)));
      rest = rest.subspan(*size);
    }
  }
}

void each_of_the_meters_keys_opens_a_session(void**) {
  TlsRandom random;
  for (const TlsClientKey& key : {with_mbk, with_mak}) {
    Pair pair(key, random);
    assert_false(pair.meter.identity().has_value());
    pair.shake_hands();
    assert_string_equal(pair.client_error.c_str(), "");
    assert_string_equal(pair.meter_error.c_str(), "");
    assert_they_talk(pair);
    assert_int_equal(pair.meter.identity()->client, 0x1234);
    assert_int_equal(pair.meter.identity()->key, key.identity.key);
    assert_false(pair.meter.identity_unknown());
  }
}

void a_wrong_key_fails_at_both_ends(void**) {
  TlsRandom random;
  // The right key under the other key's name, and a foreign one.
  for (const TlsClientKey& key : {TlsClientKey{with_mbk.identity, meter_keys.mak},
                                  TlsClientKey{with_mak.identity, factory_default_key}}) {
    Pair pair(key, random);
    pair.shake_hands();
    assert_true(contains(pair.meter_error, "different keys"));
    assert_true(contains(pair.client_error, "different keys"));
    assert_false(pair.client.ready() || pair.meter.ready());
    assert_false(pair.meter.identity_unknown());
    assert_int_equal(pair.meter.identity()->key, key.identity.key);
    // From then on the ends are of no use.
    for (TlsEnd* end : {&pair.client, &pair.meter}) {
      assert_true(contains(error_of([end] { end->shake_hands(); }), "has failed"));
      assert_true(contains(error_of([end] { end->write({}); }), "has failed"));
      assert_true(contains(error_of([end] { end->read(); }), "has failed"));
    }
  }
}

void a_key_that_the_meter_does_not_have(void**) {
  TlsRandom random;
  for (const int number : {2, 255}) {
    const TlsClientKey key = {
        .identity = {.client = 0xFFFE, .key = static_cast<std::uint8_t>(number)},
        .key = meter_keys.mbk};
    Pair pair(key, random);
    pair.shake_hands();
    assert_true(pair.meter.identity_unknown());
    assert_int_equal(pair.meter.identity()->client, 0xFFFE);
    assert_int_equal(pair.meter.identity()->key, number);
    assert_true(contains(pair.meter_error, "identity"));
    assert_true(contains(pair.client_error, "identity"));
  }
}

std::vector<Flight> session(TlsRandom& random) {
  Pair pair(with_mak, random);
  pair.shake_hands();
  assert_they_talk(pair);
  return pair.flights;
}

void a_seed_makes_the_bytes(void**) {
  TlsRandom first(1), again(1), other(2), system, system_again;
  const std::vector<Flight> bytes = session(first);
  assert_true(session(again) == bytes);
  assert_false(session(first) == bytes);  // goes on with the numbers that come then
  assert_false(session(other) == bytes);
  assert_false(session(system) == session(system_again));
}

// The first four of a hello's random bytes.
std::time_t time_in(const Flight& hello) {
  constexpr std::size_t at = tls::record_header_size + 4 + 2;
  std::time_t seconds = 0;
  for (std::size_t i = 0; i < 4; ++i) seconds = seconds << 8 | hello.bytes.at(at + i);
  return seconds;
}

void only_seeded_handshakes_have_a_made_up_time(void**) {
  constexpr std::time_t made_up = 1'700'000'000;
  TlsRandom seeded(1), system;
  const std::vector<Flight> flights = session(seeded);
  assert_int_equal(time_in(flights[0]), made_up);
  assert_int_equal(time_in(flights[1]), made_up);
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  std::time_t told = 0;
  assert_true(std::time(&told) >= now.tv_sec);
  assert_true(told >= now.tv_sec && told <= now.tv_sec + 60);
  assert_true(time_in(session(system)[0]) >= now.tv_sec);
}

// The ends say the same secret as who only listens computes from the key.
void the_secret_is_the_listeners(void**) {
  for (const bool extended : {true, false}) {
    for (const TlsClientKey& key : {with_mbk, with_mak}) {
      TlsRandom random;
      Pair pair(key, random, {.extended_master_secret = extended});
      pair.shake_hands();
      assert_int_equal(pair.client_secrets.size(), 1);
      assert_int_equal(pair.meter_secrets.size(), 1);
      const TlsSecret& secret = pair.client_secrets[0];
      assert_true(pair.meter_secrets[0].master_secret == secret.master_secret);
      assert_true(pair.meter_secrets[0].client_random == secret.client_random);

      tls::Handshake handshake;
      overhear(handshake, pair.flights);
      assert_true(handshake.complete());
      assert_true(handshake.client_random() == secret.client_random);
      assert_true(handshake.master_secret(key.key) == secret.master_secret);
      assert_int_equal(handshake.identity()->client, 0x1234);
      assert_int_equal(handshake.identity()->key, key.identity.key);
    }
  }
}

void the_key_log_line(void**) {
  TlsSecret secret{};
  secret.client_random[0] = 0xA5;
  secret.master_secret[47] = 0x0F;
  const std::string line =
      "CLIENT_RANDOM a5" + std::string(62, '0') + " " + std::string(94, '0') + "0f";
  assert_string_equal(secret.key_log_line().c_str(), line.c_str());
}

// Frames cut TLS's bytes as they like.
void bytes_may_come_one_by_one(void**) {
  TlsRandom random(1);
  Pair pair(with_mak, random);
  const auto drip = [](TlsEnd& from, TlsEnd& to, auto&& take) {
    for (const std::uint8_t byte : from.outgoing) {
      to.incoming.push_back(byte);
      take();
    }
    from.outgoing.clear();
  };
  while (!pair.client.shake_hands()) {
    drip(pair.client, pair.meter, [&] { pair.meter.shake_hands(); });
    drip(pair.meter, pair.client, [&] { pair.client.shake_hands(); });
  }
  assert_they_talk(pair);
  const Buffer longest(16384, 0x5A);
  std::optional<Buffer> heard;
  pair.client.write(longest);
  drip(pair.client, pair.meter, [&] {
    assert_false(heard.has_value());
    heard = pair.meter.read();
  });
  assert_true(heard == longest);
}

// Each is a record of its own, and is read as one.
void messages_stay_apart(void**) {
  TlsRandom random;
  Pair pair(with_mbk, random);
  pair.shake_hands();
  const std::array<Buffer, 3> messages = {Buffer(max_message_size + 1, 1), Buffer(1, 2),
                                          Buffer(max_message_size, 3)};
  for (const Buffer& message : messages) pair.client.write(message);
  pair.carry(Direction::client_to_meter, pair.client, pair.meter);
  for (const Buffer& message : messages) assert_true(pair.meter.read() == message);
  assert_false(pair.meter.read().has_value());
  assert_true(contains(error_of([&] { pair.client.write(Buffer(16385)); }), "16385 bytes"));
  assert_they_talk(pair);  // nothing of it was sent
}

void records_that_do_not_fit_are_refused(void**) {
  const auto refused = [](auto&& change) {
    TlsRandom random;
    Pair pair(with_mak, random);
    pair.shake_hands();
    pair.client.write(hex("01"));
    pair.client.write(hex("02"));
    const std::size_t size = *tls::record_size(pair.client.outgoing);
    change(pair.client.outgoing, size);
    pair.carry(Direction::client_to_meter, pair.client, pair.meter);
    assert_true(contains(error_of([&] {
                           while (pair.meter.read())
                             ;
                         }),
                         "does not decrypt"));
    assert_false(pair.meter.ready());
  };
  refused([](Buffer& bytes, std::size_t) { bytes.back() ^= 1; });
  refused([](Buffer& bytes, std::size_t size) {  // the first once more
    const Buffer first(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size));
    bytes.insert(bytes.begin(), first.begin(), first.end());
  });
  refused([](Buffer& bytes, std::size_t size) {  // the second alone
    bytes.erase(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size));
  });
}

void what_is_no_tls_is_refused(void**) {
  TlsRandom random;
  TlsEnd meter(meter_keys, random);
  meter.incoming = hex("3F0000 00000000 0000");
  assert_true(contains(error_of([&] { meter.shake_hands(); }), "the TLS handshake failed: "));
}

void messages_wait_for_the_handshake(void**) {
  TlsRandom random;
  TlsEnd client(with_mak, random);
  assert_false(client.shake_hands());
  assert_true(contains(error_of([&] { client.write(hex("00")); }), "not done"));
  assert_true(contains(error_of([&] { client.read(); }), "not done"));
  assert_false(client.shake_hands());  // as if nobody had asked
}

void suites(void**) {
  TlsRandom random;
  assert_true(
      contains(error_of([&] { TlsEnd(with_mak, random, {.suite = "TLS-NONE"}); }), "TLS-NONE"));
  TlsEnd client(with_mak, random, {.suite = "TLS-PSK-WITH-AES-128-GCM-SHA256"});
  TlsEnd meter(meter_keys, random);
  client.shake_hands();
  meter.incoming = client.outgoing;
  assert_true(contains(error_of([&] { meter.shake_hands(); }), "handshake failed"));
}

void without_mbedtls_an_end_says_what_to_install(void**) {
  TlsRandom random, seeded(1);
  std::string client_error, meter_error;
  try {
    TlsEnd client(with_mak, random);
  } catch (const std::runtime_error& error) {
    client_error = error.what();
  }
  try {
    TlsEnd meter(meter_keys, seeded);
  } catch (const std::runtime_error& error) {
    meter_error = error.what();
  }
  assert_true(contains(client_error, "libmbedtls-dev"));
  assert_true(contains(meter_error, "libmbedtls-dev"));
}

int run_all() {
  if (!tls_available()) {
    const CMUnitTest tests[] = {
        cmocka_unit_test(without_mbedtls_an_end_says_what_to_install),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
  }
  const CMUnitTest tests[] = {
      cmocka_unit_test(each_of_the_meters_keys_opens_a_session),
      cmocka_unit_test(a_wrong_key_fails_at_both_ends),
      cmocka_unit_test(a_key_that_the_meter_does_not_have),
      cmocka_unit_test(a_seed_makes_the_bytes),
      cmocka_unit_test(only_seeded_handshakes_have_a_made_up_time),
      cmocka_unit_test(the_secret_is_the_listeners),
      cmocka_unit_test(the_key_log_line),
      cmocka_unit_test(bytes_may_come_one_by_one),
      cmocka_unit_test(messages_stay_apart),
      cmocka_unit_test(records_that_do_not_fit_are_refused),
      cmocka_unit_test(what_is_no_tls_is_refused),
      cmocka_unit_test(messages_wait_for_the_handshake),
      cmocka_unit_test(suites),
  };
  return cmocka_run_group_tests(tests, nullptr, nullptr);
}

}  // namespace
}  // namespace mep::simulator

int main() {
  return mep::simulator::run_all();
}
