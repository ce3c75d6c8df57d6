// What a walk over a table's bytes found, as a list in the packet's memory.
//
// Plugin, showing. To be added here: what the tree needs to know of a walk; the walk itself is
// protocol/walker.
// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

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
  bool has_value;
  bool unused;  // its value means nothing here
  std::int64_t value;
  const char* why;
};

struct Findings {
  wmem_array_t* items;  // of Found
  const char* assumed;  // the dimensions that had to be assumed; null: none

  unsigned count() const { return wmem_array_get_count(items); }
  const Found& operator[](unsigned i) const {
    return *static_cast<const Found*>(wmem_array_index(items, i));
  }
};

// Walks; everything in the result lives as long as `pool`.
Findings find(wmem_allocator_t* pool, const Node& root, const Stretch& stretch,
              const Dimensions& dimensions);

// "BT21, BT22": the tables whose dimensions `assumed` names, as Findings have it.
const char* tables_of(wmem_allocator_t* pool, const char* assumed);

// The visible bytes of what was found in `stretch`.
inline Bytes bytes_of(const Found& found, const Stretch& stretch) {
  return stretch.bytes.subspan(found.visible_from - stretch.offset, found.visible_size);
}

}  // namespace mep::plugin
