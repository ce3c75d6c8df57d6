// SPDX-License-Identifier: GPL-2.0-or-later
#include "extcap/serial_port.h"

#include <libserialport.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <memory>
#include <tuple>
#include <utility>

#include "system/port_lock.h"
#include "system/problem.h"
#include "system/text.h"

namespace mep::extcap {
namespace {

// What a terminal driver holds at most. Where that much waited, more may have come.
constexpr std::size_t full_terminal = 4095;

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

std::string describe_usb(const sp_port* port) {
  int vendor = 0;
  int product = 0;
  if (sp_get_port_transport(port) != SP_TRANSPORT_USB) return {};
  std::string usb = "USB";
  if (sp_get_port_usb_vid_pid(port, &vendor, &product) == SP_OK) {
    std::array<char, 16> numbers{};
    std::snprintf(numbers.data(), numbers.size(), " %04x:%04x", static_cast<unsigned>(vendor),
                  static_cast<unsigned>(product));
    usb += numbers.data();
  }
  if (const std::string maker = text(sp_get_port_usb_manufacturer(port)); !maker.empty())
    usb += ", " + maker;
  if (const std::string serial = text(sp_get_port_usb_serial(port)); !serial.empty())
    usb += ", serial number " + serial;
  return usb;
}

std::string ports_there_are() {
  std::vector<std::string> paths;
  for (const ListedPort& port : list_ports()) paths.push_back(port.path);
  return paths.empty() ? "no serial port was found" : "there is " + system::listed(paths);
}

}  // namespace

std::vector<ListedPort> list_ports() {
  sp_port** found = nullptr;
  if (sp_list_ports(&found) != SP_OK) return {};
  const std::unique_ptr<sp_port*, decltype(&sp_free_port_list)> owner(found, sp_free_port_list);

  std::vector<ListedPort> ports;
  for (sp_port** port = found; *port != nullptr; ++port)
    ports.push_back({text(sp_get_port_name(*port)), describe(*port),
                     sp_get_port_transport(*port) == SP_TRANSPORT_USB,
                     text(sp_get_port_usb_product(*port)), describe_usb(*port)});
  std::ranges::sort(ports, {}, [](const ListedPort& port) {
    return std::tuple(!port.is_usb, port.path.size(), port.path);
  });
  return ports;
}

SerialPort::SerialPort(std::string name, std::string path, unsigned baud_rate,
                       system::Sharing sharing)
    : name_(std::move(name)),
      path_(std::move(path)),
      baud_rate_(baud_rate),
      sharing_(std::move(sharing)) {
  open(path_);
  identity_ = system::identify_port(path_);
}

void SerialPort::open(const std::string& path) {
  device_ = system::SerialDevice::open(
      {name_, path, baud_rate_, system::PortUse::listen, ports_there_are, sharing_});
  counted_ = device_->trouble();
  // Who writes to a pseudo terminal waits until there is room.
  may_overflow_ = !system::is_pseudo_terminal(device_->handle());
}

void SerialPort::set_speed(unsigned baud_rate) {
  if (device_) device_->set_speed(baud_rate);
  baud_rate_ = baud_rate;
}

void SerialPort::discard_backlog() {
  device_->discard_input();
  counted_ = device_->trouble();
}

void SerialPort::take(Bytes raw, std::vector<std::uint8_t>& bytes) {
  // Behind those that found room.
  if (std::exchange(was_full_, raw.size() >= full_terminal) && !counted_ && may_overflow_)
    ++noticed_.overruns;
  bytes.insert(bytes.end(), raw.begin(), raw.end());
}

void SerialPort::end(int /*error*/) {
  if (device_) device_->note_gone();
}

TroubleCount SerialPort::trouble() {
  const auto total = device_ ? device_->trouble() : std::nullopt;
  if (!total) return std::exchange(noticed_, {});
  const TroubleCount before = std::exchange(counted_, total).value_or(*total);
  return {total->framing - before.framing, total->parity - before.parity,
          total->breaks - before.breaks, total->overruns - before.overruns};
}

bool SerialPort::come_back() {
  const auto path = system::find_port(identity_);
  if (!path) return false;
  try {
    open(*path);
  } catch (const system::Problem&) {
    // Not yet: who may read it is settled a moment after it has appeared.
    return false;
  }
  return true;
}

}  // namespace mep::extcap
