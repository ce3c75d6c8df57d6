// The load profile's dimensions and configuration: BT60 to BT62, ET21, ET62, ET66, ET75.
// SPDX-License-Identifier: GPL-2.0-or-later
#include <string>

#include "simulator/contents/contents.h"

namespace mep::simulator {
namespace {

constexpr std::int64_t most_channels = 16;
constexpr std::int64_t memory_length = 104'832;  // of a memory of 128 KiB, page 231
constexpr std::int64_t int32_format = 32;        // BT62, page 236
constexpr std::int64_t configuration_id = 0x5EED0015;

// BT60, page 231: what could be configured.
void set_maxima(Values& values) {
  set_fields(values, {{"bt60.memory_length", memory_length},
                      {"bt60.extended_interval_status", 1},
                      {"bt60.simple_interval_status", 1},
                      {"bt60.int32_supported", 1},
                      {"bt60.number_of_blocks", 9530},
                      {"bt60.number_of_intervals", 1440},
                      {"bt60.number_of_channels", most_channels},
                      {"bt60.maximum_interval_time", 255}});
}

// BT61, BT62 and ET21 of one data set
void set_data_set(Values& values, const LoadProfileConfig& config, std::uint32_t set) {
  if (config.blocks == 0) return;
  const LoadProfileLog log(config);
  const auto channels = static_cast<std::int64_t>(config.sources.size());
  const auto header_size = static_cast<std::int64_t>(log.header_size());
  const auto interval_size = static_cast<std::int64_t>(log.interval_size());
  constexpr std::int64_t end_time_size = 5;

  set_fields(values,
             {{"bt61.number_of_blocks", config.blocks},
              {"bt61.number_of_intervals", config.intervals_per_block},
              {"bt61.number_of_channels", channels},
              {"bt61.maximum_interval_time", config.interval_time}},
             {set});
  set_each(values, "bt62.interval_source", config.sources, {set});

  set_fields(values,
             {{"et21.block_size", number(log.block_size())},
              {"et21.block_header_size", header_size},
              {"et21.simple_status_offset_from_block", end_time_size},
              {"et21.simple_status_size", header_size - end_time_size},
              {"et21.interval_0_offset_from_block", header_size},
              {"et21.interval_size", interval_size},
              {"et21.channel_0_offset_from_interval", interval_size - 4 * channels},
              {"et21.number_of_channels", channels},
              {"et21.interval_time", config.interval_time},
              {"et21.load_profile_configuration_id", configuration_id + set},
              {"et21.mep_billing_start_channel", channels},
              {"et21.max_memory_length", memory_length}},
             {set});
  set_each(values, "et21.sources", config.sources, {set});
}

void set_display(Values& values, const Layout& layout) {
  // Page 168: an ID of generation 4 has a character more.
  const std::string space = layout.gen4() ? " " : "";
  set_fields(values, {{"et62.load_profile_list_id_code", "P01 " + space},
                      {"et62.load_profile_date_id_code", "DATE" + space},
                      {"et62.interval_time_id_code", "TIME" + space},
                      {"et62.extended_status_id_code", "STAT" + space},
                      {"et62.channel_id_code", "CH  " + space},
                      {"et62.fields_before_dp", 7},
                      {"et62.zero_suppression", 1},
                      {"et62.power_outage_list_id_code", "POFF" + space},
                      {"et62.power_outage_number_id_code", "NR  " + space}});
  // Volumes are counted in l and shown in m3.
  values.set("et62.fields_after_dp", 3, {7});
}

// ET75, page 178: the data set as it was configured when the meter was installed, and since.
void set_change_log(Values& values, const Layout& layout) {
  const std::string space = layout.gen4() ? " " : "";
  set_fields(values, {{"et75.list_type", 1},
                      {"et75.number_of_valid_entries", 2},
                      {"et75.last_entry_element", 1},
                      {"et75.last_entry_sequence_number", 1},
                      {"et75.number_of_unread_entries", 2},
                      {"et75.extended_source_ids", source_not_in_use},
                      {"et75.demand_sources", source_not_in_use},
                      {"et75.demand_sub_interval", 15},
                      {"et75.demand_interval_multiplier", 1},
                      {"et75.id_code", "CH  " + space},
                      {"et75.fields_before_dp", 7},
                      {"et75.zero_suppression", 1}});
  values.set("et75.timestamp", DateTime{2020, 5, 11, 9, 15, 0}, {0});
  values.set("et75.timestamp", DateTime{2021, 10, 4, 12, 30, 0}, {1});
  const LoadProfileConfig& now = layout.load_profiles[0];
  set_each(values, "et75.extended_source_ids", std::array{0, 1}, {0});
  set_each(values, "et75.extended_source_ids", now.sources, {1});
  for (std::uint32_t channel = 0; channel < now.sources.size(); ++channel)
    if (now.sources[channel] == first_mapped_source)
      values.set("et75.extended_source_ids", layout.mapped_sources[0], {1, channel});
  set_each(values, "et75.demand_sources", layout.demands, {1});
}

}  // namespace

void set_load_profile(Values& values, const Layout& layout) {
  set_maxima(values);
  set_fields(values, {{"bt61.memory_length", memory_length},
                      {"bt61.extended_interval_status", 1},
                      {"bt61.simple_interval_status", 1},
                      {"bt61.int32_supported", 1},
                      {"bt62.format", int32_format}});
  for (std::uint32_t set = 0; set < layout.load_profiles.size(); ++set)
    set_data_set(values, layout.load_profiles[set], set);
  set_each(values, "et66.extended_source_ids", layout.mapped_sources, {0});
  set_display(values, layout);
  set_change_log(values, layout);
}

}  // namespace mep::simulator
