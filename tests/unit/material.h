// What the tests work with: the guide's frames, bytes written as hex, random bytes that are the
// same in every run.
// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <optional>
#include <random>
#include <string_view>
#include <vector>

#include "protocol/types.h"

namespace mep::test {

using Buffer = std::vector<std::uint8_t>;

// "00 14 3F": two hex digits a byte, blanks as one likes.
Buffer hex(std::string_view text);

struct GuideFrame {
  Direction direction;
  Buffer bytes;                           // with the length field
  std::uint16_t page;                     // where the guide prints it
  bool tls;                               // otherwise clear, with an RC4 trailer
  bool default_key;                       // its digest is made with the factory default key
  std::optional<std::size_t> pairs_with;  // of a response: its request's place in guide_frames()

  Bytes message() const { return Bytes(bytes).subspan(length_field_size); }
};

// samples/guide-frames.jsonl, in the file's order.
const std::vector<GuideFrame>& guide_frames();

// std::uniform_int_distribution differs between standard libraries, the engine does not.
class Random {
 public:
  explicit Random(std::uint32_t seed) : engine_(seed) {}
  std::uint32_t below(std::uint32_t limit) { return static_cast<std::uint32_t>(engine_() % limit); }
  std::uint32_t between(std::uint32_t low, std::uint32_t high) {
    return low + below(high - low + 1);
  }
  bool once_in(std::uint32_t times) { return below(times) == 0; }
  std::uint8_t byte() { return static_cast<std::uint8_t>(engine_()); }
  Buffer bytes(std::size_t size) {
    Buffer made(size);
    for (std::uint8_t& each : made) each = byte();
    return made;
  }

 private:
  std::mt19937 engine_;
};

}  // namespace mep::test
