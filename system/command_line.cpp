// SPDX-License-Identifier: GPL-2.0-or-later
#include "system/command_line.h"

#include <glib.h>

#include <deque>
#include <memory>

namespace mep::system {
namespace {

// GLib calls it for each option that it meets, by what was typed: "--name".
gboolean note(const char* name, const char* value, gpointer line, GError**) {
  static_cast<CommandLine*>(line)->given[name + 2] = value == nullptr ? "" : value;
  return TRUE;
}

// A program's options as GLib wants them.
class Context {
 public:
  // `program` and `line`, which is filled in, have to outlive it.
  Context(const Program& program, CommandLine& line)
      : context_(g_option_context_new(nullptr), g_option_context_free) {
    g_option_context_set_help_enabled(get(), FALSE);
    g_option_context_set_ignore_unknown_options(get(), TRUE);
    g_option_context_set_summary(get(), program.summary.c_str());
    if (!program.remark.empty()) g_option_context_set_description(get(), program.remark.c_str());
    for (const OptionGroup& each : program.groups) add(each, line);
  }

  GOptionContext* get() const { return context_.get(); }

 private:
  void add(const OptionGroup& each, CommandLine& line) {
    const char* title = each.title.c_str();
    GOptionGroup* group = g_option_group_new(title, title, "", &line, nullptr);
    std::vector<GOptionEntry> entries;
    for (const CommandOption& option : each.options) entries.push_back(entry(option));
    entries.push_back({});
    g_option_group_add_entries(group, entries.data());
    if (each.title.empty())
      g_option_context_set_main_group(get(), group);
    else
      g_option_context_add_group(get(), group);
  }

  GOptionEntry entry(const CommandOption& option) {
    // As a file's name: the bytes stay as they are, where a string would have to be in the encoding
    // of a locale that nobody has set.
    int flags = G_OPTION_FLAG_FILENAME;
    if (option.argument.empty()) flags = G_OPTION_FLAG_NO_ARG;
    if (option.value_may_lack) flags |= G_OPTION_FLAG_OPTIONAL_ARG;
    if (option.help.empty()) flags |= G_OPTION_FLAG_HIDDEN;
    helps_.push_back(option.help + (option.preset.empty() ? "" : "; default: " + option.preset));
    return {option.name.c_str(),
            '\0',
            flags,
            G_OPTION_ARG_CALLBACK,
            reinterpret_cast<gpointer>(note),
            helps_.back().c_str(),
            option.argument.empty() ? nullptr : option.argument.c_str()};
  }

  std::deque<std::string> helps_;  // GLib keeps pointers to them
  std::unique_ptr<GOptionContext, decltype(&g_option_context_free)> context_;
};

}  // namespace

CommandLine read_command_line(const Program& program, int argc, const char* const* argv) {
  CommandLine line;
  const Context context(program, line);
  // GLib takes arguments out of the array that it is given, and keeps those that it does not know.
  std::vector<std::string> owned(argv, argv + argc);
  std::vector<char*> arguments;
  arguments.reserve(owned.size() + 1);
  for (std::string& argument : owned) arguments.push_back(argument.data());
  arguments.push_back(nullptr);
  char** remaining = arguments.data();
  GError* error = nullptr;
  if (!g_option_context_parse(context.get(), &argc, &remaining, &error)) {
    line.complaint = error->message;
    g_error_free(error);
  } else {
    for (int i = 1; i < argc; ++i) line.left.emplace_back(remaining[i]);
  }
  return line;
}

std::string help_text(const Program& program) {
  CommandLine nothing;
  const Context context(program, nothing);
  char* made = g_option_context_get_help(context.get(), FALSE, nullptr);
  std::string text = made;
  g_free(made);
  return text;
}

std::string not_understood(std::string_view argument) {
  return "does not know what \"" + std::string(argument) + "\" means";
}

}  // namespace mep::system
