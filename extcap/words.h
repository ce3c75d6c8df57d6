// How mepdump says amounts and times to people, on standard error and in captures.
//
// Extcap. To be added here: another kind of amount.
// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "protocol/frame.h"
#include "system/pcapng_writer.h"

namespace mep::extcap {

// "1 record", "2 records".
std::string counted(std::uint64_t number, const std::string& what);
// "0.250 s"
std::string seconds_text(Instant duration);
// "16 MiB", "512 KiB", "100 bytes"
std::string size_text(std::size_t bytes);
// In local time: "2026-06-15T08:00:00.250+02:00"
std::string time_text(system::WallTime time);

}  // namespace mep::extcap
