// SPDX-License-Identifier: GPL-2.0-or-later
#include "simulator/scripts/happenings.h"

#include <algorithm>
#include <chrono>

#include "simulator/contents/living.h"

namespace mep::simulator {
namespace {

constexpr std::uint8_t for_billing_data = 2;  // request type, page 90
// "On-demand and One-Time Read Timeout" of ET51: as meters have it, page 129.
constexpr Instant on_demand_timeout = std::chrono::seconds(30);

void alert(MeterState& state, unsigned client, Alert why) {
  state.alerts[client] |= static_cast<std::uint8_t>(why);
}

}  // namespace

void scheduled_read_due(Meter& meter, unsigned client) {
  alert(meter.state(), client, Alert::scheduled_read);
}

bool post_on_demand_for_client(Meter& meter, unsigned client, std::uint16_t transaction) {
  MeterState& state = meter.state();
  const auto free = std::ranges::find_if(state.on_demand, [](const OnDemandRequest& entry) {
    return entry.type == 0 || entry.result != 0;
  });
  if (free == state.on_demand.end()) return false;
  *free = {.transaction = transaction,
           .handle = client_handle(client),
           .type = for_billing_data,
           .result = 0,
           .done_at = state.now + on_demand_timeout};
  alert(state, client, Alert::on_demand_request);
  return true;
}

void valve_moves(Meter& meter) {
  MeterState& state = meter.state();
  for (MbusDevice& device : state.mbus) device.valve_open = !device.valve_open;
  for (unsigned client = 0; client < state.clients(); ++client)
    if (has_flag(state, client, mbus_alerts)) alert(state, client, Alert::mbus_change);
}

void requests_withdrawn(Meter& meter, unsigned client) {
  MeterState& state = meter.state();
  state.alerts[client] = 0;
  for (OnDemandRequest& entry : state.on_demand)
    if (entry.handle == client_handle(client) && entry.result == 0) entry = {};
}

}  // namespace mep::simulator
