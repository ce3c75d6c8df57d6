// Two clients at a meter of generation 4, each at a port of its own, pages 21 to 25. They share the
// transaction tables and take turns by EP61: the second comes while the first holds the lock, and
// gets it when that has run out.
// SPDX-License-Identifier: GPL-2.0-or-later
#include <array>
#include <chrono>

#include "protocol/names.h"
#include "simulator/scripts/steps.h"
#include "simulator/scripts/stories.h"

namespace mep::simulator {
namespace {

using std::chrono::seconds;
using Buffer = std::vector<std::uint8_t>;

// The clients know nothing of each other. When each does what, from the round's beginning:
constexpr Instant round_time = seconds(30);
constexpr Instant first_locks_at = seconds(6);
constexpr Instant second_comes_at = seconds(9);
constexpr Instant second_asks_every = seconds(2);
constexpr int second_asks_at_most = 8;
constexpr Instant first_comes_again_at = seconds(23);

Task<CallOutcome> lock_transactions(Client& client, bool lock) {
  Buffer parameters = {static_cast<std::uint8_t>(lock)};
  co_return co_await client.call(EP(61), std::move(parameters), results_of(client));
}

std::vector<Buffer> some_reads() {
  return {read_request(BT(52), 0, 7), read_request(BT(28), 0, 40), read_request(ET(70), 142, 1)};
}

Task<> read_together(Client& client, std::uint16_t number) {
  const Outcome written = co_await write_transaction(client, transaction_of(number, some_reads()));
  if (written.ok()) co_await read_responses(client);
}

// Which port it is, and what belongs to it, page 23.
Task<> settle_in(Client& client) {
  co_await read_field(client, ET(70), "et70.current_comm_channel_index");
  co_await read_field(client, ET(54), "et54.multiple_mep_clients");
  co_await read_device_dimensions(client);
  // What came with firmware 4.0: the number of clients is among it.
  const Place added{32, 7};
  co_await read_place(client, ET(11), added);
  co_await be_registered(client, MepFlag::response_in_et59);
  const std::uint32_t channel = channel_of(client);
  const Place inbound =
      element_place(ET(50), "et50.manufacturer_unique_id", client.dimensions(), channel);
  co_await read_place(client, ET(50), inbound);
  const Place configuration =
      element_place(ET(13), "et13.day", client.dimensions(), entry_of(client));
  co_await read_place(client, ET(13), configuration);
}

}  // namespace

Task<> first_of_two_clients(Client& client, Meter&, ScriptOptions options) {
  Instant begin = client.now();
  co_await settle_in(client);
  std::uint16_t number = 100;
  for (unsigned round = 0; goes_on(options, round); ++round, begin += round_time) {
    co_await wait_until(client, begin + first_locks_at);
    co_await lock_transactions(client, true);
    co_await read_together(client, number++);
    // It forgets to unlock.
    co_await wait_until(client, begin + first_comes_again_at);
    co_await lock_transactions(client, true);
    co_await read_together(client, number++);
    co_await lock_transactions(client, false);
    co_await wait_until(client, begin + round_time);
  }
}

Task<> second_of_two_clients(Client& client, Meter&, ScriptOptions options) {
  Instant begin = client.now();
  co_await settle_in(client);
  std::uint16_t number = 200;
  for (unsigned round = 0; goes_on(options, round); ++round, begin += round_time) {
    co_await wait_until(client, begin + second_comes_at);
    // Without the lock it is refused.
    co_await read_together(client, number++);
    for (int asked = 0; asked < second_asks_at_most; ++asked) {
      const CallOutcome locked = co_await lock_transactions(client, true);
      if (locked.result == 0) {
        co_await read_together(client, number++);
        co_await lock_transactions(client, false);
        break;
      }
      co_await read_known(client, BT(52));
      co_await client.pause(second_asks_every);
    }
    co_await wait_until(client, begin + round_time);
  }
}

}  // namespace mep::simulator
