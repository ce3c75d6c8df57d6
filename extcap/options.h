// The command line, as it was typed. What it means for a capture is an interface's to say.
//
// Extcap. To be added here: an option of mepdump that belongs to no interface.
// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace mep::extcap {

// Each member is an option of the tables in options.cpp; an interface's options are in its own.
struct Options {
  bool help = false;
  bool version = false;
  bool force = false;  // overwrite a file that exists
  bool quiet = false;  // neither display nor summary
  bool list_ports = false;

  // Somebody typed it, without --capture: what there is to be told goes to their terminal.
  bool by_hand = false;

  // Wireshark's calls.
  bool list_interfaces = false;
  bool list_dlts = false;
  bool config = false;
  bool extcap_version = false;
  bool capture = false;
  std::optional<std::string> interface;
  std::optional<std::string> reload_option;
  std::optional<std::string> capture_filter;
  std::optional<std::string> fifo;
  std::optional<std::string> control_in;   // a FIFO with what the toolbar's user does
  std::optional<std::string> control_out;  // and one with what the toolbar shows

  // Options of interfaces, by name without dashes, as far as they were given; a flag is empty.
  // Without the blanks around a value; one that is nothing but blanks was not given: so a field
  // left blank arrives.
  std::map<std::string, std::string, std::less<>> own;

  // An interface's option; nothing where it was not given.
  std::optional<std::string> value(std::string_view name) const;

  // Whether the values come from Wireshark's dialog, or from a preference of tshark's, and not from
  // a command line: it reads what it starts through a FIFO.
  bool started_by_wireshark() const;
};

// Reads the command line. Throws a Problem about the first thing that it does not understand;
// options of the extcap interface that mepdump has no use for, or that only newer versions of
// Wireshark pass, are skipped.
Options parse_options(int argc, const char* const* argv);

// The text of --help.
std::string help_text();

}  // namespace mep::extcap
