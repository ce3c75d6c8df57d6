// A command line that GLib reads.
// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <glib.h>

#include <string>
#include <string_view>
#include <vector>

namespace mep::system {

struct CommandLine {
  std::vector<std::string> left;  // arguments that GLib did not take, the program's name left out
  std::string complaint;          // of GLib; empty: it understood what it took
};

// Reads the options that `context` knows into their targets.
CommandLine read_command_line(GOptionContext* context, int argc, const char* const* argv);

// What to say of an argument that means nothing.
std::string not_understood(std::string_view argument);

}  // namespace mep::system
