// What happens in a meter by itself.
// SPDX-License-Identifier: GPL-2.0-or-later
#include "simulator/contents/living.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <utility>

#include "protocol/bytes.h"
#include "protocol/names.h"
#include "simulator/contents/table_bytes.h"

namespace mep::simulator {
namespace {

using Buffer = std::vector<std::uint8_t>;

constexpr std::int64_t minute = 60;
constexpr std::int64_t hour = 60 * minute;

// Random numbers that can be looked up: the last step of SplitMix64.
std::uint64_t mixed(std::uint64_t seed, std::uint64_t purpose, std::int64_t index) {
  std::uint64_t value =
      seed + purpose * 0xD1B54A32D192ED03 + static_cast<std::uint64_t>(index) * 0x9E3779B97F4A7C15;
  value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9;
  value = (value ^ (value >> 27)) * 0x94D049BB133111EB;
  return (value ^ (value >> 31)) >> 16;
}

// --- ET13 to ET16, ET45, ET74

// Where fields stand in an entry of ET14, page 86.
constexpr std::uint64_t et14_head_size = 6;
constexpr std::uint64_t read_attempts_at = 6;
constexpr std::uint64_t read_answers_at = 10;
constexpr std::uint64_t alarms_at = 14;
constexpr std::uint64_t status_read_time_at = 24;
constexpr std::uint64_t last_attempt_at = 30;

void write_status(MeterState& state, unsigned device, std::uint64_t offset, Bytes bytes) {
  state.tables.write(ET(14), et14_head_size + device * device_status_size + offset, bytes);
}

void count_up(MeterState& state, unsigned device, std::uint64_t offset) {
  const std::uint64_t at = et14_head_size + device * device_status_size + offset;
  Buffer counter = state.tables.read(ET(14), at, 4);
  write_le(counter, 0, counter.size(), read_le(counter, 0, counter.size()) + 1);
  state.tables.write(ET(14), at, counter);
}

void note_attempt(MeterState& state, unsigned device, std::int64_t second) {
  count_up(state, device, read_attempts_at);
  Buffer time;
  append_ltime_date(time, local_time(second));
  write_status(state, device, last_attempt_at, time);
}

// A device answers: ET16 has its latest read.
void read_device(MeterState& state, MbusDevice& device, std::int64_t second) {
  note_attempt(state, device.slot, second);
  device.read_at = second;
  ++device.access_number;
  count_up(state, device.slot, read_answers_at);
  Buffer time;
  append_ltime_date(time, local_time(second));
  write_status(state, device.slot, status_read_time_at, time);
  state.tables.write(ET(16), device.slot * device_data_size, billing_read(device));
}

void raise(MeterState& state, unsigned client, Alert alert) {
  state.alerts[client] |= alert;
}

// "Scheduled Billing Read" of an entry of ET13, pages 80 and 81.
bool is_scheduled(const MeterState& state, unsigned device, std::int64_t second) {
  enum Frequency : std::uint8_t { hourly, daily, weekly, monthly };
  constexpr std::uint8_t sunday = 32;
  const Buffer schedule = state.tables.read(ET(13), device * device_config_size, 4);
  const DateTime now = local_time(second);
  if (schedule[2] != now.minute) return false;
  if (schedule[3] == hourly) return true;
  if (schedule[1] != now.hour) return false;
  const std::int64_t weekday = day_of_week(second + local_offset_seconds(second));
  switch (schedule[3]) {
    case daily:
      return true;
    case weekly:
      return schedule[0] == sunday + weekday;
    case monthly:
      return std::max<int>(schedule[0], 1) == now.day;
    default:
      return false;
  }
}

void scheduled_reads(MeterState& state, std::int64_t second) {
  constexpr std::uint8_t billing_data_collected = 1;
  bool news = false;
  for (MbusDevice& device : state.mbus) {
    if (!is_scheduled(state, device.slot, second)) continue;
    read_device(state, device, second);
    log_scheduled_read(state, device);
    write_status(state, device.slot, alarms_at, std::array{billing_data_collected});
    news = true;
  }
  for (unsigned client = 0; client < state.clients(); ++client) {
    const std::uint8_t flags = client_flags(state, client);
    if (!(flags & registered)) continue;
    if (news && (flags & mbus_alerts)) raise(state, client, mbus_change);
    if (!is_scheduled(state, device_entry(client), second)) continue;
    note_attempt(state, device_entry(client), second);
    raise(state, client, scheduled_read);
  }
}

// ET15: what an M-Bus device was asked is answered; what a client was asked waits for EP39, or for
// the end of its time.
void on_demand_requests(MeterState& state) {
  constexpr std::uint8_t success = 1, no_response = 2;
  constexpr std::uint8_t billing = 2, status = 3, by_index = 10, to_group = 6;
  std::array<bool, most_clients> waiting{};
  for (OnDemandRequest& request : state.on_demand) {
    if (request.type == 0 || request.result != 0) continue;
    if (state.now >= request.done_at) {
      request.result = no_response;
      for (MbusDevice& device : state.mbus) {
        const bool asked = request.type == to_group   ? true
                           : request.type == by_index ? (request.handle >> device.slot & 1) != 0
                                                      : request.handle == device.handle;
        if (!asked) continue;
        if (request.type == billing || request.type == status)
          read_device(state, device, state.second());
        request.result = success;
      }
      continue;
    }
    for (unsigned client = 0; client < state.clients(); ++client)
      waiting[client] |= request.handle == client_handle(client);
  }
  for (unsigned client = 0; client < state.clients(); ++client) {
    if (waiting[client] && has_flag(state, client, registered))
      raise(state, client, on_demand_request);
    else
      state.alerts[client] &= static_cast<std::uint8_t>(~on_demand_request);
  }
}

// --- ET71, pages 34 and 174

constexpr std::size_t delta_entry_size = 13;

struct Monitor {
  std::uint16_t source;
  std::uint16_t delta;
  std::int32_t comparison;
};

Monitor parse_monitor(Bytes entry) {
  return {static_cast<std::uint16_t>(read_le(entry, 0, 2)),
          static_cast<std::uint16_t>(read_le(entry, 2, 2)),
          static_cast<std::int32_t>(static_cast<std::uint32_t>(read_le(entry, 4, 4)))};
}

bool is_monitoring(const Buffer& entries) {
  for (std::size_t at = 0; at + delta_entry_size <= entries.size(); at += delta_entry_size)
    if (read_le(entries, at, 2) != source_not_in_use) return true;
  return false;
}

Buffer monitors(const MeterState& state) {
  return state.tables.read(ET(71), 0, delta_data_sources * delta_entry_size);
}

void compare_delta_data(MeterState& state, Buffer entries) {
  bool changed = false;
  for (std::size_t at = 0; at + delta_entry_size <= entries.size(); at += delta_entry_size) {
    const std::span entry = std::span(entries).subspan(at, delta_entry_size);
    const Monitor monitor = parse_monitor(entry);
    if (monitor.source == source_not_in_use) continue;
    const auto value = source_value(state, monitor.source);
    entry[12] = value ? 0 : 1;  // "Source ID Invalid"
    if (!value) continue;
    write_le(entry, 8, 4, static_cast<std::uint64_t>(*value));
    if (monitor.delta == 0 || std::abs(*value - monitor.comparison) < monitor.delta) continue;
    write_le(entry, 4, 4, static_cast<std::uint64_t>(*value));
    changed = true;
  }
  state.tables.write(ET(71), 0, entries);
  if (!changed) return;
  constexpr std::uint8_t wanted = registered | delta_data_alerts;
  for (unsigned client = 0; client < state.clients(); ++client)
    if ((client_flags(state, client) & wanted) == wanted) raise(state, client, delta_data);
}

// --- The supply

// Logs the power failures that ended after `after`, up to and including `until`.
void power_events(MeterState& state, std::int64_t after, std::int64_t until) {
  const MeterRegisters& registers = *state.registers;
  if (!registers.power_failed(after, until)) return;
  for (std::int64_t second = after + 1; second <= until; ++second) {
    if (registers.powered(second) || !registers.powered(second + 1)) continue;
    std::int64_t from = second;
    while (!registers.powered(from - 1)) --from;
    // Seconds have the name of their end: the supply was away from `from` - 1 on.
    log_outage(state, {from - 1, second});
  }
}

// Some days have a sag of the voltage.
void sag_now_and_then(MeterState& state, std::int64_t second) {
  constexpr std::uint64_t purpose = 'V';
  const std::uint64_t chance = mixed(state.options.seed, purpose, second / minute);
  constexpr std::uint64_t minutes_between = 1700;
  if (chance % minutes_between != 0) return;
  const auto before = static_cast<std::int64_t>(chance / minutes_between % minute);
  const std::int64_t last = state.events.empty() ? 0 : state.events.back().second;
  log_event(state, std::max(second - before, last), Event::voltage_sag,
            static_cast<std::int64_t>(chance / minutes_between % phase_count));
}

// --- The load profile

void end_intervals(MeterState& state, std::int64_t second) {
  for (LoadProfileLog& log : state.load_profiles) {
    if (log.config().blocks == 0 || !log.ends_interval(second)) continue;
    std::vector<std::int32_t> values;
    std::vector<ChannelStatus> statuses;
    for (const std::uint8_t source : log.config().sources) {
      const auto value = source_value(state, source);
      values.push_back(static_cast<std::int32_t>(value.value_or(0)));
      statuses.push_back(value ? ChannelStatus::none : ChannelStatus::device_missing);
    }
    const std::int64_t start = second - log.config().interval_seconds();
    CommonStatus common;
    common.daylight_savings = is_daylight_saving(start) || is_daylight_saving(second - 1);
    common.power_fail = state.registers->power_failed(start, second);
    log.interval_ended(second, values, common, statuses);
  }
}

// --- Time

void pass_midnight(MeterState& state, std::int64_t second) {
  take_snapshot(state, Snapshot::self_read);
  log_event(state, second, Event::self_read);
  if (local_time(second).day == 1) reset_demands(state, second);
}

void use_gas_and_water(MeterState& state, std::int64_t second, int local_hour) {
  for (MbusDevice& device : state.mbus)
    device.value += mbus_usage(device, mixed(state.options.seed, device.slot + 1U, second / minute),
                               local_hour);
}

void pass_minute(MeterState& state, std::int64_t second) {
  use_gas_and_water(state, second, local_time(second).hour);
  if (!state.registers->powered(second)) return;
  end_intervals(state, second);
  sag_now_and_then(state, second);
  scheduled_reads(state, second);
  const DateTime local = local_time(second);
  if (local.hour == 0 && local.minute == 0) pass_midnight(state, second);
  if (second % hour != 0) return;
  const bool summer = is_daylight_saving(second);
  if (summer != is_daylight_saving(second - 1))
    log_event(state, second, summer ? Event::daylight_saving_on : Event::daylight_saving_off);
}

// "MEP Device Registered" of ET50 changes when a client writes it, or EP17 does.
void notice_registrations(MeterState& state) {
  for (unsigned client = 0; client < state.clients(); ++client) {
    const std::uint16_t handle = client_handle(client);
    const auto last = std::find_if(state.events.rbegin(), state.events.rend(), [&](const auto& e) {
      const auto event = static_cast<Event>(e.event);
      return e.argument == handle &&
             (event == Event::client_registered || event == Event::client_removed);
    });
    const bool was =
        last != state.events.rend() && static_cast<Event>(last->event) == Event::client_registered;
    const bool is = has_flag(state, client, registered);
    if (is == was) continue;
    log_event(state, state.second(), is ? Event::client_registered : Event::client_removed, handle,
              user_client);
    // The fields of an entry in ET14 begin anew, page 36.
    write_status(state, device_entry(client), 0, Buffer(device_status_size));
    if (!is) state.alerts[client] = 0;
  }
}

}  // namespace

void age_devices(MeterState& state, std::int64_t second) {
  for (std::int64_t at = seconds_since_1970({2024, 1, 1, 0, 0, 0}); at <= second;) {
    const int local_hour = local_time(at).hour;
    const std::int64_t next_hour = (at / hour + 1) * hour;
    for (; at < next_hour && at <= second; at += minute) use_gas_and_water(state, at, local_hour);
  }
  for (MbusDevice& device : state.mbus) device.start_value = device.value;
}

std::uint64_t client_entry(const MeterState& state, unsigned client) {
  return client * (state.tables.size(ET(50)) / state.clients());
}

std::uint8_t client_flags(const MeterState& state, unsigned client) {
  const Buffer flags = state.tables.read(ET(50), client_entry(state, client) + client_flags_at, 1);
  return flags.empty() ? 0 : flags[0];
}

void live_on(MeterState& state) {
  MeterRegisters& registers = *state.registers;
  const std::int64_t end = state.second();
  while (registers.second() < end) {
    const std::int64_t from = registers.second();
    Buffer monitored = monitors(state);
    const bool each_second = is_monitoring(monitored);
    const std::int64_t next_minute = (from / minute + 1) * minute;
    const std::int64_t to = std::min(end, each_second ? from + 1 : next_minute);
    const std::uint8_t tier = registers.tier();
    registers.advance(to);
    power_events(state, from, to);
    if (to == next_minute) pass_minute(state, to);
    // Tiers change on the minute, and the first second that counts for the new one tells.
    if (registers.tier() != tier) log_event(state, from, Event::rate_change, registers.tier());
    if (each_second) compare_delta_data(state, std::move(monitored));
  }
  on_demand_requests(state);
  notice_registrations(state);
}

}  // namespace mep::simulator
