// Bytes put together by hand: records that are kept as they were made, messages, parameters.
//
// Simulator/contents. To be added here: records that are put together by hand.
// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <vector>

#include "protocol/bytes.h"
#include "protocol/times.h"
#include "protocol/types.h"

namespace mep::simulator {

inline void append(std::vector<std::uint8_t>& to, Bytes bytes) {
  std::copy(bytes.begin(), bytes.end(), std::back_inserter(to));
}

// Least significant byte first.
inline void append_number(std::vector<std::uint8_t>& to, std::uint64_t value, std::size_t size) {
  to.resize(to.size() + size);
  write_le(to, to.size() - size, size, value);
}

// STIME_DATE, and LTIME_DATE, which has the seconds, page 40.
inline void append_stime_date(std::vector<std::uint8_t>& to, const DateTime& time) {
  for (const int part : {time.year - 2000, time.month, time.day, time.hour, time.minute})
    to.push_back(static_cast<std::uint8_t>(part));
}
inline void append_ltime_date(std::vector<std::uint8_t>& to, const DateTime& time) {
  append_stime_date(to, time);
  to.push_back(static_cast<std::uint8_t>(time.second));
}

}  // namespace mep::simulator
