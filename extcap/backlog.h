// Bytes that waited while nobody looked: which of them came first, and when about.
//
// A computer that was held up finds bytes of both lines, and nothing says when they came. A line's
// own order is known, how long each byte takes, and that client and meter speak in turn: a request,
// its answer, the next request (page 20).
//
// Extcap. To be added here: what orders bytes that have no times.
// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include "protocol/frame.h"
#include "protocol/types.h"

namespace mep::extcap {

// Bytes of one line that belong together: a frame, an alert, noise, or a part of one.
struct BacklogPart {
  std::size_t size;         // in bytes
  bool continues = false;   // its first bytes came before
  bool alert = false;       // is nobody's turn
  bool unfinished = false;  // the rest is still to come
};

struct BacklogLine {
  Direction direction;
  Instant byte_time;
  std::vector<BacklogPart> parts;  // in their order
};

// When what was waiting can have come.
struct BacklogTime {
  Instant begin;  // when there was nothing that waited
  Instant end;    // when it was read
  // Whether the last of it came just now; otherwise all of that time is as likely.
  bool ends_now;
};

// The arrival of each byte, for each line. No two are the same, none is before or at `begin`, and
// none after `end` if there are nanoseconds enough. `awaited`: who was to speak next.
std::vector<std::vector<Instant>> arrivals_in_backlog(std::span<const BacklogLine> lines,
                                                      const BacklogTime& time,
                                                      std::optional<Direction> awaited);

}  // namespace mep::extcap
