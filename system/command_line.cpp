// SPDX-License-Identifier: GPL-2.0-or-later
#include "system/command_line.h"

namespace mep::system {

CommandLine read_command_line(GOptionContext* context, int argc, const char* const* argv) {
  // GLib takes arguments out of the array that it is given, and keeps those that it does not know.
  std::vector<char*> owned;
  owned.reserve(static_cast<std::size_t>(argc));
  for (int i = 0; i < argc; ++i) owned.push_back(g_strdup(argv[i]));
  std::vector<char*> arguments = owned;
  arguments.push_back(nullptr);
  int left = argc;
  char** remaining = arguments.data();
  GError* error = nullptr;
  CommandLine line;
  if (!g_option_context_parse(context, &left, &remaining, &error)) {
    line.complaint = error->message;
    g_error_free(error);
  } else {
    for (int i = 1; i < left; ++i) line.left.emplace_back(remaining[i]);
  }
  for (char* argument : owned) g_free(argument);
  return line;
}

std::string not_understood(std::string_view argument) {
  return "does not know what \"" + std::string(argument) + "\" means";
}

}  // namespace mep::system
