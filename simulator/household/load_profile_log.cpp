// SPDX-License-Identifier: GPL-2.0-or-later
#include "simulator/household/load_profile_log.h"

#include <algorithm>
#include <bit>
#include <iterator>
#include <utility>

namespace mep::simulator {
namespace {

constexpr std::int64_t minute = 60;
constexpr std::int64_t floor_div(std::int64_t value, std::int64_t by) {
  return value / by - (value % by < 0 ? 1 : 0);
}

// Fills `count` elements from `first` with `from`, as far as it goes, and zeros.
template <typename Element>
void put(std::vector<Element>& into, std::size_t first, std::size_t count,
         std::span<const Element> from) {
  const std::size_t given = std::min(count, from.size());
  const auto at = std::next(into.begin(), static_cast<std::ptrdiff_t>(first));
  const auto rest = std::copy_n(from.begin(), given, at);
  std::fill_n(rest, count - given, Element{});
}

}  // namespace

std::int64_t LoadProfileConfig::interval_seconds() const {
  constexpr std::uint8_t a_day = 84;
  return (interval_time == a_day ? 24 * 60 : interval_time) * minute;
}

LoadProfileLog::LoadProfileLog(LoadProfileConfig config) : config_(std::move(config)) {
  const std::size_t intervals = std::size_t{config_.blocks} * config_.intervals_per_block;
  blocks_.resize(config_.blocks);
  simple_statuses_.resize(config_.blocks * simple_status_size());
  commons_.resize(intervals);
  statuses_.resize(intervals * channels());
  values_.resize(intervals * channels());
}

bool LoadProfileLog::ends_interval(std::int64_t second) const {
  return next_end(second - 1) == second;
}

std::int64_t LoadProfileLog::next_end(std::int64_t second) const {
  const std::int64_t length = config_.interval_seconds();
  const std::int64_t since_start = second - config_.block_start;
  return config_.block_start + (floor_div(since_start, length) + 1) * length;
}

std::int64_t LoadProfileLog::end_of(std::int64_t block_number, std::uint16_t interval) const {
  return config_.block_start + block_number * config_.block_seconds() +
         (interval + 1) * config_.interval_seconds();
}

void LoadProfileLog::enter_block(std::int64_t number) {
  if (valid_blocks_ != 0)
    last_block_ = static_cast<std::uint16_t>((last_block_ + 1) % blocks_.size());
  if (valid_blocks_ < config_.blocks) ++valid_blocks_;
  if (unread_blocks_ < config_.blocks) {
    ++unread_blocks_;
  } else {
    overflow_ = true;
  }
  ++sequence_number_;
  blocks_[last_block_] = {number, std::nullopt};
  put<std::uint8_t>(simple_statuses_, last_block_ * simple_status_size(), simple_status_size(), {});
  const std::size_t first = place(last_block_, 0);
  const std::size_t count = config_.intervals_per_block;
  put<CommonStatus>(commons_, first, count, {});
  put<ChannelStatus>(statuses_, first * channels(), count * channels(), {});
  put<std::int32_t>(values_, first * channels(), count * channels(), {});
}

bool LoadProfileLog::interval_ended(std::int64_t second, std::span<const std::int32_t> values,
                                    CommonStatus common, std::span<const ChannelStatus> statuses) {
  if (blocks_.empty() || !ends_interval(second)) return false;
  const bool empty = valid_blocks_ == 0;
  if (!empty && second <= end_time(last_block_)) return false;
  const std::int64_t start = second - config_.interval_seconds() - config_.block_start;
  const std::int64_t number = floor_div(start, config_.block_seconds());
  if (empty || blocks_[last_block_].number != number) enter_block(number);

  const auto interval = static_cast<std::uint16_t>((start - number * config_.block_seconds()) /
                                                   config_.interval_seconds());
  blocks_[last_block_].newest = interval;
  std::uint8_t& simple_status =
      simple_statuses_[last_block_ * simple_status_size() + interval / 8U];
  simple_status = static_cast<std::uint8_t>(simple_status | 1U << interval % 8U);
  const std::size_t at = place(last_block_, interval);
  commons_[at] = common;
  put(statuses_, at * channels(), channels(), statuses);
  put(values_, at * channels(), channels(), values);
  return true;
}

std::uint16_t LoadProfileLog::valid_intervals() const {
  if (valid_blocks_ == 0) return 0;
  int count = 0;
  for (const std::uint8_t byte : simple_status(last_block_)) count += std::popcount(byte);
  return static_cast<std::uint16_t>(count);
}

void LoadProfileLog::blocks_read(std::uint16_t count) {
  unread_blocks_ = static_cast<std::uint16_t>(unread_blocks_ - std::min(count, unread_blocks_));
}

void LoadProfileLog::clear() {
  const std::uint32_t sequence_number = sequence_number_;
  *this = LoadProfileLog(std::move(config_));
  sequence_number_ = sequence_number;
}

std::optional<std::int64_t> LoadProfileLog::end_time(std::uint16_t block) const {
  const Block& found = blocks_[block];
  if (!found.newest) return std::nullopt;
  return end_of(found.number, *found.newest);
}

std::optional<std::uint16_t> LoadProfileLog::newest_interval(std::uint16_t block) const {
  return blocks_[block].newest;
}

Bytes LoadProfileLog::simple_status(std::uint16_t block) const {
  return Bytes(simple_statuses_).subspan(block * simple_status_size(), simple_status_size());
}

LoggedInterval LoadProfileLog::interval(std::uint16_t block, std::uint16_t interval) const {
  const std::size_t at = place(block, interval);
  LoggedInterval found;
  found.processed = (simple_status(block)[interval / 8U] >> (interval % 8U) & 1) != 0;
  found.common = commons_[at];
  found.statuses = std::span(statuses_).subspan(at * channels(), channels());
  found.values = std::span(values_).subspan(at * channels(), channels());
  return found;
}

std::size_t LoadProfileLog::block_size() const {
  return header_size() + config_.intervals_per_block * interval_size();
}

std::optional<std::int64_t> LoadProfileLog::last_block_start() const {
  if (valid_blocks_ == 0) return std::nullopt;
  return config_.block_start + blocks_[last_block_].number * config_.block_seconds();
}

}  // namespace mep::simulator
