// A client that reads M-Bus devices through the meter, pages 27 to 29, 32 and 34.
// SPDX-License-Identifier: GPL-2.0-or-later
#include <algorithm>
#include <array>
#include <chrono>

#include "protocol/names.h"
#include "simulator/scripts/happenings.h"
#include "simulator/scripts/steps.h"
#include "simulator/scripts/stories.h"

namespace mep::simulator {
namespace {

using std::chrono::seconds;

constexpr std::array configuration = {ET(34), ET(57), ET(66)};
constexpr std::uint16_t own_transaction = 0x0400;  // MEP applications, page 245
constexpr int polls_at_most = 30;

struct Device {
  std::uint32_t slot;
  std::uint16_t handle;
};

Task<std::vector<Device>> find_devices(Client& client) {
  const Understood status = co_await read_known(client, ET(14));
  std::vector<Device> devices;
  for (std::uint32_t slot = 0; slot < mbus_slots; ++slot) {
    const auto handle = status.number("et14.device_handle", slot).value_or(0);
    if (handle != 0) devices.push_back({slot, static_cast<std::uint16_t>(handle)});
  }
  co_return devices;
}

// What ET14 says is in ET16 of the device, page 28.
Task<> read_billing_data(Client& client, Device device) {
  const Place status =
      element_place(ET(14), "et14.device_handle", client.dimensions(), device.slot);
  const Understood length = co_await read_place(client, ET(14), status);
  const auto size = static_cast<std::uint32_t>(
      length.number("et14.billing_read_length", device.slot).value_or(0));
  if (size == 0) co_return;
  const Place entry = element_place(ET(16), "et16.timestamp", client.dimensions(), device.slot);
  co_await client.read_long(ET(16), entry.offset, size);
}

// The newest entry of ET45, whoever's it is: its length first, page 28.
Task<> read_newest_scheduled_read(Client& client) {
  co_await read_known(client, ET(36));
  const Place header{0, 6};
  const Understood log = co_await read_place(client, ET(45), header);
  if (!log.has("et45.number_of_valid_entries")) co_return;
  const auto newest = static_cast<std::uint32_t>(*log.number("et45.last_entry_element"));
  const Place entry = element_place(ET(45), "et45.length", client.dimensions(), newest);
  const Place length_and_handle{entry.offset, 8};
  const Understood beginning = co_await read_place(client, ET(45), length_and_handle);
  const auto size = static_cast<std::uint32_t>(beginning.number("et45.length", newest).value_or(0));
  constexpr std::uint32_t length_size = 2;
  if (size == 0) co_return;
  co_await client.read_long(ET(45), entry.offset,
                            std::min<std::uint32_t>(length_size + size, entry.size));
}

// Polls ET15 until the device has answered, page 28. Whether it has.
Task<bool> wait_for_result(Client& client, std::uint16_t transaction) {
  const auto entries = static_cast<std::uint32_t>(client.dimensions().get(Dim::on_demand_requests));
  for (int poll = 0; poll < polls_at_most; ++poll) {
    co_await client.pause(seconds(1));
    const Understood queue = co_await read_known(client, ET(15));
    for (std::uint32_t entry = 0; entry < entries; ++entry) {
      constexpr std::int64_t success = 1;
      if (queue.number("et15.transaction_nbr", entry) == transaction &&
          queue.has("et15.request_type", entry) && queue.has("et15.result", entry))
        co_return queue.number("et15.result", entry) == success;
    }
  }
  co_return false;
}

}  // namespace

Task<> mbus(Client& client, Meter& meter) {
  co_await be_registered(client, MepFlag::response_in_et59 | MepFlag::mbus_alerts);
  const std::vector<Device> devices = co_await find_devices(client);
  for (const std::uint16_t table : configuration) co_await read_known(client, table);
  for (const Device& device : devices) {
    const Place entry = element_place(ET(13), "et13.day", client.dimensions(), device.slot);
    co_await read_place(client, ET(13), entry);
    co_await read_billing_data(client, device);
  }
  co_await read_newest_scheduled_read(client);
  if (devices.empty()) co_return;

  const Device device = devices.front();
  const CallOutcome asked = co_await ask_device(client, own_transaction, device.handle);
  if (asked.result == 0) {
    const bool answered = co_await wait_for_result(client, own_transaction);
    if (answered) co_await read_billing_data(client, device);
  }

  co_await client.pause(seconds(2));
  valve_moves(meter);
  co_await serve_next_alert(client);
}

}  // namespace mep::simulator
