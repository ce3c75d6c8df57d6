// The live tables of the load profile: BT63 to BT67 and ET21, pages 95 to 98 and 237 to 241.
// SPDX-License-Identifier: GPL-2.0-or-later
#include "protocol/names.h"
#include "simulator/contents/live_fields.h"
#include "simulator/contents/living.h"

namespace mep::simulator {
namespace {

using Buffer = std::vector<std::uint8_t>;

const LoadProfileLog& log_of(const MeterState& state, const Asked& asked) {
  return state.load_profiles[asked.indices.front()];
}

TableSpace::Live load_profile_status(const MeterState& state) {
  using Get = std::int64_t (*)(const LoadProfileLog&);
  const auto of_log = [&state](Get get) -> Give {
    return [&state, get](const Asked& asked) -> Value { return get(log_of(state, asked)); };
  };
  return by_name(
      {{"bt63.overflow",
        of_log([](const LoadProfileLog& log) -> std::int64_t { return log.overflow(); })},
       {"bt63.list_type",
        of_log([](const LoadProfileLog& log) -> std::int64_t { return log.config().blocks != 0; })},
       {"bt63.active_mode",
        of_log([](const LoadProfileLog& log) -> std::int64_t { return log.config().blocks != 0; })},
       {"bt63.number_of_valid_blocks",
        of_log([](const LoadProfileLog& log) -> std::int64_t { return log.valid_blocks(); })},
       {"bt63.last_block",
        of_log([](const LoadProfileLog& log) -> std::int64_t { return log.last_block(); })},
       {"bt63.last_block_sequence_number", of_log([](const LoadProfileLog& log) -> std::int64_t {
          return log.last_block_sequence_number();
        })},
       {"bt63.number_of_unread_blocks",
        of_log([](const LoadProfileLog& log) -> std::int64_t { return log.unread_blocks(); })},
       {"bt63.number_of_valid_intervals",
        of_log([](const LoadProfileLog& log) -> std::int64_t { return log.valid_intervals(); })}});
}

TableSpace::Live load_profile_data(const MeterState& state, std::size_t set) {
  const auto interval = [&state, set](const Asked& asked) {
    return state.load_profiles[set].interval(static_cast<std::uint16_t>(asked.indices[0]),
                                             static_cast<std::uint16_t>(asked.indices[1]));
  };
  // Page 240: one of the nibbles behind the first.
  const auto channel_status = [interval](const Asked& asked, std::size_t channel) -> Value {
    const auto statuses = interval(asked).statuses;
    return channel < statuses.size() ? static_cast<std::int64_t>(statuses[channel]) : 0;
  };
  const auto common = [interval](bool CommonStatus::*flag) -> Give {
    return [interval, flag](const Asked& asked) -> Value { return interval(asked).common.*flag; };
  };
  return by_label(
      {{"End time",
        [&state, set](const Asked& asked) -> Value {
          const auto block = static_cast<std::uint16_t>(asked.indices[0]);
          return time_or_nothing(state.load_profiles[set].end_time(block), date_time);
        }},
       {"Simple Status",
        [&state, set](const Asked& asked) -> Value {
          const auto block = static_cast<std::uint16_t>(asked.indices[0]);
          const Bytes bits = state.load_profiles[set].simple_status(block);
          return Buffer(bits.begin(), bits.end());
        }},
       {"Daylight savings time in effect", common(&CommonStatus::daylight_savings)},
       {"Power fail within interval", common(&CommonStatus::power_fail)},
       {"Clock reset forward during interval", common(&CommonStatus::clock_reset_forward)},
       {"Clock reset backward during interval", common(&CommonStatus::clock_reset_backward)},
       {"Channel 0 Status",
        [channel_status](const Asked& asked) { return channel_status(asked, 0); }},
       // Element i of the pairs has the channels 2i+1 and 2i+2.
       {"Channel Status",
        [channel_status](const Asked& asked) {
          const bool odd = asked.bits->role == Role::odd_channel_status;
          return channel_status(asked, 2 * asked.indices[2] + (odd ? 1U : 2U));
        }},
       {"Interval Channel Value", [interval](const Asked& asked) -> Value {
          return interval(asked).values[asked.indices.back()];
        }}});
}

// Where a data set's blocks lie in the meter's memory.
std::int64_t memory_address(std::size_t set) {
  return static_cast<std::int64_t>(set + 1) << 16;
}

TableSpace::Live load_profile_internals(const MeterState& state) {
  using Get = Value (*)(const MeterState& state, const LoadProfileLog& log, const Asked& asked);
  // Nothing changes in a data set that is off.
  const auto of_log = [&state](Get get) -> Give {
    return [&state, get](const Asked& asked) -> Value {
      const LoadProfileLog& log = log_of(state, asked);
      return log.config().blocks == 0 ? Value() : get(state, log, asked);
    };
  };
  const auto newest = [](const LoadProfileLog& log) -> std::int64_t {
    return log.newest_interval(log.last_block()).value_or(0);
  };
  static constexpr auto block_address = [](const LoadProfileLog& log, const Asked& asked) {
    return memory_address(asked.indices.front()) + log.last_block() * number(log.block_size());
  };
  static constexpr auto newest_of = newest;
  return by_name(
      {{"et21.current_block_address",
        of_log([](const MeterState&, const LoadProfileLog& log, const Asked& asked) -> Value {
          return block_address(log, asked);
        })},
       {"et21.current_interval_address",
        of_log([](const MeterState&, const LoadProfileLog& log, const Asked& asked) -> Value {
          return block_address(log, asked) + number(log.header_size()) +
                 newest_of(log) * number(log.interval_size());
        })},
       {"et21.number_of_valid_blocks",
        of_log([](const MeterState&, const LoadProfileLog& log, const Asked&) -> Value {
          return log.valid_blocks();
        })},
       {"et21.number_of_valid_intervals",
        of_log([](const MeterState&, const LoadProfileLog& log, const Asked&) -> Value {
          return log.valid_intervals();
        })},
       {"et21.last_block_index", of_log([](const MeterState&, const LoadProfileLog& log,
                                           const Asked&) -> Value { return log.last_block(); })},
       {"et21.last_interval_number", of_log([](const MeterState&, const LoadProfileLog& log,
                                               const Asked&) -> Value { return newest_of(log); })},
       {"et21.extended_status_common",
        of_log([](const MeterState& meter, const LoadProfileLog&, const Asked&) -> Value {
          return is_daylight_saving(meter.second()) ? 0x10 : 0;
        })},
       {"et21.placeholders",
        of_log([](const MeterState& meter, const LoadProfileLog& log, const Asked& asked) -> Value {
          const std::uint32_t channel = asked.indices.back();
          const auto& sources = log.config().sources;
          if (channel >= sources.size() || sources[channel] < first_mapped_source) return 0;
          return source_value(meter, sources[channel]).value_or(0);
        })},
       {"et21.block_start_time",
        of_log([](const MeterState&, const LoadProfileLog& log, const Asked&) -> Value {
          return time_or_nothing(log.last_block_start(), date_time);
        })},
       {"et21.interval_end_time_utc",
        of_log([](const MeterState&, const LoadProfileLog& log, const Asked&) -> Value {
          return time_or_nothing(log.end_time(log.last_block()), date_time);
        })},
       {"et21.interval_end_time_local",
        of_log([](const MeterState&, const LoadProfileLog& log, const Asked&) -> Value {
          return time_or_nothing(log.end_time(log.last_block()), local_time);
        })}});
}
}  // namespace

void connect_load_profile(MeterState& state) {
  state.tables.live(BT(63), load_profile_status(state), only_live);
  for (std::size_t set = 0; set < state.load_profiles.size(); ++set)
    state.tables.live(static_cast<std::uint16_t>(BT(64) + set), load_profile_data(state, set),
                      only_live);
  state.tables.live(ET(21), load_profile_internals(state));
}

}  // namespace mep::simulator
