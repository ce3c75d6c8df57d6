// What a walk over a table's bytes found, as a list in the packet's memory.
//
// Plugin, showing. To be added here: what the tree needs to know of a walk; the walk itself is
// protocol/walker.
// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "plugin/wireshark.h"
#include "protocol/walker.h"

namespace mep::plugin {

// Wireshark's tree functions may leave by longjmp, and the walker has destructors on its stack: so
// the walk comes first, into memory of the packet, and the tree is made from what it found.
struct Found {
  enum class What : std::uint8_t { enter, leave, leaf, undecoded } what;
  const Node* node;
  std::uint64_t position;
  std::uint64_t size;
  std::uint64_t visible_from;
  std::uint32_t visible_size;
  std::int32_t index;    // of an array's element or a register; -1: none
  std::int32_t source;   // of a register; -1: unknown
  std::int32_t unit_of;  // source whose unit a number has; -1: none
  bool complete;
  bool has_value;  // see value_of()
  bool unused;     // its value means nothing here
  const char* why;
};

struct Findings {
  std::span<const Found> items;
  const char* assumed;  // the dimensions that had to be assumed; null: none

  unsigned count() const { return static_cast<unsigned>(items.size()); }
  const Found& operator[](unsigned i) const { return items[i]; }
};

// Walks; everything in the result lives as long as `pool`.
Findings find(wmem_allocator_t* pool, const Node& root, const Stretch& stretch,
              const Dimensions& dimensions);

// "[assumed BT21, BT22]": the tables whose dimensions `assumed` names, as Findings have it, but for
// one dimension. Empty where that leaves none.
const char* assumed_mark(wmem_allocator_t* pool, const char* assumed,
                         std::optional<Dim> but = std::nullopt);

// The visible bytes of what was found in `stretch`.
inline Bytes bytes_of(const Found& found, const Stretch& stretch) {
  return stretch.bytes.subspan(found.visible_from - stretch.offset, found.visible_size);
}
// The value of what is an integer or a word of bits, and wholly there; 0 where `has_value` is not
// set. What was found may be the same in many frames, and the value is this one's.
inline std::int64_t value_of(const Found& found, const Stretch& stretch) {
  if (!found.has_value) return 0;
  return integer_value(*found.node, bytes_of(found, stretch)).value_or(0);
}

}  // namespace mep::plugin
