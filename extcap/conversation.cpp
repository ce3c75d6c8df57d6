// SPDX-License-Identifier: GPL-2.0-or-later
#include "extcap/conversation.h"

#include <algorithm>
#include <array>
#include <ostream>
#include <string>
#include <vector>

#include "compat/wireshark.h"
#include "extcap/capture_filter.h"
#include "extcap/port_list.h"
#include "extcap/problem.h"
#include "extcap/settings.h"
#include "protocol/tap.h"

namespace mep::extcap {
namespace {

constexpr bool can_edit_selector = compat::has_edit_selector;

struct Value {
  std::string value;
  std::string display;
  bool is_default = false;
};

struct Argument {
  const char* call;
  const char* display;
  const char* type;
  const char* tooltip;
  const char* more;                // further attributes, in braces
  std::vector<Value> (*values)();  // of a selector, or nothing
};

// What a USB adapter calls itself must not end a sentence early.
std::string harmless(std::string text) {
  std::ranges::replace(text, '{', '(');
  std::ranges::replace(text, '}', ')');
  std::ranges::replace_if(
      text, [](char c) { return c == '\n' || c == '\r'; }, ' ');
  return text;
}

// `preferred`: which of the USB adapters is suggested.
std::vector<Value> port_values(std::size_t preferred) {
  std::vector<Value> values;
  for (const ListedPort& port : list_ports()) {
    std::string display = port.path;
    if (!port.description.empty()) display += " - " + port.description;
    values.push_back(
        {harmless(port.path), harmless(display), port.is_usb && values.size() == preferred});
  }
  // Without a suggestion Wireshark would take the first port for both lines.
  const bool suggested = std::ranges::any_of(values, &Value::is_default);
  values.push_back(
      {no_port, can_edit_selector ? "not tapped" : "not tapped, or typed in below", !suggested});
  return values;
}

std::vector<Value> client_line_values() {
  return port_values(0);
}

std::vector<Value> meter_line_values() {
  return port_values(1);
}

std::vector<Value> baud_values() {
  std::vector<Value> values;
  for (const unsigned rate : baud_rates())
    values.push_back(
        {std::to_string(rate), std::to_string(rate) + " bit/s", rate == default_baud_rate});
  return values;
}

constexpr const char* port_type = can_edit_selector ? "editselector" : "selector";

constexpr Argument client_line = {
    "--client-line",
    "Client line",
    port_type,
    "The port whose receiver is tapped to what the client sends to the meter.",
    "{required=true}{reload=true}{placeholder=Look again}{group=Lines}",
    client_line_values};
constexpr Argument client_line_path = {
    "--client-line-path",
    "Client line, another port",
    "string",
    "A port that is not in the list above, by its path; it takes precedence over the list.",
    "{placeholder=/dev/...}{validation=^/.+$}{group=Lines}",
    nullptr};
constexpr Argument meter_line = {
    "--meter-line",
    "Meter line",
    port_type,
    "The port whose receiver is tapped to what the meter sends to the client.",
    "{required=true}{reload=true}{placeholder=Look again}{group=Lines}",
    meter_line_values};
constexpr Argument meter_line_path = {
    "--meter-line-path",
    "Meter line, another port",
    "string",
    "A port that is not in the list above, by its path; it takes precedence over the list.",
    "{placeholder=/dev/...}{validation=^/.+$}{group=Lines}",
    nullptr};
constexpr Argument baud = {
    "--baud",
    "Speed",
    "selector",
    "Bits per second. Meters begin at 9600; a client can have agreed on another speed with them.",
    "{group=Reception}",
    baud_values};
constexpr Argument frame_timeout = {
    "--frame-timeout",
    "Frame timeout (ms)",
    "unsigned",
    "A line that is silent for so long in the middle of a frame has cut it short. "
    "From 1 to 60000 milliseconds.",
    "{range=1,60000}{default=200}{group=Reception}",
    nullptr};

std::vector<Argument> arguments() {
  if (can_edit_selector) return {client_line, meter_line, baud, frame_timeout};
  return {client_line, client_line_path, meter_line, meter_line_path, baud, frame_timeout};
}

void print_values(std::ostream& out, std::size_t number, const Argument& argument) {
  if (argument.values == nullptr) return;
  for (const Value& value : argument.values())
    out << "value {arg=" << number << "}{value=" << value.value << "}{display=" << value.display
        << "}{default=" << (value.is_default ? "true" : "false") << "}\n";
}

}  // namespace

void print_version(std::ostream& out) {
  out << "extcap {version=" MEP_VERSION "}{help=" MEP_HELP_URL "}{display=MEP capture tool}\n";
}

void print_interfaces(std::ostream& out) {
  print_version(out);
  out << "interface {value=" << interface_name << "}{display=MEP (two tapped serial lines)}\n";
}

void print_dlts(std::ostream& out) {
  out << "dlt {number=" << tap::link_type << "}{name=USER13}{display=MEP tap}\n";
}

void print_config(std::ostream& out) {
  std::size_t number = 0;
  for (const Argument& argument : arguments()) {
    out << "arg {number=" << number << "}{call=" << argument.call
        << "}{display=" << argument.display << "}{type=" << argument.type
        << "}{tooltip=" << argument.tooltip << "}" << argument.more << "\n";
    print_values(out, number, argument);
    ++number;
  }
}

void print_reloaded_values(std::ostream& out, std::string_view option) {
  std::size_t number = 0;
  for (const Argument& argument : arguments()) {
    const std::string_view call = argument.call;
    if (option == call || option == call.substr(2)) print_values(out, number, argument);
    ++number;
  }
}

void print_filter_verdict(std::ostream& out, const std::string& filter) {
  try {
    const CaptureFilter compiled(filter);
  } catch (const Problem& problem) {
    out << problem.what() << "\n";
  }
}

}  // namespace mep::extcap
