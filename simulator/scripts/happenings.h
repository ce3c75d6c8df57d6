// What happens to a meter from outside while a client is at work: the utility, the M-Bus, the
// household. Scripts may let these happen; a client learns of them as it learns of anything.
//
// Simulator/scripts. To be added here: what happens to the meter from outside.
// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>

#include "simulator/meter/meter.h"

namespace mep::simulator {

// The time of a scheduled read of the client has come, page 82. `client`: 0 for MEP client 1.
void scheduled_read_due(Meter& meter, unsigned client);
// The utility wants the client's billing data now: an entry in ET15's queue, page 90. False: the
// queue is full.
bool post_on_demand_for_client(Meter& meter, unsigned client, std::uint16_t transaction);
// The valve of an M-Bus device has moved: clients that want to know are alerted, page 34.
void valve_moves(Meter& meter);
// The utility does without what it has asked the client for.
void requests_withdrawn(Meter& meter, unsigned client);

}  // namespace mep::simulator
