// mepdump: captures a meter's MEP conversation, from two tapped serial lines or simulated.
// SPDX-License-Identifier: GPL-2.0-or-later
#include <exception>
#include <iostream>
#include <string>

#include "extcap/capture.h"
#include "extcap/conversation.h"
#include "extcap/interfaces.h"
#include "extcap/options.h"
#include "extcap/port_list.h"
#include "extcap/problem.h"

namespace mep::extcap {
namespace {

enum ExitStatus { exit_good = 0, exit_failed = 1, exit_usage = 2 };

int serve(const Options& options) {
  if (options.help) {
    std::cout << help_text();
    return exit_good;
  }
  if (options.version) {
    std::cout << "mepdump " MEP_VERSION "\n";
    return exit_good;
  }
  if (options.list_ports) {
    print_ports(std::cout, port_facts());
    return exit_good;
  }
  if (options.extcap_version && !options.list_interfaces) {
    print_version(std::cout);
    return exit_good;
  }
  if (options.list_interfaces) {
    print_interfaces(std::cout);
    return exit_good;
  }
  if (!options.capture && !options.list_dlts && !options.config && !options.capture_filter) {
    std::cerr << help_text();
    return exit_usage;
  }
  const CaptureInterface& interface = chosen_interface(options);
  if (options.capture) return capture(interface, options, notice) ? exit_good : exit_failed;
  if (options.list_dlts)
    print_dlts(std::cout);
  else if (options.config && options.reload_option)
    print_reloaded_values(std::cout, interface, *options.reload_option);
  else if (options.config)
    print_config(std::cout, interface);
  else
    print_filter_verdict(std::cout, *options.capture_filter);
  return exit_good;
}

}  // namespace
}  // namespace mep::extcap

int main(int argc, char** argv) {
  try {
    return mep::extcap::serve(mep::extcap::parse_options(argc, argv));
  } catch (const std::exception& problem) {
    mep::extcap::notice(problem.what());
    return mep::extcap::exit_failed;
  }
}
