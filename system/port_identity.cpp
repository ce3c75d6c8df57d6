// SPDX-License-Identifier: GPL-2.0-or-later
#include "system/port_identity.h"

#include <filesystem>
#include <fstream>

namespace mep::system {
namespace {

namespace fs = std::filesystem;

constexpr const char* devices = "/dev/";

std::string line_of(const fs::path& file) {
  std::ifstream stream(file);
  std::string line;
  std::getline(stream, line);
  return line;
}

struct UsbIdentity {
  std::string adapter;
  std::string port;
};

// Of a terminal that the kernel has under this name; empty where it is no USB adapter's.
UsbIdentity usb_identity(const std::string& sysfs, const std::string& terminal) {
  std::error_code error;
  const fs::path device = fs::canonical(fs::path(sysfs) / "class/tty" / terminal / "device", error);
  if (error) return {};
  // The terminal, as usb-serial drivers have one, is below the interface; with cdc-acm it is it.
  for (fs::path place = device; place.has_relative_path() && place != place.root_path();
       place = place.parent_path()) {
    if (!fs::exists(place / "bInterfaceNumber", error)) continue;
    const fs::path usb = place.parent_path();
    const std::string which =
        ":" + line_of(place / "bInterfaceNumber") + ":" + line_of(device / "port_number");
    const std::string serial = line_of(usb / "serial");
    UsbIdentity identity = {{}, usb.filename().string() + which};
    if (serial.empty()) return identity;
    identity.adapter = line_of(usb / "idVendor");
    for (const std::string& part : {line_of(usb / "idProduct"), serial + which})
      identity.adapter.append(":").append(part);
    return identity;
  }
  return {};
}

// How many terminals are of that adapter, and the name of one of them; `at`: which is preferred.
struct Found {
  unsigned count = 0;
  std::string terminal;
};

Found find_adapter(const std::string& sysfs, const PortIdentity& wanted) {
  Found found;
  std::error_code error;
  for (fs::directory_iterator entry(fs::path(sysfs) / "class/tty", error), end;
       !error && entry != end; entry.increment(error)) {
    const std::string terminal = entry->path().filename().string();
    const UsbIdentity identity = usb_identity(sysfs, terminal);
    const bool same = wanted.adapter.empty() ? identity.port == wanted.usb_port
                                             : identity.adapter == wanted.adapter;
    if (!same) continue;
    ++found.count;
    found.terminal = terminal;
  }
  return found;
}

}  // namespace

PortIdentity identify_port(const std::string& path, const std::string& sysfs) {
  PortIdentity identity;
  identity.path = path;
  std::error_code error;
  const fs::path real = fs::canonical(path, error);
  identity.by_number = path.starts_with("/dev/pts/");
  if (error) return identity;
  const UsbIdentity usb = usb_identity(sysfs, real.filename().string());
  identity.adapter = usb.adapter;
  identity.usb_port = usb.port;
  // Cheap adapters all have the same serial number.
  if (!usb.adapter.empty() && find_adapter(sysfs, identity).count > 1) identity.adapter.clear();
  return identity;
}

std::optional<std::string> find_port(const PortIdentity& identity, const std::string& sysfs) {
  if (identity.by_number) return std::nullopt;
  if (identity.usb_port.empty()) {
    std::error_code error;
    return fs::exists(identity.path, error) ? std::optional(identity.path) : std::nullopt;
  }
  const Found found = find_adapter(sysfs, identity);
  // Two with the number that only one had: nobody knows which is which.
  if (found.count != 1) return std::nullopt;
  return devices + found.terminal;
}

}  // namespace mep::system
