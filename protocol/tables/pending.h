// Pending tables: copies that become active at a moment. What is read or written of one begins with
// six bytes that say when, which its count includes and its offset does not (Optical Port
// Programmer's Guide, pages 9 and 10).
//
// Protocol/tables. To be added here: what concerns pending copies of tables.
// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstddef>
#include <string>

#include "protocol/schema.h"
#include "protocol/types.h"

namespace mep {

// "Pending Event Description" (PED).
inline constexpr std::size_t pending_event_size = 6;

// The description of its fields, whose filter names begin with "pending.". Lives as long as the
// program.
const Node& pending_event();

// Whether `data`, read from or written to a pending table, begins with one, as far as its bytes
// tell: a known event code, no unknown flag, a time that exists.
bool begins_with_pending_event(Bytes data);

// "activates 2026-03-02 12:00 UTC", "no activation set". `data` begins with one.
std::string pending_event_text(Bytes data);

namespace tables {

// For the catalog, which names its fields.
Node pending_event();

}  // namespace tables
}  // namespace mep
