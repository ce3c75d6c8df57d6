// SPDX-License-Identifier: GPL-2.0-or-later
#include "system/serial_device.h"

#include <fcntl.h>
#include <linux/serial.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>
#include <vector>

#include "system/any_speed.h"
#include "system/permission.h"
#include "system/port_lock.h"
#include "system/problem.h"
#include "system/text.h"

namespace mep::system {
namespace {

speed_t speed_constant(unsigned baud_rate) {
  switch (baud_rate) {
    case 300:
      return B300;
    case 600:
      return B600;
    case 1200:
      return B1200;
    case 1800:
      return B1800;
    case 2400:
      return B2400;
    case 4800:
      return B4800;
    case 9600:
      return B9600;
    case 19200:
      return B19200;
    case 38400:
      return B38400;
    case 57600:
      return B57600;
    case 115200:
      return B115200;
    default:
      return B0;
  }
}

}  // namespace

SerialDevice::SerialDevice(std::string name, std::string path, unsigned baud_rate, PortUse use,
                           std::string (*ports_there_are)(), Sharing sharing)
    : name_(std::move(name)),
      path_(std::move(path)),
      use_(use),
      ports_there_are_(ports_there_are),
      sharing_(std::move(sharing)) {
  if (!sharing_.allowed) refuse_if_in_use();
  const int access = use_ == PortUse::listen ? O_RDONLY : O_RDWR;
  fd_ = FileDescriptor(::open(path_.c_str(), access | O_NOCTTY | O_NONBLOCK | O_CLOEXEC));
  if (!fd_) fail_to_open(errno);
  if (isatty(fd_.get()) == 0) fail("not a serial device; give a port such as /dev/ttyUSB0");
  if (!sharing_.allowed && !take_port(fd_.get())) fail_to_open(EBUSY);
  configure(baud_rate);
  if (use_ == PortUse::listen) made_prompt_ = set_low_latency(true);
}

SerialDevice::~SerialDevice() {
  if (!fd_) return;
  if (configured_ && !gone_) {
    // Without HUPCL even if it was set: it would pull the modem lines when the port closes.
    before_.c_cflag &= ~static_cast<tcflag_t>(HUPCL);
    tcsetattr(fd_.get(), TCSANOW, &before_);
    if (made_prompt_) set_low_latency(false);
  }
  if (!sharing_.allowed) release_port(fd_.get());
}

// With it an FTDI adapter, for example, waits 1 ms for more before it hands over bytes, and
// otherwise 16. Returns whether the mode has been changed; many drivers have none.
bool SerialDevice::set_low_latency(bool on) const {
  serial_struct settings{};
  if (ioctl(fd_.get(), TIOCGSERIAL, &settings) != 0) return false;
  constexpr auto low_latency = static_cast<int>(ASYNC_LOW_LATENCY);
  if (((settings.flags & low_latency) != 0) == on) return false;
  settings.flags ^= low_latency;
  return ioctl(fd_.get(), TIOCSSERIAL, &settings) == 0;
}

// Before it is touched: opening it can already disturb who has it.
void SerialDevice::refuse_if_in_use() const {
  std::vector<std::string> holders = port_holders(path_);
  if (holders.empty())
    if (auto holder = uucp_lock_holder(path_)) holders.push_back(*std::move(holder));
  if (holders.empty()) return;
  fail_as_busy(listed(holders) + (holders.size() == 1 ? " has" : " have") +
               " it open; close that first");
}

void SerialDevice::configure(unsigned baud_rate) {
  if (tcgetattr(fd_.get(), &before_) != 0) fail_to_open(errno);
  termios settings = before_;
  settings.c_iflag = use_ == PortUse::listen ? INPCK | PARMRK : 0;
  settings.c_oflag = 0;
  settings.c_lflag = 0;
  settings.c_cflag = CS8 | CREAD | CLOCAL;
  settings.c_cc[VMIN] = 1;
  settings.c_cc[VTIME] = 0;
  // With the speed, in one go: none at all would be B0, at which a port drops DTR and RTS.
  configured_ = true;
  apply(settings, TCSANOW, baud_rate);
}

void SerialDevice::set_speed(unsigned baud_rate) {
  termios settings{};
  if (tcgetattr(fd_.get(), &settings) != 0) fail_to_open(errno);
  apply(settings, use_ == PortUse::listen ? TCSANOW : TCSADRAIN, baud_rate);
}

void SerialDevice::apply(termios settings, int when, unsigned baud_rate) {
  const speed_t speed = speed_constant(baud_rate);
  if (speed == B0) {
    apply_any_speed(settings, when, baud_rate);
    return;
  }
  cfsetispeed(&settings, speed);
  cfsetospeed(&settings, speed);
  if (tcsetattr(fd_.get(), when, &settings) != 0) fail_to_open(errno);

  // tcsetattr() is content with having set anything at all.
  termios now{};
  if (tcgetattr(fd_.get(), &now) != 0) fail_to_open(errno);
  if (cfgetospeed(&now) != speed) fail_as_unable(baud_rate);
  marks_errors_ = (now.c_iflag & PARMRK) != 0;
}

void SerialDevice::apply_any_speed(const termios& settings, int when, unsigned baud_rate) {
  TerminalSettings all = {
      settings.c_iflag, settings.c_oflag, settings.c_cflag, settings.c_lflag, {}};
  std::copy_n(settings.c_cc, all.characters.size(), all.characters.begin());
  if (!set_any_speed(fd_.get(), all, baud_rate, when == TCSADRAIN)) {
    if (errno == 0 || errno == EINVAL) fail_as_unable(baud_rate);
    fail_to_open(errno);
  }
  marks_errors_ = (settings.c_iflag & PARMRK) != 0;
}

void SerialDevice::fail_as_unable(unsigned baud_rate) const {
  fail("the port does not do " + std::to_string(baud_rate) + " bit/s; use another adapter");
}

void SerialDevice::fail(const std::string& reason) const {
  throw Problem(name_ + " " + path_ + ": " + reason);
}

void SerialDevice::fail_as_busy(const std::string& why) const {
  // Sharing does not help where it was allowed already: the other one keeps everybody out.
  const bool can_share = !sharing_.allowed && !sharing_.how.empty();
  fail("the port is busy: " + why + (can_share ? ", or " + sharing_.how : ""));
}

void SerialDevice::fail_to_open(int error) const {
  switch (error) {
    case ENOENT: {
      const std::string others = ports_there_are_ ? " (" + ports_there_are_() + ")" : "";
      fail("no such port; is the adapter plugged in?" + others);
    }
    case EACCES:
    case EPERM:
      fail(std::string(use_ == PortUse::listen ? "no permission to read it; "
                                               : "no permission to use it; ") +
           way_to_permission(path_, use_ == PortUse::listen ? Access::read : Access::read_and_write,
                             error));
    case EBUSY:
      fail_as_busy("another program has it open; close that first (\"fuser " + path_ +
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
