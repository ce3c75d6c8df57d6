// What a frame has of a load profile: its intervals, when they ended, which of them are whole.
//
// Plugin, showing. To be added here: what concerns intervals of load profiles; their arithmetic is
// protocol/load_profile.
// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <type_traits>

#include "plugin/findings.h"
#include "plugin/wireshark.h"
#include "protocol/dimensions.h"
#include "protocol/load_profile.h"

namespace mep::plugin {

// What a frame has of an interval.
struct SeenInterval {
  bool whole;      // with the values of all channels
  bool processed;  // as far as the block's status says otherwise
  std::optional<std::int64_t> end;

  // Its values are readings, and the time that belongs to them is told.
  bool timed() const { return whole && processed && end; }
};

// Where in a load profile the findings are. Without a destructor, as all of this.
struct ProfilePlace {
  unsigned set;
  const Dimensions* dimensions;
  BlockHeaderReader reader;
  Bytes status;             // the block's, where this frame has it
  std::int32_t pair;        // of channels, in an interval's status
  const SeenInterval* now;  // the interval; null outside of one
  bool any_timed;           // among the frame's intervals
  std::array<std::uint8_t, channels_per_set> channel_status;  // of the interval, as far as it came

  // What this frame tells of the block, or an earlier one did.
  BlockHeader header() const {
    const BlockHeader& here = reader.header();
    if (!status.empty()) return here;
    return remembered_header(*dimensions, set, here.block);
  }
  std::optional<std::uint16_t> source(std::uint32_t channel) const {
    const auto learned = dimensions->learned(Dim::channel_source, set * channels_per_set + channel);
    if (!learned) return std::nullopt;
    return static_cast<std::uint16_t>(*learned);
  }
  // Whose status these bits of an interval are; nothing for other bits.
  std::optional<std::uint32_t> channel_of(const BitField& field) const {
    const auto before = 2 * static_cast<std::uint32_t>(std::max(pair, 0));
    if (field.role == Role::channel_0_status) return 0;
    if (field.role == Role::odd_channel_status) return before + 1;
    if (field.role == Role::even_channel_status) return before + 2;
    return std::nullopt;
  }
  std::uint32_t channels() const {
    return static_cast<std::uint32_t>(dimensions->get(Dim::load_profile_channels, set));
  }
  // Filters and exports see as many times as values of each channel: a value without its time, of
  // an interval that is cut or was not recorded, is shown, but as no reading. Where no interval of
  // the frame has a time, the capture does not tell times, and values are what there is.
  bool values_are_readings() const {
    return !now || now->timed() || (now->whole && now->processed && !any_timed);
  }

  bool has_value(std::uint32_t channel) const {
    return channel >= channels_per_set || mep::has_value(channel_status[channel]);
  }

  void enter(const Node& node, std::uint32_t index) {
    reader.enter(node, index);
    if (node.role == Role::block) status = {};
    if (node.role == Role::channel_pair) pair = static_cast<std::int32_t>(index);
    if (node.role != Role::interval) return;
    pair = -1;
    channel_status = {};
  }
  // What a leaf tells of the block.
  void block_leaf(const Found& found, Bytes bytes) {
    reader.leaf(*found.node, bytes);
    if (found.node->role == Role::block_status) status = bytes;
  }
  void leaf(const Found& found, Bytes bytes) {
    block_leaf(found, bytes);
    for (const BitField& field : found.node->bit_fields())
      if (const auto channel = channel_of(field); channel && *channel < channels_per_set)
        channel_status[*channel] =
            static_cast<std::uint8_t>(bits_value(field, *integer_value(*found.node, bytes)));
  }
};

static_assert(std::is_trivially_destructible_v<ProfilePlace>);

// Where a table that is a load profile begins; nothing for other tables.
std::optional<ProfilePlace> profile_place(const Node& root, const Dimensions& dimensions);

// Whether an interval begins here.
bool is_interval(const Found& found);

// All intervals of the frame, in their order: what is known of one may stand in the frame before
// it, and whether others have times decides how it is shown. An array of SeenInterval, which lives
// as long as `pool`; `profile` is told whether any has a time.
wmem_array_t* seen_intervals(wmem_allocator_t* pool, ProfilePlace& profile,
                             const Findings& findings, const Stretch& stretch);

}  // namespace mep::plugin
