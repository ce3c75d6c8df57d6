// SPDX-License-Identifier: GPL-2.0-or-later
#include "extcap/interfaces.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "extcap/options.h"
#include "extcap/problem.h"
#include "system/text.h"

namespace mep::extcap {
namespace {

bool has_option(const CaptureInterface& interface, std::string_view name) {
  return std::ranges::any_of(interface.options,
                             [name](const InterfaceOption& each) { return each.name == name; });
}

}  // namespace

bool is_flag(const InterfaceOption& option) {
  return option.type != nullptr && std::string_view(option.type) == flag_type;
}

std::span<const CaptureInterface> interfaces() {
#ifdef MEP_HAVE_SIMULATOR
  static const std::array all = {tap_interface(), demo_interface()};
#else
  static const std::array all = {tap_interface()};
#endif
  return all;
}

std::string interface_names() {
  std::vector<std::string> names;
  for (const CaptureInterface& interface : interfaces()) names.emplace_back(interface.name);
  return system::listed(names);
}

const CaptureInterface& chosen_interface(const Options& options) {
  const auto all = interfaces();
  if (!options.interface)
    throw Problem("say what to capture from: -i " + std::string(all.front().name));
  const auto chosen = std::ranges::find_if(all, [&options](const CaptureInterface& interface) {
    return *options.interface == interface.name;
  });
  if (chosen == all.end())
    throw Problem("there is no interface \"" + *options.interface + "\"; there " +
                  (all.size() == 1 ? "is " : "are ") + interface_names());
  for (const auto& [name, value] : options.own) {
    if (has_option(*chosen, name)) continue;
    for (const CaptureInterface& other : all)
      if (has_option(other, name))
        throw Problem("--" + name + " is an option of " + other.name + ", not of " + chosen->name +
                      "; capture from it with -i " + other.name + ", or see mepdump --help");
  }
  return *chosen;
}

Problem in_users_words(const CaptureInterface& interface, const Options& options,
                       const OptionProblem& problem) {
  const auto option = std::ranges::find(interface.options, problem.name(), &InterfaceOption::name);
  if (!options.started_by_wireshark() || option == interface.options.end() ||
      option->display == nullptr)
    return problem;
  return Problem("--" + problem.name() + " " + problem.value() + " (\"" + option->display +
                 "\" in the interface's options): " + problem.why());
}

void check_values(const CaptureInterface& interface, const Options& options) {
  for (const InterfaceOption& option : interface.options) {
    const auto value = options.value(option.name);
    if (value && !allows(option.rule, *value))
      throw in_users_words(interface, options, {option.name, *value, "give " + option.rule.wanted});
  }
}

}  // namespace mep::extcap
