// The time for sessions that are to be the same byte for byte. mbedTLS begins its hellos' random
// bytes with what time() says, and as distributions build it, it can be told nothing else. In a
// program that links this file it finds this function before the C library's.
//
// Only a handshake with seeded random numbers gets the made-up time; everybody else the real one.
// SPDX-License-Identifier: GPL-2.0-or-later
#include <ctime>

#include "simulator/security/tls_end.h"

extern "C" time_t time(time_t* result) noexcept {
  constexpr time_t made_up = 1'700'000'000;
  time_t seconds = made_up;
  if (!mep::simulator::wants_made_up_time()) {
    timespec now{};
    clock_gettime(CLOCK_REALTIME, &now);
    seconds = now.tv_sec;
  }
  if (result) *result = seconds;
  return seconds;
}
