// What the fuzz targets share: bytes taken off an input, and rules that must hold.
// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <vector>

#include "protocol/types.h"

namespace mep::fuzz {

using Buffer = std::vector<std::uint8_t>;

// libFuzzer keeps what led here as a crash.
inline void must(bool holds, const char* rule) {
  if (holds) return;
  std::fprintf(stderr, "does not hold: %s\n", rule);
  std::abort();
}

// The input, taken from its front; zeros once it is used up.
class Feed {
 public:
  Feed(const std::uint8_t* data, std::size_t size) : left_(data, size) {}

  std::uint8_t byte() { return static_cast<std::uint8_t>(number(1)); }
  // Big-endian, of `size` bytes.
  std::uint64_t number(std::size_t size) {
    std::uint64_t made = 0;
    for (std::size_t i = 0; i < size; ++i) {
      made <<= 8U;
      if (left_.empty()) continue;
      made |= left_[0];
      left_ = left_.subspan(1);
    }
    return made;
  }
  Bytes some(std::size_t size) {
    const Bytes taken = left_.first(std::min(size, left_.size()));
    left_ = left_.subspan(taken.size());
    return taken;
  }
  Bytes rest() { return some(left_.size()); }
  bool empty() const { return left_.empty(); }

 private:
  Bytes left_;
};

inline Buffer copy(Bytes bytes) {
  return {bytes.begin(), bytes.end()};
}

inline bool same(Bytes a, Bytes b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end());
}

}  // namespace mep::fuzz
