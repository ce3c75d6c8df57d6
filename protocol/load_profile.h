// When the intervals of a load profile ended, pages 234 to 240.
//
// A block of BT64 to BT67 states one time, that of its most recently recorded interval, and marks
// which intervals were recorded. The others follow at the interval time of BT61. Blocks are longer
// than a frame: what a block's header told is remembered for the frames that carry the rest of it.
//
// Protocol. To be added here: arithmetic of blocks and intervals.
// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <optional>

#include "protocol/dimensions.h"
#include "protocol/schema.h"
#include "protocol/types.h"

namespace mep {

// 0 for BT64 to 3 for BT67; nothing for other tables.
std::optional<unsigned> load_profile_set(std::uint16_t table);

// A value: what is known of one block's header.
struct BlockHeader {
  std::uint32_t block = 0;  // index
  // Seconds since 1970 UTC: the end of the most recently recorded interval.
  std::optional<std::int64_t> end;
  std::optional<std::uint32_t> newest;  // index of that interval
};

// Whether the block's status marks the interval as processed.
bool is_processed(Bytes block_status, std::uint32_t interval);

// Whether a channel with that status has a value in the interval: not where it was skipped or is
// encrypted, and not where the device never answered, pages 240 and 241.
bool has_value(unsigned channel_status);

// Reads headers as a walk comes by: hand on what the visitor is told.
class BlockHeaderReader {
 public:
  BlockHeaderReader(unsigned set, const Dimensions& dimensions)
      : set_(set), dimensions_(dimensions) {}
  // The header of the block that is being visited, as far as it has been.
  const BlockHeader& header() const { return header_; }
  void enter(const Node& node, std::optional<std::uint32_t> index);
  // `bytes`: of a complete leaf.
  void leaf(const Node& node, Bytes bytes);

 private:
  unsigned set_;
  const Dimensions& dimensions_;
  BlockHeader header_;
};

// How long the intervals of a set are; nothing before BT61 (or what repeats it) has been seen.
std::optional<std::int64_t> interval_seconds(const Dimensions& dimensions, unsigned set);

// When the interval ended, in seconds since 1970 UTC. Nothing where that would be a guess: without
// a header or the interval time, or for an interval that had not been recorded.
std::optional<std::int64_t> interval_end(const Dimensions& dimensions, unsigned set,
                                         const BlockHeader& header, std::uint32_t interval);

// Takes a header that has been read to its end into the dimensions: one that tells no time makes
// them forget what they knew of the block. True if that is news.
bool remember(const BlockHeader& header, unsigned set, Dimensions& dimensions);
// What the dimensions remember of that block; only its index where that is nothing.
BlockHeader remembered_header(const Dimensions& dimensions, unsigned set, std::uint32_t block);

}  // namespace mep
