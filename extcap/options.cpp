// SPDX-License-Identifier: GPL-2.0-or-later
#include "extcap/options.h"

#include <glib.h>

#include <array>
#include <memory>
#include <string_view>
#include <vector>

#include "extcap/problem.h"

namespace mep::extcap {
namespace {

constexpr const char* summary =
    "Records what a smart meter and its client say on two tapped serial lines.\n"
    "Wireshark runs it as an extcap; it also works by hand:\n"
    "\n"
    "  mepdump --capture --extcap-interface mep --client-line /dev/ttyUSB0 \\\n"
    "          --meter-line /dev/ttyUSB1 --fifo tap.pcapng\n"
    "\n"
    "and with a packet list that grows as you watch:\n"
    "\n"
    "  mepdump --capture --extcap-interface mep --client-line /dev/ttyUSB0 \\\n"
    "          --meter-line /dev/ttyUSB1 --fifo - | tshark -i -\n"
    "\n"
    "Ctrl-C stops it. One of the two lines is enough. Nothing is ever sent.";

// Strings that GLib allocates for an option.
struct RawOptions {
  gboolean help = FALSE;
  gboolean version = FALSE;
  gboolean list_interfaces = FALSE;
  gboolean list_dlts = FALSE;
  gboolean config = FALSE;
  gboolean capture = FALSE;
  gboolean extcap_version = FALSE;
  char* interface = nullptr;
  char* reload_option = nullptr;
  char* capture_filter = nullptr;
  char* fifo = nullptr;
  char* client_line = nullptr;
  char* client_line_path = nullptr;
  char* meter_line = nullptr;
  char* meter_line_path = nullptr;
  char* baud = nullptr;
  char* frame_timeout = nullptr;
  char* roles = nullptr;
  char* ignored = nullptr;
};

gboolean note_extcap_version(const char*, const char*, gpointer data, GError**) {
  static_cast<RawOptions*>(data)->extcap_version = TRUE;
  return TRUE;
}

GOptionEntry flag(const char* name, gboolean* target, const char* description) {
  return {name, 0, G_OPTION_FLAG_NONE, G_OPTION_ARG_NONE, target, description, nullptr};
}

GOptionEntry text(const char* name, char** target, const char* description, const char* argument) {
  return {name, 0, G_OPTION_FLAG_NONE, G_OPTION_ARG_STRING, target, description, argument};
}

GOptionEntry hidden(const char* name, char** target) {
  return {name, 0, G_OPTION_FLAG_HIDDEN, G_OPTION_ARG_STRING, target, nullptr, nullptr};
}

using Context = std::unique_ptr<GOptionContext, decltype(&g_option_context_free)>;

Context make_context(RawOptions& raw) {
  const std::array capture_options = {
      text("client-line", &raw.client_line, "Port that carries what the client sends", "PORT"),
      text("meter-line", &raw.meter_line, "Port that carries what the meter sends", "PORT"),
      text("baud", &raw.baud, "Line speed in bit/s (9600)", "N"),
      text("frame-timeout", &raw.frame_timeout,
           "A line that is silent for so long in the middle of a frame has cut it short (200)",
           "MS"),
      text("roles", &raw.roles, "Who is on which line: as-wired, as the options say", "WHO"),
      text("fifo", &raw.fifo, "Where the capture goes: a file, a FIFO, or - for standard output",
           "PATH"),
      hidden("client-line-path", &raw.client_line_path),
      hidden("meter-line-path", &raw.meter_line_path),
      flag("version", &raw.version, "Show the version"),
      flag("help", &raw.help, "Show this help"),
      GOptionEntry{},
  };
  const std::array wireshark_options = {
      flag("capture", &raw.capture, "Capture"),
      text("extcap-interface", &raw.interface, "What to capture from: mep", "NAME"),
      text("extcap-capture-filter", &raw.capture_filter,
           "Keep only records that match, in libpcap's language (link[2] == 1: client to meter); "
           "without --capture: only check it",
           "FILTER"),
      flag("extcap-interfaces", &raw.list_interfaces, "List the interfaces"),
      flag("extcap-dlts", &raw.list_dlts, "List an interface's link-layer header types"),
      flag("extcap-config", &raw.config, "List an interface's options"),
      text("extcap-reload-option", &raw.reload_option, "List one option's values afresh", "OPTION"),
      GOptionEntry{"extcap-version", 0, G_OPTION_FLAG_OPTIONAL_ARG, G_OPTION_ARG_CALLBACK,
                   reinterpret_cast<gpointer>(note_extcap_version), "Show the version to Wireshark",
                   "X.Y"},
      hidden("log-level", &raw.ignored),
      hidden("log-file", &raw.ignored),
      hidden("extcap-control-in", &raw.ignored),
      hidden("extcap-control-out", &raw.ignored),
      GOptionEntry{},
  };

  Context context(g_option_context_new(nullptr), g_option_context_free);
  g_option_context_set_help_enabled(context.get(), FALSE);
  g_option_context_set_summary(context.get(), summary);
  g_option_context_add_main_entries(context.get(), capture_options.data(), nullptr);
  GOptionGroup* group = g_option_group_new("extcap", "What Wireshark asks:", "", &raw, nullptr);
  g_option_group_add_entries(group, wireshark_options.data());
  g_option_context_add_group(context.get(), group);
  return context;
}

std::optional<std::string> taken(char* text) {
  if (text == nullptr) return std::nullopt;
  std::string copy = text;
  g_free(text);
  return copy;
}

}  // namespace

Options parse_options(int argc, const char* const* argv) {
  RawOptions raw;
  const Context context = make_context(raw);
  g_option_context_set_ignore_unknown_options(context.get(), TRUE);

  // GLib takes arguments out of the array that it is given, and keeps those that it does not know.
  std::vector<char*> owned;
  owned.reserve(static_cast<std::size_t>(argc));
  for (int i = 0; i < argc; ++i) owned.push_back(g_strdup(argv[i]));
  std::vector<char*> arguments = owned;
  arguments.push_back(nullptr);
  int left = argc;
  char** remaining = arguments.data();
  GError* error = nullptr;
  const bool understood = g_option_context_parse(context.get(), &left, &remaining, &error) != FALSE;

  std::string complaint;
  if (!understood) {
    complaint = error->message;
    g_error_free(error);
  } else {
    bool skipping = false;  // the value of an option that is skipped
    for (int i = 1; i < left && complaint.empty(); ++i) {
      const std::string_view argument = remaining[i];
      if (argument.starts_with("--extcap-") || argument.starts_with("--log-")) {
        skipping = argument.find('=') == std::string_view::npos;
      } else if (skipping && !argument.starts_with("-")) {
        skipping = false;
      } else {
        complaint = "does not know what \"" + std::string(argument) + "\" means";
      }
    }
  }
  for (char* argument : owned) g_free(argument);
  g_free(raw.ignored);

  Options options;
  options.help = raw.help != FALSE;
  options.version = raw.version != FALSE;
  options.list_interfaces = raw.list_interfaces != FALSE;
  options.list_dlts = raw.list_dlts != FALSE;
  options.config = raw.config != FALSE;
  options.capture = raw.capture != FALSE;
  options.extcap_version = raw.extcap_version != FALSE;
  options.interface = taken(raw.interface);
  options.reload_option = taken(raw.reload_option);
  options.capture_filter = taken(raw.capture_filter);
  options.fifo = taken(raw.fifo);
  options.client_line = taken(raw.client_line);
  options.client_line_path = taken(raw.client_line_path);
  options.meter_line = taken(raw.meter_line);
  options.meter_line_path = taken(raw.meter_line_path);
  options.baud = taken(raw.baud);
  options.frame_timeout = taken(raw.frame_timeout);
  options.roles = taken(raw.roles);
  if (!complaint.empty()) throw Problem(complaint + "; mepdump --help tells what there is");
  return options;
}

std::string help_text() {
  RawOptions raw;
  const Context context = make_context(raw);
  char* help = g_option_context_get_help(context.get(), FALSE, nullptr);
  return taken(help).value_or("");
}

}  // namespace mep::extcap
