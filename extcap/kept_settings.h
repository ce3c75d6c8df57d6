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

// The values that the profiles in Wireshark's personal folder have for an option: it does not tell
// which of them is in use. `interface` and `option` as mepdump has them, "mep-demo" and "speed-up".
// Each value once and as it stands in the file; none where nothing can be read.
std::vector<std::string> kept_values(const std::filesystem::path& folder,
                                     std::string_view interface, std::string_view option);

}  // namespace mep::extcap
