// What a simulated meter's tables hold at first: a three-phase household meter with a gas and a
// water meter on its M-Bus. The files beside this one read like its configuration.
//
// Simulator/contents. To be added here: what a table holds at first, in the file of its subject.
// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string_view>
#include <utility>
#include <vector>

#include "protocol/dimensions.h"
#include "protocol/times.h"
#include "simulator/contents/meter_state.h"
#include "simulator/contents/values.h"
#include "simulator/household/load_profile_log.h"

namespace mep::simulator {

// --- Time: UTC + 1 h, summer time as in the European Union (BT53 and BT54, pages 225 to 228)

inline constexpr std::int64_t time_zone_minutes = 60;
inline constexpr std::int64_t daylight_saving_minutes = 60;

// Seconds since 1970 UTC in all of them.
bool is_daylight_saving(std::int64_t second);
std::int64_t local_offset_seconds(std::int64_t second);
// The TOU clock's time, BT55.
DateTime local_time(std::int64_t second);
// 0 is Sunday, page 224; of a clock's seconds since 1970.
std::int64_t day_of_week(std::int64_t second);

// --- What the dimension tables and the tables that they describe have in common

// An adjustable log of ET36, page 108, in the order that ET36 and ET42 have.
struct Log {
  std::uint16_t table;
  std::uint16_t entry_size;
  std::uint16_t most_entries;
  std::uint8_t entries;
  bool length_included = false;
};
inline constexpr std::size_t one_time_reads = 0;
inline constexpr std::size_t demand_resets = 3;
inline constexpr std::size_t recurring_reads = 4;
inline constexpr std::size_t channel_changes = 5;
inline constexpr std::size_t power_outages = 6;
inline constexpr std::size_t log_count = 7;

// What the M-Bus devices deliver, by its number in ET57 (the guide's MDT), page 31.
enum class MbusValue : std::uint8_t {
  uncorrected_volume = 1,  // l, 8 digits, not corrected for temperature: the example of page 33
  volume = 2,              // l, 8 digits
  time = 3,
  valve = 4,  // 1: open
};
inline constexpr std::array mbus_values = {MbusValue::uncorrected_volume, MbusValue::volume,
                                           MbusValue::time, MbusValue::valve};
// How a data record with it begins (DRH).
std::vector<std::uint8_t> data_record_header(MbusValue value);
// Its source ID, of that slot's device, page 31.
constexpr std::uint16_t extended_source(unsigned slot, MbusValue value) {
  return static_cast<std::uint16_t>(0x4000 | slot << 8 | static_cast<unsigned>(value));
}

// A value. Everything that is counted somewhere: nobody states a number that follows from these.
struct Layout {
  Generation generation;
  // Sources of BT22's summations. Apparent energies have numbers that no byte holds: see
  // apparent_energy_q1.
  std::vector<std::uint16_t> summations;
  std::vector<std::uint8_t> demands;          // BT22; empty: demand is not configured
  std::vector<std::uint8_t> coincidents;      // BT22, of the only demand
  std::vector<std::uint8_t> present_demands;  // BT27
  std::vector<std::uint8_t> present_values;   // BT27
  std::uint8_t self_reads;
  std::array<LoadProfileConfig, load_profile_sets> load_profiles;
  // Of data set 1, ET66: what the source IDs from first_mapped_source on stand for.
  std::vector<std::uint16_t> mapped_sources;
  std::array<Log, log_count> logs;
  std::uint16_t history_entries;        // BT74
  std::uint16_t alternate_entries;      // ET79
  std::uint16_t extended_read_entries;  // ET74

  bool gen4() const { return generation == Generation::gen4; }
  unsigned clients() const { return gen4() ? 2 : 1; }
  unsigned devices() const { return mbus_slots + clients(); }
  // Bytes of one tier, and of BT23, page 207.
  std::size_t tier_size() const;
  std::size_t registers_size() const;
};

Layout layout_of(Generation generation);

inline constexpr std::uint8_t first_mapped_source = 112;  // page 204
// BT22 cannot name the sources of apparent energies: its list, page 204, has none for them.
inline constexpr std::uint8_t no_source = 255;
inline constexpr std::size_t log_argument_size = 2;      // BT71.3
inline constexpr std::uint16_t billing_definition = 17;  // BIDN, page 112
// Demand resets before the simulation begins, and what the demands at them added up to.
inline constexpr std::int64_t demand_reset_count = 7;
inline constexpr std::int64_t cumulative_demand = 43'912;  // W
inline constexpr std::uint32_t calendar_id = 2022'03'01;
inline constexpr std::size_t power_outage_records = 10;  // ET04.53
inline constexpr std::size_t delta_data_sources = 10;    // ET11.27
inline constexpr std::uint16_t source_not_in_use = 255;  // ET71, page 175
// ET11's sizes of entries, pages 77 and 78.
inline constexpr std::size_t device_config_size = 66;
inline constexpr std::size_t device_status_size = 36;
inline constexpr std::size_t device_data_size = 517;
inline constexpr std::size_t on_demand_queue_size = 5;
inline constexpr std::size_t mep_data_sources = 6;
inline constexpr std::size_t transaction_request_length = 896;
inline constexpr std::size_t transaction_response_length = 1785;
inline constexpr std::size_t response_data_length = 12;  // BT00.10

// How many bytes of the table this meter has, where it ends earlier than its description: what
// later firmware added is missing. Otherwise TableSpace::no_limit.
std::size_t table_limit(std::uint16_t table, Generation generation);
// All tables that the meter has, in ascending order.
std::vector<std::uint16_t> tables_of(Generation generation);

// --- Setting values

// A count as a field's value.
constexpr std::int64_t number(std::size_t count) {
  return static_cast<std::int64_t>(count);
}

using Fields = std::initializer_list<std::pair<std::string_view, Value>>;

void set_fields(Values& values, Fields fields, const Indices& element = {});

// One value for each element of the innermost array.
template <typename Range>
void set_each(Values& values, std::string_view name, const Range& range,
              const Indices& element = {}) {
  Indices indices = element;
  indices.push_back(0);
  for (const auto& value : range) {
    values.set(name, static_cast<std::int64_t>(value), indices);
    ++indices.back();
  }
}

// By subject: the tables beside each.
void set_registers(Values& values, const Layout& layout);  // BT15, BT20 to BT22, BT27, their logs
void set_load_profile(Values& values,
                      const Layout& layout);               // BT60 to BT62, ET21, ET62, ET66, ET75
void set_devices(Values& values, const Layout& layout);    // ET11 to ET16, ET34, ET50, ET51, ET57
void set_calendar(Values& values);                         // BT50 to BT54, ET47, ET61
void set_interface(Values& values, const Layout& layout);  // BT00, BT03, BT70, BT71, ET36, ...
void set_identity(Values& values, const Layout& layout);   // BT01, BT30, BT33, ET03, ET04, ET29
void set_settings(Values& values, const Layout& layout);   // ET09, ET23, ET46, ET55, ET80, ET97

// All of them.
Values contents(const Layout& layout);

}  // namespace mep::simulator
