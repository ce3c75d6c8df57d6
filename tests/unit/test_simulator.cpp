// A simulated meter's port and a client on one line: what they say is what they mean, under every
// security; when they say it; and that a seed decides all of it.
// SPDX-License-Identifier: GPL-2.0-or-later
#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "protocol/bytes.h"
#include "protocol/digest.h"
#include "protocol/names.h"
#include "protocol/rc4.h"
#include "simulator/channels/tap.h"
#include "simulator/channels/world.h"
#include "simulator/client/client.h"
#include "simulator/meter/meter.h"
#include "simulator/meter/meter_port.h"
#include "simulator/scripts/happenings.h"
#include "tests/unit/material.h"

#include "tests/unit/cmocka.h"

namespace mep::simulator {
namespace {

using std::chrono::hours;
using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;
using test::Buffer;
using test::Random;

constexpr Instant start = std::chrono::seconds(1'781'600'000);  // 2026-06-16
constexpr std::uint32_t last_number = 0x2A00;

Key key_of(std::uint8_t byte) {
  Key key;
  key.fill(byte);
  return key;
}
const Key mbk = key_of(0xB5);
const Key mak = key_of(0xA7);

struct Frame {
  Direction direction;
  Buffer bytes;
  Instant begins, ends;  // of its first and last bit

  bool is_alert() const { return bytes.size() == length_field_size; }
  Bytes message() const { return Bytes(bytes).subspan(length_field_size); }
};

struct RigOptions {
  Security security = Security::plain;
  std::uint64_t seed = 1;
  std::uint32_t last_sequence = last_number;
  std::uint32_t first_sequence = last_number + 1;
  Generation generation = Generation::gen3;
};

// A meter, its port, a client, their line, and all that can be heard.
struct Rig {
  explicit Rig(const RigOptions& options = {})
      : random(options.seed),
        meter({options.generation, options.seed, start, mbk, mak}),
        port(meter, 0, port_options(options)),
        client(client_options(options)),
        world(start),
        tap(milliseconds(200), [this](const TapRecord& record) {
          assert_int_equal(record.line.status, 0);
          const Bytes frame = record.line.bytes;
          const Instant byte = byte_time(record.baud_rate);
          frames.push_back({record.direction,
                            {frame.begin(), frame.end()},
                            record.line.first - byte,
                            record.line.last});
        }) {
    port.observe([this](const Executed& each) { executed.push_back(each); });
    client.observe([this](const Exchanged& each) { exchanged.push_back(each); });
    world.join(client, port);
    world.tap([this](const LineByte& byte) {
      bytes.push_back(byte);
      tap.hear(byte);
    });
  }
  Rig(const Rig&) = delete;
  Rig& operator=(const Rig&) = delete;

  void run(const std::function<Task<>(Client&)>& script, Instant limit = hours(200)) {
    client.run(script);
    const Instant end = world.now() + limit;
    for (auto due = world.next(); due && *due <= end && !client.finished(); due = world.next()) {
      world.run_until(*due);
      tap.advance(*due);
    }
    assert_true(client.finished());
    world.run_until(world.now() + milliseconds(900));
    tap.finish();
  }
  std::vector<Frame> of(Direction direction) const {
    std::vector<Frame> found;
    for (const Frame& frame : frames)
      if (frame.direction == direction && !frame.is_alert()) found.push_back(frame);
    return found;
  }

  TlsRandom random;
  Meter meter;
  MeterPort port;
  Client client;
  World world;
  Tap tap;
  std::vector<LineByte> bytes;
  std::vector<Frame> frames;
  std::vector<Executed> executed;
  std::vector<Exchanged> exchanged;

 private:
  PortOptions port_options(const RigOptions& options) {
    PortOptions made;
    made.last_sequence = options.last_sequence;
    made.tls_random = &random;
    return made;
  }
  ClientOptions client_options(const RigOptions& options) {
    ClientOptions made;
    made.security = options.security;
    made.key = mak;
    made.mbk = mbk;
    made.first_sequence = options.first_sequence;
    made.tls_random = &random;
    return made;
  }
};

std::vector<Security> securities() {
  std::vector<Security> all = {Security::plain, Security::rc4};
  if (tls_available()) all.push_back(Security::tls);
  return all;
}

// --- Thousands of exchanges

// Tables to be read and written: most of those there are, some that there are not.
std::uint16_t any_table(Random& random) {
  static const std::array tables = {BT(0),  BT(1),  BT(8),  BT(21), BT(22), BT(23), BT(26), BT(27),
                                    BT(28), BT(33), BT(52), BT(53), BT(54), BT(55), BT(61), BT(63),
                                    BT(64), BT(65), BT(74), ET(3),  ET(4),  ET(9),  ET(11), ET(13),
                                    ET(14), ET(15), ET(16), ET(21), ET(23), ET(34), ET(36), ET(42),
                                    ET(45), ET(50), ET(51), ET(52), ET(53), ET(54), ET(55), ET(57),
                                    ET(58), ET(59), ET(66), ET(70), ET(71), ET(79), ET(80), ET(97)};
  if (random.once_in(20)) return static_cast<std::uint16_t>(random.below(0x10000));
  return tables[random.below(tables.size())];
}

Buffer any_read(Random& random, const Meter& meter) {
  const std::uint16_t table = any_table(random);
  const TableSpace& tables = meter.state().tables;
  const auto size = static_cast<std::uint32_t>(tables.has(table) ? tables.size(table) : 10);
  if (random.once_in(12))
    return encode_request(RequestCode::full_read, table, 0,
                          static_cast<std::uint16_t>(random.below(500)), {});
  // Now and then beyond the table's end, or more than an answer carries.
  const std::uint32_t offset = random.below(size + 2);
  const std::uint32_t most =
      random.once_in(10) ? 600 : std::min<std::uint32_t>(size - std::min(size, offset), 440) + 1;
  const auto count = static_cast<std::uint16_t>(random.below(most) + random.below(2));
  return encode_request(RequestCode::partial_read, table, offset, count, {});
}

// What would change the line's speed is left out.
bool touches_baud_rate(std::uint16_t table, std::uint32_t offset, std::size_t size) {
  constexpr std::uint32_t place = 4 * 66 + 6;
  return table == ET(13) && offset <= place && place < offset + size;
}

Buffer any_write(Random& random) {
  // Procedures and transactions are tables, too.
  const std::uint16_t table = random.once_in(4) ? BT(7) : any_table(random);
  std::uint32_t offset = random.once_in(3) ? random.below(400) : 0;
  Buffer data = random.bytes(random.below(random.once_in(8) ? 440 : 40));
  if (table == BT(7) && data.size() > 3) {
    constexpr std::array procedures = {EP(17), EP(19), EP(39), EP(61), EP(16)};
    write_le(data, 0, 2, procedures[random.below(procedures.size())]);
    data[2] = static_cast<std::uint8_t>(random.between(4, 10));
    offset = 0;
  }
  if (touches_baud_rate(table, offset, data.size())) offset = 300;
  return encode_request(RequestCode::partial_write, table, offset,
                        static_cast<std::uint16_t>(data.size()), data);
}

Task<> exchange_at_random(Client& client, const Meter& meter, Random& random, unsigned count) {
  for (unsigned i = 0; i < count; ++i) {
    Buffer request = random.once_in(4) ? any_write(random) : any_read(random, meter);
    if (random.once_in(40)) request = random.bytes(random.between(1, 30));
    const Outcome outcome = co_await client.exchange(std::move(request));
    assert_true(outcome.code.has_value());
    if (random.once_in(50)) co_await client.pause(milliseconds(random.below(4000)));
  }
}

constexpr unsigned many = 2000;

void what_the_client_got_is_what_the_meter_did(void**) {
  for (const Security security : securities()) {
    Rig rig({.security = security});
    Random random(4711);
    const auto begin = std::chrono::steady_clock::now();
    rig.run([&](Client& client) { return exchange_at_random(client, rig.meter, random, many); });
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
    assert_int_equal(rig.executed.size(), many);
    assert_int_equal(rig.exchanged.size(), many);
    std::array<unsigned, 13> codes{};
    for (std::size_t i = 0; i < many; ++i) {
      assert_true(rig.executed[i].request == rig.exchanged[i].request);
      assert_true(rig.executed[i].answer == rig.exchanged[i].answer);
      assert_int_equal(rig.executed[i].caller.access, AccessLevel::advanced);
      ++codes.at(rig.executed[i].answer.at(0));
    }
    // All that a meter can say was said, but for what has to do with sequence numbers and keys.
    for (const unsigned code : {0, 1, 3, 4, 5}) assert_true(codes[code] > 20);
    constexpr std::array names = {"plain", "rc4", "tls"};
    std::printf("# %s: %.0f exchanges per second of real time, %.0f times as fast as the line\n",
                names[static_cast<std::size_t>(security)], many / took.count(),
                std::chrono::duration<double>(rig.world.now() - start) / took);
  }
}

// --- What goes over the line

Task<> read_some(Client& client, unsigned count) {
  for (unsigned i = 0; i < count; ++i) {
    co_await client.read(BT(52), 0, 7);
    co_await client.read(BT(28), 0, 220);
    co_await client.read(BT(54), 0, 440);
  }
}

void requests_are_sealed_with_numbers_in_a_row(void**) {
  for (const Security security : {Security::plain, Security::rc4}) {
    Rig rig({.security = security});
    Random random(7);
    rig.run([&](Client& client) { return exchange_at_random(client, rig.meter, random, 300); });
    const auto requests = rig.of(Direction::client_to_meter);
    const auto answers = rig.of(Direction::meter_to_client);
    assert_int_equal(requests.size(), 300);
    assert_int_equal(answers.size(), 300);
    for (std::size_t i = 0; i < requests.size(); ++i) {
      Buffer request(requests[i].message().begin(), requests[i].message().end());
      Buffer answer(answers[i].message().begin(), answers[i].message().end());
      const auto digest_of = [](const Buffer& message) {
        Digest digest;
        std::copy(message.end() - digest_size, message.end(), digest.begin());
        return digest;
      };
      const std::size_t request_size = request.size() - digest_size;
      const std::size_t answer_size = answer.size() - digest_size;
      if (security == Security::rc4) {
        const Key cipher = rc4_exchange_key(mak, digest_of(request));
        assert_true(rc4_apply(cipher, 0, std::span(request).first(request_size)));
        assert_true(rc4_apply(cipher, request_size, std::span(answer).first(answer_size)));
      }
      const DigestState sealed = digest_update({}, mak, Bytes(request).first(request_size));
      assert_true(digest_matches(sealed, mak, digest_of(request)));
      const DigestState both = digest_update(sealed, mak, Bytes(answer).first(answer_size));
      assert_true(digest_matches(both, mak, digest_of(answer)));

      assert_int_equal(read_be(request, request_size - sequence_size, sequence_size),
                       last_number + 1 + i);
      request.resize(request_size - sequence_size);
      answer.resize(answer_size);
      assert_true(request == rig.executed[i].request);
      assert_true(answer == rig.executed[i].answer);
      // A message with a trailer, as the protocol's own parser sees it.
      const Request parsed = parse_request(request, Trailer::absent);
      if (parsed.problem == Problem::none && security == Security::plain)
        assert_int_equal(*parse_request(requests[i].message(), Trailer::present).sequence,
                         last_number + 1 + i);
    }
  }
}

void answers_keep_their_distance(void**) {
  for (const Security security : securities()) {
    Rig rig({.security = security});
    rig.run([](Client& client) { return read_some(client, 60); });
    const auto requests = rig.of(Direction::client_to_meter);
    const auto answers = rig.of(Direction::meter_to_client);
    assert_int_equal(requests.size(), answers.size());
    for (std::size_t i = 0; i < answers.size(); ++i) {
      // Page 21.
      assert_true(answers[i].begins >= requests[i].ends + milliseconds(10));
      if (i > 0) assert_true(answers[i].begins - answers[i - 1].begins >= milliseconds(100));
      assert_true(i == 0 || requests[i].begins > answers[i - 1].ends);
    }
  }
}

void long_answers_come_in_segments(void**) {
  for (const Security security : securities()) {
    Rig rig({.security = security});
    rig.run([](Client& client) { return read_some(client, 5); });
    const Instant byte = byte_time(default_baud_rate);
    std::vector<Instant> arrivals;
    for (const LineByte& each : rig.bytes)
      if (each.direction == Direction::meter_to_client) arrivals.push_back(each.arrival);
    std::size_t at = 0, long_ones = 0;
    for (const Frame& answer : rig.of(Direction::meter_to_client)) {
      for (std::size_t i = 1; i < answer.bytes.size(); ++i) {
        const Instant gap = arrivals[at + i] - arrivals[at + i - 1];
        if (i % 117 == 0)
          assert_true(gap >= milliseconds(25) && gap <= milliseconds(25) + byte + microseconds(1));
        else
          assert_true(gap == byte);
      }
      at += answer.bytes.size();
      if (answer.bytes.size() > std::size_t{3} * 117) ++long_ones;
    }
    assert_int_equal(at, arrivals.size());
    assert_true(long_ones > 0);
  }
}

Task<> register_and_be_alerted(Client& client, Meter& meter) {
  Buffer flags = {1};
  co_await client.write(ET(50), 30, std::move(flags));
  co_await client.pause(milliseconds(1500));
  scheduled_read_due(meter, 0);
  for (unsigned i = 0; i < 40; ++i) {
    co_await client.pause(milliseconds(300 + 173L * i % 3100));
    co_await client.read(BT(52), 0, 7);
  }
  co_await client.pause(seconds(20));
}

void alerts_come_once_a_second(void**) {
  Rig rig;
  rig.run([&](Client& client) { return register_and_be_alerted(client, rig.meter); });
  Instant last_request{0};
  std::optional<Instant> last_alert;
  unsigned alerts = 0, in_the_end = 0;
  for (const Frame& frame : rig.frames) {
    if (frame.direction == Direction::client_to_meter) {
      last_request = frame.ends;
      last_alert.reset();
      in_the_end = 0;
    }
    if (!frame.is_alert()) continue;
    ++alerts;
    ++in_the_end;
    assert_true(frame.begins >= last_request + seconds(1));
    // Nothing in between: exactly a second after the one before.
    if (last_alert) assert_true(frame.begins == *last_alert + seconds(1));
    last_alert = frame.begins;
  }
  assert_true(alerts > 30);
  assert_true(in_the_end >= 19 && in_the_end <= 20);
  assert_int_equal(rig.client.alerts(), alerts);
}

// --- Sequence numbers and keys

Task<> ask_with(Client& client, Rc4Request sealed, std::optional<Buffer>& answer) {
  const auto frame = mep::frame(sealed.message);
  const auto message = co_await client.send_frame(frame);
  if (message) answer = open_answer(*message, sealed.exchange);
}

std::optional<Buffer> answer_to_number(std::uint32_t number, const Key& key, Rig& rig) {
  const Buffer request = encode_request(RequestCode::partial_read, BT(52), 0, 7, {});
  std::optional<Buffer> answer;
  rig.run([&](Client& client) {
    return ask_with(client, seal_request(request, number, key, false), answer);
  });
  return answer;
}

void numbers_may_be_eight_ahead(void**) {
  // At the end of the numbers, too.
  constexpr std::array<std::uint32_t, 3> lasts = {last_number, 0xFFFFFFF0, 0xFFFFFFFF};
  for (std::uint32_t last : lasts) {
    Rig rig({.last_sequence = last});
    std::size_t accepted = 0;
    for (int ahead = -3; ahead <= 12; ++ahead) {
      const std::uint32_t number = last + static_cast<std::uint32_t>(ahead);
      const auto answer = answer_to_number(number, mak, rig);
      assert_true(answer.has_value());
      if (ahead >= 1 && ahead <= 8) {
        assert_int_equal(answer->at(0), 0);
        last = number;
        ++accepted;
      } else {
        Buffer expected(5);
        expected[0] = 0x0C;
        // Page 12: the number to be used next.
        write_be(expected, 1, 4, last + 1);
        assert_true(*answer == expected);
      }
      assert_int_equal(rig.executed.size(), accepted);
    }
  }
}

void the_key_decides_the_access(void**) {
  const std::array<std::pair<Key, std::optional<AccessLevel>>, 3> keys = {
      {{mak, AccessLevel::advanced}, {mbk, AccessLevel::basic}, {key_of(3), std::nullopt}}};
  for (const auto& [key, access] : keys) {
    Rig rig;
    const auto answer = answer_to_number(last_number + 1, key, rig);
    assert_true(answer.has_value());
    assert_int_equal(answer->at(0), access ? 0 : 0x0B);
    assert_int_equal(rig.executed.size(), access ? 1 : 0);
    if (access) assert_int_equal(rig.executed[0].caller.access, *access);
    // 0x0B comes without a digest.
    if (!access) assert_int_equal(rig.of(Direction::meter_to_client)[0].bytes.size(), 3);
  }
  // Where both are the same it is the MAK, page 13.
  Rig rig;
  rig.meter.state().options.mbk = mak;
  answer_to_number(last_number + 1, mak, rig);
  assert_int_equal(rig.executed.at(0).caller.access, AccessLevel::advanced);
}

Task<> ask_with_both_keys(Client& client) {
  co_await client.read(BT(52), 0, 7);
  co_await client.end_tls();
  client.set_key(mbk, AccessLevel::basic);
  co_await client.read(BT(52), 0, 7);
}

void the_client_can_change_its_key(void**) {
  for (const Security security : securities()) {
    Rig rig({.security = security});
    rig.run([](Client& client) { return ask_with_both_keys(client); });
    assert_int_equal(rig.executed.size(), 2);
    assert_int_equal(rig.executed[0].caller.access, AccessLevel::advanced);
    assert_int_equal(rig.executed[1].caller.access, AccessLevel::basic);
  }
}

void an_unknown_number_is_asked_for(void**) {
  for (const Security security : {Security::plain, Security::rc4}) {
    Rig rig({.security = security, .first_sequence = 0x01020304});
    rig.run([](Client& client) { return read_some(client, 1); });
    assert_int_equal(rig.exchanged.size(), 4);
    assert_int_equal(rig.exchanged[0].answer.at(0), 0x0C);
    assert_int_equal(rig.executed.size(), 3);
    assert_int_equal(rig.client.next_sequence(), last_number + 4);
  }
}

// --- Seeds

bool operator==(const LineByte& one, const LineByte& other) {
  return one.port == other.port && one.direction == other.direction && one.value == other.value &&
         one.arrival == other.arrival && one.baud_rate == other.baud_rate;
}

void a_seed_decides_everything(void**) {
  for (const Security security : securities()) {
    std::vector<std::vector<LineByte>> lines;
    std::vector<Buffer> values;
    for (const std::uint64_t seed : {5, 5, 6}) {
      Rig rig({.security = security, .seed = seed});
      rig.run([](Client& client) { return read_some(client, 20); });
      lines.push_back(rig.bytes);
      values.push_back(rig.exchanged[1].answer);
    }
    assert_true(lines[0].size() == lines[1].size());
    assert_true(std::equal(lines[0].begin(), lines[0].end(), lines[1].begin(),
                           [](const auto& one, const auto& other) { return one == other; }));
    assert_int_equal(values[0].size(), values[2].size());
    assert_true(values[0] == values[1]);
    assert_true(values[0] != values[2]);
  }
}

// A script may be thrown away in the middle of anything.
void scripts_may_be_abandoned(void**) {
  for (const Security security : securities()) {
    for (Instant when = milliseconds(1); when < milliseconds(1200); when += milliseconds(131)) {
      Rig rig({.security = security});
      rig.client.run([](Client& client) { return read_some(client, 5); });
      rig.world.run_until(start + when);
      assert_false(rig.client.finished());
    }
  }
}

int run_all() {
  const CMUnitTest tests[] = {
      cmocka_unit_test(what_the_client_got_is_what_the_meter_did),
      cmocka_unit_test(requests_are_sealed_with_numbers_in_a_row),
      cmocka_unit_test(answers_keep_their_distance),
      cmocka_unit_test(long_answers_come_in_segments),
      cmocka_unit_test(alerts_come_once_a_second),
      cmocka_unit_test(numbers_may_be_eight_ahead),
      cmocka_unit_test(the_key_decides_the_access),
      cmocka_unit_test(the_client_can_change_its_key),
      cmocka_unit_test(an_unknown_number_is_asked_for),
      cmocka_unit_test(a_seed_decides_everything),
      cmocka_unit_test(scripts_may_be_abandoned),
  };
  return cmocka_run_group_tests(tests, nullptr, nullptr);
}

}  // namespace
}  // namespace mep::simulator

int main() {
  return mep::simulator::run_all();
}
