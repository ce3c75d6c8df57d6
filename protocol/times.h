// The guide's date and time types in readable and in countable form, pages 40 to 42.
//
// Protocol. To be added here: the guide's times as text and as seconds.
// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "protocol/types.h"

namespace mep {

// A calendar date and a time of day, all of it within bounds.
struct DateTime {
  int year;  // 2000 to 2255
  int month, day, hour, minute, second;
};

// STIME_DATE (5 bytes) and LTIME_DATE (6 bytes): nothing where a part is out of bounds, as in
// times that were never set (all zeros).
std::optional<DateTime> parse_date_time(Bytes bytes);
// Seconds since 1970-01-01 00:00 of the same clock.
std::int64_t seconds_since_1970(const DateTime& when);
// The same the other way round; for years from 2000 to 2255.
DateTime date_time(std::int64_t seconds_since_1970);
// The bytes of a time: 5 without, 6 with seconds.
std::string date_time_text(const DateTime& when, bool seconds);

// TIME: "07:30:00", or nothing where it is out of bounds.
std::optional<std::string> time_text(Bytes bytes);
// ANSI_DATE: "2022-03-01", or nothing.
std::optional<std::string> ansi_date_text(std::uint16_t bits);
// RDATE in words: "last Sunday in March, on or after day 25". Never empty.
std::string rdate_text(std::uint16_t bits);

}  // namespace mep
