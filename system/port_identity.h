// Which adapter a serial port is, whatever number it gets when it is plugged in again.
//
// System. To be added here: another way to recognise a port.
// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <optional>
#include <string>

namespace mep::system {

struct PortIdentity {
  std::string path;      // as it was named
  std::string adapter;   // of a USB adapter: maker, product, serial number and which of its ports;
                         // empty where it has no serial number, or another one has the same
  std::string usb_port;  // where a USB adapter is plugged in, and which of its ports it is
  bool by_number = false;  // a pseudo terminal's own name: somebody else gets it next
};

// To be asked while the port is there. `sysfs` is where the kernel shows its devices.
PortIdentity identify_port(const std::string& path, const std::string& sysfs = "/sys");

// Under which path that port is there now; nothing while it is not. Recognised are: an adapter with
// a serial number, plugged in anywhere; one without at the same place; a port that is no USB
// adapter by its name. Another adapter is none of these, whatever its name.
std::optional<std::string> find_port(const PortIdentity& identity,
                                     const std::string& sysfs = "/sys");

}  // namespace mep::system
