// One data set of the load profile: what BT61 to BT67 and ET21 say of it, pages 29 to 31, 95 to 97
// and 234 to 241.
//
// A ring of blocks, each of which covers so many intervals of the clock (a day, as a rule). An
// interval's place in its block follows from the time at which it ends. A block takes its place in
// the ring when its first interval is recorded, so that blocks in which nothing was recorded have
// none. Blocks and intervals are in ascending order.
//
// Simulator/household. To be added here: what BT61 to BT67 say of a data set.
// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "protocol/types.h"

namespace mep::simulator {

struct LoadProfileConfig {
  // BT61.12: 1 to 60 minutes, or 84 for a day, page 235.
  std::uint8_t interval_time = 15;
  std::uint16_t intervals_per_block = 96;  // BT61.9, at least 1
  std::uint16_t blocks = 30;               // BT61.7; 0: the data set is off
  std::vector<std::uint8_t> sources;       // BT62: source IDs of the channels, page 204
  // ET21.89 and .90: when blocks start, in seconds of the UTC day. Where blocks do not fit into
  // days, the one that starts then on 1970-01-01; the others follow it (page 30).
  std::int32_t block_start = 0;

  std::int64_t interval_seconds() const;
  std::int64_t block_seconds() const { return interval_seconds() * intervals_per_block; }
};

// Of all channels, page 240.
struct CommonStatus {
  bool daylight_savings = false;     // in effect during the interval or at its start
  bool power_fail = false;           // within the interval
  bool clock_reset_forward = false;  // during the interval
  bool clock_reset_backward = false;
};

// Of one channel, pages 240 and 241: the numbers that a simulated meter may have to say.
enum class ChannelStatus : std::uint8_t {
  none = 0,
  overflow = 1,
  partial_interval = 2,
  long_interval = 3,
  skipped = 4,
  clock_error = 9,
  device_missing = 10,
  not_current = 11,
  opted_out = 12,
  placeholder = 15,
};

// An interval as BT64 has it. Valid until the log changes.
struct LoggedInterval {
  bool processed = false;  // its bit of "Simple Status"; otherwise ignore the rest
  CommonStatus common;
  std::span<const ChannelStatus> statuses;  // by channel
  std::span<const std::int32_t> values;     // by channel
};

// A value.
class LoadProfileLog {
 public:
  explicit LoadProfileLog(LoadProfileConfig config);

  const LoadProfileConfig& config() const { return config_; }

  // When intervals end: whether at `second`, and the first end after it. Seconds since 1970 UTC:
  // load profiles keep to the system clock, which knows no daylight saving (page 240).
  bool ends_interval(std::int64_t second) const;
  std::int64_t next_end(std::int64_t second) const;

  // Records the interval that ended at `second`. `values`: of each channel in BT62's order,
  // register totals at that time (page 29); missing ones are 0. `statuses`: none where missing.
  // False, and nothing is recorded, if no interval ends then, if the data set is off, or if it is
  // not later than the newest interval in the log (after a clock was set back, the guide does not
  // say what becomes of intervals that come again).
  // Intervals that nobody records (the meter was without power when they ended) stay unprocessed.
  bool interval_ended(std::int64_t second, std::span<const std::int32_t> values,
                      CommonStatus common = {}, std::span<const ChannelStatus> statuses = {});

  // BT63, page 238.
  std::uint16_t valid_blocks() const { return valid_blocks_; }
  // Index of the block with the newest interval; 0 in an empty log.
  std::uint16_t last_block() const { return last_block_; }
  // 0 in an empty log, 1 for the first block.
  std::uint32_t last_block_sequence_number() const { return sequence_number_; }
  std::uint16_t unread_blocks() const { return unread_blocks_; }
  // How many intervals of the last block are processed.
  std::uint16_t valid_intervals() const;
  // A new block came when all blocks were unread. Stays until it is cleared.
  bool overflow() const { return overflow_; }
  void clear_overflow() { overflow_ = false; }
  // The host has read so many of the unread blocks.
  void blocks_read(std::uint16_t count);
  // Forgets all intervals; sequence numbers go on.
  void clear();

  // BT64 to BT67, page 239. `block` and `interval` are indices below those of the configuration.
  // The end of the newest interval of the block, seconds since 1970 UTC; nothing in one that was
  // never used. The ends of the others follow by the interval time from its place,
  // newest_interval(); see interval_end() in protocol/load_profile.h.
  std::optional<std::int64_t> end_time(std::uint16_t block) const;
  std::optional<std::uint16_t> newest_interval(std::uint16_t block) const;
  // A bit per interval, that of interval 0 first, set if it is processed. Valid until the log
  // changes.
  Bytes simple_status(std::uint16_t block) const;
  LoggedInterval interval(std::uint16_t block, std::uint16_t interval) const;

  // Bytes, as in ET21 (page 96): a block's header without end readings, an interval, a block.
  std::size_t header_size() const { return 5 + simple_status_size(); }
  std::size_t interval_size() const { return channels() / 2 + 1 + 4 * channels(); }
  std::size_t block_size() const;
  // When the last block started (ET21.83), seconds since 1970 UTC; nothing in an empty log.
  std::optional<std::int64_t> last_block_start() const;

 private:
  struct Block {
    std::int64_t number = 0;  // counted from the one that starts on 1970-01-01
    std::optional<std::uint16_t> newest;
  };

  std::size_t channels() const { return config_.sources.size(); }
  std::size_t simple_status_size() const { return (config_.intervals_per_block + 7U) / 8U; }
  std::size_t place(std::uint16_t block, std::uint16_t interval) const {
    return std::size_t{block} * config_.intervals_per_block + interval;
  }
  std::int64_t end_of(std::int64_t block_number, std::uint16_t interval) const;
  void enter_block(std::int64_t number);

  LoadProfileConfig config_;
  std::uint16_t valid_blocks_ = 0;
  std::uint16_t last_block_ = 0;
  std::uint32_t sequence_number_ = 0;
  std::uint16_t unread_blocks_ = 0;
  bool overflow_ = false;
  // By block; by block and byte; by block and interval; the same and channel.
  std::vector<Block> blocks_;
  std::vector<std::uint8_t> simple_statuses_;
  std::vector<CommonStatus> commons_;
  std::vector<ChannelStatus> statuses_;
  std::vector<std::int32_t> values_;
};

}  // namespace mep::simulator
