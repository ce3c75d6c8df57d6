// Finds the bytes of frames in what people have: logs of clients, of ESPHome, of strace, lists of
// logic analysers, hex dumps, rows of status pages.
//
// There is no list of formats: a line is taken apart into marks ("Request:", ">>>", "RX",
// write(…)), a time, and runs of hexadecimal bytes, however they are written. What a run's mark
// means is found out later, from all of them together (assembler.h).
//
// Captures. To be added here: another way in which a line says bytes, a time or a direction.
// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "captures/capture_reader.h"
#include "protocol/types.h"

namespace mep::captures {

// Bytes that came one after the other in one direction.
struct Logged {
  std::size_t line = 0;  // counted from 1; of captures the record
  std::string mark;      // what the log says of who sent it, in small letters; empty: nothing
  Direction meant = Direction::unknown;  // what that mark usually means
  std::optional<WallTime> time;          // where the line has one
  bool dated = false;                    // with its date
  std::vector<std::uint8_t> bytes;
};

// Something that was not used, and why.
struct Unused {
  std::size_t line = 0;
  std::string why;
};

struct LogContents {
  std::vector<Logged> logged;
  std::vector<Unused> unused;
  std::size_t lines = 0;
};

// Reads a whole log. Never fails: what means nothing is in `unused`; empty lines are nothing.
LogContents read_log(std::string_view text);

}  // namespace mep::captures
