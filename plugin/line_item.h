// What stands on a line beside whole frames: parts of them, a line without life, negotiation.
//
// Plugin, ways in. To be added here: what all that is no frame has in common.
// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "plugin/frame_tree.h"

namespace mep::plugin {

// The captured bytes, copied into the packet's memory.
Bytes captured_bytes(const packet_info* pinfo, tvbuff_t* tvb);

// What the first pass found out about a record, or about one of several frames in it, is kept under
// its place in the packet, apart by what it is. File scope; null where there is none. However many
// frames a packet holds, each is found without a look at the others.
enum class Kept : std::uint32_t {
  frame = 0,
  parts = 1U << 22,
  zeros = 2U << 22,
  participants = 3U << 22,
};
void* recall(const Arrived& record, Kept what);
void keep(const Arrived& record, Kept what, void* facts);

// What is kept as long as the packet is dissected, under these numbers.
enum class InPacket : std::uint32_t { info_begun, at_tls, bus, inside };

// Of what is no whole message: what the first pass learned of it, kept as `what`. `otherwise`: its
// direction where nothing tells.
FrameFacts* unreadable_facts(const Arrived& bytes, Kept what, Direction otherwise);

// The Info column tells of everything that a packet holds: call this before each of them.
void next_in_info(packet_info* pinfo);

// Sets the columns, with the participants where the direction is known, and begins the tree of
// these bytes.
proto_tree* begin_item(const Arrived& bytes, const char* what, const char* info);

}  // namespace mep::plugin
