// The tables whose fields change by themselves, and how a meter comes into the world.
// SPDX-License-Identifier: GPL-2.0-or-later
#include <algorithm>
#include <utility>

#include "protocol/names.h"
#include "simulator/contents/live_fields.h"
#include "simulator/contents/living.h"
#include "simulator/household/past.h"

namespace mep::simulator {
namespace {

using Buffer = std::vector<std::uint8_t>;

// --- BT23 and BT28: registers, pages 207 to 220

// The tier that an element of BT23 belongs to. `depth`: how many arrays are around it in the block
// of totals; in those of tiers there is one more.
std::optional<unsigned> tier_of(const Asked& asked, std::size_t depth) {
  if (asked.indices.size() <= depth) return std::nullopt;
  return asked.indices.front();
}

std::int64_t summation(const MeterState& state, std::uint16_t source,
                       std::optional<unsigned> tier) {
  const auto value = tier ? state.registers->value(source, *tier) : source_value(state, source);
  return value.value_or(0);
}

const MaximumDemand& maximum(const MeterState& state, std::optional<unsigned> tier) {
  return tier ? state.registers->maximum_demand(*tier) : state.registers->maximum_demand();
}

// Since the meter lives.
struct DemandResets {
  std::int64_t count = 0;
  std::int64_t watts = 0;  // all maxima that they ended
};
DemandResets resets(const MeterState& state) {
  DemandResets all;
  for (const LoggedEvent& event : state.events) {
    if (static_cast<Event>(event.event) != Event::demand_reset) continue;
    ++all.count;
    all.watts += event.argument;
  }
  return all;
}

// What was measured at the end of the interval of the maximum demand.
std::int64_t coincident(const MeterState& state, std::uint8_t source, const MaximumDemand& demand) {
  constexpr std::uint8_t import = 10;
  if (demand.ended == 0) return 0;
  const std::int64_t reactive = state.registers->at(demand.ended).reactive_var;
  return std::max<std::int64_t>(source == import ? reactive : -reactive, 0);
}

TableSpace::Live current_registers(const MeterState& state, const Layout& layout) {
  return by_label(
      {{"Nbr Demand Resets",
        [&state](const Asked&) -> Value { return demand_reset_count + resets(state).count; }},
       {"Summations",
        [&state, sources = layout.summations](const Asked& asked) -> Value {
          return summation(state, sources[asked.indices.back()], tier_of(asked, 1));
        }},
       {"Event Time",
        [&state](const Asked& asked) -> Value {
          const MaximumDemand& demand = maximum(state, tier_of(asked, 2));
          return demand.ended == 0 ? nothing() : Value(local_time(demand.ended));
        }},
       {"Cumulative Demand",
        [&state](const Asked& asked) -> Value {
          // All of them were in tier 1: at night the car is charged.
          return tier_of(asked, 1).value_or(1) == 1 ? cumulative_demand + resets(state).watts : 0;
        }},
       {"Demand",
        [&state](const Asked& asked) -> Value { return maximum(state, tier_of(asked, 2)).watts; }},
       {"Coincidents", [&state, sources = layout.coincidents](const Asked& asked) -> Value {
          const std::uint32_t number = asked.indices[asked.indices.size() - 2];
          return coincident(state, sources[number], maximum(state, tier_of(asked, 2)));
        }}});
}

TableSpace::Live present_registers(const MeterState& state, const Layout& layout) {
  const auto of_sources = [&state](const std::vector<std::uint8_t>& sources, std::size_t index) {
    return source_value(state, sources[index]).value_or(0);
  };
  return by_label({{"Demand value",
                    [of_sources, sources = layout.present_demands](const Asked& asked) -> Value {
                      return of_sources(sources, asked.indices.front());
                    }},
                   {"Present values",
                    [of_sources, sources = layout.present_values](const Asked& asked) -> Value {
                      return of_sources(sources, asked.indices.back());
                    }}});
}

// --- BT52 and BT55: clocks, pages 224 and 230

void connect_clocks(MeterState& state) {
  const auto summer = [&state](const Asked&) -> Value {
    return is_daylight_saving(state.second());
  };
  const auto yes = [](const Asked&) -> Value { return 1; };
  state.tables.live(
      BT(52),
      by_name({{"bt52.clock_calendar",
                [&state](const Asked&) -> Value { return date_time(state.second()); }},
               {"bt52.day_of_week",
                [&state](const Asked&) -> Value { return day_of_week(state.second()); }},
               {"bt52.daylight_saving_time", summer},
               {"bt52.greenwich_mean_time", yes}}),
      only_live);
  state.tables.live(
      BT(55),
      by_name({{"bt55.clock_calendar",
                [&state](const Asked&) -> Value { return local_time(state.second()); }},
               {"bt55.day_of_week",
                [&state](const Asked&) -> Value {
                  return day_of_week(state.second() + local_offset_seconds(state.second()));
                }},
               {"bt55.daylight_savings_time", summer},
               {"bt55.time_zone_applied", yes},
               {"bt55.dst_applied", yes},
               {"bt55.current_tier",
                [&state](const Asked&) -> Value { return state.registers->tier(); }}}),
      only_live);
}

// --- ET13 to ET15, ET58: M-Bus devices and clients, pages 80 to 92

std::optional<unsigned> client_of(const Asked& asked) {
  const std::uint32_t entry = asked.indices.front();
  if (entry < mbus_slots) return std::nullopt;
  return entry - mbus_slots;
}

bool is_occupied(const MeterState& state, unsigned entry) {
  if (entry < mbus_slots) return mbus_device(state, entry) != nullptr;
  return entry - mbus_slots < state.clients() && has_flag(state, entry - mbus_slots, registered);
}

std::int64_t handle_of(const MeterState& state, const Asked& asked) {
  if (const auto client = client_of(asked)) return client_handle(*client);
  return mbus_device(state, asked.indices.front())->handle;
}

std::int64_t read_length(const MeterState& state, const Asked& asked) {
  const MbusDevice* device = mbus_device(state, asked.indices.front());
  return device && device->read_at != 0 ? number(billing_read(*device).size()) : 0;
}

TableSpace::Live device_status(const MeterState& state) {
  const LiveFields of_devices = {
      {"et14.device_handle",
       [&state](const Asked& asked) -> Value { return handle_of(state, asked); }},
      {"et14.device_status",
       [](const Asked& asked) -> Value {
         constexpr std::int64_t mbus_active = 1, client_active = 3;
         return client_of(asked) ? client_active : mbus_active;
       }},
      {"et14.billing_read_length",
       [&state](const Asked& asked) -> Value { return read_length(state, asked); }}};
  const auto status = by_name(of_devices);
  static constexpr std::string_view occupancy_name = "et14.device_occupancy";
  require_described(occupancy_name);
  return {[&state, status](std::string_view name, const Asked& asked) -> Value {
    if (name == occupancy_name) {
      std::int64_t occupancy = 0;
      for (unsigned entry = 0; entry < mbus_slots + state.clients(); ++entry)
        occupancy |= std::int64_t{is_occupied(state, entry)} << entry;
      return occupancy;
    }
    if (asked.indices.empty()) return {};
    return is_occupied(state, asked.indices.front()) ? status.give(name, asked) : nothing();
  }};
}

void connect_devices(MeterState& state) {
  state.tables.live(ET(13), by_name({{"et13.alert_flags", [&state](const Asked& asked) -> Value {
                                        return state.alerts[*client_of(asked)];
                                      }}}));
  state.tables.live(ET(14), device_status(state));
  state.tables.live(ET(58), by_name({{"et58.control_status", [&state](const Asked& asked) -> Value {
                                        const auto valve = extended_source(asked.indices.front(),
                                                                           MbusValue::valve);
                                        if (asked.indices.front() >= mbus_slots) return 0;
                                        return source_value(state, valve).value_or(0);
                                      }}}));

  const auto request = [&state](const Asked& asked) -> const OnDemandRequest& {
    return state.on_demand[asked.indices.front()];
  };
  const auto waits = [](const OnDemandRequest& entry) {
    return entry.type != 0 && entry.result == 0;
  };
  // The guide does not say what they are in a queue without waiting requests: the first entry.
  const auto pointer = [&state](auto is_it) -> Value {
    const auto found = std::find_if(state.on_demand.begin(), state.on_demand.end(), is_it);
    return found == state.on_demand.end() ? 0 : found - state.on_demand.begin();
  };
  state.tables.live(
      ET(15),
      by_name({{"et15.write_pointer",
                [pointer, waits](const Asked&) {
                  return pointer([waits](const OnDemandRequest& entry) { return !waits(entry); });
                }},
               {"et15.read_pointer", [pointer, waits](const Asked&) { return pointer(waits); }},
               {"et15.transaction_nbr",
                [request](const Asked& asked) -> Value { return request(asked).transaction; }},
               {"et15.device_handle_or_group_mask",
                [request](const Asked& asked) -> Value { return request(asked).handle; }},
               {"et15.request_type",
                [request](const Asked& asked) -> Value { return request(asked).type; }},
               {"et15.result",
                [request](const Asked& asked) -> Value { return request(asked).result; }}}),
      only_live);
}

// --- BT08, ET52, ET53, ET54, ET59, ET85: procedures and transactions

// A table that is kept as bytes.
TableSpace::Live raw(const Buffer& bytes) {
  return {[&bytes](std::string_view, const Asked& asked) -> Value {
    const auto from = std::min<std::uint64_t>(asked.position, bytes.size());
    const auto to = std::min<std::uint64_t>(asked.position + asked.size, bytes.size());
    return Buffer(bytes.begin() + static_cast<std::ptrdiff_t>(from),
                  bytes.begin() + static_cast<std::ptrdiff_t>(to));
  }};
}

// The result of a client's last procedure, where it is posted to this table.
TableSpace::Live procedure_response(const MeterState& state, unsigned client,
                                    std::function<bool()> is_posted_here) {
  const auto result = [&state, client,
                       is_posted_here = std::move(is_posted_here)](auto get) -> Give {
    return [&state, client, is_posted_here, get](const Asked&) -> Value {
      return is_posted_here() ? Value(get(state.results[client])) : nothing();
    };
  };
  return by_label(
      {{"Procedure Number", result([](const auto& last) { return std::int64_t{last.procedure}; })},
       {"Procedure Sequence Number (PSN)",
        result([](const auto& last) { return std::int64_t{last.sequence}; })},
       {"Result Code", result([](const auto& last) { return std::int64_t{last.code}; })},
       {"Response Data", result([](const auto& last) { return last.data; })}});
}

void connect_procedures(MeterState& state) {
  const auto in_et59 = [&state] { return has_flag(state, 0, answers_in_et59); };
  state.tables.live(BT(8), procedure_response(state, 0, [in_et59] { return !in_et59(); }));
  state.tables.live(ET(59), procedure_response(state, 0, in_et59));
  if (state.clients() > 1)
    state.tables.live(ET(85), procedure_response(state, 1, [] { return true; }));

  state.tables.live(ET(52), raw(state.transaction_requests), only_live);
  state.tables.live(ET(53), raw(state.transaction_responses), only_live);
  const auto holder = [&state]() -> std::int64_t {
    const bool held = state.transaction_lock && state.now < state.transaction_lock_until;
    return held ? *state.transaction_lock + 1 : 0;
  };
  state.tables.live(
      ET(54),
      by_name(
          {{"et54.mep_tx_locked", [holder](const Asked&) -> Value { return holder() != 0; }},
           {"et54.mep_tx_lock_channel", [holder](const Asked&) -> Value { return holder(); }}}));
  // Page 23: the one field that is another for each who asks.
  if (state.clients() > 1)
    state.tables.live(ET(70),
                      by_name({{"et70.current_comm_channel_index", [&state](const Asked&) -> Value {
                                  return static_cast<std::int64_t>(state.asking + 1);
                                }}}));
}

// --- ET09, ET23: what happened to the supply, counters; pages 68 to 76 and 98

void connect_supply(MeterState& state) {
  const auto of_outage = [&state](auto get) -> Give {
    return [&state, get](const Asked& asked) -> Value {
      const auto all = outages(state);
      return asked.indices.front() < all.size() ? Value(get(all[asked.indices.front()]))
                                                : nothing();
    };
  };
  const auto sags = [&state](std::int64_t phase) {
    std::vector<std::int64_t> seconds;
    for (const LoggedEvent& event : state.events)
      if (static_cast<Event>(event.event) == Event::voltage_sag && event.argument == phase)
        seconds.push_back(event.second);
    return seconds;
  };
  LiveFields fields = {
      {"et09.power_on_date_time",
       of_outage([](const Outage& outage) { return date_time(outage.to); })},
      {"et09.reset_cause", of_outage([](const Outage&) { return std::int64_t{3}; })},
      {"et09.power_off_date_time",
       of_outage([](const Outage& outage) { return date_time(outage.from); })},
      {"et09.power_off_duration",
       of_outage([](const Outage& outage) { return outage.to - outage.from; })}};
  struct SagNames {
    std::string_view time, count, voltage;
  };
  constexpr SagNames phases[] = {
      {"et09.l1_most_recent_sag1_event", "et09.l1_sag1_events", "et09.l1_most_recent_sag1_voltage"},
      {"et09.l2_most_recent_sag1_event", "et09.l2_sag1_events", "et09.l2_most_recent_sag1_voltage"},
      {"et09.l3_most_recent_sag1_event", "et09.l3_sag1_events",
       "et09.l3_most_recent_sag1_voltage"}};
  std::int64_t phase = 0;
  for (const SagNames& names : phases) {
    fields[names.time] = [sags, phase](const Asked&) -> Value {
      const auto seconds = sags(phase);
      return seconds.empty() ? nothing() : Value(date_time(seconds.back()));
    };
    fields[names.count] = [sags, phase](const Asked&) -> Value {
      return number(sags(phase).size());
    };
    fields[names.voltage] = [sags, phase](const Asked&) -> Value {
      const auto seconds = sags(phase);
      return seconds.empty() ? 0 : 188'000 + seconds.back() % 16'000;
    };
    ++phase;
  }
  state.tables.live(ET(9), by_name(std::move(fields)));

  // A message over the power line each half minute.
  const auto messages = [&state](const Asked&) -> Value {
    const std::int64_t installed = seconds_since_1970({2020, 5, 11, 9, 0, 0});
    return std::max<std::int64_t>((state.second() - installed) / 30, 0);
  };
  state.tables.live(ET(23), by_name({{"et23.lontalk_messages_received", messages},
                                     {"et23.lontalk_messages_validated", messages}}));
}

// --- All together

void connect(MeterState& state, const Layout& layout) {
  state.tables.live(BT(23), current_registers(state, layout), only_live);
  state.tables.live(BT(28), present_registers(state, layout), only_live);
  connect_clocks(state);
  connect_load_profile(state);
  connect_devices(state);
  connect_procedures(state);
  connect_logs(state, layout);
  connect_supply(state);
}

// What the meter has counted in its first years.
InitialReadings initial_readings() {
  InitialReadings readings;
  readings.tiers[0] = {.forward_wh = 9'812'774,
                       .reverse_wh = 3'120'551,
                       .reactive_varh = {1'402'118, 77'215, 96'340, 512'406},
                       .apparent_vah = {9'730'446, 2'114'900, 1'055'238, 412'087}};
  readings.tiers[1] = {.forward_wh = 5'127'096,
                       .reverse_wh = 402'663,
                       .reactive_varh = {803'561, 9'127, 11'802, 388'754},
                       .apparent_vah = {5'009'347, 301'446, 118'520, 240'191}};
  readings.outages = 3;
  readings.outage_seconds = 4'127;
  return readings;
}

// The supply fails once in the history that begins there. It takes the end of a load profile
// interval with it.
Outage outage_of(std::int64_t begin) {
  constexpr std::int64_t hour = 3600;
  const std::int64_t from = begin / hour * hour + 20 * hour - 250;
  return {from, from + 494};
}

// What the counters are to be at `begin` so that they are, after the outage, what they would be
// without it: `begun` says what they are at `begin` of a meter that is never without power.
EnergyCounters counters_before_outage(const Household& household, const TariffSchedule& schedule,
                                      std::int64_t begin, const Outage& outage,
                                      const EnergyCounters& begun) {
  EnergyCounters without = begun;
  EnergyCounters missed;
  for (std::int64_t second = begin + 1; second < outage.to; ++second) {
    const Power power = household.power_at(second);
    const std::uint8_t tier = schedule.tier_at(second - 1);
    without.count(power, tier);
    if (second >= outage.from) missed.count(power, tier);
  }
  EnergyCounters counters = begun;
  for (std::size_t i = 0; i < counters.registers.size(); ++i) {
    auto& counter = counters.registers[i];
    const auto& lost = missed.registers[i];
    for (const std::int64_t tier : lost.tiers) counter.tiers[0] += tier;
    counter.add(lost.begun, 0);
  }
  EnergyCounters with = counters;
  for (std::int64_t second = begin + 1; second < outage.from; ++second)
    with.count(household.power_at(second), schedule.tier_at(second - 1));
  // And each watt-hour in its tier.
  for (std::size_t i = 0; i < counters.registers.size(); ++i)
    for (std::size_t tier = 0; tier < tier_count; ++tier)
      counters.registers[i].tiers[tier] +=
          without.registers[i].tiers[tier] - with.registers[i].tiers[tier];
  return counters;
}

void live_until(MeterState& state, std::int64_t second) {
  state.now = std::chrono::seconds(second);
  live_on(state);
}

// Two days in which something of all that there are tables for happens.
void live_through_history(MeterState& state, std::int64_t from, std::int64_t until) {
  constexpr std::int64_t hour = 3600;
  log_event(state, from, Event::old_time);
  log_event(state, from, Event::new_time, 0, user_utility);
  for (const MbusDevice& device : state.mbus)
    log_event(state, from, Event::mbus_device_found, device.handle);
  take_snapshot(state, Snapshot::season);
  reset_demands(state, from);
  const Outage outage = outage_of(from);
  state.registers->add_outage(outage.from, outage.to);
  live_until(state, from + 30 * hour);
  take_snapshot(state, Snapshot::one_time_read);
  live_until(state, until);
}

}  // namespace

void furnish(MeterState& state) {
  constexpr std::int64_t history = std::int64_t{2} * 24 * 3600;
  const Layout layout = layout_of(state.options.generation);
  const Instant now = state.now;
  const std::int64_t begin = state.second() - history;

  const Household household(state.options.seed, local_offset_seconds);
  TariffSchedule schedule = TariffSchedule::day_and_night();
  schedule.local_offset = local_offset_seconds;
  const InitialReadings initial = initial_readings();
  EnergyCounters counters(initial.tiers);
  if (state.options.continues)
    counters = counters_before_outage(household, schedule, begin, outage_of(begin),
                                      counters_at(household, schedule, begin, counters));
  state.registers.emplace(household, schedule, begin, counters, initial.outage_seconds,
                          initial.outages);
  for (const LoadProfileConfig& config : layout.load_profiles)
    state.load_profiles.emplace_back(config);
  state.mbus = household_devices();
  if (state.options.continues) age_devices(state, begin);
  state.on_demand.resize(on_demand_queue_size);

  state.now = std::chrono::seconds(begin);
  for (const std::uint16_t table : tables_of(layout.generation))
    state.tables.add(table, table_limit(table, layout.generation));
  connect(state, layout);
  state.tables.fill(contents(layout));
  live_through_history(state, begin, begin + history);
  state.now = now;
}

}  // namespace mep::simulator
