// The interface "mep": two serial lines, tapped with two adapters.
// SPDX-License-Identifier: GPL-2.0-or-later
#include <memory>
#include <string>
#include <vector>

#include "extcap/interfaces.h"
#include "extcap/serial_port.h"
#include "extcap/source_names.h"
#include "extcap/tap_session.h"
#include "extcap/tap_settings.h"

namespace mep::extcap {
namespace {

// `preferred`: which of the USB adapters is suggested.
std::vector<Choice> ports(std::size_t preferred) {
  // First in the list: where Wireshark has kept what it does not find in the list, it shows the
  // first, and no other port may take its place unnoticed.
  std::vector<Choice> choices = {{no_port, "not tapped, or typed in below", true}};
  std::size_t adapters = 0;
  for (const ListedPort& port : list_ports()) {
    std::string display = port.path;
    if (!port.description.empty()) display += " - " + port.description;
    const bool suggested = port.is_usb && adapters++ == preferred;
    if (suggested) choices.front().is_default = false;
    choices.push_back({port.path, display, suggested});
  }
  return choices;
}

std::vector<Choice> client_line_choices() {
  return ports(0);
}

std::vector<Choice> meter_line_choices() {
  return ports(1);
}

std::vector<Choice> baud_choices() {
  std::vector<Choice> choices = {{find_out, "Find out"}};
  for (const unsigned rate : baud_rates())
    choices.push_back({std::to_string(rate), std::to_string(rate) + " bit/s"});
  return choices;
}

std::vector<Choice> on_unplug_choices() {
  return {{"wait", "wait until it is plugged in again"},
          {"exit", "go on with the other; end with the last one"}};
}

std::vector<Choice> role_choices() {
  return {{find_out, "Find out from the frames"}, {roles_as_wired, "As chosen above"}};
}

constexpr const char* typed_port_tooltip =
    "A port that is not in the list above, by its path; a port server's as tcp://host:port or "
    "rfc2217://host:port. What is typed here takes precedence over the list; empty: the list "
    "counts.";

const std::vector<InterfaceOption>& options() {
  static const ValueRule path_rule = text_like(source_form, source_words);
  static const ValueRule timeout_rule = whole_number(1, longest_frame_timeout_ms, "milliseconds");
  static const ValueRule size_rule =
      text_like("[1-9][0-9]{0,3}(?: ?[KM]iB)?", "a number of MiB, or a size such as 512 KiB");
  static const std::vector<InterfaceOption> all = {
      {{.name = "client-line",
        .argument = "PORT",
        .help = "Port that carries what the client sends",
        .letter = 'c'},
       "selector",
       "Client line",
       "The port whose receiver is tapped to what the client sends to the meter. A path typed in "
       "below takes precedence.",
       "{required=true}{reload=true}{placeholder=Look again}",
       client_line_choices},
      {{"client-line-path", "PORT", ""},
       "string",
       "Client line, another port",
       typed_port_tooltip,
       "{placeholder=/dev/...}",
       nullptr,
       path_rule},
      {{.name = "meter-line",
        .argument = "PORT",
        .help = "Port that carries what the meter sends",
        .letter = 'm'},
       "selector",
       "Meter line",
       "The port whose receiver is tapped to what the meter sends to the client. A path typed in "
       "below takes precedence.",
       "{required=true}{reload=true}{placeholder=Look again}",
       meter_line_choices},
      {{"meter-line-path", "PORT", ""},
       "string",
       "Meter line, another port",
       typed_port_tooltip,
       "{placeholder=/dev/...}",
       nullptr,
       path_rule},
      {{"share", "",
        "Take ports that other programs have open; each then gets a part of the bytes"},
       flag_type,
       share_display,
       "Take the ports although another program has them open. Each of the two then gets a part of "
       "the bytes only.",
       "{default=false}"},
      {{"baud", "N", "Line speed in bit/s; auto finds it and follows it", find_out},
       "selector",
       "Speed",
       "Bits per second. Meters begin at 9600; a client can have agreed on another speed with "
       "them, which takes a few frames to find out.",
       "",
       baud_choices},
      {{"frame-timeout", "MS",
        "A line that is silent for so long in the middle of a frame has cut it short",
        std::to_string(TapSettings{}.frame_timeout.count())},
       "unsigned",
       "Frame timeout (ms)",
       "A line that is silent for so long in the middle of a frame has cut it short. Give " +
           timeout_rule.wanted + ".",
       "",
       nullptr,
       timeout_rule},
      {{"buffer", "SIZE",
        "How much is kept while the output takes nothing, in MiB or with a unit (KiB, MiB); what "
        "comes then is dropped and counted",
        std::to_string(usual_buffer_size >> 20)},
       "string",
       "Buffer (MiB)",
       "How much is kept while the output takes nothing (a disk that is full or slow, a reader "
       "that "
       "is busy). What comes when it is full is dropped and counted.",
       "",
       nullptr,
       size_rule},
      {{"on-unplug", "WHAT",
        "When a port goes away: wait, until it is there again, or exit, with the last one", "wait"},
       "selector",
       "When a port is unplugged",
       "An adapter is known by its serial number, or by where it is plugged in. The other line "
       "goes "
       "on meanwhile, and the capture says how long it was away.",
       "",
       on_unplug_choices},
      {{"roles", "WHO",
        "Who speaks on which line: auto, as the frames tell; as-wired, as the options say",
        find_out},
       "selector",
       "Who speaks where",
       "Frames tell requests from answers, so that exchanged adapters and one adapter that hears "
       "both directions do no harm. Otherwise every frame of a line is labelled as chosen above.",
       "",
       role_choices},
  };
  return all;
}

std::unique_ptr<Session> open(const Options& given, system::StopRequest& stop) {
  return std::make_unique<TapSession>(tap_settings_from(given), stop);
}

}  // namespace

const CaptureInterface& tap_interface() {
  static const CaptureInterface interface = {
      "mep", "MEP (two tapped serial lines)", "Two tapped lines (interface mep)", "Tap", options(),
      open};
  return interface;
}

}  // namespace mep::extcap
