// M-Bus devices and MEP clients: ET11, ET13, ET14, ET34, ET50, ET51, ET57.
// SPDX-License-Identifier: GPL-2.0-or-later
#include <optional>
#include <string>

#include "simulator/contents/contents.h"

namespace mep::simulator {
namespace {

enum Frequency : std::uint8_t { hourly = 0, daily = 1, never = 4 };  // page 81
constexpr std::int64_t default_mbus_speed = 4;                       // 2400, page 81
constexpr std::int64_t mep_speed = 0;                                // 9600

// ET11, page 77
void set_dimensions(Values& values, const Layout& layout) {
  set_fields(values, {{"et11.number_of_devices", layout.devices()},
                      {"et11.config_entry_size", number(device_config_size)},
                      {"et11.status_entry_size", number(device_status_size)},
                      {"et11.on_demand_request_queue_size", number(on_demand_queue_size)},
                      {"et11.on_demand_request_entry_size", 6},
                      {"et11.data_entry_size", number(device_data_size)},
                      {"et11.transaction_request_length", number(transaction_request_length)},
                      {"et11.transaction_response_length", number(transaction_response_length)},
                      {"et11.on_demand_write_entry_size", 25},
                      {"et11.phase_measurement_data_size", 8},
                      {"et11.config_entry_2_size", 22},
                      {"et11.number_of_group_ids", 5},
                      {"et11.number_of_harmonics", 40},
                      {"et11.m_bus_multicast_message_length", 65},
                      {"et11.et22_alarm_size", 8},
                      {"et11.mep_data_sources", number(mep_data_sources)},
                      {"et11.et48_entry_count", number(layout.demands.size())},
                      {"et11.maximum_critical_event_bitmaps", 2},
                      {"et11.et57_entry_count", 16},
                      {"et11.time_based_relay_switches", 80},
                      {"et11.mep_data_alert_sources", number(delta_data_sources)},
                      {"et11.ram_only_transaction_request_length", 261},
                      {"et11.ram_only_transaction_response_length", 769}});
  if (!layout.gen4()) return;
  set_fields(values, {{"et11.firmware_module_entry_count", 6},
                      {"et11.firmware_module_entry_length", 7},
                      {"et11.mep_channel_count", layout.clients()},
                      {"et11.error_caution_screen_count", 3}});
}

// One of the M-Bus devices: read on the hour, polled for the load profile each quarter of an hour.
void set_mbus_device(Values& values, std::uint32_t device, const std::string& customer,
                     std::optional<MbusValue> control) {
  set_fields(values,
             {{"et13.scheduled_billing_read_frequency", hourly},
              {"et13.scheduled_status_read_frequency_m_bus_only", 0},
              {"et13.baud_rate", default_mbus_speed},
              {"et13.device_alarm_bitmask", 0x1C},
              {"et13.customer_id", customer}},
             {device});
  set_fields(values,
             {{"et14.baud_rate", default_mbus_speed},
              {"et14.m_bus_application_primary_address", device + 1}},
             {device});
  set_fields(values,
             {{"et34.group_mask", 1},
              {"et34.load_profile_poll_rate", 15},
              {"et34.control_mdt", control ? static_cast<std::int64_t>(*control) : 0},
              {"et34.time_stamp_mdt", static_cast<std::int64_t>(MbusValue::time)},
              {"et34.load_profile_poll_wait", 10},
              {"et34.load_profile_poll_retry_attempts", 2},
              {"et34.load_profile_poll_retry_wait", 20}},
             {device});
}

// A client: asked for its data once a day.
void set_client(Values& values, std::uint32_t client) {
  const std::uint32_t device = device_entry(client);
  set_fields(
      values,
      {{"et13.hour", 0},
       {"et13.minute", 30 + client},
       {"et13.scheduled_billing_read_frequency", daily},
       {"et13.baud_rate", mep_speed},
       {"et13.mep_non_urgent_downlink_data", std::vector<std::uint8_t>{0x02, 0x01, 0x00, 0x3C}}},
      {device});
  set_fields(values, {{"et34.load_profile_poll_rate", 60}}, {device});
  set_fields(values,
             {{"et50.euro", 1}, {"et50.kwh", 1}, {"et50.data_for_display_load_profile_sources", 0}},
             {client});
  set_fields(values,
             {{"et51.enable_optical_d_o_s_timer", 1},
              {"et51.monitor_mep_health", 1},
              {"et51.reset_device_down_mep", 1},
              {"et51.mep_health_timeout", 3600},
              {"et51.on_demand_and_one_time_read_timeout", 30},
              {"et51.optical_session_timeout", 120},
              {"et51.optical_session_hold_off", 30},
              {"et51.mep_down_reset_duration", 5}},
             {client});
}

}  // namespace

void set_devices(Values& values, const Layout& layout) {
  constexpr std::uint32_t gas = 0;
  constexpr std::uint32_t water = 1;
  set_dimensions(values, layout);
  values.set("et13.scheduled_billing_read_frequency", never);
  set_mbus_device(values, gas, "GAS-00481516", MbusValue::valve);
  set_mbus_device(values, water, "WATER-00234207", std::nullopt);
  for (std::uint32_t client = 0; client < layout.clients(); ++client) set_client(values, client);

  for (std::uint32_t i = 0; i < mbus_values.size(); ++i)
    set_fields(values,
               {{"et57.entry_type", 1},
                {"et57.mdt", static_cast<std::int64_t>(mbus_values[i])},
                {"et57.drh", data_record_header(mbus_values[i])}},
               {i});

  // Nobody has asked for delta data.
  values.set("et71.delta_data_monitor_source", source_not_in_use);

  const std::int64_t has_extended_log = layout.extended_read_entries != 0;
  set_fields(values, {{"et45.list_type", 1}, {"et74.list_type", has_extended_log}});

  // Results of procedures have their room even when there is nothing in it.
  const std::vector<std::uint8_t> room(response_data_length);
  for (const auto* name : {"bt08.response_data", "et59.response_data", "et85.response_data"})
    values.set(name, room);
}

}  // namespace mep::simulator
