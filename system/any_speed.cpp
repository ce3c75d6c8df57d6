// SPDX-License-Identifier: GPL-2.0-or-later
#include "system/any_speed.h"

// The kernel's, which do not go together with termios.h.
#include <asm/ioctls.h>
#include <asm/termbits.h>
#include <linux/ioctl.h>

#include <sys/ioctl.h>

#include <algorithm>
#include <cerrno>

#include "system/serial_device.h"

namespace mep::system {

bool set_any_speed(int fd, const TerminalSettings& settings, unsigned bits_per_second, bool drain) {
  termios2 wanted{};
  wanted.c_iflag = settings.input;
  wanted.c_oflag = settings.output;
  // With the same speed for what is received.
  wanted.c_cflag = (settings.control & ~static_cast<tcflag_t>(CBAUD | CBAUD << IBSHIFT)) | BOTHER;
  wanted.c_lflag = settings.local;
  std::ranges::copy(settings.characters, wanted.c_cc);
  wanted.c_ispeed = bits_per_second;
  wanted.c_ospeed = bits_per_second;
  if (ioctl(fd, drain ? TCSETSW2 : TCSETS2, &wanted) != 0) return false;

  termios2 now{};
  if (ioctl(fd, TCGETS2, &now) != 0) return false;
  errno = 0;
  return speed_serves(bits_per_second, now.c_ospeed);
}

}  // namespace mep::system
