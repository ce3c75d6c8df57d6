// SPDX-License-Identifier: GPL-2.0-or-later
#include "extcap/kept_settings.h"

#include <glib.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>

namespace mep::extcap {
namespace {

namespace fs = std::filesystem;

// Up to 4.0 they are among all preferences, since then in a file of their own.
constexpr const char* file_names[] = {"extcap.cfg", "preferences"};
// A file of preferences has half a million bytes. What is longer is none.
constexpr std::uintmax_t largest_file = 16U << 20;

constexpr std::string_view of_extcaps = "extcap.";

// What Wireshark calls it there.
std::string key_of(std::string_view interface, std::string_view option) {
  std::string in_file(interface);
  std::ranges::replace(in_file, '-', '_');
  std::string key = std::string(of_extcaps) + in_file + ".";
  std::ranges::remove_copy(option, std::back_inserter(key), '-');
  return key + ":";
}

std::vector<fs::path> profiles(const fs::path& folder) {
  std::vector<fs::path> all = {folder};
  std::error_code error;
  for (fs::directory_iterator entry(folder / "profiles", error), end; !error && entry != end;
       entry.increment(error))
    all.push_back(entry->path());
  // In an order that is the same each time.
  std::sort(all.begin() + 1, all.end());
  return all;
}

}  // namespace

fs::path wireshark_folder() {
  if (const char* named = std::getenv("WIRESHARK_CONFIG_DIR"); named != nullptr && *named != '\0')
    return named;
  fs::path folder = fs::path(g_get_user_config_dir()) / "wireshark";
  // Where it was for long, and is taken as long as it is the only one.
  fs::path old = fs::path(g_get_home_dir()) / ".wireshark";
  std::error_code ignored;
  const bool is_old = !fs::exists(folder, ignored) && fs::is_directory(old, ignored);
  return is_old ? old : folder;
}

KeptSettings::KeptSettings(const fs::path& folder) {
  for (const fs::path& profile : profiles(folder)) {
    for (const char* name : file_names) {
      std::error_code error;
      if (fs::file_size(profile / name, error) > largest_file || error) continue;
      std::ifstream file(profile / name);
      for (std::string line; std::getline(file, line);)
        if (line.starts_with(of_extcaps)) lines_.push_back(line);
    }
  }
}

std::vector<std::string> KeptSettings::values(std::string_view interface,
                                              std::string_view option) const {
  const std::string key = key_of(interface, option);
  std::vector<std::string> values;
  for (const std::string& line : lines_) {
    if (!line.starts_with(key)) continue;
    const auto begin = line.find_first_not_of(' ', key.size());
    if (begin == std::string::npos) continue;
    std::string value = line.substr(begin, line.find_last_not_of(" \r") + 1 - begin);
    if (std::ranges::find(values, value) == values.end()) values.push_back(std::move(value));
  }
  return values;
}

}  // namespace mep::extcap
