// Who takes part in a conversation: addresses of a type of their own, and two tables of Statistics,
// Conversations and Endpoints.
//
// Plugin, showing. To be added here: what concerns participants in Wireshark's own tables.
// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "plugin/wireshark.h"

namespace mep::plugin {

// "Meter", or "Client 3" for the third bus (`bus` is 2). Lives as long as `pool`.
void set_participant(address* to, wmem_allocator_t* pool, bool meter, unsigned bus);

// Behind register_taps().
void register_conversations();

}  // namespace mep::plugin
