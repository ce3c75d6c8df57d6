// What M-Bus devices delivered: the records of a telegram, under the bytes that hold them, the main
// readings in a few words, and single values in load profiles. The decoders are
// protocol/mbus_record and protocol/device_source.
//
// Plugin, showing. To be added here: how records are shown; what they mean is the decoder's.
// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "plugin/findings.h"
#include "plugin/table_tree.h"
#include "plugin/wireshark.h"

namespace mep::plugin {

// Where in a table about devices the findings are: to be told of each in its turn. Without a
// destructor.
struct DevicePlace {
  std::uint8_t response_info = 0;  // says how to read the records behind it
  std::int32_t element = -1;       // of the innermost array with elements of several fields

  void enter(const Found& found) {
    if (found.index >= 0 && !found.node->is_plain_array()) element = found.index;
  }

  void leaf(const Found& found, const Stretch& stretch) {
    if (found.node->role == Role::response_info && found.has_value)
      response_info = static_cast<std::uint8_t>(value_of(found, stretch));
  }
};

// Whether a leaf holds records from the first one on, as far as this frame has them.
bool holds_records(const Found& found);

// Adds the header and the records of the telegram under `item`, which shows the bytes of `found`.
void show_records(const TableBytes& shown, proto_item* item, const Found& found,
                  const DevicePlace& place);

// Adds to `item`, which shows a device's source's value, what it means. `channel_bytes`:
// channel_value_size of them. `is_reading`: not where the status says that there is no value.
void show_channel_value(const TableBytes& shown, proto_item* item, std::uint16_t source,
                        Bytes channel_bytes, const Dimensions& dimensions, bool is_reading);

// A record's value: "Water 02318106 (ABC): Volume", "2318.106", "m³". No unit where there is none.
struct DeviceReading {
  std::string name;
  std::string value;
  std::string unit;
};
// All records that have a value, as far as they are whole; those that are encrypted have none.
std::vector<DeviceReading> device_readings(const Found& found, const Stretch& stretch,
                                           const DevicePlace& place);

// "Water: Volume 187.204 m³": up to three present readings, or that they are encrypted. Null where
// there is none. Lives as long as `pool`.
const char* told_records(wmem_allocator_t* pool, const Found& found, const Stretch& stretch,
                         const DevicePlace& place);

}  // namespace mep::plugin
