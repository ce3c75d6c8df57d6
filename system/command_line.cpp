// SPDX-License-Identifier: GPL-2.0-or-later
#include "system/command_line.h"

#include <glib.h>

#include <deque>
#include <memory>
#include <span>

namespace mep::system {
namespace {

// Where options are noted.
struct Notes {
  CommandLine& line;
  std::map<char, std::string> names;  // of short options
};

// GLib calls it for each option that it meets, by what was typed: "--name", or "-n".
gboolean note(const char* typed, const char* value, gpointer data, GError**) {
  Notes& notes = *static_cast<Notes*>(data);
  const bool is_long = typed[1] == '-';
  notes.line.given[is_long ? typed + 2 : notes.names[typed[1]]] = value == nullptr ? "" : value;
  return TRUE;
}

// The first of the program's options that `fits`, or none.
template <typename Fits>
const CommandOption* find_option(const Program& program, Fits fits) {
  for (const OptionGroup& group : program.groups)
    for (const CommandOption& option : group.options)
      if (fits(option)) return &option;
  return nullptr;
}

const CommandOption* with_letter(const Program& program, char letter) {
  return find_option(program, [letter](const CommandOption& option) {
    return letter != '\0' && option.letter == letter;
  });
}

// Whether the next argument is this one's value.
bool waits_for_value(const Program& program, const std::string& argument) {
  const CommandOption* option = find_option(program, [&argument](const CommandOption& each) {
    return argument == "--" + each.name ||
           (each.letter != '\0' && argument == std::string{'-', each.letter});
  });
  return option != nullptr && !option->argument.empty() && !option->value_may_lack;
}

// Short options in one argument, like "-qwFILE", as getopt(3) takes them apart and GLib does not:
// "-q", "-w", "FILE". One with a letter that nobody knows stays whole.
std::vector<std::string> taken_apart(const Program& program, const std::string& argument) {
  std::vector<std::string> parts;
  for (std::size_t i = 1; i < argument.size(); ++i) {
    const CommandOption* option = with_letter(program, argument[i]);
    if (option == nullptr) return {argument};
    parts.push_back({'-', argument[i]});
    if (option->argument.empty()) continue;
    if (i + 1 < argument.size()) parts.push_back(argument.substr(i + 1));
    break;
  }
  return parts;
}

// The arguments as GLib can read them.
std::vector<std::string> readable_arguments(const Program& program, int argc,
                                            const char* const* argv) {
  std::vector<std::string> all;
  bool is_value = true;  // the first is the program itself
  for (const std::string argument : std::span(argv, static_cast<std::size_t>(argc))) {
    const bool is_short = argument.size() > 2 && argument[0] == '-' && argument[1] != '-';
    if (!is_value && is_short) {
      const std::vector<std::string> parts = taken_apart(program, argument);
      all.insert(all.end(), parts.begin(), parts.end());
      // All of them letters: the last one's value is yet to come, if it has one.
      is_value = parts.size() == argument.size() - 1 && waits_for_value(program, parts.back());
    } else {
      all.push_back(argument);
      is_value = !is_value && waits_for_value(program, argument);
    }
  }
  return all;
}

// A program's options as GLib wants them.
class Context {
 public:
  // `program` and `line`, which is filled in, have to outlive it.
  Context(const Program& program, CommandLine& line)
      : notes_{line, {}}, context_(g_option_context_new(nullptr), g_option_context_free) {
    g_option_context_set_help_enabled(get(), FALSE);
    g_option_context_set_ignore_unknown_options(get(), TRUE);
    g_option_context_set_summary(get(), program.summary.c_str());
    if (!program.remark.empty()) g_option_context_set_description(get(), program.remark.c_str());
    for (const OptionGroup& each : program.groups) add(each);
  }

  GOptionContext* get() const { return context_.get(); }

 private:
  void add(const OptionGroup& each) {
    const char* title = each.title.empty() ? "Options:" : each.title.c_str();
    GOptionGroup* group = g_option_group_new(title, title, "", &notes_, nullptr);
    std::vector<GOptionEntry> entries;
    for (const CommandOption& option : each.options) entries.push_back(entry(option));
    entries.push_back({});
    g_option_group_add_entries(group, entries.data());
    // None is the main group, which GLib would put last.
    g_option_context_add_group(get(), group);
  }

  GOptionEntry entry(const CommandOption& option) {
    // As a file's name: the bytes stay as they are, where a string would have to be in the encoding
    // of a locale that nobody has set.
    int flags = G_OPTION_FLAG_FILENAME;
    if (option.argument.empty()) flags = G_OPTION_FLAG_NO_ARG;
    if (option.value_may_lack) flags |= G_OPTION_FLAG_OPTIONAL_ARG;
    if (option.help.empty()) flags |= G_OPTION_FLAG_HIDDEN;
    if (option.letter != '\0') notes_.names[option.letter] = option.name;
    helps_.push_back(option.help + (option.preset.empty() ? "" : "; default: " + option.preset));
    return {option.name.c_str(),
            option.letter,
            flags,
            G_OPTION_ARG_CALLBACK,
            reinterpret_cast<gpointer>(note),
            helps_.back().c_str(),
            option.argument.empty() ? nullptr : option.argument.c_str()};
  }

  Notes notes_;
  std::deque<std::string> helps_;  // GLib keeps pointers to them
  std::unique_ptr<GOptionContext, decltype(&g_option_context_free)> context_;
};

}  // namespace

CommandLine read_command_line(const Program& program, int argc, const char* const* argv) {
  CommandLine line;
  const Context context(program, line);
  // GLib takes arguments out of the array that it is given, and keeps those that it does not know.
  std::vector<std::string> owned = readable_arguments(program, argc, argv);
  std::vector<char*> arguments;
  arguments.reserve(owned.size() + 1);
  for (std::string& argument : owned) arguments.push_back(argument.data());
  arguments.push_back(nullptr);
  argc = static_cast<int>(owned.size());
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
