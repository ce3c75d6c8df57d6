// A registered client whom the meter alerts, and what it does for each kind of alert: pages 17, 18,
// 34, 35 and 82.
// SPDX-License-Identifier: GPL-2.0-or-later
#include <chrono>

#include "protocol/names.h"
#include "simulator/contents/table_bytes.h"
#include "simulator/meter/procedures.h"
#include "simulator/scripts/happenings.h"
#include "simulator/scripts/steps.h"
#include "simulator/scripts/stories.h"

namespace mep::simulator {
namespace {

using std::chrono::seconds;
using Buffer = std::vector<std::uint8_t>;

constexpr Instant quiet = seconds(2);
constexpr Instant alert_patience = seconds(10);
constexpr std::uint16_t utility_transaction = 0x0512;

// What this box measures: two temperatures, say.
Buffer own_measurements() {
  return {0x02, 0x67, 0xD4, 0x00, 0x02, 0x67, 0x3C, 0x00};
}

Task<> serve_scheduled_read(Client& client) {
  // As the best-known client does it: success, the length, the data.
  Buffer posted = {1};
  const Buffer data = own_measurements();
  append(posted, le16(static_cast<std::uint16_t>(data.size())));
  append(posted, data);
  co_await post_data(client, static_cast<std::uint8_t>(Posted::scheduled_read_and_alarms),
                     std::move(posted));
}

// Page 25: a request is another's unless the handle is one's own.
Task<> serve_on_demand_requests(Client& client) {
  const auto handle = co_await read_own_handle(client);
  const Understood queue = co_await read_known(client, ET(15));
  const auto entries = static_cast<std::uint32_t>(client.dimensions().get(Dim::on_demand_requests));
  for (std::uint32_t entry = 0; entry < entries; ++entry) {
    const bool mine = handle && queue.number("et15.device_handle_or_group_mask", entry) == *handle;
    if (!mine || queue.has("et15.result", entry) || !queue.has("et15.request_type", entry))
      continue;
    co_await post_data(client, static_cast<std::uint8_t>(Posted::on_demand_result),
                       own_measurements());
  }
  co_await read_known(client, ET(15));
}

Task<> serve_mbus_change(Client& client) {
  co_await read_known(client, ET(58));
  co_await post_data(client, static_cast<std::uint8_t>(Posted::clear_mbus_alert), {});
}

Task<> serve_delta_data(Client& client) {
  co_await read_known(client, ET(71));
  co_await post_data(client, static_cast<std::uint8_t>(Posted::clear_delta_data_alert), {});
}

// Asks for an alert when the voltage of L1 has changed by so much, page 34.
Task<> watch_voltage(Client& client, std::uint16_t millivolts) {
  constexpr std::uint16_t rms_voltage_l1 = 15;  // source, page 204
  Buffer entry = le16(rms_voltage_l1);
  const Buffer delta = le16(millivolts);
  entry.insert(entry.end(), delta.begin(), delta.end());
  co_await write_field(client, ET(71), "et71.delta_data_monitor_source", 0, std::move(entry));
}

Task<> stop_watching(Client& client) {
  constexpr std::uint16_t not_in_use = 255;
  co_await write_field(client, ET(71), "et71.delta_data_monitor_source", 0, le16(not_in_use));
}

}  // namespace

Task<> serve_alerts(Client& client) {
  const std::uint32_t entry = entry_of(client);
  const Understood flags = co_await read_field(client, ET(13), "et13.alert_flags", entry);
  if (flags.has("et13.scheduled_read_request_alert", entry)) co_await serve_scheduled_read(client);
  if (flags.has("et13.on_demand_request_in_et15", entry)) co_await serve_on_demand_requests(client);
  if (flags.has("et13.m_bus_change", entry)) co_await serve_mbus_change(client);
  if (flags.has("et13.delta_data_alert", entry)) co_await serve_delta_data(client);
}

Task<> serve_next_alert(Client& client) {
  const bool alerted = co_await client.alert(alert_patience);
  if (alerted) co_await serve_alerts(client);
}

Task<> alerts(Client& client, Meter& meter) {
  co_await be_registered(
      client, MepFlag::response_in_et59 | MepFlag::mbus_alerts | MepFlag::delta_data_alerts);
  co_await client.pause(quiet);

  // It is busy with something else at first: the meter goes on alerting.
  scheduled_read_due(meter, channel_of(client));
  co_await client.alert(alert_patience);
  co_await client.pause(quiet);
  co_await serve_alerts(client);
  co_await client.pause(quiet);

  post_on_demand_for_client(meter, channel_of(client), utility_transaction);
  co_await serve_next_alert(client);
  co_await client.pause(quiet);

  valve_moves(meter);
  co_await serve_next_alert(client);
  co_await client.pause(quiet);

  constexpr std::uint16_t millivolts = 100;
  co_await watch_voltage(client, millivolts);
  for (int change = 0; change < 3; ++change) co_await serve_next_alert(client);
  co_await stop_watching(client);
  co_await serve_alerts(client);
}

}  // namespace mep::simulator
