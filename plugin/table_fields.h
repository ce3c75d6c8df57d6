// The fields of all tables, registered from their descriptions.
//
// Plugin, showing. To be added here: nothing: new fields come from descriptions.
// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>

#include "plugin/wireshark.h"

namespace mep::plugin {

// Wireshark's number of the field with that number in the catalog.
int table_field(std::uint32_t id);

// After register_fields(): the protocol exists.
void register_table_fields();

}  // namespace mep::plugin
