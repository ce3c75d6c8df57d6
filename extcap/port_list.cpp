// SPDX-License-Identifier: GPL-2.0-or-later
#include "extcap/port_list.h"

#include <libserialport.h>

#include <algorithm>
#include <memory>

namespace mep::extcap {
namespace {

std::string text(const char* from) {
  return from == nullptr ? std::string() : std::string(from);
}

std::string describe(const sp_port* port) {
  // Without a better one, a port's description is its name.
  if (sp_get_port_transport(port) != SP_TRANSPORT_USB) return {};
  std::string description = text(sp_get_port_description(port));
  std::string origin = text(sp_get_port_usb_manufacturer(port));
  if (const std::string serial = text(sp_get_port_usb_serial(port)); !serial.empty())
    origin += (origin.empty() ? "" : ", ") + serial;
  if (!origin.empty()) description += " (" + origin + ")";
  return description;
}

}  // namespace

std::vector<ListedPort> list_ports() {
  sp_port** found = nullptr;
  if (sp_list_ports(&found) != SP_OK) return {};
  const std::unique_ptr<sp_port*, decltype(&sp_free_port_list)> owner(found, sp_free_port_list);

  std::vector<ListedPort> ports;
  for (sp_port** port = found; *port != nullptr; ++port)
    ports.push_back({text(sp_get_port_name(*port)), describe(*port),
                     sp_get_port_transport(*port) == SP_TRANSPORT_USB});
  std::ranges::sort(ports, {}, [](const ListedPort& port) {
    return std::tuple(!port.is_usb, port.path.size(), port.path);
  });
  return ports;
}

}  // namespace mep::extcap
