// The fields of all tables, registered from their descriptions.
//
// Plugin, showing. To be added here: nothing: new fields come from descriptions.
// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>

#include "plugin/wireshark.h"
#include "protocol/schema.h"

namespace mep::plugin {

// Wireshark's number of the field with that number in the catalog.
int table_field(std::uint32_t id);

// Whether anything that bytes of the table are shown as is asked for: the tree is looked at, or a
// filter, a column or a graph has a field of it. False for no tree.
bool wants_fields_of(proto_tree* tree, const Table& table);

// After register_fields(): the protocol exists.
void register_table_fields();

}  // namespace mep::plugin
