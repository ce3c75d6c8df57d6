// The scripts, each with the steps of one client. Those that only have an end are stories; those
// with something periodic count its rounds themselves.
//
// Simulator/scripts. To be added here: a story's declaration.
// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>

#include "simulator/channels/tap.h"
#include "simulator/client/client.h"
#include "simulator/meter/meter.h"
#include "simulator/scripts/script.h"

namespace mep::simulator {

// reading.cpp
Task<> daily_reading(Client& client, Meter& meter, ScriptOptions options);
// load_profile.cpp
Task<> load_profile(Client& client, Meter& meter);
// registration.cpp
Task<> first_contact(Client& client, Meter& meter);
Task<> registration(Client& client, Meter& meter);
// alerts.cpp
Task<> alerts(Client& client, Meter& meter);
// mbus.cpp
Task<> mbus(Client& client, Meter& meter);
// transaction.cpp
Task<> transaction(Client& client, Meter& meter);
// calls.cpp
Task<> procedures(Client& client, Meter& meter);
// dual_client.cpp
Task<> first_of_two_clients(Client& client, Meter& meter, ScriptOptions options);
Task<> second_of_two_clients(Client& client, Meter& meter, ScriptOptions options);
// settings.cpp
Task<> baud_change(Client& client, Meter& meter);
Task<> writing(Client& client, Meter& meter);
// line_trouble.cpp
Task<> reading_with_line_noise(Client& client, Meter& meter);
TapTrouble line_trouble(std::uint64_t seed);
// misbehaving.cpp
Task<> sequence_stuck(Client& client, Meter& meter);
Task<> sequence_ahead(Client& client, Meter& meter);
Task<> wrong_key(Client& client, Meter& meter);
Task<> read_too_long(Client& client, Meter& meter);
Task<> unknown_table(Client& client, Meter& meter);
Task<> garbage_request(Client& client, Meter& meter);
Task<> alert_ignored(Client& client, Meter& meter);
Task<> retry_storm(Client& client, Meter& meter);
Task<> slow_bytes(Client& client, Meter& meter);
Task<> misbehaving(Client& client, Meter& meter);

}  // namespace mep::simulator
