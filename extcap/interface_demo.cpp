// The interface "mep-demo": a simulated meter and its clients, no hardware.
// SPDX-License-Identifier: GPL-2.0-or-later
#include <memory>
#include <string>
#include <vector>

#include "extcap/demo_session.h"
#include "extcap/demo_settings.h"
#include "extcap/interfaces.h"

namespace mep::extcap {
namespace {

using simulator::Security;

std::vector<Choice> script_choices() {
  std::vector<Choice> choices;
  for (const simulator::Script& script : simulator::scripts())
    choices.push_back({std::string(script.name), std::string(script.title)});
  return choices;
}

std::vector<Choice> security_choices() {
  const auto choice = [](Security security, const char* display) {
    return Choice{std::string(security_name(security)), display};
  };
  std::vector<Choice> choices = {choice(Security::plain, "Digests, not encrypted"),
                                 choice(Security::rc4, "RC4 encrypted")};
  if (simulator::tls_available()) choices.push_back(choice(Security::tls, "TLS 1.2"));
  return choices;
}

std::vector<Choice> speed_choices() {
  return {{"1", "Line speed"},
          {"10", "10 times line speed"},
          {"60", "A minute in a second"},
          {"600", "Ten minutes in a second"},
          {"0", "As fast as possible"}};
}

const std::vector<InterfaceOption>& options() {
  constexpr std::uint32_t largest_number = 2147483647;  // that the dialog takes
  static const ValueRule pace_rule =
      text_like("[0-9]{1,6}(?:[.][0-9]{1,9})?",
                "a factor below 1000000, such as 2.5, or 0 for as fast as possible");
  static const ValueRule duration_rule =
      text_like("[0-9]{1,9}(?:[.][0-9]{1,9})?",
                "simulated seconds below 1000000000, such as 90 or 2.5 (0: without limit)");
  // The years that two digits of a meter's clock can show. Whether there is such a day is found out
  // later.
  static const ValueRule start_rule = text_like(
      "20[0-9][0-9]-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])"
      "T(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]Z",
      start_wanted);
  static const DemoSettings preset;
  static const std::vector<InterfaceOption> all = {
      {{"script", "NAME", "What the client does; see the list in Wireshark's dialog",
        preset.scenario.script},
       "selector",
       "Story",
       "What the meter's client does.",
       "",
       script_choices},
      {{"security", "WHICH", "plain (digests only), rc4 or tls",
        std::string(security_name(preset.scenario.security))},
       "selector",
       "Security",
       "How the frames are secured. The meter has the factory default keys.",
       "",
       security_choices},
      {{"speed-up", "N", "How many times faster than life; 0: as fast as possible",
        speed_choices().front().value},
       "selector",
       "Pace",
       "How fast the simulated time passes. A number typed in below takes precedence.",
       "",
       speed_choices,
       pace_rule},
      {{"speed-up-other", "N", ""},
       "string",
       "Another pace",
       "How many times faster than life, such as 5; 0: as fast as possible. What is typed here "
       "takes "
       "precedence over the list; empty: the list counts.",
       "{placeholder=as chosen above}",
       nullptr,
       pace_rule},
      {{"seed", "N", "Another number is another household and another meter",
        std::to_string(preset.scenario.seed)},
       "unsigned",
       "Seed",
       "Another number is another household; the same one is the same.",
       "",
       nullptr,
       whole_number(0, largest_number, "a whole number")},
      {{"start", "TIME",
        "What the clocks show at first, in UTC, such as 2026-06-15T06:00:00Z; otherwise: now"},
       "string",
       "Start time (UTC)",
       "What the clocks show at first, such as 2026-06-15T06:00:00Z; empty: now.",
       "{placeholder=now}",
       nullptr,
       start_rule},
      {{"rounds", "N", "How often the client does what it does again and again; 0: without end",
        std::to_string(preset.scenario.steps.rounds)},
       "unsigned",
       "Rounds",
       "How often the client does what it does again and again; 0: without end.",
       "",
       nullptr,
       whole_number(0, largest_number, "how often (0: without end), a whole number")},
      {{"duration", "SECONDS", "Ends the capture after that much simulated time; 0: without limit",
        "0"},
       "string",
       "Duration (s)",
       "Ends the capture after that much simulated time; 0: without limit.",
       "",
       nullptr,
       duration_rule},
      {{"key-log", "FILE", "Appends the secrets of TLS sessions, as Wireshark reads them"},
       "fileselect",
       "TLS key log",
       "A file that the secrets of TLS sessions are appended to.",
       "{mustexist=false}"},
  };
  return all;
}

std::unique_ptr<Session> open(const Options& given, system::StopRequest& stop) {
  return std::make_unique<DemoSession>(demo_settings_from(given), stop);
}

}  // namespace

const CaptureInterface& demo_interface() {
  static const CaptureInterface interface = {"mep-demo",
                                             "MEP demo (simulated meter, no hardware)",
                                             "A simulated meter (interface mep-demo)",
                                             "Simulation",
                                             options(),
                                             open};
  return interface;
}

}  // namespace mep::extcap
