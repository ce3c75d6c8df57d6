// SPDX-License-Identifier: GPL-2.0-or-later
#include "extcap/conversation.h"

#include <algorithm>
#include <ostream>

#include "extcap/capture_filter.h"
#include "extcap/interfaces.h"
#include "extcap/kept_settings.h"
#include "extcap/problem.h"
#include "extcap/toolbar.h"
#include "protocol/tap.h"
#include "system/text.h"

namespace mep::extcap {
namespace {

// What an adapter calls itself, or a path, must not end a sentence early or be no text at all.
std::string harmless(const std::string& text) {
  std::string safe = system::printable(text);
  std::ranges::replace(safe, '{', '(');
  std::ranges::replace(safe, '}', ')');
  return safe;
}

// Calls `visit` with the number and the option for each that Wireshark's dialog has.
template <typename Visit>
void for_each_argument(const CaptureInterface& interface, Visit visit) {
  std::size_t number = 0;
  for (const InterfaceOption& option : interface.options)
    if (option.type != nullptr) visit(number++, option);
}

// What the option offers, and behind that what was chosen once and is not there any more: Wireshark
// would show another choice in its place, and save that.
std::vector<Choice> choices_of(const CaptureInterface& interface, const InterfaceOption& option,
                               const KeptSettings& kept) {
  std::vector<Choice> choices = option.choices();
  for (const std::string& value : kept.values(interface.name, option.name))
    if (std::ranges::find(choices, value, &Choice::value) == choices.end())
      choices.push_back({value, value + " - not there now"});
  return choices;
}

void print_choices(std::ostream& out, std::size_t number, const CaptureInterface& interface,
                   const InterfaceOption& option, const KeptSettings& kept) {
  if (option.choices == nullptr) return;
  for (const Choice& choice : choices_of(interface, option, kept)) {
    // A value that cannot be passed as it is would be another one: it has to be typed.
    if (harmless(choice.value) != choice.value) continue;
    out << "value {arg=" << number << "}{value=" << choice.value
        << "}{display=" << harmless(choice.display)
        << "}{default=" << (choice.is_default || choice.value == option.preset ? "true" : "false")
        << "}\n";
  }
}

}  // namespace

void print_version(std::ostream& out) {
  out << "extcap {version=" MEP_VERSION "}{help=" MEP_HELP_URL "}{display=MEP capture tool}\n";
}

void print_interfaces(std::ostream& out) {
  print_version(out);
  for (const CaptureInterface& interface : interfaces())
    out << "interface {value=" << interface.name << "}{display=" << interface.display << "}\n";
  print_controls(out);
}

void print_dlts(std::ostream& out) {
  out << "dlt {number=" << tap::link_type << "}{name=USER13}{display=MEP tap}\n";
}

void print_config(std::ostream& out, const CaptureInterface& interface) {
  const KeptSettings kept(wireshark_folder());
  for_each_argument(interface, [&](std::size_t number, const InterfaceOption& option) {
    out << "arg {number=" << number << "}{call=--" << option.name << "}{display=" << option.display
        << "}{type=" << option.type << "}{tooltip=" << option.tooltip << "}";
    if (option.choices == nullptr) out << dialog_attribute(option.rule);
    if (option.choices == nullptr && !option.preset.empty())
      out << "{default=" << option.preset << "}";
    // All in one tab: a wrong entry in one that is not in sight would keep Start grey, and nobody
    // could see why.
    out << option.more << "{group=" << interface.tab << "}\n";
    print_choices(out, number, interface, option, kept);
  });
}

void print_reloaded_values(std::ostream& out, const CaptureInterface& interface,
                           std::string_view name) {
  if (name.starts_with("--")) name.remove_prefix(2);
  const KeptSettings kept(wireshark_folder());
  for_each_argument(interface, [&](std::size_t number, const InterfaceOption& option) {
    if (name == option.name) print_choices(out, number, interface, option, kept);
  });
}

void print_filter_verdict(std::ostream& out, const std::string& filter) {
  try {
    const CaptureFilter compiled(filter);
  } catch (const Problem& problem) {
    out << problem.what() << "\n";
  }
}

}  // namespace mep::extcap
