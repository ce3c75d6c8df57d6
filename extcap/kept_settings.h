// What Wireshark has kept of the options of an interface, to offer again what is not there any
// more.
//
// Where it has kept a value that a list does not offer, its dialog shows another one, and saves
// that.
//
// Extcap. To be added here: another file in which a version of Wireshark keeps them.
// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace mep::extcap {

// Wireshark's personal folder: WIRESHARK_CONFIG_DIR, or "wireshark" where the user's settings are.
std::filesystem::path wireshark_folder();

// What all of the profiles in a personal folder of Wireshark's have: it does not tell which of them
// is in use. The files are read once, when it is made; nothing is kept of what cannot be read.
class KeptSettings {
 public:
  explicit KeptSettings(const std::filesystem::path& folder);

  // An option's values, each once and as it stands in the file. `interface` and `option` as mepdump
  // has them, "mep-demo" and "speed-up".
  std::vector<std::string> values(std::string_view interface, std::string_view option) const;

 private:
  std::vector<std::string> lines_;  // of all extcaps
};

}  // namespace mep::extcap
