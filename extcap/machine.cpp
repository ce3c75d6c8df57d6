// SPDX-License-Identifier: GPL-2.0-or-later
#include "extcap/machine.h"

#include <glib.h>
#include <sys/utsname.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <string_view>

#include "system/text.h"

namespace mep::extcap {
namespace {

// The best first: of a PC's processor and of many others', of the whole board on ARM, and of what
// remains. A 64-bit Raspberry Pi has the second alone.
constexpr std::array<std::string_view, 4> keys = {"model name", "Model", "Hardware", "cpu model"};

}  // namespace

std::string hardware_name(std::istream& cpuinfo) {
  std::string name;
  auto best = keys.end();
  for (std::string line; best != keys.begin() && std::getline(cpuinfo, line);) {
    const std::size_t colon = line.find(':');
    if (colon == std::string::npos) continue;
    const std::string_view key = system::without_blanks(std::string_view(line).substr(0, colon));
    const auto found = std::find(keys.begin(), best, key);
    if (found == best) continue;
    best = found;
    name = system::without_blanks(std::string_view(line).substr(colon + 1));
  }
  return name;
}

std::string hardware_name() {
  std::ifstream cpuinfo("/proc/cpuinfo");
  return hardware_name(cpuinfo);
}

std::string operating_system_name() {
  std::string name;
  if (utsname kernel{}; uname(&kernel) == 0)
    name = std::string(kernel.sysname) + " " + kernel.release;
  if (char* distribution = g_get_os_info(G_OS_INFO_KEY_PRETTY_NAME)) {
    name += (name.empty() ? "" : ", ") + std::string(distribution);
    g_free(distribution);
  }
  return name;
}

}  // namespace mep::extcap
