// A client that calls procedures, rightly and wrongly, pages 51 to 53 and 243 to 247.
// SPDX-License-Identifier: GPL-2.0-or-later
#include <array>
#include <chrono>

#include "protocol/names.h"
#include "protocol/procedure.h"
#include "simulator/meter/procedures.h"
#include "simulator/scripts/steps.h"
#include "simulator/scripts/stories.h"

namespace mep::simulator {
namespace {

using std::chrono::seconds;
using Buffer = std::vector<std::uint8_t>;

constexpr Instant quiet = seconds(1);
constexpr std::uint16_t own_transaction = 0x0410;
constexpr std::uint16_t nobodys_handle = 777;
constexpr std::uint16_t gas_meter_slot = 0;

// Procedure sequence numbers: of clients are 5 to 9, and not the same twice in a row, page 52.
Task<> use_sequence_numbers(Client& client) {
  constexpr std::array<std::uint8_t, 8> numbers = {5, 6, 7, 7, 8, 9, 4, 10};
  const Buffer nothing = {0, 0, 0};
  for (const std::uint8_t number : numbers) {
    Buffer call = procedure::encode_call({EP(17), 0, number}, nothing);
    const Outcome written = co_await client.write(BT(7), 0, std::move(call));
    if (written.ok()) co_await client.read_all(results_of(client), 4);
  }
}

Task<> remove_strangely(Client& client) {
  co_await remove_device(client, nobodys_handle);
  Buffer unknown_action = {9, 0xE8, 0x03};
  co_await client.call(EP(17), std::move(unknown_action), results_of(client));
}

Task<> post_requests(Client& client) {
  const Place status =
      element_place(ET(14), "et14.device_handle", client.dimensions(), gas_meter_slot);
  const Understood device = co_await read_place(client, ET(14), status);
  const auto handle =
      static_cast<std::uint16_t>(device.number("et14.device_handle", gas_meter_slot).value_or(0));
  co_await ask_device(client, own_transaction, handle);
  co_await read_known(client, ET(15));
  co_await ask_device(client, own_transaction + 1, nobodys_handle);
  Buffer unknown_type = {0x12, 0x04, 0x01, 0x00, 99};
  co_await client.call(EP(19), std::move(unknown_type), results_of(client));
}

// With the MBK: EP39, but not EP19, pages 13 and 244.
Task<> try_with_basic_key(Client& client) {
  const Key advanced = client.options().key;
  co_await client.end_tls();
  client.set_key(client.options().mbk, AccessLevel::basic);
  co_await ask_device(client, own_transaction + 2, 1);
  co_await post_data(client, static_cast<std::uint8_t>(Posted::scheduled_read), {});
  co_await client.end_tls();
  client.set_key(advanced, AccessLevel::advanced);
}

}  // namespace

Task<> procedures(Client& client, Meter&) {
  co_await be_registered(client, MepFlag::response_in_et59);
  co_await post_data(client, static_cast<std::uint8_t>(Posted::scheduled_read), {});
  co_await remove_strangely(client);
  co_await client.pause(quiet);
  co_await post_requests(client);
  co_await client.pause(quiet);

  // EP61 is for meters with two MEP ports, page 247.
  Buffer lock = {1};
  co_await client.call(EP(61), std::move(lock), results_of(client));
  co_await client.pause(quiet);
  co_await use_sequence_numbers(client);
  co_await client.pause(quiet);
  co_await try_with_basic_key(client);
  co_await client.pause(quiet);

  // As clients did it before firmware 3.30: results in BT08, page 51.
  Buffer flags = {MepFlag::registered};
  co_await write_field(client, ET(50), "et50.mep_flags", channel_of(client), std::move(flags));
  Buffer nothing = {static_cast<std::uint8_t>(Posted::scheduled_read)};
  co_await client.call(EP(39), std::move(nothing), BT(8));

  // Logged out, it may not post any more, page 36.
  const auto handle = co_await read_own_handle(client);
  if (handle) {
    Buffer parameters = {0};
    const Buffer whom = le16(*handle);
    parameters.insert(parameters.end(), whom.begin(), whom.end());
    co_await client.call(EP(17), std::move(parameters), BT(8));
  }
  Buffer not_any_more = {static_cast<std::uint8_t>(Posted::scheduled_read)};
  co_await client.call(EP(39), std::move(not_any_more), BT(8));
}

}  // namespace mep::simulator
