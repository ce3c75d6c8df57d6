// Which serial ports there are, and what they are called on the outside.
// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>
#include <vector>

namespace mep::extcap {

struct ListedPort {
  std::string path;         // /dev/ttyUSB0
  std::string description;  // of the USB adapter, with maker and serial number; may be empty
  bool is_usb = false;
};

// What libserialport finds, USB adapters first: nobody taps a meter with a motherboard's port
// when an adapter is plugged in.
std::vector<ListedPort> list_ports();

}  // namespace mep::extcap
