// What M-Bus devices answered: the records of a telegram, under the bytes that hold them, and the
// main readings in a few words. The decoder is protocol/mbus_record.
//
// Plugin, showing. To be added here: how records are shown; what they mean is the decoder's.
// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>

#include "plugin/findings.h"
#include "plugin/table_tree.h"
#include "plugin/wireshark.h"

namespace mep::plugin {

// What stands before the records of a telegram and says how to read them: to be told of each leaf
// in its turn. Without a destructor.
struct TelegramPlace {
  std::uint8_t response_info = 0;

  void leaf(const Found& found) {
    if (found.node->role == Role::response_info && found.has_value)
      response_info = static_cast<std::uint8_t>(found.value);
  }
};

// Whether a leaf holds records from the first one on, as far as this frame has them.
bool holds_records(const Found& found);

// Adds the header and the records of the telegram under `item`, which shows the bytes of `found`.
void show_records(const TableBytes& shown, proto_item* item, const Found& found,
                  const TelegramPlace& place);

// "Water: Volume 187.204 m³": up to three present readings, or that they are encrypted. Null where
// there is none. Lives as long as `pool`.
const char* told_records(wmem_allocator_t* pool, const Found& found, const Stretch& stretch,
                         const TelegramPlace& place);

}  // namespace mep::plugin
