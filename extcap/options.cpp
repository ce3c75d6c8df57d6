// SPDX-License-Identifier: GPL-2.0-or-later
#include "extcap/options.h"

#include <glib.h>

#include <array>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "extcap/interfaces.h"
#include "extcap/output.h"
#include "extcap/problem.h"
#include "system/command_line.h"
#include "system/text.h"

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
    "Ctrl-C stops it. One of the two lines is enough. Nothing is ever sent."
#ifdef MEP_HAVE_SIMULATOR
    "\n\nWithout hardware, a simulated meter and its client:\n"
    "\n"
    "  mepdump --capture --extcap-interface mep-demo --fifo - | tshark -i -"
#endif
    ;

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
  char* ignored = nullptr;
  std::string interface_help;
  // Of the interfaces' options, in their order.
  struct Own {
    const char* name;
    char* value = nullptr;
    gboolean given = FALSE;  // of a flag
  };
  std::vector<Own> own;
};

gboolean note_extcap_version(const char*, const char*, gpointer data, GError**) {
  static_cast<RawOptions*>(data)->extcap_version = TRUE;
  return TRUE;
}

GOptionEntry flag(const char* name, gboolean* target, const char* description) {
  return {name, 0, G_OPTION_FLAG_NONE, G_OPTION_ARG_NONE, target, description, nullptr};
}

// As a file's name: the bytes stay as they are, where a string would have to be in the encoding of
// a locale that nobody has set.
GOptionEntry text(const char* name, char** target, const char* description, const char* argument) {
  return {name, 0, G_OPTION_FLAG_NONE, G_OPTION_ARG_FILENAME, target, description, argument};
}

GOptionEntry hidden(const char* name, char** target) {
  return {name, 0, G_OPTION_FLAG_HIDDEN, G_OPTION_ARG_FILENAME, target, nullptr, nullptr};
}

using Context = std::unique_ptr<GOptionContext, decltype(&g_option_context_free)>;

// A group of its own in --help. `entries` ends with an empty one.
void add_group(GOptionContext* context, const char* name, const std::string& title, gpointer data,
               const GOptionEntry* entries) {
  GOptionGroup* group = g_option_group_new(name, title.c_str(), "", data, nullptr);
  g_option_group_add_entries(group, entries);
  g_option_context_add_group(context, group);
}

void add_interface_options(GOptionContext* context, RawOptions& raw) {
  std::size_t count = 0;
  for (const CaptureInterface& interface : interfaces()) count += interface.options.size();
  raw.own.reserve(count);  // GLib keeps pointers into it
  for (const CaptureInterface& interface : interfaces()) {
    std::vector<GOptionEntry> entries;
    for (const InterfaceOption& option : interface.options) {
      raw.own.push_back({option.name});
      char** value = &raw.own.back().value;
      if (is_flag(option))
        entries.push_back(flag(option.name, &raw.own.back().given, option.help));
      else
        entries.push_back(option.help ? text(option.name, value, option.help, option.argument)
                                      : hidden(option.name, value));
    }
    entries.push_back({});
    add_group(context, interface.name, std::string(interface.title) + ":", nullptr, entries.data());
  }
}

Context make_context(RawOptions& raw) {
  const std::array general_options = {
      text("fifo", &raw.fifo, "Where the capture goes: a file, a FIFO, or - for standard output",
           "PATH"),
      flag("version", &raw.version, "Show the version"),
      flag("help", &raw.help, "Show this help"),
      GOptionEntry{},
  };
  raw.interface_help = "What to capture from: " + interface_names();
  const std::array wireshark_options = {
      flag("capture", &raw.capture, "Capture"),
      text("extcap-interface", &raw.interface, raw.interface_help.c_str(), "NAME"),
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
  g_option_context_add_main_entries(context.get(), general_options.data(), nullptr);
  add_interface_options(context.get(), raw);
  add_group(context.get(), "extcap", "What Wireshark asks:", &raw, wireshark_options.data());
  return context;
}

// Nothing of nothing but blanks.
std::optional<std::string> unless_blank(const std::optional<std::string>& text) {
  const std::string_view left = text ? system::without_blanks(*text) : std::string_view();
  return left.empty() ? std::nullopt : std::optional<std::string>(left);
}

std::optional<std::string> taken(char* text) {
  if (text == nullptr) return std::nullopt;
  std::string copy = text;
  g_free(text);
  return copy;
}

}  // namespace

std::optional<std::string> Options::value(std::string_view name) const {
  const auto found = own.find(name);
  return found == own.end() ? std::nullopt : std::optional(found->second);
}

bool Options::started_by_wireshark() const {
  return Output(fifo.value_or("")).is_fifo();
}

Options parse_options(int argc, const char* const* argv) {
  RawOptions raw;
  const Context context = make_context(raw);
  g_option_context_set_ignore_unknown_options(context.get(), TRUE);

  const system::CommandLine line = system::read_command_line(context.get(), argc, argv);
  std::string complaint = line.complaint;
  bool skipping = false;  // the value of an option that is skipped
  for (const std::string& argument : line.left) {
    if (argument.starts_with("--extcap-") || argument.starts_with("--log-")) {
      skipping = argument.find('=') == std::string::npos;
    } else if (skipping && !argument.starts_with("-")) {
      skipping = false;
    } else {
      complaint = system::not_understood(argument);
      break;
    }
  }
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
  for (const RawOptions::Own& own : raw.own)
    if (auto value =
            own.given ? std::optional<std::string>("true") : unless_blank(taken(own.value)))
      options.own.emplace(own.name, *std::move(value));
  // Without --capture it is a question, and blanks are an answer to be checked.
  if (options.capture) options.capture_filter = unless_blank(options.capture_filter);
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
