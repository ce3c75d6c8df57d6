// SPDX-License-Identifier: GPL-2.0-or-later
#include "extcap/serial_port.h"

#include <fcntl.h>
#include <grp.h>
#include <linux/serial.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "extcap/port_list.h"
#include "extcap/port_lock.h"
#include "extcap/problem.h"

namespace mep::extcap {
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

std::string ports_there_are() {
  std::string list;
  for (const ListedPort& port : list_ports()) list += (list.empty() ? "" : ", ") + port.path;
  return list.empty() ? "no serial port was found" : "there is " + list;
}

// Which group may read the port; empty if that would not help.
std::string group_to_join(const std::string& path) {
  struct stat status {};
  if (stat(path.c_str(), &status) != 0 || status.st_gid == 0 || (status.st_mode & S_IRGRP) == 0)
    return {};
  const group* entry = getgrgid(status.st_gid);
  return entry == nullptr ? std::string() : std::string(entry->gr_name);
}

bool read_counters(int fd, TroubleCount& count) {
  serial_icounter_struct counters{};
  if (ioctl(fd, TIOCGICOUNT, &counters) != 0) return false;
  count.framing = static_cast<unsigned>(counters.frame);
  count.parity = static_cast<unsigned>(counters.parity);
  count.breaks = static_cast<unsigned>(counters.brk);
  count.overruns = static_cast<unsigned>(counters.overrun + counters.buf_overrun);
  return true;
}

}  // namespace

SerialPort::SerialPort(std::string name, std::string path, unsigned baud_rate)
    : name_(std::move(name)), path_(std::move(path)) {
  if (const auto holder = uucp_lock_holder(path_))
    fail("the port is busy: " + *holder + " has it open; close that first");
  fd_ = FileDescriptor(::open(path_.c_str(), O_RDONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC));
  if (!fd_) fail_to_open(errno);
  if (isatty(fd_.get()) == 0) fail("not a serial device; give a port such as /dev/ttyUSB0");
  if (!take_port(fd_.get())) fail_to_open(EBUSY);
  configure(baud_rate);
}

SerialPort::~SerialPort() {
  if (!fd_) return;
  if (configured_ && !gone_) {
    // Without HUPCL even if it was set: it would pull the modem lines when the port closes.
    before_.c_cflag &= ~static_cast<tcflag_t>(HUPCL);
    tcsetattr(fd_.get(), TCSANOW, &before_);
  }
  release_port(fd_.get());
}

void SerialPort::configure(unsigned baud_rate) {
  if (tcgetattr(fd_.get(), &before_) != 0) fail_to_open(errno);
  termios settings = before_;
  settings.c_iflag = INPCK | PARMRK;
  settings.c_oflag = 0;
  settings.c_lflag = 0;
  settings.c_cflag = CS8 | CREAD | CLOCAL;
  settings.c_cc[VMIN] = 1;
  settings.c_cc[VTIME] = 0;
  const speed_t speed = speed_constant(baud_rate);
  cfsetispeed(&settings, speed);
  cfsetospeed(&settings, speed);
  if (tcsetattr(fd_.get(), TCSANOW, &settings) != 0) fail_to_open(errno);
  configured_ = true;

  // tcsetattr() is content with having set anything at all.
  termios now{};
  if (tcgetattr(fd_.get(), &now) != 0) fail_to_open(errno);
  if (cfgetospeed(&now) != speed)
    fail("the port does not do " + std::to_string(baud_rate) + " bit/s; use another adapter");
  marks_errors_ = (now.c_iflag & PARMRK) != 0;
  read_counters(fd_.get(), counted_);
}

void SerialPort::discard_backlog() {
  tcflush(fd_.get(), TCIFLUSH);
  read_counters(fd_.get(), counted_);
}

std::size_t SerialPort::read(std::span<std::uint8_t> buffer) {
  if (gone_) return 0;
  const ssize_t size = ::read(fd_.get(), buffer.data(), buffer.size());
  if (size > 0) return static_cast<std::size_t>(size);
  gone_ = size == 0 || (errno != EAGAIN && errno != EINTR);
  return 0;
}

TroubleCount SerialPort::trouble() {
  TroubleCount total;
  if (!read_counters(fd_.get(), total)) return {};
  const TroubleCount before = std::exchange(counted_, total);
  return {total.framing - before.framing, total.parity - before.parity,
          total.breaks - before.breaks, total.overruns - before.overruns};
}

void SerialPort::fail(const std::string& reason) const {
  throw Problem(name_ + " " + path_ + ": " + reason);
}

void SerialPort::fail_to_open(int error) const {
  switch (error) {
    case ENOENT:
      fail("no such port; is the adapter plugged in? (" + ports_there_are() + ")");
    case EACCES:
    case EPERM: {
      const std::string group = group_to_join(path_);
      if (group.empty()) fail("no permission to read it; \"ls -l " + path_ + "\" shows who may");
      fail("no permission to read it; run \"sudo usermod -aG " + group +
           " $USER\" and log in again");
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

}  // namespace mep::extcap
