// SPDX-License-Identifier: GPL-2.0-or-later
#include "captures/program.h"

#include <unistd.h>

#include <cstdio>
#include <exception>

#include "system/problem.h"

namespace mep::captures {

using system::Problem;

int run_program(const char* name, const system::Program& program, int argc, const char* const* argv,
                int (*work)(const system::CommandLine& line)) {
  try {
    const system::CommandLine line = system::read_command_line(program, argc, argv);
    if (line.given.contains("help")) {
      std::fputs(system::help_text(program).c_str(), stdout);
      return exit_good;
    }
    if (line.given.contains("version")) {
      std::printf("%s " MEP_VERSION "\n", name);
      return exit_good;
    }
    return work(line);
  } catch (const std::exception& problem) {
    std::fprintf(stderr, "%s: %s\n", name, problem.what());
    return exit_failed;
  }
}

std::string value_of(const system::CommandLine& line, const char* option) {
  const auto found = line.given.find(option);
  return found == line.given.end() ? std::string() : found->second;
}

std::string way_to_help(const char* name) {
  return std::string("; ") + name + " --help tells what there is";
}

void check_understood(const char* name, const system::CommandLine& line) {
  if (!line.complaint.empty()) throw Problem(line.complaint + way_to_help(name));
  for (const std::string& each : line.left)
    if (each.size() > 1 && each.front() == '-')
      throw Problem(system::not_understood(each) + way_to_help(name));
}

void check_may_write(const std::string& path, bool force) {
  if (!force && access(path.c_str(), F_OK) == 0)
    throw Problem(path + " is there already; --force writes over it");
}

}  // namespace mep::captures
