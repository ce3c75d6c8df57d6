// A client that downloads the load profile as pages 30 and 31 tell.
// SPDX-License-Identifier: GPL-2.0-or-later
#include <chrono>

#include "protocol/names.h"
#include "simulator/scripts/steps.h"
#include "simulator/scripts/stories.h"

namespace mep::simulator {
namespace {

using std::chrono::seconds;

constexpr Instant polling_period = seconds(5);
constexpr int polls_at_most = 12;

constexpr std::uint16_t data_table(std::uint32_t set) {
  return static_cast<std::uint16_t>(BT(64) + set);
}

// The numbers that the formulas of page 31 want, of one data set.
struct LogState {
  std::uint32_t valid_blocks;   // BT63.1
  std::uint32_t last_block;     // BT63.3
  std::uint32_t blocks;         // BT61.7
  std::uint32_t block_size;     // ET21.8
  std::uint32_t header_size;    // ET21.12
  std::uint32_t last_interval;  // ET21.20
  std::uint32_t interval_size;  // ET21.25

  std::uint32_t last_full_block_offset() const {
    return (last_block + blocks - 1) % blocks * block_size;
  }
  std::uint32_t last_interval_offset() const {
    return last_block * block_size + header_size + last_interval * interval_size;
  }
};

// Both tables change with each interval and are read anew each time, page 31.
Task<LogState> read_log_state(Client& client, std::uint32_t set) {
  const Understood status = co_await read_known(client, BT(63));
  const Place place = element_place(ET(21), "et21.current_block_address", client.dimensions(), set);
  const Understood internal = co_await read_place(client, ET(21), place);
  const auto of_status = [&status, set](std::string_view field) {
    return static_cast<std::uint32_t>(status.number(field, set).value_or(0));
  };
  const auto of_internal = [&internal, set](std::string_view field) {
    return static_cast<std::uint32_t>(internal.number(field, set).value_or(0));
  };
  LogState state;
  state.valid_blocks = of_status("bt63.number_of_valid_blocks");
  state.last_block = of_status("bt63.last_block");
  state.blocks = static_cast<std::uint32_t>(client.dimensions().get(Dim::load_profile_blocks, set));
  state.block_size = of_internal("et21.block_size");
  state.header_size = of_internal("et21.block_header_size");
  state.last_interval = of_internal("et21.last_interval_number");
  state.interval_size = of_internal("et21.interval_size");
  co_return state;
}

Task<> read_last_full_block(Client& client, std::uint32_t set, LogState log) {
  if (log.valid_blocks < 2 || log.blocks == 0) co_return;
  co_await client.read_long(data_table(set), log.last_full_block_offset(), log.block_size);
}

// With its block's header, which says when it was.
Task<> read_last_interval(Client& client, std::uint32_t set, LogState log) {
  if (log.valid_blocks == 0) co_return;
  co_await client.read(data_table(set), log.last_block * log.block_size,
                       static_cast<std::uint16_t>(log.header_size));
  co_await client.read(data_table(set), log.last_interval_offset(),
                       static_cast<std::uint16_t>(log.interval_size));
}

}  // namespace

Task<> load_profile(Client& client, Meter&) {
  constexpr std::uint32_t quarter_hours = 0;
  constexpr std::uint32_t hours = 1;
  co_await read_known(client, BT(61));
  co_await read_known(client, BT(62));
  co_await client.read_long(ET(66), 0, size_known(ET(66), client.dimensions()));
  const LogState before = co_await read_log_state(client, quarter_hours);
  co_await read_last_full_block(client, quarter_hours, before);
  co_await read_last_interval(client, quarter_hours, before);

  // An interval is about to end.
  for (int poll = 0; poll < polls_at_most; ++poll) {
    co_await client.pause(polling_period);
    const LogState now = co_await read_log_state(client, quarter_hours);
    if (now.last_interval == before.last_interval && now.last_block == before.last_block) continue;
    co_await read_last_interval(client, quarter_hours, now);
    break;
  }

  const LogState second_set = co_await read_log_state(client, hours);
  co_await read_last_interval(client, hours, second_set);
  co_await read_last_full_block(client, hours, second_set);
}

}  // namespace mep::simulator
