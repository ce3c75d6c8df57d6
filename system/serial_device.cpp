// What opening a port has in common, whatever opens it: who has it, and why it cannot be had.
// SPDX-License-Identifier: GPL-2.0-or-later
#include "system/serial_device.h"

#include <cerrno>
#include <cstring>
#include <utility>
#include <vector>

#include "system/permission.h"
#include "system/port_lock.h"
#include "system/problem.h"
#include "system/text.h"

namespace mep::system {

SerialDevice::SerialDevice(PortRequest request) : request_(std::move(request)) {
  if (request_.sharing.allowed) return;
  std::vector<std::string> holders = port_holders(path());
  if (holders.empty())
    if (auto holder = uucp_lock_holder(path())) holders.push_back(*std::move(holder));
  if (holders.empty()) return;
  fail_as_busy(listed(holders) + (holders.size() == 1 ? " has" : " have") +
               " it open; close that first");
}

void SerialDevice::take() const {
  if (!request_.sharing.allowed && !take_port(handle())) fail_to_open(EBUSY);
}

void SerialDevice::let_go() const {
  if (!request_.sharing.allowed) release_port(handle());
}

void SerialDevice::fail_as_unable(unsigned baud_rate) const {
  fail("the port does not do " + std::to_string(baud_rate) + " bit/s; use another adapter");
}

void SerialDevice::fail(const std::string& reason) const {
  throw Problem(name() + " " + path() + ": " + reason);
}

void SerialDevice::fail_as_busy(const std::string& why) const {
  // Sharing does not help where it was allowed already: the other one keeps everybody out.
  const Sharing& sharing = request_.sharing;
  const bool can_share = !sharing.allowed && !sharing.how.empty();
  fail("the port is busy: " + why + (can_share ? ", or " + sharing.how : ""));
}

void SerialDevice::fail_to_open(int error) const {
  switch (error) {
    case ENOENT: {
      const std::string others =
          request_.ports_there_are ? " (" + request_.ports_there_are() + ")" : "";
      fail("no such port; is the adapter plugged in?" + others);
    }
    case ENOTTY:
      fail("not a serial device; give a port such as /dev/ttyUSB0");
    case EACCES:
    case EPERM:
      fail(std::string(listens() ? "no permission to read it; " : "no permission to use it; ") +
           way_to_permission(path(), listens() ? Access::read : Access::read_and_write, error));
    case EBUSY:
      fail_as_busy("another program has it open; close that first (\"fuser " + path() +
                   "\" tells which)");
    case ENODEV:
    case ENXIO:
    case EIO:
      fail(std::string("the device does not answer (") + std::strerror(error) +
           "); unplug it and plug it in again");
    default:
      fail(std::string("cannot be opened: ") + std::strerror(error));
  }
}

}  // namespace mep::system
