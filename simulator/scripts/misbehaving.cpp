// Clients that do something wrong, each its own thing, and what the meter answers to that.
// SPDX-License-Identifier: GPL-2.0-or-later
#include <array>
#include <chrono>

#include "protocol/names.h"
#include "simulator/scripts/happenings.h"
#include "simulator/scripts/steps.h"
#include "simulator/scripts/stories.h"

namespace mep::simulator {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Buffer = std::vector<std::uint8_t>;

constexpr Instant quiet = milliseconds(700);

Buffer clock_request() {
  return read_request(BT(52), 0, 7);
}

// A client as it should be, before or after.
Task<> behave(Client& client) {
  co_await read_register_dimensions(client);
  co_await read_known(client, BT(52));
  co_await read_known(client, BT(28));
}

// Begins a TLS session if it is one of those clients: put() needs it.
Task<> have_session(Client& client) {
  co_await read_known(client, BT(52));
}

}  // namespace

Task<> sequence_stuck(Client& client, Meter&) {
  constexpr std::array tables = {BT(28), BT(23), BT(55), BT(21)};
  co_await behave(client);
  const std::uint32_t stuck = client.next_sequence() - 1;
  for (const std::uint16_t table : tables) {
    client.set_next_sequence(stuck);
    co_await read_known(client, table);
    co_await client.pause(quiet);
  }
  co_await behave(client);
}

Task<> sequence_ahead(Client& client, Meter&) {
  co_await behave(client);
  // The meter's is one behind the client's: 7 more is the last that it takes, page 11.
  client.set_next_sequence(client.next_sequence() + 7);
  co_await read_known(client, BT(28));
  co_await client.pause(quiet);
  client.set_next_sequence(client.next_sequence() + 8);
  co_await read_known(client, BT(28));
  co_await client.pause(quiet);
  client.set_next_sequence(client.next_sequence() + 1000);
  co_await read_known(client, BT(28));
  co_await client.pause(quiet);
  co_await behave(client);
}

Task<> wrong_key(Client& client, Meter&) {
  co_await behave(client);
  const Key right = client.options().key;
  const AccessLevel access = client.options().access;
  Key wrong = right;
  wrong.back() ^= 0x55;
  co_await client.end_tls();
  client.set_key(wrong, access);
  for (int tries = 0; tries < 4; ++tries) {
    co_await read_known(client, BT(28));
    co_await client.pause(quiet);
  }
  client.set_key(right, access);
  co_await behave(client);
}

Task<> read_too_long(Client& client, Meter&) {
  co_await behave(client);
  const std::uint16_t size = size_known(BT(23), client.dimensions());
  co_await client.read(BT(23), 0, size);
  co_await client.pause(quiet);
  co_await client.read(BT(23), 0, static_cast<std::uint16_t>(size + 1));
  co_await client.pause(quiet);
  co_await client.read(BT(23), size, 4);
  co_await client.pause(quiet);
  co_await client.read(BT(23), size - 4U, 4);
  co_await client.pause(quiet);
  co_await behave(client);
}

Task<> unknown_table(Client& client, Meter&) {
  constexpr std::array<std::uint16_t, 4> strangers = {BT(99), ET(200), BT(3) | pending_flag,
                                                      0xE017};
  co_await behave(client);
  for (const std::uint16_t table : strangers) {
    co_await client.read(table, 0, 4);
    co_await client.pause(quiet);
  }
  Buffer byte = {1};
  co_await client.write(BT(99), 0, std::move(byte));
  co_await client.pause(quiet);
  co_await behave(client);
}

Task<> garbage_request(Client& client, Meter&) {
  const std::array<Buffer, 4> requests = {
      Buffer{0x77, 0x01, 0x02, 0x03},       // no code of a request
      Buffer{0x20},                         // C12.18's identification, which MEP does not have
      Buffer{0x3F, 0x00, 0x17},             // ends in the middle
      Buffer{0x50, 0x00, 0x01, 0x61, 0x62}  // C12.18's log on
  };
  co_await behave(client);
  for (const Buffer& request : requests) {
    co_await client.exchange(request);
    co_await client.pause(quiet);
  }
  co_await behave(client);
}

Task<> alert_ignored(Client& client, Meter& meter) {
  co_await be_registered(client, MepFlag::response_in_et59);
  co_await client.pause(quiet);
  scheduled_read_due(meter, channel_of(client));
  co_await client.pause(seconds(5));
  co_await behave(client);
  co_await client.pause(seconds(6));
  co_await read_field(client, ET(13), "et13.alert_flags", entry_of(client));
  co_await client.pause(seconds(4));
  requests_withdrawn(meter, channel_of(client));
}

Task<> retry_storm(Client& client, Meter&) {
  struct Storm {
    Instant impatience;
    int repetitions;
  };
  // Before the answer can have begun, and while it comes.
  constexpr std::array storms = {Storm{milliseconds(40), 10}, Storm{milliseconds(120), 10}};
  co_await behave(client);
  for (const Storm& storm : storms) {
    co_await have_session(client);
    const auto frame = client.sealed(clock_request());
    for (int sent = 0; frame && sent < storm.repetitions; ++sent) {
      client.put(*frame);
      co_await client.pause(storm.impatience);
    }
    co_await client.pause(quiet);
    co_await client.end_tls();
  }
  co_await behave(client);
}

Task<> slow_bytes(Client& client, Meter&) {
  // Page 21: up to 50 ms.
  constexpr std::array<Instant, 4> pauses = {milliseconds(80), milliseconds(45), milliseconds(200),
                                             milliseconds(48)};
  for (const Instant pause : pauses) {
    co_await have_session(client);
    const auto frame = client.sealed(clock_request());
    if (!frame) co_return;
    constexpr std::size_t half = 11;
    client.put(Bytes(*frame).first(half));
    // Bytes take their time on the line before the pause begins.
    co_await client.pause(byte_time(client.baud_rate()) * half + pause);
    client.put(Bytes(*frame).subspan(half));
    co_await client.pause(quiet);
    co_await client.end_tls();
  }
  co_await behave(client);
}

Task<> misbehaving(Client& client, Meter& meter) {
  constexpr std::array<Story, 9> all = {sequence_stuck, sequence_ahead, wrong_key,
                                        read_too_long,  unknown_table,  garbage_request,
                                        retry_storm,    slow_bytes,     alert_ignored};
  for (const Story story : all) {
    co_await story(client, meter);
    co_await client.pause(quiet);
  }
}

}  // namespace mep::simulator
