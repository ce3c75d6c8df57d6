// Registers: their number and their sources (BT15, BT20 to BT22, BT27), and the heads of the logs
// that hold snapshots of them. SPDX-License-Identifier: GPL-2.0-or-later
#include <algorithm>

#include "simulator/contents/contents.h"

namespace mep::simulator {

void set_registers(Values& values, const Layout& layout) {
  const bool has_demand = !layout.demands.empty();

  // A household's meter is connected without transformers.
  set_fields(values, {{"bt15.multiplier", 1}, {"bt15.ct_ratio", 1}, {"bt15.vt_ratio", 1}});

  // Page 21 of the Optical Port Programmer's Guide: what this hardware could be configured for.
  set_fields(values, {{"bt20.season_information_field", 1},
                      {"bt20.date_time_field", 1},
                      {"bt20.demand_reset_counter", 1},
                      {"bt20.demand_reset_lockout", 1},
                      {"bt20.cumulative_demand", 1},
                      {"bt20.continuous_cumulative_demand", 1},
                      {"bt20.self_read_sequence_number", 1},
                      {"bt20.daily_self_read", 1},
                      {"bt20.weekly_self_read", 1},
                      {"bt20.number_of_self_reads", 253},
                      {"bt20.number_of_summations", layout.gen4() ? 19 : 15},
                      {"bt20.number_of_demands", 8},
                      {"bt20.number_of_coincident_values", 16},
                      {"bt20.number_of_occurrences", 1},
                      {"bt20.number_of_tiers", number(tier_count)},
                      {"bt20.number_of_present_demands", 8},
                      {"bt20.number_of_present_values", number(layout.present_values.size())}});

  set_fields(values, {{"bt21.season_information_field", 1},
                      {"bt21.date_time_field", 1},
                      {"bt21.demand_reset_counter", has_demand},
                      {"bt21.cumulative_demand", has_demand},
                      {"bt21.self_read_sequence_number", has_demand},
                      {"bt21.daily_self_read", 1},
                      {"bt21.weekly_self_read", 1},
                      {"bt21.number_of_self_reads", layout.self_reads},
                      {"bt21.number_of_summations", number(layout.summations.size())},
                      {"bt21.number_of_demands", number(layout.demands.size())},
                      {"bt21.number_of_coincident_values", number(layout.coincidents.size())},
                      {"bt21.number_of_occurrences", 1},
                      {"bt21.number_of_tiers", number(tier_count)},
                      {"bt21.number_of_present_demands", number(layout.present_demands.size())},
                      {"bt21.number_of_present_values", number(layout.present_values.size())}});

  std::vector<std::uint8_t> summation_sources;
  for (const std::uint16_t source : layout.summations)
    summation_sources.push_back(
        static_cast<std::uint8_t>(std::min<std::uint16_t>(source, no_source)));
  set_each(values, "bt22.summation_sources", summation_sources);
  set_each(values, "bt22.demand_select", layout.demands);
  values.set("bt22.min_max_flags", std::vector<std::uint8_t>{1});
  set_each(values, "bt22.coincident_select", layout.coincidents);
  values.set("bt22.coincident_demand_associated", 0);

  set_each(values, "bt27.present_demand_sources", layout.present_demands);
  set_each(values, "bt27.present_value_sources", layout.present_values);

  // Circular queues, as far as they have room for entries.
  set_fields(values, {{"bt26.list_type", 1},
                      {"et31.list_type", 1},
                      {"et41.list_type", layout.logs[demand_resets].entries != 0}});
}

}  // namespace mep::simulator
