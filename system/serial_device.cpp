// SPDX-License-Identifier: GPL-2.0-or-later
#include "system/serial_device.h"

#include <fcntl.h>
#include <grp.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "system/port_lock.h"
#include "system/problem.h"

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

// Which group may use the port; empty if that would not help.
std::string group_to_join(const std::string& path, mode_t wanted) {
  struct stat status {};
  if (stat(path.c_str(), &status) != 0 || status.st_gid == 0 || (status.st_mode & wanted) != wanted)
    return {};
  const group* entry = getgrgid(status.st_gid);
  return entry == nullptr ? std::string() : std::string(entry->gr_name);
}

}  // namespace

SerialDevice::SerialDevice(std::string name, std::string path, unsigned baud_rate, PortUse use,
                           std::string (*ports_there_are)())
    : name_(std::move(name)), path_(std::move(path)), use_(use), ports_there_are_(ports_there_are) {
  if (const auto holder = uucp_lock_holder(path_))
    fail("the port is busy: " + *holder + " has it open; close that first");
  const int access = use_ == PortUse::listen ? O_RDONLY : O_RDWR;
  fd_ = FileDescriptor(::open(path_.c_str(), access | O_NOCTTY | O_NONBLOCK | O_CLOEXEC));
  if (!fd_) fail_to_open(errno);
  if (isatty(fd_.get()) == 0) fail("not a serial device; give a port such as /dev/ttyUSB0");
  if (!take_port(fd_.get())) fail_to_open(EBUSY);
  configure(baud_rate);
}

SerialDevice::~SerialDevice() {
  if (!fd_) return;
  if (configured_ && !gone_) {
    // Without HUPCL even if it was set: it would pull the modem lines when the port closes.
    before_.c_cflag &= ~static_cast<tcflag_t>(HUPCL);
    tcsetattr(fd_.get(), TCSANOW, &before_);
  }
  release_port(fd_.get());
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
  if (tcsetattr(fd_.get(), TCSANOW, &settings) != 0) fail_to_open(errno);
  configured_ = true;
  set_speed(baud_rate);
}

void SerialDevice::set_speed(unsigned baud_rate) {
  termios settings{};
  if (tcgetattr(fd_.get(), &settings) != 0) fail_to_open(errno);
  const speed_t speed = speed_constant(baud_rate);
  cfsetispeed(&settings, speed);
  cfsetospeed(&settings, speed);
  const int when = use_ == PortUse::listen ? TCSANOW : TCSADRAIN;
  if (tcsetattr(fd_.get(), when, &settings) != 0) fail_to_open(errno);

  // tcsetattr() is content with having set anything at all.
  termios now{};
  if (tcgetattr(fd_.get(), &now) != 0) fail_to_open(errno);
  if (cfgetospeed(&now) != speed)
    fail("the port does not do " + std::to_string(baud_rate) + " bit/s; use another adapter");
  marks_errors_ = (now.c_iflag & PARMRK) != 0;
}

void SerialDevice::fail(const std::string& reason) const {
  throw Problem(name_ + " " + path_ + ": " + reason);
}

void SerialDevice::fail_to_open(int error) const {
  switch (error) {
    case ENOENT: {
      const std::string others = ports_there_are_ ? " (" + ports_there_are_() + ")" : "";
      fail("no such port; is the adapter plugged in?" + others);
    }
    case EACCES:
    case EPERM: {
      const bool listens = use_ == PortUse::listen;
      const std::string what = listens ? "no permission to read it; " : "no permission to use it; ";
      const std::string group =
          group_to_join(path_, listens ? S_IRGRP : static_cast<mode_t>(S_IRGRP | S_IWGRP));
      if (group.empty()) fail(what + "\"ls -l " + path_ + "\" shows who may");
      fail(what + "run \"sudo usermod -aG " + group + " $USER\" and log in again");
    }
    case EBUSY:
      fail("the port is busy: another program has it open; close that first (\"fuser " + path_ +
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
