// What a meter's tables and its life have in common: events, M-Bus devices, clients. Nobody else
// needs it.
//
// Simulator/contents. To be added here: what happens in a meter by itself.
// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "simulator/contents/contents.h"
#include "simulator/contents/meter_state.h"

namespace mep::simulator {

// --- Events of BT74 and ET79. The guide does not say what their numbers mean: up to 2047 they are
// those of ANSI C12.19, from 2048 on (manufacturer's events there) this meter's own.

enum class Event : std::uint16_t {
  power_down = 1,
  power_up = 2,
  old_time = 3,  // before the clock was set
  new_time = 4,
  demand_reset = 18,  // argument: the maximum that it ends, W
  self_read = 19,
  daylight_saving_on = 20,
  daylight_saving_off = 21,
  rate_change = 23,               // argument: the new tier
  voltage_sag = 2048 + 1,         // argument: 0 to 2 for L1 to L3
  mbus_device_found = 2048 + 16,  // argument: its handle, as in the others of devices
  mbus_read_failed = 2048 + 17,
  client_registered = 2048 + 32,
  client_removed = 2048 + 33,
};

// Lower byte of BT74's "User ID", page 243; the upper is 0xFF.
enum User : std::uint8_t { user_client = 0xFD, user_utility = 0xFE, nobody = 0xFF };

void log_event(MeterState& state, std::int64_t second, Event event, std::int64_t argument = 0,
               std::uint8_t user = nobody);
// Events of the supply's quality go into the alternate log, ET79.
bool is_for_alternate_log(const LoggedEvent& event);

// A power failure that has ended. Seconds since 1970 UTC.
struct Outage {
  std::int64_t from, to;
};
// In the event log and in ET81.
void log_outage(MeterState& state, const Outage& outage);
// Newest first.
std::vector<Outage> outages(const MeterState& state);

// --- Clients, pages 85 and 124

constexpr std::uint16_t client_handle(unsigned client) {
  return static_cast<std::uint16_t>(1000 * (client + 1));
}
// "MEP Flags" of ET50.
enum ClientFlag : std::uint8_t {
  registered = 1 << 0,
  answers_in_et59 = 1 << 1,
  mbus_alerts = 1 << 2,
  delta_data_alerts = 1 << 3,
};
// Of a client's entry in ET50, from the table's beginning, and of the flags from the entry's.
std::uint64_t client_entry(const MeterState& state, unsigned client);
inline constexpr std::uint64_t client_flags_at = 30;
std::uint8_t client_flags(const MeterState& state, unsigned client);
inline bool has_flag(const MeterState& state, unsigned client, ClientFlag flag) {
  return (client_flags(state, client) & flag) != 0;
}

// --- M-Bus

// The device in that slot of ET13 to ET16; null: none.
const MbusDevice* mbus_device(const MeterState& state, unsigned slot);
// Those of a household, as they are when the meter's history begins.
std::vector<MbusDevice> household_devices();
// What a device says of itself: the record of pages 92 to 94.
std::vector<std::uint8_t> billing_read(const MbusDevice& device);
// Into ET45 and ET74.
void log_scheduled_read(MeterState& state, const MbusDevice& device);
// What they have counted by that second (since 1970 UTC), of which each minute since 2024 brought
// its part.
void age_devices(MeterState& state, std::int64_t second);
// What a minute brings, in l. `chance`: a random number; `hour`: of the day.
std::int64_t mbus_usage(const MbusDevice& device, std::uint64_t chance, int hour);

// The value of a source of page 204, or of an extended source (page 31), of this meter or of its
// M-Bus devices. Nothing for those that it does not have.
std::optional<std::int64_t> source_value(const MeterState& state, std::uint16_t source);

// --- What was read of the registers

enum class Snapshot : std::uint8_t { self_read, one_time_read, demand_reset, season };
void take_snapshot(MeterState& state, Snapshot kind);
// With a snapshot of what was, in BT25 and, where demand is configured, in ET41.
void reset_demands(MeterState& state, std::int64_t second);

// --- Live tables, by subject

void connect_load_profile(MeterState& state);                // BT63 to BT67, ET21
void connect_logs(MeterState& state, const Layout& layout);  // BT74, ET36, ET79, ET89

}  // namespace mep::simulator
