// SPDX-License-Identifier: GPL-2.0-or-later
#include "extcap/serial_port.h"

#include <linux/serial.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "extcap/port_list.h"
#include "system/text.h"

namespace mep::extcap {
namespace {

std::string ports_there_are() {
  std::vector<std::string> paths;
  for (const ListedPort& port : list_ports()) paths.push_back(port.path);
  return paths.empty() ? "no serial port was found" : "there is " + system::listed(paths);
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

SerialPort::SerialPort(std::string name, std::string path, unsigned baud_rate,
                       const system::Sharing& sharing)
    : device_(std::move(name), std::move(path), baud_rate, system::PortUse::listen, ports_there_are,
              sharing) {
  read_counters(fd(), counted_);
}

void SerialPort::discard_backlog() {
  tcflush(fd(), TCIFLUSH);
  read_counters(fd(), counted_);
}

std::size_t SerialPort::read(std::span<std::uint8_t> buffer) {
  if (gone_) return 0;
  const ssize_t size = ::read(fd(), buffer.data(), buffer.size());
  if (size > 0) return static_cast<std::size_t>(size);
  gone_ = size == 0 || (errno != EAGAIN && errno != EINTR);
  if (gone_) device_.note_gone();
  return 0;
}

TroubleCount SerialPort::trouble() {
  TroubleCount total;
  if (!read_counters(fd(), total)) return {};
  const TroubleCount before = std::exchange(counted_, total);
  return {total.framing - before.framing, total.parity - before.parity,
          total.breaks - before.breaks, total.overruns - before.overruns};
}

}  // namespace mep::extcap
