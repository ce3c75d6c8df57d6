// Puts frames together from bytes that were logged in pieces, and finds out who sent them.
//
// Captures. To be added here: what else tells frames of a log apart.
// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "captures/log_reader.h"
#include "protocol/types.h"

namespace mep::captures {

struct ImportedFrame {
  Direction direction = Direction::unknown;
  WallTime time = 0;
  std::vector<std::uint8_t> bytes;  // with its length field
  std::size_t line = 0;             // where it begins
  std::string comment;              // what of it was guessed; empty: nothing
};

struct Assembled {
  std::vector<ImportedFrame> frames;  // in the log's order
  std::vector<Unused> unused;         // bytes that form no frame, in lines
  std::size_t unused_bytes = 0;
  std::vector<std::string> remarks;  // what holds for all of it: where times come from
};

// All bytes of `logged` are in a frame or in `unused`.
Assembled assemble(const std::vector<Logged>& logged);

}  // namespace mep::captures
