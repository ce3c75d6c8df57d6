// The interface "mep": two serial lines, tapped with two adapters.
// SPDX-License-Identifier: GPL-2.0-or-later
#include <algorithm>
#include <array>
#include <memory>
#include <string>
#include <vector>

#include "compat/wireshark.h"
#include "extcap/interfaces.h"
#include "extcap/port_list.h"
#include "extcap/tap_session.h"
#include "extcap/tap_settings.h"

namespace mep::extcap {
namespace {

constexpr bool can_edit_selector = compat::has_edit_selector;

// What a USB adapter calls itself must not end a sentence early.
std::string harmless(std::string text) {
  std::ranges::replace(text, '{', '(');
  std::ranges::replace(text, '}', ')');
  std::ranges::replace_if(
      text, [](char c) { return c == '\n' || c == '\r'; }, ' ');
  return text;
}

// `preferred`: which of the USB adapters is suggested.
std::vector<Choice> ports(std::size_t preferred) {
  std::vector<Choice> choices;
  for (const ListedPort& port : list_ports()) {
    std::string display = port.path;
    if (!port.description.empty()) display += " - " + port.description;
    choices.push_back(
        {harmless(port.path), harmless(display), port.is_usb && choices.size() == preferred});
  }
  // Without a suggestion Wireshark would take the first port for both lines.
  const bool suggested = std::ranges::any_of(choices, &Choice::is_default);
  choices.push_back(
      {no_port, can_edit_selector ? "not tapped" : "not tapped, or typed in below", !suggested});
  return choices;
}

std::vector<Choice> client_line_choices() {
  return ports(0);
}

std::vector<Choice> meter_line_choices() {
  return ports(1);
}

std::vector<Choice> baud_choices() {
  std::vector<Choice> choices;
  for (const unsigned rate : baud_rates())
    choices.push_back(
        {std::to_string(rate), std::to_string(rate) + " bit/s", rate == default_baud_rate});
  return choices;
}

constexpr const char* port_type = can_edit_selector ? "editselector" : "selector";
constexpr const char* typed_port_type = can_edit_selector ? nullptr : "string";

constexpr std::array options = {
    InterfaceOption{
        "client-line", "PORT", "Port that carries what the client sends", port_type, "Client line",
        "The port whose receiver is tapped to what the client sends to the meter.",
        "{required=true}{reload=true}{placeholder=Look again}{group=Lines}", client_line_choices},
    InterfaceOption{
        "client-line-path", "PORT", nullptr, typed_port_type, "Client line, another port",
        "A port that is not in the list above, by its path; it takes precedence over the list.",
        "{placeholder=/dev/...}{validation=^/.+$}{group=Lines}"},
    InterfaceOption{
        "meter-line", "PORT", "Port that carries what the meter sends", port_type, "Meter line",
        "The port whose receiver is tapped to what the meter sends to the client.",
        "{required=true}{reload=true}{placeholder=Look again}{group=Lines}", meter_line_choices},
    InterfaceOption{
        "meter-line-path", "PORT", nullptr, typed_port_type, "Meter line, another port",
        "A port that is not in the list above, by its path; it takes precedence over the list.",
        "{placeholder=/dev/...}{validation=^/.+$}{group=Lines}"},
    InterfaceOption{"baud", "N", "Line speed in bit/s (9600)", "selector", "Speed",
                    "Bits per second. Meters begin at 9600; a client can have agreed on another "
                    "speed with them.",
                    "{group=Reception}", baud_choices},
    InterfaceOption{
        "frame-timeout", "MS",
        "A line that is silent for so long in the middle of a frame has cut it short (200)",
        "unsigned", "Frame timeout (ms)",
        "A line that is silent for so long in the middle of a frame has cut it short. "
        "From 1 to 60000 milliseconds.",
        "{range=1,60000}{default=200}{group=Reception}"},
    InterfaceOption{"roles", "WHO", "Who is on which line: as-wired, as the options say"},
};

std::unique_ptr<Session> open(const Options& given, system::StopRequest& stop) {
  return std::make_unique<TapSession>(tap_settings_from(given), stop);
}

}  // namespace

const CaptureInterface& tap_interface() {
  static constexpr CaptureInterface interface = {"mep", "MEP (two tapped serial lines)",
                                                 "Two tapped lines (interface mep)", options, open};
  return interface;
}

}  // namespace mep::extcap
