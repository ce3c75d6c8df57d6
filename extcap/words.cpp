// SPDX-License-Identifier: GPL-2.0-or-later
#include "extcap/words.h"

#include <glib.h>

#include <algorithm>
#include <chrono>
#include <iomanip>
#include <memory>
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

std::string time_text(system::WallTime time) {
  const std::chrono::sys_time<Instant> moment{Instant(time)};
  const auto seconds = std::chrono::floor<std::chrono::seconds>(moment);
  const std::unique_ptr<GDateTime, decltype(&g_date_time_unref)> local(
      g_date_time_new_from_unix_local(seconds.time_since_epoch().count()), g_date_time_unref);
  if (!local) return {};
  const auto formatted = [&local](const char* format) {
    const std::unique_ptr<char, decltype(&g_free)> text(g_date_time_format(local.get(), format),
                                                        g_free);
    return std::string(text.get());
  };
  std::string thousandths =
      std::to_string(std::chrono::floor<std::chrono::milliseconds>(moment - seconds).count());
  thousandths.insert(0, 3 - std::min<std::size_t>(thousandths.size(), 3), '0');
  return formatted("%Y-%m-%dT%H:%M:%S") + "." + thousandths + formatted("%:z");
}

}  // namespace mep::extcap
