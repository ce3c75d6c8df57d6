// Sources that are values of M-Bus devices and MEP clients (pages 31 to 34, 173).
//
// The source IDs 112 to 163 are keys into ET66. An entry there, and an ID of more than a byte
// anywhere else, says which device's value of which data type (the guide's MDT) is meant; ET57 says
// which record of the device that is, by the record's header. A load profile holds the first four
// bytes of the record's value as the device coded them.
//
// Protocol. To be added here: what a source means that is a device's.
// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "protocol/dimensions.h"
#include "protocol/mbus_record.h"
#include "protocol/types.h"

namespace mep {

inline constexpr std::size_t channel_value_size = 4;  // bytes, page 32

// Page 32: bits 12 to 15 are 4.
struct DeviceSource {
  unsigned device;     // index in ET13; from mbus_devices on MEP clients
  unsigned data_type;  // MDT, 0 to 31
};
inline constexpr unsigned mbus_devices = 4;

// What ET66 says that `source` stands for; `source` itself outside of 112 to 163. Nothing where
// ET66 was not seen, or its entry is unused.
std::optional<std::uint16_t> mapped_source(std::uint16_t source, const Dimensions& dimensions);

// Whose value it is; nothing for sources of the meter's own, and for those that are not known.
std::optional<DeviceSource> device_source(std::uint16_t source, const Dimensions& dimensions);

// "M-Bus device 2", "MEP client 1"
std::string device_name(unsigned device);

// "M-Bus device 2, MDT 1: Volume", as far as it is known; of a mapped source of the meter's own its
// name. Empty for all others.
std::string source_title(std::uint16_t source, const Dimensions& dimensions);

// What a load profile's value means.
struct ChannelValue {
  // "Water (M-Bus device 2)"; of a medium that was not seen "Volume (M-Bus device 2)"; "M-Bus
  // device 2, MDT 1" where ET57 does not tell either.
  std::string channel;
  std::string medium;    // "Water", else the device's name
  std::string digits;    // of BCD, "02318106"; empty for other codings
  std::string quantity;  // empty: unknown
  std::string unit;      // may be empty
  // As decode_value() says; empty where the coding is not known or does not fit into four bytes.
  mbus::Value value;
  bool reading = false;     // a number that the device is read for
  mbus::Quantity measured;  // then: of what

  // "Water (M-Bus device 2), 02318106 = Volume 2318.106 m³", as far as it is known.
  std::string text() const;
};

// `bytes`: channel_value_size of them. Nothing for sources that are no device's.
std::optional<ChannelValue> channel_value(std::uint16_t source, Bytes bytes,
                                          const Dimensions& dimensions);

}  // namespace mep
