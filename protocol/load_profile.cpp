// SPDX-License-Identifier: GPL-2.0-or-later
#include "protocol/load_profile.h"

#include "protocol/names.h"
#include "protocol/times.h"

namespace mep {
namespace {

// Beside each other in Dimensions: a frame may hold the end of one block and the header of the
// next.
constexpr std::size_t remembered_blocks = 4;
constexpr std::int32_t no_block = -1;
constexpr std::int64_t minute = 60;
constexpr std::int64_t year_2000 = 946684800;  // in seconds since 1970

std::size_t slot_of_block(unsigned set, std::uint32_t block) {
  return set * remembered_blocks + block % remembered_blocks;
}

// Ascending is what the guide states for all meters, page 237.
bool is_descending(const Dimensions& dimensions, unsigned set) {
  return dimensions.get(Dim::load_profile_interval_order, set) != 0;
}

std::optional<std::uint32_t> newest_of(Bytes block_status, bool descending) {
  const auto intervals = static_cast<std::uint32_t>(block_status.size() * 8);
  for (std::uint32_t i = 0; i < intervals; ++i) {
    const std::uint32_t interval = descending ? i : intervals - 1 - i;
    if (is_processed(block_status, interval)) return interval;
  }
  return std::nullopt;
}

}  // namespace

// BT61.12: minutes, or 84 for a day, page 235.
std::optional<std::int64_t> interval_seconds(const Dimensions& dimensions, unsigned set) {
  constexpr std::int32_t a_day = 84;
  const auto time = dimensions.learned(Dim::load_profile_interval_time, set);
  if (!time || *time <= 0) return std::nullopt;
  return (*time == a_day ? 24 * 60 : *time) * minute;
}

std::optional<unsigned> load_profile_set(std::uint16_t table) {
  if (table < BT(64) || table > BT(67)) return std::nullopt;
  return table - BT(64);
}

bool is_processed(Bytes block_status, std::uint32_t interval) {
  return interval / 8 < block_status.size() &&
         (block_status[interval / 8] >> (interval % 8) & 1) != 0;
}

bool has_value(unsigned channel_status) {
  switch (channel_status) {
    case 4:   // skipped
    case 8:   // decryption failure
    case 10:  // device missing
    case 12:  // skipped by opt out
    case 15:  // placeholder
      return false;
    default:
      return true;
  }
}

void BlockHeaderReader::enter(const Node& node, std::optional<std::uint32_t> index) {
  if (index && node.role == Role::block) header_ = {*index, std::nullopt, std::nullopt};
}

void BlockHeaderReader::leaf(const Node& node, Bytes bytes) {
  if (node.role == Role::block_end) {
    if (const auto when = parse_date_time(bytes)) header_.end = seconds_since_1970(*when);
  } else if (node.role == Role::block_status) {
    header_.newest = newest_of(bytes, is_descending(dimensions_, set_));
  }
}

std::optional<std::int64_t> interval_end(const Dimensions& dimensions, unsigned set,
                                         const BlockHeader& header, std::uint32_t interval) {
  const auto length = interval_seconds(dimensions, set);
  if (!length || !header.end || !header.newest) return std::nullopt;
  const bool descending = is_descending(dimensions, set);
  const auto before = descending ? std::int64_t{interval} - *header.newest
                                 : std::int64_t{*header.newest} - interval;
  if (before < 0) return std::nullopt;
  return *header.end - before * *length;
}

bool remember(const BlockHeader& header, unsigned set, Dimensions& dimensions) {
  const std::size_t slot = slot_of_block(set, header.block);
  if (!header.end || !header.newest) {
    const bool known = remembered_header(dimensions, set, header.block).end.has_value();
    return known && dimensions.learn(Dim::seen_block, slot, no_block);
  }
  const auto minutes = static_cast<std::int32_t>((*header.end - year_2000) / minute);
  bool news = dimensions.learn(Dim::seen_block, slot, static_cast<std::int32_t>(header.block));
  news |= dimensions.learn(Dim::seen_block_end, slot, minutes);
  news |=
      dimensions.learn(Dim::seen_newest_interval, slot, static_cast<std::int32_t>(*header.newest));
  return news;
}

BlockHeader remembered_header(const Dimensions& dimensions, unsigned set, std::uint32_t block) {
  const std::size_t slot = slot_of_block(set, block);
  BlockHeader header{block, std::nullopt, std::nullopt};
  if (dimensions.learned(Dim::seen_block, slot) != static_cast<std::int32_t>(block)) return header;
  const auto minutes = dimensions.learned(Dim::seen_block_end, slot);
  const auto newest = dimensions.learned(Dim::seen_newest_interval, slot);
  if (!minutes || !newest) return header;
  header.end = year_2000 + *minutes * minute;
  header.newest = static_cast<std::uint32_t>(*newest);
  return header;
}

}  // namespace mep
