// SPDX-License-Identifier: GPL-2.0-or-later
#include "extcap/words.h"

#include <time.h>

#include <array>
#include <chrono>
#include <iomanip>
#include <sstream>

namespace mep::extcap {

std::string counted(std::uint64_t number, const std::string& what) {
  return std::to_string(number) + " " + what + (number == 1 ? "" : "s");
}

std::string seconds_text(Instant duration) {
  std::ostringstream text;
  text << std::fixed << std::setprecision(3) << std::chrono::duration<double>(duration).count()
       << " s";
  return text.str();
}

std::string size_text(std::size_t bytes) {
  constexpr std::size_t kib = 1024;
  if (bytes % (kib * kib) == 0) return std::to_string(bytes / kib / kib) + " MiB";
  if (bytes % kib == 0) return std::to_string(bytes / kib) + " KiB";
  return std::to_string(bytes) + " bytes";
}

std::string time_text(WallTime time) {
  const time_t seconds = std::chrono::floor<std::chrono::seconds>(Instant(time)).count();
  tm parts{};
  gmtime_r(&seconds, &parts);
  std::array<char, sizeof "2026-06-15T06:00:00Z" + 10> text{};
  return {text.data(), strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &parts)};
}

}  // namespace mep::extcap
