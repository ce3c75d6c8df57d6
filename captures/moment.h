// Moments as people type them, and as logs have them.
//
// Captures. To be added here: another way to write a time.
// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "captures/capture_reader.h"

namespace mep::captures {

// "2026-03-01T07:30:00.123", a blank in place of the T, a Z behind it, without seconds or without
// the time of day: UTC. Nothing for anything else.
std::optional<WallTime> parse_moment(std::string_view text);

// "07:30:00.123456" as nanoseconds since midnight; a comma or a colon before the fraction will do.
std::optional<WallTime> parse_time_of_day(std::string_view text);

// The same, or the number of a record, counted from 1, for an option; nothing where it was not
// given. Throws a Problem that names the option.
std::optional<WallTime> moment_of(const std::string& text, const char* option,
                                  const CaptureFile& capture);

}  // namespace mep::captures
