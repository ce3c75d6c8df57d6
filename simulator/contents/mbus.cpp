// The M-Bus devices behind the meter: a gas and a water meter.
// SPDX-License-Identifier: GPL-2.0-or-later
#include <algorithm>
#include <cstdlib>

#include "protocol/bytes.h"
#include "protocol/names.h"
#include "simulator/contents/living.h"
#include "simulator/contents/table_bytes.h"

namespace mep::simulator {
namespace {

using Buffer = std::vector<std::uint8_t>;

// 8 digits, the last of them in the lowest half byte.
std::uint32_t digits(std::int64_t value) {
  std::uint32_t coded = 0;
  for (int place = 0; place < 8; ++place, value /= 10)
    coded |= static_cast<std::uint32_t>(value % 10) << (4 * place);
  return coded;
}

// Type F of EN 13757-3
std::uint32_t mbus_time(const DateTime& time) {
  const int year = time.year - 2000;
  return static_cast<std::uint32_t>(time.minute | time.hour << 8 | time.day << 16 |
                                    (year & 7) << 21 | time.month << 24 | (year >> 3) << 28);
}

constexpr std::uint8_t gas_medium = 3;  // page 94
constexpr std::uint8_t water_medium = 7;

MbusValue volume_of(const MbusDevice& device) {
  return device.medium == gas_medium ? MbusValue::uncorrected_volume : MbusValue::volume;
}

}  // namespace

const MbusDevice* mbus_device(const MeterState& state, unsigned slot) {
  const auto found = std::find_if(state.mbus.begin(), state.mbus.end(),
                                  [slot](const MbusDevice& device) { return device.slot == slot; });
  return found == state.mbus.end() ? nullptr : &*found;
}

std::vector<MbusDevice> household_devices() {
  return {{.slot = 0,
           .handle = 1,
           .medium = gas_medium,
           .id = "00481516",
           .manufacturer = "ELS",
           .version = 0x51,
           .start_value = 2'316'482,
           .value = 2'316'482,
           .access_number = 0x2A,
           .read_at = 0,
           .valve_open = true},
          {.slot = 1,
           .handle = 2,
           .medium = water_medium,
           .id = "00234207",
           .manufacturer = "SEN",
           .version = 0x19,
           .start_value = 187'204,
           .value = 187'204,
           .access_number = 0x71,
           .read_at = 0,
           .valve_open = true}};
}

std::vector<std::uint8_t> billing_read(const MbusDevice& device) {
  constexpr std::size_t header_size = 12;
  const DateTime time = local_time(device.read_at);
  const auto add_record = [](Buffer& records, MbusValue kind, std::uint64_t value,
                             std::size_t size) {
    append(records, data_record_header(kind));
    append_number(records, value, size);
  };
  Buffer records;
  add_record(records, volume_of(device), digits(device.value), 4);
  add_record(records, MbusValue::time, mbus_time(time), 4);
  if (device.medium == gas_medium) add_record(records, MbusValue::valve, device.valve_open, 1);

  Buffer read;
  append_ltime_date(read, time);
  read.push_back(0);  // variable data structure, least significant byte first, nothing decrypted
  read.push_back(static_cast<std::uint8_t>(header_size + records.size() + 1));
  append_number(read, digits(std::atoll(device.id.c_str())), 4);
  std::uint64_t manufacturer = 0;
  for (const char letter : device.manufacturer)
    manufacturer = manufacturer * 32 + static_cast<std::uint64_t>(letter - 'A' + 1);
  append_number(read, manufacturer, 2);
  for (const std::uint8_t byte : {device.version, device.medium, device.access_number})
    read.push_back(byte);
  read.push_back(0);          // no alarms
  append_number(read, 0, 2);  // not encrypted
  append(read, records);
  read.push_back(0);
  return read;
}

std::optional<std::int64_t> source_value(const MeterState& state, std::uint16_t source) {
  constexpr std::uint16_t first_device_counter = 73;  // two for each of four, page 204
  constexpr std::uint16_t last_device_counter = 80;
  constexpr std::uint16_t last_mapped_source = 163;
  if (source >= first_device_counter && source <= last_device_counter) {
    const unsigned index = source - first_device_counter;
    const MbusDevice* device = mbus_device(state, index / 2);
    return device && index % 2 == 0 ? device->value : 0;
  }
  if (source >= first_mapped_source && source <= last_mapped_source) {
    const std::uint64_t at = (source - std::uint64_t{first_mapped_source}) * 2;  // page 173
    const Buffer mapped = state.tables.read(ET(66), at, 2);
    const auto extended = static_cast<std::uint16_t>(read_le(mapped, 0, mapped.size()));
    if (extended < extended_source(0, MbusValue{0})) return std::nullopt;
    return source_value(state, extended);
  }
  if ((source & 0xF000) != extended_source(0, MbusValue{0})) return state.registers->value(source);
  const MbusDevice* device = mbus_device(state, source >> 8 & 0xF);
  if (!device) return std::nullopt;
  // The bytes of the device's record, whatever they mean, page 32.
  const auto kind = static_cast<MbusValue>(source & 0x1F);
  if (kind == volume_of(*device)) return static_cast<std::int32_t>(digits(device->value));
  if (kind == MbusValue::time)
    return static_cast<std::int32_t>(mbus_time(local_time(state.registers->second())));
  if (kind == MbusValue::valve && device->medium == gas_medium) return device->valve_open;
  return std::nullopt;
}

std::int64_t mbus_usage(const MbusDevice& device, std::uint64_t chance, int hour) {
  const bool asleep = hour >= 23 || hour < 6;
  if (device.medium == gas_medium) return static_cast<std::int64_t>(chance % (asleep ? 5 : 14));
  constexpr std::uint64_t minutes_between = 18;
  if (asleep || chance % minutes_between != 0) return 0;
  return 2 + static_cast<std::int64_t>(chance / minutes_between % 40);
}

}  // namespace mep::simulator
