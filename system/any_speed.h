// A serial port's speed as a number, also where termios(3) has no name for it (14400, 28800).
//
// System. To be added here: what of a terminal only the kernel's own interface can say.
// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <array>

namespace mep::system {

// What goes into a terminal's settings with its speed; the flags as termios(3) has them.
struct TerminalSettings {
  unsigned input = 0;
  unsigned output = 0;
  unsigned control = 0;
  unsigned local = 0;
  std::array<unsigned char, 17> characters = {};  // c_cc's first
};

// Sets all of it in one go, `drain`: once everything has left. Returns whether the terminal has
// that speed then, give or take what its clock's divider makes of it; errno says why not, 0 that it
// has another one.
bool set_any_speed(int fd, const TerminalSettings& settings, unsigned bits_per_second, bool drain);

}  // namespace mep::system
