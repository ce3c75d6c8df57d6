// SPDX-License-Identifier: GPL-2.0-or-later
#include "simulator/meter/procedures.h"

#include <algorithm>
#include <bit>
#include <chrono>

#include "protocol/bytes.h"
#include "protocol/names.h"
#include "simulator/contents/living.h"

namespace mep::simulator {
namespace {

constexpr std::uint16_t all_devices = 0xFFFF;
constexpr Instant transaction_lock_time = std::chrono::seconds(10);  // page 247
constexpr Instant mbus_answer_time = std::chrono::seconds(3);

constexpr std::uint64_t icons_size = 2;

void unregister(MeterState& state, unsigned client) {
  const std::uint64_t flags_at = client_entry(state, client) + client_flags_at;
  const std::array<std::uint8_t, 1> flags = {
      static_cast<std::uint8_t>(client_flags(state, client) & ~registered)};
  state.tables.write(ET(50), flags_at, flags);
  const auto sources =
      static_cast<std::uint64_t>(state.tables.dimensions().get(Dim::mep_data_sources));
  const std::array<std::uint8_t, icons_size> no_icons{};
  state.tables.write(ET(50), flags_at + 1 + sources * 6, no_icons);
  state.alerts[client] = 0;
}

// EP17 Remove MEP Device, page 243. A client with basic access removes clients only.
std::uint8_t remove_device(MeterState& state, Bytes parameters, const Caller& caller) {
  if (parameters.size() < 3 || parameters[0] > 1) return invalid_parameter;
  const auto handle = static_cast<std::uint16_t>(read_le(parameters, 1, 2));
  bool removed = false;
  for (unsigned client = 0; client < state.clients(); ++client) {
    if (handle != all_devices && handle != client_handle(client)) continue;
    if (!has_flag(state, client, registered)) continue;
    unregister(state, client);
    removed = true;
  }
  const auto wanted = [handle](const MbusDevice& device) {
    return handle == all_devices || handle == device.handle;
  };
  if (caller.access == AccessLevel::advanced)
    removed = std::erase_if(state.mbus, wanted) > 0 || removed;
  else if (std::ranges::any_of(state.mbus, wanted) && !removed)
    return no_authorization;
  return removed ? completed : no_such_device;
}

// EP19 Post On-demand M-Bus Request, page 244
ProcedureResult post_on_demand(MeterState& state, Bytes parameters) {
  ProcedureResult result;
  if (parameters.size() < 5) return {0, 0, invalid_parameter, {}};
  OnDemandRequest request;
  request.transaction = static_cast<std::uint16_t>(read_le(parameters, 0, 2));
  request.handle = static_cast<std::uint16_t>(read_le(parameters, 2, 2));
  request.type = parameters[4];
  constexpr std::array<std::uint8_t, 8> types = {1, 2, 3, 4, 5, 6, 9, 10};
  if (std::ranges::find(types, request.type) == types.end()) return {0, 0, invalid_parameter, {}};
  const bool by_index = request.type == 10;
  const bool to_group = request.type == 6;
  const auto found = std::ranges::find_if(state.mbus, [&](const MbusDevice& device) {
    if (to_group) return true;
    if (by_index) return static_cast<unsigned>(std::countr_zero(request.handle)) == device.slot;
    return device.handle == request.handle;
  });
  if (found == state.mbus.end()) return {0, 0, no_such_device, {}};
  const auto free = std::ranges::find_if(state.on_demand, [](const OnDemandRequest& entry) {
    return entry.type == 0 || entry.result != 0;
  });
  if (free == state.on_demand.end()) return {0, 0, queue_full, {}};
  request.done_at = state.now + mbus_answer_time;
  *free = request;
  result.data = {static_cast<std::uint8_t>(free - state.on_demand.begin())};
  return result;
}

void complete_on_demand(MeterState& state, unsigned client) {
  const auto oldest = std::ranges::find_if(state.on_demand, [client](const OnDemandRequest& entry) {
    return entry.type != 0 && entry.result == 0 && entry.handle == client_handle(client);
  });
  if (oldest != state.on_demand.end()) oldest->result = 1;
}

// EP39 Post MEP Data, pages 18 and 35
std::uint8_t post_data(MeterState& state, Bytes parameters, const Caller& caller) {
  if (parameters.empty()) return invalid_parameter;
  // Page 36: not for clients that have not registered.
  if (!has_flag(state, caller.client, registered)) return conflict;
  std::uint8_t& alerts = state.alerts[caller.client];
  const auto clear = [&alerts](Alert alert) { alerts &= static_cast<std::uint8_t>(~alert); };
  switch (static_cast<Posted>(parameters[0])) {
    case Posted::scheduled_read:
    case Posted::scheduled_read_and_alarms:
      clear(Alert::scheduled_read);
      return completed;
    case Posted::on_demand_result:
      complete_on_demand(state, caller.client);
      clear(Alert::on_demand_request);
      return completed;
    case Posted::clear_mbus_alert:
      clear(Alert::mbus_change);
      return completed;
    case Posted::clear_delta_data_alert:
      clear(Alert::delta_data);
      return completed;
  }
  return invalid_parameter;
}

// EP61 MEP Transaction Lock Control, page 247
std::uint8_t lock_transactions(MeterState& state, Bytes parameters, const Caller& caller) {
  if (parameters.empty() || parameters[0] > 1) return invalid_parameter;
  const bool held = state.transaction_lock && state.now < state.transaction_lock_until;
  if (held && *state.transaction_lock != caller.client) return conflict;
  if (parameters[0] == 0) {
    state.transaction_lock.reset();
  } else {
    state.transaction_lock = caller.client;
    state.transaction_lock_until = state.now + transaction_lock_time;
  }
  return completed;
}

}  // namespace

ProcedureResult run_procedure(MeterState& state, std::uint16_t procedure, Bytes parameters,
                              const Caller& caller) {
  ProcedureResult result;
  if (may_call(caller.access, procedure) == Permission::denied) {
    result.code = no_authorization;
  } else if (procedure == EP(17)) {
    result.code = remove_device(state, parameters, caller);
  } else if (procedure == EP(19)) {
    result = post_on_demand(state, parameters);
  } else if (procedure == EP(39)) {
    result.code = post_data(state, parameters, caller);
  } else if (procedure == EP(61) && state.clients() > 1) {
    result.code = lock_transactions(state, parameters, caller);
  } else {
    result.code = unknown_procedure;
  }
  result.procedure = procedure;
  return result;
}

}  // namespace mep::simulator
