// The keys that the user entered: one table for digests, RC4 and TLS.
//
// Keys never leave this file and the functions that calculate with them: what is shown is a key's
// label.
//
// Plugin, all of it. To be added here: no function that gives a key away.
// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <span>

#include "plugin/wireshark.h"
#include "protocol/access.h"
#include "protocol/types.h"

namespace mep::plugin {

struct KeyEntry {
  const char* label;  // lives until the key table changes, and then everything is dissected anew
  AccessLevel kind;   // which of the meter's two keys it is, and so what it permits
  Key key;
  Key rc4_constant;  // under this key: what RC4 of every exchange begins with
};

// The enabled keys in the order of the table; last, where the preferences say so, the factory
// default under both kinds' rights ("factory default", advanced) and the keys of captures that
// were made to be shared ("shared capture").
std::span<const KeyEntry> active_keys();

// A copy for as long as `scope` lives: the key table may change while a capture is open, and what
// was found out with a key must not.
const KeyEntry* keep(wmem_allocator_t* scope, const KeyEntry& entry);

// Takes over what the user changed; active_keys() and all labels from before are gone then.
void rebuild_keys();

// Registers the table and the preferences that go with it.
void register_keys(module_t* module);

}  // namespace mep::plugin
