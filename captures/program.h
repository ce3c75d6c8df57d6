// How the programs of this room begin and end.
//
// Captures. To be added here: what all of them do the same way around their work.
// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>

#include "system/command_line.h"

namespace mep::captures {

inline constexpr int exit_good = 0;
inline constexpr int exit_failed = 1;

// Runs `work` on the command line that was read; --help and --version are answered here, and what
// is thrown is said under the program's name. Returns the exit status.
int run_program(const char* name, const system::Program& program, int argc, const char* const* argv,
                int (*work)(const system::CommandLine& line));

// An option's value; empty where it was not given.
std::string value_of(const system::CommandLine& line, const char* option);

// Behind what is wrong with a command line: "; NAME --help tells what there is".
std::string way_to_help(const char* name);

// Throws a Problem about what is not understood.
void check_understood(const char* name, const system::CommandLine& line);

// Throws a Problem where the file is there and may not be written over.
void check_may_write(const std::string& path, bool force);

}  // namespace mep::captures
