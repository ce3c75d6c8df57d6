// The list of serial ports for somebody at a terminal, with what is known of each.
//
// Extcap. To be added here: something that helps to tell which port is which.
// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <iosfwd>
#include <span>
#include <string>
#include <vector>

namespace mep::extcap {

struct PortFacts {
  std::string path;         // /dev/ttyUSB0
  std::string description;  // may be empty, as everything below
  std::string usb;          // "USB 0403:6001, FTDI, serial number A50285BI"
  std::vector<std::string> links =
      {};               // in /dev/serial: names that stay when it is plugged in again
  std::string refusal;  // what to do about not being permitted to read it
  std::vector<std::string> holders = {};  // "minicom 1234"
};

// Of all ports that there are, USB adapters first.
std::vector<PortFacts> port_facts();
// A paragraph for each; what comes from an adapter is made harmless.
void print_ports(std::ostream& out, std::span<const PortFacts> ports);

}  // namespace mep::extcap
