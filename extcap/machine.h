// What a capture's section header says of the machine that captured.
//
// Extcap. To be added here: what a capture says of the machine that it was made on.
// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <istream>
#include <string>

namespace mep::extcap {

// "Intel(R) Core(TM) i5-8250U CPU @ 1.60GHz", "Raspberry Pi 4 Model B Rev 1.4"; empty where the
// kernel does not say.
std::string hardware_name();
// The same from the text of a /proc/cpuinfo.
std::string hardware_name(std::istream& cpuinfo);

// "Linux 6.1.0-18-amd64, Debian GNU/Linux 12 (bookworm)".
std::string operating_system_name();

}  // namespace mep::extcap
