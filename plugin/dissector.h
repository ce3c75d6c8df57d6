// The ways into the dissector: tap records, raw frames, TCP.
//
// Plugin, ways in. To be added here: another carrier of MEP, with what it says of direction.
// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

namespace mep::plugin {

// Creates the dissectors; from proto registration.
void register_dissectors();
// Ties them to link types and to "Decode As" for TCP; from handoff.
void hand_off_dissectors();

}  // namespace mep::plugin
