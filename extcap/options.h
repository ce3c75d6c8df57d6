// The command line, as it was typed. What it means for a capture is in settings.h.
// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <optional>
#include <string>

namespace mep::extcap {

struct Options {
  bool help = false;
  bool version = false;

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

  // The interface's own options.
  std::optional<std::string> client_line;
  std::optional<std::string> client_line_path;
  std::optional<std::string> meter_line;
  std::optional<std::string> meter_line_path;
  std::optional<std::string> baud;
  std::optional<std::string> frame_timeout;
  std::optional<std::string> roles;
};

// Reads the command line. Throws a Problem about the first thing that it does not understand;
// options of the extcap interface that only newer versions of Wireshark pass are skipped.
Options parse_options(int argc, const char* const* argv);

// The text of --help.
std::string help_text();

}  // namespace mep::extcap
