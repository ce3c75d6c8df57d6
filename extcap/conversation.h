// What Wireshark asks an extcap before it captures, and the answers: lines of sentences on standard
// output, whose grammar is in Wireshark's extcap(4).
//
// Extcap. To be added here: another question of Wireshark's, with its answer.
// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <iosfwd>
#include <string>
#include <string_view>

namespace mep::extcap {

struct CaptureInterface;

void print_interfaces(std::ostream& out);
void print_version(std::ostream& out);
void print_dlts(std::ostream& out);
// The options that Wireshark's dialog has, and what their selectors offer.
void print_config(std::ostream& out, const CaptureInterface& interface);

// The values of one option, looked up afresh; nothing for an option that has no such list.
void print_reloaded_values(std::ostream& out, const CaptureInterface& interface,
                           std::string_view name);

// Silence says that the filter is good, one line what is wrong with it.
void print_filter_verdict(std::ostream& out, const std::string& filter);

}  // namespace mep::extcap
