// Command lines: a program's options stand in one table, from which GLib reads them and makes the
// text of --help.
//
// System. To be added here: what the command lines of both programs need.
// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace mep::system {

struct CommandOption {
  std::string name;           // without its dashes
  std::string argument = {};  // what --help calls its value; empty: it has none
  std::string help = {};      // empty: --help does not mention it
  std::string preset = {};    // what holds where it is not given; --help says so
  bool value_may_lack = false;
  char letter = '\0';  // of its short form, as in -w; none: it has none
};

// Options that stand together in --help.
struct OptionGroup {
  std::string title;  // empty: those of the program as a whole
  std::vector<CommandOption> options;
};

struct Program {
  std::string summary;  // above the options in --help
  std::vector<OptionGroup> groups;
  std::string remark = {};  // below them
};

struct CommandLine {
  // By name, the last value of each; empty where it has none. The bytes are as they were typed.
  std::map<std::string, std::string, std::less<>> given;
  std::vector<std::string> left;  // what is no option of the program's, its name left out
  std::string complaint;          // of GLib; empty: it understood what it took
};

CommandLine read_command_line(const Program& program, int argc, const char* const* argv);

std::string help_text(const Program& program);

// What to say of an argument that means nothing.
std::string not_understood(std::string_view argument);

}  // namespace mep::system
