// SPDX-License-Identifier: GPL-2.0-or-later
#include <algorithm>
#include <array>

#include "simulator/scripts/script.h"
#include "simulator/scripts/steps.h"
#include "simulator/scripts/stories.h"

namespace mep::simulator {
namespace {

template <Story story>
Task<> told(Client& client, Meter& meter, ScriptOptions options) {
  return tell(client, meter, options, story);
}

constexpr int hour = 3600;
constexpr int minute = 60;

}  // namespace

std::span<const Script> scripts() {
  using enum Generation;
  static const std::array all = {
      Script{"daily-reading",
             "Daily reading",
             "A client learns the meter's dimensions, then reads clock, energies and powers every "
             "ten seconds.",
             gen3,
             {daily_reading}},
      Script{"first-contact",
             "First contact",
             "A client that does not know the sequence number is told it, registers itself and "
             "finds itself in the meter's list of devices.",
             gen3,
             {told<first_contact>}},
      Script{"load-profile",
             "Load profile",
             "A client downloads the newest full day of quarter hours, waits for the next interval "
             "and then reads the hourly data set.",
             gen3,
             {told<load_profile>},
             nullptr,
             17 * hour + 44 * minute + 40},
      Script{"alerts",
             "Alerts",
             "The meter alerts a registered client once a second until it does what each kind of "
             "alert wants.",
             gen3,
             {told<alerts>}},
      Script{"mbus",
             "M-Bus devices",
             "A client finds the gas and the water meter, reads their billing data, asks one for a "
             "reading on demand and hears of its valve.",
             gen3,
             {told<mbus>}},
      Script{"transaction",
             "Transactions",
             "Several requests in one write: short, repeated, in two pieces, with a procedure "
             "inside, and with more answers than there is room for.",
             gen3,
             {told<transaction>}},
      Script{"procedures",
             "Procedures",
             "Calls of EP17, EP19, EP39 and EP61 with their results, and calls that the meter "
             "refuses.",
             gen3,
             {told<procedures>}},
      Script{"registration",
             "Registration",
             "A client is removed, another registers itself in its place and sets the meter's "
             "icons.",
             gen3,
             {told<registration>}},
      Script{"dual-client",
             "Two clients",
             "Two clients at the two ports of a generation 4 meter share its transaction tables, "
             "and one waits until the other's lock has run out.",
             gen4,
             {first_of_two_clients, second_of_two_clients}},
      Script{"baud-change",
             "Change of speed",
             "A client sets its port to 4800 bit/s, goes on at that speed and returns to 9600.",
             gen3,
             {told<baud_change>}},
      Script{"writing",
             "Writing",
             "Writes that the advanced key permits, writes that nobody may do, and what is left of "
             "it with the basic key.",
             gen3,
             {told<writing>}},
      Script{"line-trouble",
             "Trouble on the line",
             "Ordinary reading through a tap that loses and damages a byte now and then, with "
             "noise and half a frame on the line.",
             gen3,
             {told<reading_with_line_noise>},
             line_trouble},
      Script{"misbehaving",
             "Misbehaving clients",
             "One after the other, all the clients below that do something wrong.",
             gen3,
             {told<misbehaving>}},
      Script{"sequence-stuck",
             "Sequence number stuck",
             "A client that does not count its requests is told the sequence number each time.",
             gen3,
             {told<sequence_stuck>}},
      Script{"sequence-ahead",
             "Sequence number too high",
             "A client whose sequence number runs ahead: up to 8 the meter accepts.",
             gen3,
             {told<sequence_ahead>}},
      Script{"wrong-key",
             "Wrong key",
             "A client with a key that the meter does not know.",
             gen3,
             {told<wrong_key>}},
      Script{"read-too-long",
             "Read past the end",
             "A client asks for more of BT23 than there is.",
             gen3,
             {told<read_too_long>}},
      Script{"unknown-table",
             "Unknown tables",
             "A client asks for tables that the meter does not have.",
             gen3,
             {told<unknown_table>}},
      Script{"garbage-request",
             "Requests that are none",
             "A client sends requests whose code MEP does not know, or that end too early.",
             gen3,
             {told<garbage_request>}},
      Script{"alert-ignored",
             "Alert ignored",
             "A client that never serves an alert gets it again every second.",
             gen3,
             {told<alert_ignored>}},
      Script{"retry-storm",
             "Retry storm",
             "A client repeats its request without waiting for the answer.",
             gen3,
             {told<retry_storm>}},
      Script{"slow-bytes",
             "Slow bytes",
             "A client pauses in the middle of a frame: for too long, and the meter does not "
             "answer.",
             gen3,
             {told<slow_bytes>}},
  };
  return all;
}

const Script* find_script(std::string_view name) {
  const auto all = scripts();
  const auto found =
      std::ranges::find_if(all, [name](const Script& script) { return script.name == name; });
  return found == all.end() ? nullptr : &*found;
}

}  // namespace mep::simulator
