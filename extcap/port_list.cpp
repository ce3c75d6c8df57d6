// SPDX-License-Identifier: GPL-2.0-or-later
#include "extcap/port_list.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <ostream>

#include "extcap/serial_port.h"
#include "system/permission.h"
#include "system/port_lock.h"
#include "system/text.h"

namespace mep::extcap {
namespace {

namespace fs = std::filesystem;

// Where udev keeps names of serial ports.
constexpr const char* name_folders[] = {"/dev/serial/by-id", "/dev/serial/by-path"};

std::vector<std::string> links_to(const std::string& path) {
  std::vector<std::string> links;
  std::error_code ignored;
  const fs::path port = fs::canonical(path, ignored);
  for (const char* folder : name_folders) {
    std::error_code error;
    for (fs::directory_iterator entry(folder, error), end; !error && entry != end;
         entry.increment(error)) {
      std::error_code dangling;
      if (fs::canonical(entry->path(), dangling) == port && !dangling)
        links.push_back(entry->path().string());
    }
  }
  return links;
}

std::vector<std::string> holders_of(const std::string& path) {
  std::vector<std::string> holders = system::port_holders(path);
  if (const auto lock = system::uucp_lock_holder(path);
      lock && std::ranges::find(holders, *lock) == holders.end())
    holders.push_back(*lock);
  return holders;
}

std::string refusal_of(const std::string& path) {
  if (access(path.c_str(), R_OK) == 0) return {};
  return system::way_to_permission(path, system::Access::read, errno);
}

}  // namespace

std::vector<PortFacts> port_facts() {
  std::vector<PortFacts> all;
  for (const ListedPort& port : list_ports())
    all.push_back({port.path, port.product, port.usb, links_to(port.path), refusal_of(port.path),
                   holders_of(port.path)});
  return all;
}

void print_ports(std::ostream& out, std::span<const PortFacts> ports) {
  if (ports.empty()) out << "No serial port was found; is the adapter plugged in?\n";
  const auto line = [&out](const std::string& text) {
    if (!text.empty()) out << "    " << system::printable(text) << "\n";
  };
  for (const PortFacts& port : ports) {
    out << system::printable(port.path);
    if (!port.description.empty()) out << "  " << system::printable(port.description);
    out << "\n";
    line(port.usb);
    for (const std::string& link : port.links) line(link);
    line(port.refusal.empty() ? "you may read it" : "you may not read it: " + port.refusal);
    line(port.holders.empty() ? "" : "in use by " + system::listed(port.holders));
  }
}

}  // namespace mep::extcap
