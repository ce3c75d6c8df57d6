// SPDX-License-Identifier: GPL-2.0-or-later
#include "protocol/device_source.h"

#include <algorithm>
#include <vector>

#include "protocol/schema.h"

namespace mep {
namespace {

constexpr std::uint16_t first_mapped = 112;  // page 173
constexpr std::uint16_t last_mapped = 163;
constexpr std::size_t header_part = 3;  // of a DRH in one entry of ET57

// Of an entry of ET57, page 164
enum class EntryKind : std::uint8_t { empty, mbus_base, mep_base, extension };

// The headers that ET57 maps to a data type, each as far as its entries have it.
std::vector<mbus::RecordHeader> headers_of(unsigned data_type, const Dimensions& dimensions) {
  std::vector<mbus::RecordHeader> headers;
  const std::size_t entries = dim_info(Dim::data_type_kind).slots;
  const auto kind = [&dimensions](std::size_t entry) {
    return static_cast<EntryKind>(dimensions.get(Dim::data_type_kind, entry));
  };
  for (std::size_t entry = 0; entry < entries; ++entry) {
    if (kind(entry) != EntryKind::mbus_base) continue;
    if (dimensions.learned(Dim::data_type_number, entry) != static_cast<std::int32_t>(data_type))
      continue;
    std::vector<std::uint8_t> bytes;
    for (std::size_t part = entry; part < entries; ++part) {
      if (part != entry && kind(part) != EntryKind::extension) break;
      const auto word = dimensions.learned(Dim::data_type_header, part);
      if (!word) break;
      for (std::size_t i = 0; i < header_part; ++i)
        bytes.push_back(static_cast<std::uint8_t>(*word >> (8 * i)));
    }
    // The header itself tells where it ends: what is left of the last entry is not its.
    if (auto header = mbus::parse_record_header(bytes, mbus::Order::least_first))
      headers.push_back(std::move(*header));
  }
  return headers;
}

// Whether values of both are read alike: they may differ in what is special about them.
bool alike(const mbus::RecordHeader& a, const mbus::RecordHeader& b) {
  const mbus::Quantity& one = a.value.quantity;
  const mbus::Quantity& other = b.value.quantity;
  return (a.dif & 0x0F) == (b.dif & 0x0F) && one.unit == other.unit &&
         one.exponent == other.exponent && one.form == other.form;
}

// What a data type is, by all its headers. Several of them may have one: page 32.
struct DataType {
  std::optional<mbus::RecordHeader> header;  // how values are read; nothing where they disagree
  std::string quantity;                      // empty: unknown
};
DataType data_type_of(unsigned data_type, const Dimensions& dimensions) {
  const std::vector<mbus::RecordHeader> headers = headers_of(data_type, dimensions);
  if (headers.empty()) return {};
  std::vector<std::string> names;
  for (const mbus::RecordHeader& header : headers) {
    if (!alike(headers.front(), header)) return {};
    const std::string& name = header.value.quantity.name;
    if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
  }
  DataType found{headers.front(), {}};
  for (const std::string& name : names) found.quantity += (name == names[0] ? "" : " or ") + name;
  return found;
}

// The value, as far as the channel has it: its first four bytes, zeros behind shorter ones.
void read_value(ChannelValue& read, const mbus::RecordHeader& header, Bytes bytes) {
  constexpr std::uint8_t variable_length = 0x0D;
  if ((header.dif & 0x0F) == variable_length) return;
  const auto size = mbus::value_size(header, {});
  if (!size || *size == 0 || *size > bytes.size()) return;
  const Bytes value = bytes.first(*size);
  read.digits = digits_of(header, value, mbus::Order::least_first);
  read.value = decode_value(header, value, mbus::Order::least_first);
  if (read.value.number) read.unit = header.value.quantity.unit;
  read.reading = header.value.quantity.reading && read.value.number.has_value();
  if (read.reading) read.measured = header.value.quantity;
}

}  // namespace

std::optional<std::uint16_t> mapped_source(std::uint16_t source, const Dimensions& dimensions) {
  if (source < first_mapped || source > last_mapped) return source;
  const auto entry = dimensions.learned(Dim::mapped_source, source - std::size_t{first_mapped});
  if (!entry || *entry == 0) return std::nullopt;
  return static_cast<std::uint16_t>(*entry);
}

std::optional<DeviceSource> device_source(std::uint16_t source, const Dimensions& dimensions) {
  constexpr unsigned device_type = 4;
  const auto extended = mapped_source(source, dimensions);
  if (!extended || *extended >> 12 != device_type) return std::nullopt;
  return DeviceSource{*extended >> 8 & 0xFU, *extended & 0x1FU};
}

std::string device_name(unsigned device) {
  return device < mbus_devices ? "M-Bus device " + std::to_string(device + 1)
                               : "MEP client " + std::to_string(device - mbus_devices + 1);
}

std::string source_title(std::uint16_t source, const Dimensions& dimensions) {
  if (const auto device = device_source(source, dimensions)) {
    std::string title = device_name(device->device) + ", MDT " + std::to_string(device->data_type);
    if (device->device >= mbus_devices) return title;
    const std::string quantity = data_type_of(device->data_type, dimensions).quantity;
    return quantity.empty() ? title : title + ": " + quantity;
  }
  const auto mapped = mapped_source(source, dimensions);
  const Source* own = mapped && *mapped != source ? find_source(*mapped) : nullptr;
  return own ? std::string(own->name) : std::string();
}

std::optional<ChannelValue> channel_value(std::uint16_t source, Bytes bytes,
                                          const Dimensions& dimensions) {
  const auto device = device_source(source, dimensions);
  if (!device) return std::nullopt;
  ChannelValue read;
  read.medium = device_name(device->device);
  read.channel = read.medium + ", MDT " + std::to_string(device->data_type);
  if (device->device >= mbus_devices) return read;
  if (const auto medium = dimensions.learned(Dim::device_medium, device->device))
    if (const auto name = mbus::telling_medium_name(static_cast<std::uint8_t>(*medium));
        !name.empty())
      read.medium = name;
  const DataType type = data_type_of(device->data_type, dimensions);
  const std::string name = device_name(device->device);
  read.quantity = type.quantity;
  if (read.medium != name) {
    read.channel = read.medium + " (" + name + ")";
  } else if (!type.quantity.empty()) {
    read.channel = type.quantity + " (" + name + ")";
  }
  if (type.header) read_value(read, *type.header, bytes);
  return read;
}

std::string ChannelValue::text() const {
  std::string all = channel;
  if (!digits.empty()) all += ", " + digits;
  if (value.text.empty()) return all;
  all += (digits.empty() ? ", " : " = ") + quantity + " " + value.text;
  return unit.empty() ? all : all + " " + unit;
}

}  // namespace mep
