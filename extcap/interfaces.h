// What mepdump can capture from: interfaces, as Wireshark calls them, each with its options.
//
// Extcap. To be added here: what an option can be; an interface's own options are in its file.
// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "extcap/problem.h"
#include "extcap/value_rule.h"
#include "system/command_line.h"

namespace mep::system {
class StopRequest;
}

namespace mep::extcap {

class Session;
struct Options;

// One of the values that an option offers.
struct Choice {
  std::string value;
  std::string display;
  bool is_default = false;  // where the option has no preset
};

// An option of an interface, on the command line and in Wireshark's dialog.
struct InterfaceOption : system::CommandOption {
  // Wireshark's dialog; without a type it is not offered there.
  const char* type = nullptr;
  const char* display = nullptr;
  std::string tooltip = {};
  const char* more = "";                       // further attributes, in braces
  std::vector<Choice> (*choices)() = nullptr;  // of a selector; one of them is the default
  ValueRule rule = {};
};

// The type of an option that is there or not and has no value.
inline constexpr const char* flag_type = "boolflag";
bool is_flag(const InterfaceOption& option);

struct CaptureInterface {
  const char* name;     // "mep"
  const char* display;  // in Wireshark's list
  const char* title;    // of its options in --help
  const char* tab;      // of all of them in Wireshark's dialog
  std::span<const InterfaceOption> options;
  // Makes a capture ready. Throws a Problem about the first option that makes no sense, or about
  // what stands in the way.
  std::unique_ptr<Session> (*open)(const Options& options, system::StopRequest& stop);
};

// Two tapped lines (interface_mep.cpp), and a simulated meter where it was built in
// (interface_demo.cpp).
const CaptureInterface& tap_interface();
const CaptureInterface& demo_interface();

// In the order in which they are listed; lives as long as the program.
std::span<const CaptureInterface> interfaces();
// "mep and mep-demo"
std::string interface_names();
// The one that the command line names. Throws a Problem where it names none or one that does not
// exist, and about an option that belongs to another.
const CaptureInterface& chosen_interface(const Options& options);
// The same problem in the words of those who have the interface's dialog before them, or of a
// command line, whichever the options come from.
Problem in_users_words(const CaptureInterface& interface, const Options& options,
                       const OptionProblem& problem);
// Throws a Problem about the first value that is not as its option's rule wants it.
void check_values(const CaptureInterface& interface, const Options& options);

}  // namespace mep::extcap
