// Readings in units that people use, under names that all tables and meters share: what a register
// has as 230512 mV is "voltage.l1", 230.512 V.
//
// A name is what is measured, then which way (import, export), where (l1, q1), at what rate (t0),
// before the transformers (primary), and what of it (average, demand, max), each only where that is
// not what goes without saying. Names are filters: they stay.
//
// Protocol. To be added here: units, and what M-Bus devices measure; which register measures what
// stands in sources.cpp.
// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/dimensions.h"
#include "protocol/mbus_quantity.h"
#include "protocol/schema.h"

namespace mep {

// `unit`: without prefix ("V", "Wh", "s"); empty for ratios. A number times `factor` / `divisor` is
// in it; the divisor is a power of ten.
struct CommonUnit {
  std::string_view unit;
  std::uint32_t factor;
  std::uint32_t divisor;

  bool is_other() const { return factor != 1 || divisor != 1; }
};

// Of a unit as the guide has it: "mV", "1/1000", "0.01 deg". One that is not known stays as it is.
CommonUnit common_unit(std::string_view unit);

// In the common unit.
double amount(std::int64_t value, const CommonUnit& unit);
// The same, exact, with as many decimal places as the register has: "230.500".
std::string amount_text(std::int64_t value, const CommonUnit& unit);
// "230.500 V"; of a ratio the number alone.
std::string amount_with_unit(std::int64_t value, const CommonUnit& unit);

// The tiers of BT23 (page 207), which names count from t0.
inline constexpr unsigned most_tiers = 8;

// What a register has of a source.
enum class Taken : std::uint8_t {
  value,
  demand,           // the average over a demand interval: the present one
  previous_demand,  // the one before
  max_demand,       // the largest, or the smallest, since demands were reset
  min_demand,
};
inline constexpr std::size_t all_taken = 5;

// A number that some table has under a name.
struct MeasuredQuantity {
  std::string name;       // "energy.import.t0", "power.import.t0.demand.max"
  std::string_view unit;  // as common_unit() says
  std::string_view of;    // BT22's name for it, or the guide's
  std::uint16_t source;
  std::int32_t tier;  // -1: in total
  Taken taken;
};
// What the sources "Present Dmd 1" to "Previous Dmd 8" are, as BT22 tells; nothing for others, and
// before it was read.
struct DemandOf {
  std::uint16_t source;
  Taken taken;
};
std::optional<DemandOf> demand_of(std::uint16_t source, const Dimensions& dimensions);

// All that registers can have. Some have several sources: an energy in a tier has BT22's ID and the
// place in BT23.
std::vector<MeasuredQuantity> measured_quantities();

// What M-Bus devices measure, under its name without "mbus.".
struct DeviceQuantity {
  std::string_view name;      // "volume"
  std::string_view unit;      // "m³"
  std::string_view measured;  // mbus::Quantity's name
};
std::span<const DeviceQuantity> device_quantities();

// A record's number as one of these: times `factor`, plus `offset`, is in its unit.
struct DeviceAmount {
  std::size_t quantity;  // index in device_quantities()
  double factor;
  double offset;
};
// Nothing for what is no reading, and what is none of these or something special of it.
std::optional<DeviceAmount> device_amount(const mbus::Quantity& quantity);

}  // namespace mep
