// SPDX-License-Identifier: GPL-2.0-or-later
#include "protocol/quantity.h"

#include <algorithm>
#include <iterator>

#include "protocol/names.h"
#include "protocol/tables/tables.h"

namespace mep {
namespace {

struct Unit {
  std::string_view guide;
  CommonUnit common;
};
constexpr Unit units[] = {
    {"mV", {"V", 1, 1000}},   {"mA", {"A", 1, 1000}},    {"0.1 mA", {"A", 1, 10000}},
    {"mHz", {"Hz", 1, 1000}}, {"1/1000", {"", 1, 1000}}, {"0.01 deg", {"°", 1, 100}},
    {"min", {"s", 60, 1}},    {"0.1 %", {"%", 1, 10}},   {"0.01 %", {"%", 1, 100}},
};

// --- M-Bus

constexpr DeviceQuantity quantities[] = {
    {"energy", "Wh", "Energy"},
    {"reactive_energy", "varh", "Reactive energy"},
    {"apparent_energy", "VAh", "Apparent energy"},
    {"volume", "m³", "Volume"},
    {"mass", "kg", "Mass"},
    {"power", "W", "Power"},
    {"reactive_power", "var", "Reactive power"},
    {"apparent_power", "VA", "Apparent power"},
    {"volume_flow", "m³/h", "Volume flow"},
    {"mass_flow", "kg/h", "Mass flow"},
    {"flow_temperature", "°C", "Flow temperature"},
    {"return_temperature", "°C", "Return temperature"},
    {"external_temperature", "°C", "External temperature"},
    {"temperature_difference", "K", "Temperature difference"},
    {"pressure", "bar", "Pressure"},
    {"relative_humidity", "%", "Relative humidity"},
    {"frequency", "Hz", "Frequency"},
    {"voltage", "V", "Voltage"},
    {"current", "A", "Current"},
};

struct Conversion {
  std::string_view from;
  std::string_view to;
  double factor;
  double offset = 0;
};
constexpr double joules_in_wh = 3600;
constexpr double m3_in_gallon = 0.003785411784;  // of the US, by definition
constexpr double m3_in_cubic_foot = 0.028316846592;
constexpr double kelvins_in_fahrenheit = 5.0 / 9;
constexpr Conversion conversions[] = {
    {"kWh", "Wh", 1e3},
    {"MJ", "Wh", 1e6 / joules_in_wh},
    {"kvarh", "varh", 1e3},
    {"kVAh", "VAh", 1e3},
    {"ft³", "m³", m3_in_cubic_foot},
    {"US gal", "m³", m3_in_gallon},
    {"MJ/h", "W", 1e6 / joules_in_wh},
    {"kvar", "var", 1e3},
    {"kVA", "VA", 1e3},
    {"m³/min", "m³/h", 60},
    {"m³/s", "m³/h", 3600},
    {"US gal/min", "m³/h", 60 * m3_in_gallon},
    {"US gal/h", "m³/h", m3_in_gallon},
    {"°F", "°C", kelvins_in_fahrenheit, -32 * kelvins_in_fahrenheit},
    {"°F", "K", kelvins_in_fahrenheit},
};

// A demand is an average of power, and measured of the whole meter.
bool has_demands(std::string_view quantity, std::string_view unit) {
  const auto mentions = [quantity](std::string_view part) {
    return quantity.find(part) != std::string_view::npos;
  };
  const bool power = unit == "W" || unit == "var" || unit == "VA";
  return power && !mentions(".l") && !mentions(".average") && !mentions(".max");
}

// "power.import.primary", "t0": "power.import.t0.primary"
std::string in_tier(std::string_view quantity, const std::string& tier) {
  std::string name(quantity);
  const std::size_t side = name.find(".primary");
  return name.insert(side == std::string::npos ? name.size() : side, "." + tier);
}

std::vector<MeasuredQuantity> gather() {
  std::vector<MeasuredQuantity> all;
  const auto add_demands = [&all](std::uint16_t source, std::string_view of,
                                  std::string_view quantity, std::string_view unit) {
    const auto take = [&](const std::string& name, std::int32_t tier) {
      all.push_back({name + ".demand.max", unit, of, source, tier, Taken::max_demand});
      all.push_back({name + ".demand.min", unit, of, source, tier, Taken::min_demand});
    };
    const std::string name(quantity);
    all.push_back({name + ".demand", unit, of, source, -1, Taken::demand});
    all.push_back({name + ".demand.previous", unit, of, source, -1, Taken::previous_demand});
    take(name, -1);
    for (unsigned tier = 0; tier < most_tiers; ++tier)
      take(in_tier(quantity, "t" + std::to_string(tier)), static_cast<std::int32_t>(tier));
  };
  const auto add = [&all, &add_demands](std::uint16_t source, std::string_view of,
                                        std::string_view quantity, std::string_view unit) {
    if (quantity.empty()) return;
    const std::string_view common = common_unit(unit).unit;
    all.push_back({std::string(quantity), common, of, source, -1, Taken::value});
    if (has_demands(quantity, common)) add_demands(source, of, quantity, common);
    // What counts up is kept by rate, too; BT22's IDs of the first four rates say so themselves.
    const bool counts = unit == "s" || unit.ends_with("h");
    if (!counts || quantity.find(".t") != std::string_view::npos) return;
    for (unsigned tier = 0; tier < most_tiers; ++tier)
      all.push_back({std::string(quantity) + ".t" + std::to_string(tier), common, of, source,
                     static_cast<std::int32_t>(tier), Taken::value});
  };
  for (const Source& source : sources()) add(source.id, source.name, source.quantity, source.unit);
  // Those that BT23 has and BT22 does not.
  const auto visit = [&add](const auto& self, const Node& node) -> void {
    if (const RegistersPart* row = node.registers())
      for (const SourceName& own : row->source_names)
        add(own.source, own.name, own.quantity, own.unit);
    if (node.role == Role::tier) return;
    for (const Node& child : node.children()) self(self, child);
  };
  visit(visit, find_table(BT(23))->root);
  return all;
}

}  // namespace

CommonUnit common_unit(std::string_view unit) {
  const auto* known =
      std::ranges::find_if(units, [unit](const Unit& each) { return each.guide == unit; });
  return known != std::end(units) ? known->common : CommonUnit{unit, 1, 1};
}

double amount(std::int64_t value, const CommonUnit& unit) {
  return static_cast<double>(value) * unit.factor / unit.divisor;
}

std::string amount_text(std::int64_t value, const CommonUnit& unit) {
  const std::int64_t times = value * unit.factor;
  std::string digits = std::to_string(times < 0 ? -times : times);
  std::size_t places = 0;
  for (std::uint32_t rest = unit.divisor; rest > 1; rest /= 10) ++places;
  if (places > 0) {
    if (digits.size() <= places) digits.insert(0, places + 1 - digits.size(), '0');
    digits.insert(digits.size() - places, ".");
  }
  return (times < 0 ? "-" : "") + digits;
}

std::string amount_with_unit(std::int64_t value, const CommonUnit& unit) {
  std::string text = amount_text(value, unit);
  if (!unit.unit.empty()) text += (unit.unit == "°" ? "" : " ") + std::string(unit.unit);
  return text;
}

std::optional<DemandOf> demand_of(std::uint16_t source, const Dimensions& dimensions) {
  constexpr std::uint16_t present_demand = 88;  // page 205
  constexpr std::uint16_t previous_demand = 96;
  constexpr std::uint16_t behind = 104;
  if (source < present_demand || source >= behind) return std::nullopt;
  const bool present = source < previous_demand;
  const std::uint16_t number = source - (present ? present_demand : previous_demand);
  const auto selected = dimensions.learned(Dim::demand_source, number);
  if (!selected) return std::nullopt;
  return DemandOf{static_cast<std::uint16_t>(*selected),
                  present ? Taken::demand : Taken::previous_demand};
}

std::vector<MeasuredQuantity> measured_quantities() {
  return gather();
}

std::span<const DeviceQuantity> device_quantities() {
  return quantities;
}

std::optional<DeviceAmount> device_amount(const mbus::Quantity& quantity) {
  if (!quantity.reading || !quantity.error.empty()) return std::nullopt;
  // A gas meter's volume is as its counter has it unless the meter says otherwise.
  std::string_view measured = quantity.name;
  constexpr std::string_view uncorrected = ", uncorrected";
  if (measured.ends_with(uncorrected)) measured.remove_suffix(uncorrected.size());
  const auto* found = std::ranges::find_if(
      quantities, [measured](const DeviceQuantity& each) { return each.measured == measured; });
  if (found == std::end(quantities)) return std::nullopt;
  const auto index = static_cast<std::size_t>(found - std::begin(quantities));
  if (found->unit == quantity.unit) return DeviceAmount{index, 1, 0};
  const auto* conversion = std::ranges::find_if(conversions, [&](const Conversion& each) {
    return each.from == quantity.unit && each.to == found->unit;
  });
  if (conversion == std::end(conversions)) return std::nullopt;
  return DeviceAmount{index, conversion->factor, conversion->offset};
}

}  // namespace mep
