// SPDX-License-Identifier: GPL-2.0-or-later
#include "extcap/options.h"

#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "extcap/interfaces.h"
#include "extcap/output.h"
#include "extcap/problem.h"
#include "system/command_line.h"
#include "system/text.h"

namespace mep::extcap {
namespace {

constexpr const char* summary =
    "Records what a smart meter and its client say on two tapped serial lines:\n"
    "\n"
    "  mepdump --list-ports\n"
    "  mepdump -c /dev/ttyUSB0 -m /dev/ttyUSB1 -w tap.pcapng\n"
    "\n"
    "and with a packet list that grows as you watch:\n"
    "\n"
    "  mepdump -c /dev/ttyUSB0 -m /dev/ttyUSB1 -w - | tshark -i -\n"
    "\n"
    "Ctrl-C stops it. One of the two lines is enough. Nothing is ever sent. Wireshark runs it as\n"
    "an extcap, for its interface MEP."
#ifdef MEP_HAVE_SIMULATOR
    "\n\nWithout hardware, a simulated meter and its client:\n"
    "\n"
    "  mepdump -i mep-demo -w - | tshark -i -"
#endif
    ;

// An option of mepdump as a whole, and what it sets.
struct GeneralOption : system::CommandOption {
  std::variant<bool Options::*, std::optional<std::string> Options::*> target;
};

std::vector<GeneralOption> programs_options() {
  return {
      {{.name = "fifo",
        .argument = "FILE",
        .help = "Where the capture goes: a file, a FIFO, or - for standard output",
        .letter = 'w'},
       &Options::fifo},
      {{"force", "", "Overwrite the file if it exists"}, &Options::force},
      {{.name = "extcap-interface",
        .argument = "NAME",
        .help = "What to capture from: " + interface_names(),
        .preset = interfaces().front().name,
        .letter = 'i'},
       &Options::interface},
      {{.name = "extcap-capture-filter",
        .argument = "FILTER",
        .help = "Keep only records that match, in libpcap's language (link[2] == 1: client to "
                "meter); without anything to capture from: only check it",
        .letter = 'f'},
       &Options::capture_filter},
      {{.name = "quiet",
        .help = "Neither tell how it goes on the terminal nor sum up at the end",
        .letter = 'q'},
       &Options::quiet},
      {{"list-ports", "", "List the serial ports, with what is known of each"},
       &Options::list_ports},
      {{.name = "version", .help = "Show the version", .letter = 'V'}, &Options::version},
      {{.name = "help", .help = "Show this help", .letter = 'h'}, &Options::help},
  };
}

std::vector<GeneralOption> wiresharks_options() {
  return {
      {{"capture", "", "Capture, and tell nothing on the terminal"}, &Options::capture},
      {{"extcap-interfaces", "", "List the interfaces"}, &Options::list_interfaces},
      {{"extcap-dlts", "", "List an interface's link-layer header types"}, &Options::list_dlts},
      {{"extcap-config", "", "List an interface's options"}, &Options::config},
      {{"extcap-reload-option", "OPTION", "List one option's values afresh"},
       &Options::reload_option},
      {{"extcap-control-in", "FIFO", "Where what the toolbar's user does comes from"},
       &Options::control_in},
      {{"extcap-control-out", "FIFO", "Where what the toolbar shows goes to"},
       &Options::control_out},
      {{.name = "extcap-version",
        .argument = "X.Y",
        .help = "Show the version to Wireshark",
        .value_may_lack = true},
       &Options::extcap_version},
  };
}

system::OptionGroup group_of(std::string title, const std::vector<GeneralOption>& options) {
  system::OptionGroup group{std::move(title), {}};
  for (const GeneralOption& option : options) group.options.push_back(option);
  return group;
}

system::Program program() {
  system::Program program{summary, {group_of("", programs_options())}};
  for (const CaptureInterface& interface : interfaces()) {
    system::OptionGroup& group = program.groups.emplace_back();
    group.title = std::string(interface.title) + ":";
    group.options.assign(interface.options.begin(), interface.options.end());
  }
  program.groups.push_back(group_of("What Wireshark asks:", wiresharks_options()));
  return program;
}

// Nothing of nothing but blanks.
std::optional<std::string> unless_blank(const std::optional<std::string>& text) {
  const std::string_view left = text ? system::without_blanks(*text) : std::string_view();
  return left.empty() ? std::nullopt : std::optional<std::string>(left);
}

// A member that an option sets, if it was given.
void take(const system::CommandLine& line, const GeneralOption& option, Options& options) {
  const auto given = line.given.find(option.name);
  if (given == line.given.end()) return;
  if (const auto* flag = std::get_if<bool Options::*>(&option.target))
    options.*(*flag) = true;
  else
    options.*std::get<std::optional<std::string> Options::*>(option.target) = given->second;
}

void take_own(const system::CommandLine& line, const InterfaceOption& option, Options& options) {
  const auto given = line.given.find(option.name);
  if (given == line.given.end()) return;
  const auto value = is_flag(option) ? std::optional<std::string>("") : unless_blank(given->second);
  if (value) options.own.emplace(option.name, *value);
}

// Whether a capture is wanted without --capture being said: not where anything is asked.
bool wants_capture(const Options& options) {
  if (options.capture || options.help || options.version || options.list_ports ||
      options.list_interfaces || options.list_dlts || options.config || options.extcap_version)
    return false;
  return options.fifo || !options.own.empty() || (options.interface && !options.capture_filter);
}

// The first argument that means nothing, of those that are no options of mepdump; empty: there is
// none. Any option of Wireshark's extcap interface is skipped, with its value.
std::string first_surplus(const std::vector<std::string>& arguments) {
  bool skipping = false;  // the value of an option that is skipped
  for (const std::string& argument : arguments) {
    if (argument.starts_with("--extcap-") || argument.starts_with("--log-"))
      skipping = argument.find('=') == std::string::npos;
    else if (skipping && !argument.starts_with("-"))
      skipping = false;
    else
      return argument;
  }
  return {};
}

}  // namespace

std::optional<std::string> Options::value(std::string_view name) const {
  const auto found = own.find(name);
  return found == own.end() ? std::nullopt : std::optional(found->second);
}

bool Options::started_by_wireshark() const {
  return !by_hand && Output(fifo.value_or("")).is_fifo();
}

Options parse_options(int argc, const char* const* argv) {
  const system::CommandLine line = system::read_command_line(program(), argc, argv);
  std::string complaint = line.complaint;
  if (const std::string surplus = first_surplus(line.left); !surplus.empty())
    complaint = system::not_understood(surplus);
  if (!complaint.empty()) throw Problem(complaint + "; mepdump --help tells what there is");

  Options options;
  for (const auto& table : {programs_options(), wiresharks_options()})
    for (const GeneralOption& option : table) take(line, option, options);
  for (const CaptureInterface& interface : interfaces())
    for (const InterfaceOption& option : interface.options) take_own(line, option, options);
  if (wants_capture(options)) {
    options.capture = options.by_hand = true;
    if (!options.interface) options.interface = interfaces().front().name;
  }
  // Without --capture it is a question, and blanks are an answer to be checked.
  if (options.capture) options.capture_filter = unless_blank(options.capture_filter);
  return options;
}

std::string help_text() {
  return system::help_text(program());
}

}  // namespace mep::extcap
