// SPDX-License-Identifier: GPL-2.0-or-later
#include "simulator/contents/contents.h"

#include <algorithm>
#include <map>

#include "protocol/names.h"
#include "protocol/tables/tables.h"
#include "simulator/contents/table_bytes.h"

namespace mep::simulator {
namespace {

constexpr std::int64_t minute = 60;
constexpr std::int64_t hour = 60 * minute;
constexpr std::int64_t day = 24 * hour;

// 01:00 UTC on the last Sunday of a month of 31 days.
std::int64_t last_sunday(int year, int month) {
  const std::int64_t last = seconds_since_1970({year, month, 31, 1, 0, 0});
  return last - day_of_week(last) * day;
}

std::vector<std::uint8_t> numbers(int first, int last) {
  std::vector<std::uint8_t> list;
  for (int number = first; number <= last; ++number)
    list.push_back(static_cast<std::uint8_t>(number));
  return list;
}

// BT28's order, pages 216 to 220: 55 values in 3.80, 84 in 4.30.
std::vector<std::uint8_t> present_values(Generation generation) {
  std::vector<std::uint8_t> list = numbers(8, 25);
  append(list, numbers(81, 84));
  append(list, numbers(104, 107));
  append(list, numbers(185, 199));
  append(list, numbers(202, 215));
  if (generation == Generation::gen4) append(list, numbers(216, 244));
  return list;
}

std::vector<std::uint16_t> summations(Generation generation) {
  std::vector<std::uint16_t> list = {0, 1, 2, 3, 4, 5, 6, 7, 26, 27, 28};
  if (generation == Generation::gen3) return list;
  for (std::uint16_t quadrant = 0; quadrant < quadrant_count; ++quadrant)
    list.push_back(static_cast<std::uint16_t>(108 + quadrant));
  for (std::uint16_t quadrant = 0; quadrant < quadrant_count; ++quadrant)
    list.push_back(static_cast<std::uint16_t>(apparent_energy_q1 + quadrant));
  return list;
}

LoadProfileConfig unused_data_set() {
  LoadProfileConfig off;
  off.blocks = 0;
  off.sources.clear();
  return off;
}

}  // namespace

std::int64_t day_of_week(std::int64_t second) {
  constexpr std::int64_t thursday = 4;  // 1970 began with one
  return (second / day + thursday) % 7;
}

bool is_daylight_saving(std::int64_t second) {
  const auto [year, month, day, hour, minute, seconds] = date_time(second);
  // Asked every second: most months need no Sundays.
  if (month != 3 && month != 10) return month > 3 && month < 10;
  return second >= last_sunday(year, 3) && second < last_sunday(year, 10);
}

std::int64_t local_offset_seconds(std::int64_t second) {
  return (time_zone_minutes + (is_daylight_saving(second) ? daylight_saving_minutes : 0)) * minute;
}

DateTime local_time(std::int64_t second) {
  return date_time(second + local_offset_seconds(second));
}

std::vector<std::uint8_t> data_record_header(MbusValue value) {
  switch (value) {
    case MbusValue::uncorrected_volume:
      return {0x0C, 0x93, 0x3A};
    case MbusValue::volume:
      return {0x0C, 0x13};
    case MbusValue::time:
      return {0x04, 0x6D};
    case MbusValue::valve:
      return {0x01, 0xFD, 0x1A};
  }
  return {};
}

// Page 207: a demand takes its time, the cumulative and the maximum demand.
std::size_t Layout::tier_size() const {
  return summations.size() * 4 + demands.size() * (5 + 4 + 4) + coincidents.size() * 4;
}

std::size_t Layout::registers_size() const {
  return (demands.empty() ? 0 : 1) + tier_size() * (1 + tier_count);
}

Layout layout_of(Generation generation) {
  const bool gen4 = generation == Generation::gen4;
  Layout layout;
  layout.generation = generation;
  layout.summations = summations(generation);
  if (gen4) {
    layout.demands = {8};
    layout.coincidents = {10, 11};
    layout.present_demands = {88};
  }
  layout.present_values = present_values(generation);
  layout.self_reads = 8;

  // A day of quarter hours with the gas meter's reading as in the guide's example, page 33, and a
  // day of hours.
  layout.load_profiles.fill(unused_data_set());
  layout.load_profiles[0] = {
      .interval_time = 15,
      .intervals_per_block = 96,
      .blocks = 10,
      .sources = {0, 1, 2, 3, 15, 16, 17, first_mapped_source},
  };
  layout.load_profiles[1] = {
      .interval_time = 60,
      .intervals_per_block = 24,
      .blocks = 31,
      .sources = {0, 1, 8},
  };
  layout.mapped_sources = {extended_source(0, MbusValue::uncorrected_volume)};

  const auto snapshot = static_cast<std::uint16_t>(layout.registers_size());
  const std::uint16_t billing_number = layout.demands.empty() ? 0 : 2;
  layout.logs = {{
      {ET(31), static_cast<std::uint16_t>(billing_number + 12 + snapshot), 255, layout.self_reads},
      {ET(32), 525, 255, 8, true},
      {ET(38), 35, 255, 10},
      {ET(41), static_cast<std::uint16_t>(11 + snapshot), 255, std::uint8_t(gen4 ? 3 : 0), true},
      {ET(45), 525, 253, 24, true},
      {ET(75), static_cast<std::uint16_t>(gen4 ? 159 : 143), 253, 2},
      {ET(81), 12, 253, 10},
  }};
  layout.history_entries = 60;
  layout.alternate_entries = 30;
  layout.extended_read_entries = gen4 ? 8 : 0;
  return layout;
}

std::size_t table_limit(std::uint16_t table, Generation generation) {
  // What there is before the fields that came with firmware 4.0.
  static const std::map<std::uint16_t, std::size_t> of_gen3 = {
      {ET(4), 129},  {ET(9), power_outage_records * 18 + 357 + std::size_t{12} * 10},
      {ET(11), 32},  {ET(29), 20},
      {ET(54), 91},  {ET(55), 198},
      {ET(70), 142}, {ET(89), 68},
      {ET(90), 17},  {ET(97), 55},
  };
  if (table == ET(52)) return transaction_request_length;
  if (table == ET(53)) return transaction_response_length;
  const auto found = of_gen3.find(table);
  const bool ends_earlier = generation == Generation::gen3 && found != of_gen3.end();
  return ends_earlier ? found->second : TableSpace::no_limit;
}

std::vector<std::uint16_t> tables_of(Generation generation) {
  std::vector<std::uint16_t> tables;
  for (const int number : {0,  1,  3,  4,  7,  8,  15, 20, 21, 22, 23, 24, 25, 26, 27, 28, 30,
                           33, 50, 52, 53, 54, 55, 60, 61, 62, 63, 64, 65, 66, 67, 70, 71, 74})
    tables.push_back(BT(static_cast<std::uint16_t>(number)));
  for (const int number :
       {3,  4,  9,  11, 13, 14, 15, 16, 21, 23, 29, 31, 34, 36, 41, 42, 45, 46, 47, 50, 51,
        52, 53, 54, 55, 57, 58, 59, 61, 62, 66, 70, 71, 74, 75, 79, 80, 81, 85, 89, 90, 97})
    tables.push_back(ET(static_cast<std::uint16_t>(number)));
  std::erase_if(tables, [generation](std::uint16_t table) {
    // ET85 is MEP client 2's.
    return !find_table(table) || (table == ET(85) && generation == Generation::gen3);
  });
  return tables;
}

void set_fields(Values& values, Fields fields, const Indices& element) {
  for (const auto& [name, value] : fields) values.set(name, value, element);
}

Values contents(const Layout& layout) {
  Values values;
  set_identity(values, layout);
  set_settings(values, layout);
  set_registers(values, layout);
  set_calendar(values);
  set_load_profile(values, layout);
  set_devices(values, layout);
  set_interface(values, layout);
  return values;
}

}  // namespace mep::simulator
