// Which way a frame went. Ports are confused, lines are swapped, both directions share a port: what
// the carrier says is one piece of evidence, what the frames say is the other.
//
// Plugin, learning. To be added here: evidence of a frame's direction; what bytes alone tell goes
// into protocol/evidence.
// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <epan/prefs.h>

#include "plugin/exchanges.h"
#include "plugin/wireshark.h"

namespace mep::plugin {

// What a carrier says of a frame's direction.
struct Claim {
  Direction direction;
  bool recorded;  // in the capture itself; otherwise it is a guess (by the port of a connection)
};

// What was learned of a message, and the message in clear, as plain_message() would give it again.
struct Learned {
  FrameFacts* facts;
  Bytes plain;
};
// First pass: decides which way a whole message went, and takes it in. `message` is the frame
// without its length field.
Learned learn_message(Bus* bus, packet_info* pinfo, Bytes message, const Claim& claim);
// The same of what TLS carried: it has no trailer by which a direction could be told.
Learned learn_plain_message(Bus* bus, packet_info* pinfo, Bytes message, const Claim& claim);
// The same for what cannot be read: alerts, noise, frames cut short. `otherwise`: where nothing
// speaks for either.
FrameFacts* learn_unreadable(Bus* bus, const Claim& claim, Direction otherwise);

// The preference mep.lines.
void register_direction(module_t* module);

}  // namespace mep::plugin
