// Readings in units that people use. Expectations are computed by hand.
// SPDX-License-Identifier: GPL-2.0-or-later
#include "protocol/quantity.h"

#include <cmath>
#include <limits>
#include <map>
#include <set>
#include <string>
#include <tuple>

#include "tests/unit/cmocka.h"

namespace mep {
namespace {

void units_lose_their_prefixes(void**) {
  assert_string_equal(amount_with_unit(230512, common_unit("mV")).c_str(), "230.512 V");
  assert_string_equal(amount_with_unit(7950, common_unit("mA")).c_str(), "7.950 A");
  assert_string_equal(amount_with_unit(49990, common_unit("mHz")).c_str(), "49.990 Hz");
  assert_string_equal(amount_with_unit(985, common_unit("1/1000")).c_str(), "0.985");
  assert_string_equal(amount_with_unit(12034, common_unit("0.01 deg")).c_str(), "120.34°");
  assert_string_equal(amount_with_unit(3, common_unit("min")).c_str(), "180 s");
  assert_string_equal(amount_with_unit(69, common_unit("0.1 mA")).c_str(), "0.0069 A");
  assert_string_equal(amount_with_unit(5558, common_unit("W")).c_str(), "5558 W");
  assert_false(common_unit("W").is_other());
  assert_true(common_unit("mV").is_other());
  assert_true(amount(230512, common_unit("mV")) == 230.512);
  assert_true(amount(3, common_unit("min")) == 180.0);
}

void small_and_negative_ones_keep_their_places(void**) {
  assert_string_equal(amount_text(5, common_unit("mV")).c_str(), "0.005");
  assert_string_equal(amount_text(0, common_unit("mV")).c_str(), "0.000");
  assert_string_equal(amount_text(-5, common_unit("1/1000")).c_str(), "-0.005");
  assert_string_equal(amount_text(-123456, common_unit("mA")).c_str(), "-123.456");
  assert_string_equal(
      amount_text(std::numeric_limits<std::int32_t>::min(), common_unit("W")).c_str(),
      "-2147483648");
}

// A register's name is one thing, in one unit.
void names_are_filters_and_have_one_unit(void**) {
  std::map<std::string, std::string> units;
  std::set<std::tuple<std::uint16_t, std::int32_t, Taken>> places;
  for (const MeasuredQuantity& each : measured_quantities()) {
    assert_true(each.name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789._") ==
                std::string::npos);
    const auto [known, is_new] = units.try_emplace(each.name, each.unit);
    assert_true(is_new || known->second == each.unit);
    assert_true(places.emplace(each.source, each.tier, each.taken).second);
  }
  assert_string_equal(units.at("voltage.l1").c_str(), "V");
  assert_string_equal(units.at("current.l3.primary").c_str(), "A");
  assert_string_equal(units.at("power.import").c_str(), "W");
  assert_string_equal(units.at("power.export.l2").c_str(), "W");
  assert_string_equal(units.at("frequency").c_str(), "Hz");
  assert_string_equal(units.at("energy.import").c_str(), "Wh");
  assert_string_equal(units.at("energy.export.t7").c_str(), "Wh");
  assert_string_equal(units.at("apparent_energy.q4").c_str(), "VAh");
  assert_string_equal(units.at("power_factor.l2").c_str(), "");
  assert_string_equal(units.at("outage_time.t0").c_str(), "s");
  assert_true(units.count("energy.import.t8") == 0);
  assert_true(units.count("power.import.t0") == 0);
  assert_string_equal(units.at("power.import.demand").c_str(), "W");
  assert_string_equal(units.at("reactive_power.q3.t7.demand.min").c_str(), "var");
  assert_string_equal(units.at("power.export.t1.primary.demand.max").c_str(), "W");
  assert_true(units.count("power.import.l1.demand") == 0);
  assert_true(units.count("energy.import.demand") == 0);
}

// Page 205: 88 to 95 and 96 to 103 are demands of BT22's Demand Select.
void demands_are_those_of_bt22(void**) {
  Dimensions dimensions;
  assert_false(demand_of(88, dimensions).has_value());
  dimensions.learn(Dim::demand_source, 0, 8);
  dimensions.learn(Dim::demand_source, 7, 10);
  const auto present = demand_of(88, dimensions);
  assert_true(present && present->source == 8 && present->taken == Taken::demand);
  const auto previous = demand_of(103, dimensions);
  assert_true(previous && previous->source == 10 && previous->taken == Taken::previous_demand);
  for (const std::uint16_t other : {8, 87, 89, 104})
    assert_false(demand_of(other, dimensions).has_value());
}

// Whatever has a unit, and is not one of a kind, has a name.
void sources_with_units_are_named(void**) {
  for (const Source& source : sources()) {
    if (source.id == 201) continue;  // by how much an interval was adjusted: no measurement
    assert_int_equal(source.unit.empty(), source.quantity.empty());
  }
}

mbus::Quantity measured(std::string name, std::string unit) {
  mbus::Quantity quantity;
  quantity.name = std::move(name);
  quantity.unit = std::move(unit);
  quantity.reading = true;
  return quantity;
}

// Nothing: not a number.
double converted(double number, std::string name, std::string unit) {
  const auto found = device_amount(measured(std::move(name), std::move(unit)));
  return found ? number * found->factor + found->offset : std::nan("");
}

bool about(double value, double expected) {
  return std::abs(value - expected) < 1e-9 * std::max(1.0, std::abs(expected));
}

void devices_say_it_in_many_units(void**) {
  assert_true(about(converted(12.5, "Energy", "kWh"), 12500));
  assert_true(about(converted(36, "Energy", "MJ"), 10000));
  assert_true(about(converted(187.204, "Volume", "m³"), 187.204));
  assert_true(about(converted(1000, "Volume", "US gal"), 3.785411784));
  assert_true(about(converted(2, "Volume flow", "m³/min"), 120));
  assert_true(about(converted(212, "Flow temperature", "°F"), 100));
  assert_true(about(converted(32, "External temperature", "°F"), 0));
  assert_true(about(converted(18, "Temperature difference", "°F"), 10));
  assert_true(about(converted(3.6, "Power", "MJ/h"), 1000));
  const auto gas = device_amount(measured("Volume, uncorrected", "m³"));
  assert_true(gas && device_quantities()[gas->quantity].name == "volume");
}

void what_is_special_stays_with_the_record(void**) {
  assert_true(std::isnan(converted(1, "Volume, upper limit", "m³")));
  assert_true(std::isnan(converted(1, "Voltage, phase L2", "V")));
  assert_true(std::isnan(converted(1, "Heat cost allocator units", "")));
  assert_true(std::isnan(converted(1, "Energy", "Mcal")));
  mbus::Quantity no_reading = measured("Volume", "m³");
  no_reading.reading = false;
  assert_false(device_amount(no_reading).has_value());
  mbus::Quantity failed = measured("Volume", "m³");
  failed.error = "no data available";
  assert_false(device_amount(failed).has_value());
}

}  // namespace
}  // namespace mep

int main() {
  const CMUnitTest tests[] = {
      cmocka_unit_test(mep::units_lose_their_prefixes),
      cmocka_unit_test(mep::small_and_negative_ones_keep_their_places),
      cmocka_unit_test(mep::names_are_filters_and_have_one_unit),
      cmocka_unit_test(mep::demands_are_those_of_bt22),
      cmocka_unit_test(mep::sources_with_units_are_named),
      cmocka_unit_test(mep::devices_say_it_in_many_units),
      cmocka_unit_test(mep::what_is_special_stays_with_the_record),
  };
  return cmocka_run_group_tests(tests, nullptr, nullptr);
}
