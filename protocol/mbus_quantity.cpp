// SPDX-License-Identifier: GPL-2.0-or-later
#include "protocol/mbus_quantity.h"

#include <algorithm>
#include <span>
#include <utility>

#include "protocol/bytes.h"

namespace mep::mbus {
namespace {

constexpr std::size_t most_vifes = 10;
constexpr std::uint8_t more_follow = 0x80;  // of any VIF or VIFE
constexpr std::uint8_t code_mask = 0x7F;

constexpr std::uint8_t first_extension = 0xFB;  // the quantity stands in the next byte
constexpr std::uint8_t second_extension = 0xFD;
constexpr std::uint8_t third_extension = 0xEF;
constexpr std::uint8_t plain_text = 0x7C;
constexpr std::uint8_t manufacturer_specific = 0x7F;
constexpr std::uint8_t extended_vife = 0xFC;  // the modification stands in the next byte

// What goes up from one code of a row to the next.
enum class Step : std::uint8_t { decimal_place, time_unit };

struct Row {
  std::uint8_t first;
  std::uint8_t last;
  std::string_view name;
  std::string_view unit = {};
  int exponent = 0;  // of the first code
  Form form = Form::number;
  bool reading = false;
  Step step = Step::decimal_place;
  Sensitive sensitivity = Sensitive::undecided;  // then its form decides
};

constexpr std::string_view time_units[] = {"s", "min", "h", "d"};
constexpr std::string_view long_time_units[] = {"h", "d", "months", "years"};

// Rows of one quantity, by what a device is read for and by how it is coded. Energy is always told
// in kWh or MJ, power in W, so that what devices say can be compared.
constexpr Row reading(std::uint8_t first, std::uint8_t last, std::string_view name,
                      std::string_view unit, int exponent) {
  return {first, last, name, unit, exponent, Form::number, true};
}
constexpr Row duration(std::uint8_t first, std::string_view name) {
  return {first,          static_cast<std::uint8_t>(first + 3), name, {}, 0, Form::number, false,
          Step::time_unit};
}
constexpr Row single(std::uint8_t code, std::string_view name, Form form = Form::number,
                     std::string_view unit = {}) {
  return {code, code, name, unit, 0, form};
}
// Another decision than its form's.
constexpr Row sensitive(Row row, Sensitive what) {
  row.sensitivity = what;
  return row;
}

constexpr Row primary[] = {
    reading(0x00, 0x07, "Energy", "kWh", -6),
    reading(0x08, 0x0F, "Energy", "MJ", -6),
    reading(0x10, 0x17, "Volume", "m³", -6),
    reading(0x18, 0x1F, "Mass", "kg", -3),
    duration(0x20, "On time"),
    duration(0x24, "Operating time"),
    reading(0x28, 0x2F, "Power", "W", -3),
    reading(0x30, 0x37, "Power", "MJ/h", -6),
    reading(0x38, 0x3F, "Volume flow", "m³/h", -6),
    reading(0x40, 0x47, "Volume flow", "m³/min", -7),
    reading(0x48, 0x4F, "Volume flow", "m³/s", -9),
    reading(0x50, 0x57, "Mass flow", "kg/h", -3),
    reading(0x58, 0x5B, "Flow temperature", "°C", -3),
    reading(0x5C, 0x5F, "Return temperature", "°C", -3),
    reading(0x60, 0x63, "Temperature difference", "K", -3),
    reading(0x64, 0x67, "External temperature", "°C", -3),
    sensitive(reading(0x68, 0x6B, "Pressure", "bar", -3), Sensitive::none),
    single(0x6C, "Date", Form::moment),
    single(0x6D, "Date and time", Form::moment),
    reading(0x6E, 0x6E, "Heat cost allocator units", "", 0),
    duration(0x70, "Averaging duration"),
    duration(0x74, "Actuality duration"),
    single(0x78, "Fabrication number", Form::identification),
    single(0x79, "Enhanced identification", Form::identification),
    single(0x7A, "Address", Form::identification),
    single(0x7E, "Any quantity", Form::bytes),
};

// Behind 0xFB
constexpr Row first_table[] = {
    reading(0x00, 0x01, "Energy", "kWh", 2),  // 0.1 MWh
    reading(0x02, 0x03, "Reactive energy", "kvarh", 0),
    reading(0x04, 0x05, "Apparent energy", "kVAh", 0),
    reading(0x08, 0x09, "Energy", "MJ", 2),  // 0.1 GJ
    reading(0x0C, 0x0F, "Energy", "Mcal", -1),
    reading(0x10, 0x11, "Volume", "m³", 2),
    reading(0x14, 0x17, "Reactive power", "kvar", -3),
    reading(0x18, 0x19, "Mass", "kg", 5),  // 100 t
    reading(0x1A, 0x1B, "Relative humidity", "%", -1),
    reading(0x20, 0x20, "Volume", "ft³", 0),
    reading(0x21, 0x21, "Volume", "ft³", -1),
    reading(0x22, 0x22, "Volume", "US gal", -1),
    reading(0x23, 0x23, "Volume", "US gal", 0),
    reading(0x24, 0x24, "Volume flow", "US gal/min", -3),
    reading(0x25, 0x25, "Volume flow", "US gal/min", 0),
    reading(0x26, 0x26, "Volume flow", "US gal/h", 0),
    reading(0x28, 0x29, "Power", "W", 5),  // 0.1 MW
    sensitive(reading(0x2A, 0x2A, "Phase between voltages", "°", -1), Sensitive::none),
    sensitive(reading(0x2B, 0x2B, "Phase between voltage and current", "°", -1), Sensitive::none),
    sensitive(reading(0x2C, 0x2F, "Frequency", "Hz", -3), Sensitive::none),
    reading(0x30, 0x31, "Power", "MJ/h", 2),  // 0.1 GJ/h
    reading(0x34, 0x37, "Apparent power", "kVA", -3),
    reading(0x58, 0x5B, "Flow temperature", "°F", -3),
    reading(0x5C, 0x5F, "Return temperature", "°F", -3),
    reading(0x60, 0x63, "Temperature difference", "°F", -3),
    reading(0x64, 0x67, "External temperature", "°F", -3),
    {0x70, 0x73, "Cold/warm temperature limit", "°F", -3},
    {0x74, 0x77, "Cold/warm temperature limit", "°C", -3},
    sensitive({0x78, 0x7F, "Cumulated maximum of power", "W", -3}, Sensitive::consumption),
};

// Behind 0xFD
constexpr Row second_table[] = {
    sensitive({0x00, 0x03, "Credit", "units of local currency", -3}, Sensitive::consumption),
    sensitive({0x04, 0x07, "Debit", "units of local currency", -3}, Sensitive::consumption),
    sensitive(single(0x08, "Access number", Form::identification), Sensitive::none),
    sensitive(single(0x09, "Medium", Form::identification), Sensitive::none),
    sensitive(single(0x0A, "Manufacturer", Form::identification), Sensitive::none),
    single(0x0B, "Parameter set identification", Form::identification),
    sensitive(single(0x0C, "Model or version", Form::identification), Sensitive::none),
    sensitive(single(0x0D, "Hardware version", Form::identification), Sensitive::none),
    sensitive(single(0x0E, "Firmware version", Form::identification), Sensitive::none),
    sensitive(single(0x0F, "Software version", Form::identification), Sensitive::none),
    sensitive(single(0x10, "Customer location", Form::identification), Sensitive::place),
    single(0x11, "Customer", Form::identification),
    sensitive(single(0x12, "Access code of the user", Form::identification), Sensitive::key),
    sensitive(single(0x13, "Access code of the operator", Form::identification), Sensitive::key),
    sensitive(single(0x14, "Access code of the system operator", Form::identification),
              Sensitive::key),
    sensitive(single(0x15, "Access code of the developer", Form::identification), Sensitive::key),
    sensitive(single(0x16, "Password", Form::identification), Sensitive::key),
    single(0x17, "Error flags", Form::flags),
    single(0x18, "Error mask", Form::flags),
    sensitive(single(0x19, "Security key", Form::bytes), Sensitive::key),
    single(0x1A, "Digital output", Form::flags),
    single(0x1B, "Digital input", Form::flags),
    single(0x1C, "Baud rate", Form::number, "baud"),
    single(0x1D, "Response delay time", Form::number, "bit times"),
    single(0x1E, "Retries"),
    single(0x1F, "Remote control", Form::flags),
    single(0x20, "First storage number of cyclic storage"),
    single(0x21, "Last storage number of cyclic storage"),
    single(0x22, "Size of storage block"),
    sensitive(single(0x23, "Descriptor of tariff and subunit", Form::bytes), Sensitive::none),
    duration(0x24, "Storage interval"),
    single(0x28, "Storage interval", Form::number, "months"),
    single(0x29, "Storage interval", Form::number, "years"),
    single(0x2A, "Operator specific data", Form::bytes),
    single(0x2B, "Second of the time point", Form::number, "s"),
    duration(0x2C, "Duration since last readout"),
    single(0x30, "Start of tariff", Form::moment),
    {0x31, 0x33, "Duration of tariff", {}, 0, Form::number, false, Step::time_unit},
    duration(0x34, "Period of tariff"),
    single(0x38, "Period of tariff", Form::number, "months"),
    single(0x39, "Period of tariff", Form::number, "years"),
    sensitive(single(0x3A, "Dimensionless"), Sensitive::consumption),
    single(0x3B, "Container for wireless M-Bus", Form::bytes),
    duration(0x3C, "Period of nominal transmissions"),
    sensitive(reading(0x40, 0x4F, "Voltage", "V", -9), Sensitive::none),
    reading(0x50, 0x5F, "Current", "A", -12),
    single(0x60, "Reset counter"),
    single(0x61, "Cumulation counter"),
    single(0x62, "Control signal", Form::flags),
    single(0x63, "Day of week"),
    single(0x64, "Week number"),
    single(0x65, "Time of day change", Form::moment),
    single(0x66, "State of parameter activation", Form::flags),
    single(0x67, "Special supplier information", Form::flags),
    {0x68, 0x6B, "Duration since last cumulation", {}, 0, Form::number, false, Step::time_unit},
    {0x6C, 0x6F, "Operating time of battery", {}, 0, Form::number, false, Step::time_unit},
    single(0x70, "Battery change", Form::moment),
    single(0x71, "Received signal level", Form::number, "dBm"),
    sensitive(single(0x72, "Daylight saving", Form::bytes), Sensitive::none),
    sensitive(single(0x73, "Listening windows", Form::bytes), Sensitive::none),
    single(0x74, "Remaining life of battery", Form::number, "d"),
    single(0x75, "Times that the meter was stopped"),
    single(0x76, "Container for a manufacturer's protocol", Form::bytes),
};

// The unit of a row that counts time: seconds to days, but for those of EN 13757-3 that begin
// elsewhere.
std::string_view time_unit(const Row& row, std::uint8_t code, bool of_second_table) {
  const std::size_t step = code - row.first;
  if (of_second_table && (row.first == 0x68 || row.first == 0x6C)) return long_time_units[step];
  if (of_second_table && row.first == 0x31) return time_units[step + 1];
  return time_units[step];
}

// What a device is read for is what somebody used; what names or is unknown is an identifier.
Sensitive sensitivity_of(const Row& row) {
  if (row.sensitivity != Sensitive::undecided) return row.sensitivity;
  switch (row.form) {
    case Form::identification:
    case Form::bytes:
      return Sensitive::identifier;
    case Form::flags:
    case Form::moment:
      return Sensitive::none;
    case Form::number:
      break;
  }
  return row.reading ? Sensitive::consumption : Sensitive::none;
}

Quantity look_up(std::span<const Row> table, std::uint8_t code, std::string_view prefix,
                 bool of_second_table) {
  const auto row = std::find_if(table.begin(), table.end(), [code](const Row& each) {
    return each.first <= code && code <= each.last;
  });
  Quantity quantity;
  if (row == table.end()) {
    quantity.name = "Unknown quantity (VIF " + std::string(prefix) + hex({&code, 1}) + ")";
    quantity.form = Form::bytes;
    return quantity;
  }
  quantity.name = row->name;
  quantity.unit = row->unit;
  quantity.form = row->form;
  quantity.reading = row->reading;
  quantity.sensitivity = sensitivity_of(*row);
  if (row->step == Step::time_unit) {
    quantity.unit = time_unit(*row, code, of_second_table);
  } else {
    quantity.exponent = row->exponent + (code - row->first);
  }
  return quantity;
}

// --- What VIFEs make of it

// Codes 0x00 to 0x1F of a device's answer, in place of a value.
std::string_view error_text(std::uint8_t code) {
  switch (code) {
    case 0x01:
      return "too many DIFEs";
    case 0x02:
      return "storage number not implemented";
    case 0x03:
      return "unit number not implemented";
    case 0x04:
      return "tariff number not implemented";
    case 0x05:
      return "function not implemented";
    case 0x06:
      return "data class not implemented";
    case 0x07:
      return "data size not implemented";
    case 0x0B:
      return "too many VIFEs";
    case 0x0C:
      return "illegal VIF group";
    case 0x0D:
      return "illegal VIF exponent";
    case 0x0E:
      return "VIF and DIF do not match";
    case 0x0F:
      return "action not implemented";
    case 0x15:
      return "no data available";
    case 0x16:
      return "data overflow";
    case 0x17:
      return "data underflow";
    case 0x18:
      return "data error";
    case 0x1C:
      return "premature end of record";
    default:
      return {};
  }
}

// Several values in one, which only a profile's rules take apart.
std::string_view profile_text(std::uint8_t code) {
  switch (code) {
    case 0x13:
      return "inverse compact profile";
    case 0x1D:
      return "standard conform data content";
    case 0x1E:
      return "compact profile with registers";
    case 0x1F:
      return "compact profile";
    default:
      return {};
  }
}

// Codes 0x20 to 0x35: what the quantity is divided by.
constexpr std::string_view divisors[] = {
    "s",     "min", "h",  "d",  "week", "month", "year", "revolution", "pulse", "pulse", "pulse",
    "pulse", "l",   "m³", "kg", "K",    "kWh",   "GJ",   "kW",         "(K·l)", "V",     "A"};
constexpr std::uint8_t first_divisor = 0x20;
constexpr std::uint8_t first_pulse = 0x28;

void append(Quantity& quantity, std::string_view words) {
  quantity.name += ", ";
  quantity.name += words;
}

// The value is no longer the quantity's own, but a count, a time or a duration that belongs to it.
void make(Quantity& quantity, std::string_view words, Form form, std::string_view unit) {
  append(quantity, words);
  quantity.form = form;
  quantity.unit = unit;
  quantity.exponent = 0;
  quantity.reading = false;
}

// Bits of the codes that tell of limits, and of a first or a last time.
std::string_view limit(std::uint8_t code) {
  return (code & 0x08) != 0 ? "upper limit" : "lower limit";
}
std::string_view first_or_last(std::uint8_t code) {
  return (code & 0x04) != 0 ? "last" : "first";
}
std::string exceeding(std::uint8_t code, std::string_view which_limit) {
  return std::string(first_or_last(code)) + " time beyond the " + std::string(which_limit);
}

void modify_by_limit(Quantity& quantity, std::uint8_t code) {
  if (code >= 0x50) {
    make(quantity, "duration of the " + exceeding(code, limit(code)), Form::number,
         time_units[code & 3]);
  } else if ((code & 0x02) != 0) {
    make(quantity,
         std::string((code & 0x01) != 0 ? "end" : "begin") + " of the " +
             exceeding(code, limit(code)),
         Form::moment, {});
  } else if ((code & 0x07) == 0x01) {
    make(quantity, "times beyond the " + std::string(limit(code)), Form::number, {});
  } else if ((code & 0x07) == 0) {
    append(quantity, limit(code));
    quantity.reading = false;
  } else {
    append(quantity, "VIFE " + hex({&code, 1}));
    quantity.form = Form::bytes;
  }
}

void modify_by_time(Quantity& quantity, std::uint8_t code) {
  const std::string which(first_or_last(code));
  if (code < 0x68) {
    make(quantity, "duration of the " + which, Form::number, time_units[code & 3]);
  } else if ((code & 0x02) != 0) {
    make(quantity, std::string((code & 0x01) != 0 ? "end" : "begin") + " of the " + which,
         Form::moment, {});
  } else {
    append(quantity,
           "at the " + exceeding(code, (code & 0x01) != 0 ? "upper limit" : "lower limit"));
    quantity.reading = false;
  }
}

void multiply(Quantity& quantity, std::string_view by) {
  quantity.unit += "·";
  quantity.unit += by;
  quantity.reading = false;
}

void modify_otherwise(Quantity& quantity, std::uint8_t code) {
  switch (code) {
    case 0x36:
      return multiply(quantity, "s");
    case 0x37:
      return multiply(quantity, "s/V");
    case 0x38:
      return multiply(quantity, "s/A");
    case 0x39:
      return make(quantity, "start", Form::moment, {});
    case 0x3A:
      return append(quantity, "uncorrected");
    case 0x3B:
      return append(quantity, "positive contributions only");
    case 0x3C:
      return append(quantity, "negative contributions only");
    case 0x3E:
      return append(quantity, "at base conditions");
    case 0x3F:
      return append(quantity, "OBIS declaration");
    case 0x7D:
      quantity.exponent += 3;
      return;
    case 0x7E:
      append(quantity, "future value");
      quantity.reading = false;
      return;
    default:
      // Whatever it says, the value may no longer be what the VIF promises.
      append(quantity, "VIFE " + hex({&code, 1}));
      quantity.form = Form::bytes;
      quantity.reading = false;
  }
}

void modify(Quantity& quantity, std::uint8_t code) {
  if (code == 0) return;  // no error
  if (code < first_divisor) {
    if (const auto profile = profile_text(code); !profile.empty()) {
      make(quantity, profile, Form::bytes, {});
    } else if (const auto error = error_text(code); !error.empty()) {
      quantity.error = error;
    } else {
      quantity.error = "reserved error code";
    }
  } else if (const std::size_t at = code - first_divisor; at < std::size(divisors)) {
    if (code >= first_pulse && code < first_pulse + 4) {
      append(quantity, (code & 0x02) != 0 ? "per output pulse" : "per input pulse");
    } else {
      quantity.unit += "/";
      quantity.unit += divisors[at];
    }
    quantity.reading = false;
  } else if (code >= 0x40 && code < 0x60) {
    modify_by_limit(quantity, code);
  } else if (code >= 0x60 && code < 0x70) {
    modify_by_time(quantity, code);
  } else if (code >= 0x70 && code < 0x78) {
    quantity.exponent += code - 0x70 - 6;
  } else if (code >= 0x78 && code < 0x7C) {
    // A constant to be added: the record's number alone is not the quantity.
    append(quantity, "without an additive correction of 10^" + std::to_string(code - 0x78 - 3));
    quantity.reading = false;
  } else {
    modify_otherwise(quantity, code);
  }
}

// Behind 0xFC
void modify_further(Quantity& quantity, std::uint8_t code) {
  constexpr std::string_view places[] = {
      "phase L1", "phase L2",   "phase L3",   "neutral",    "L1 to L2",   "L2 to L3",
      "L3 to L1", "quadrant 1", "quadrant 2", "quadrant 3", "quadrant 4", "import minus export"};
  if (code >= 1 && code <= std::size(places)) return append(quantity, places[code - 1]);
  append(quantity, "VIFE fc " + hex({&code, 1}));
  quantity.form = Form::bytes;
  quantity.reading = false;
}

// All modifications, in their order. `vifes` are those behind the quantity's own code.
void modify_by_all(Quantity& quantity, Bytes vifes) {
  for (std::size_t i = 0; i < vifes.size(); ++i) {
    const std::uint8_t code = vifes[i] & code_mask;
    if (code == manufacturer_specific) {
      // Its maker's business from here on. The value is commonly still what the VIF says, of a
      // phase that the next byte names or the like.
      append(quantity, "manufacturer specific");
      if (i + 1 < vifes.size()) quantity.name += " " + hex(vifes.subspan(i + 1), " ");
      quantity.reading = false;
      return;
    }
    if (vifes[i] == extended_vife && i + 1 < vifes.size()) {
      modify_further(quantity, vifes[++i] & code_mask);
    } else {
      modify(quantity, code);
    }
  }
}

Quantity unknown_quantity(std::string name) {
  Quantity quantity;
  quantity.name = std::move(name);
  quantity.form = Form::bytes;
  return quantity;
}

}  // namespace

std::optional<ValueInformation> parse_value_information(Bytes bytes, Order order) {
  if (bytes.empty()) return std::nullopt;
  ValueInformation found;
  found.vif = bytes[0];
  std::size_t at = 1;
  Bytes text;
  if ((found.vif & code_mask) == plain_text) {
    if (at >= bytes.size() || bytes[at] > bytes.size() - at - 1) return std::nullopt;
    text = bytes.subspan(at + 1, bytes[at]);
    at += 1 + text.size();
  }
  found.vife_offset = at;
  for (bool more = (found.vif & more_follow) != 0; more; ++at) {
    if (at >= bytes.size() || found.vife_count == most_vifes) return std::nullopt;
    more = (bytes[at] & more_follow) != 0;
    ++found.vife_count;
  }
  found.size = at;

  Bytes vifes = bytes.subspan(found.vife_offset, found.vife_count);
  const bool extended = found.vif == first_extension || found.vif == second_extension;
  if (extended) {
    const std::uint8_t code = vifes[0] & code_mask;
    found.quantity = found.vif == first_extension ? look_up(first_table, code, "fb ", false)
                                                  : look_up(second_table, code, "fd ", true);
    vifes = vifes.subspan(1);
  } else if ((found.vif & code_mask) == plain_text) {
    found.quantity.name = text.empty() ? "Quantity without a name" : characters(text, order);
  } else if ((found.vif & code_mask) == manufacturer_specific) {
    found.quantity = unknown_quantity("Manufacturer specific");
    return found;
  } else if (found.vif == third_extension) {
    found.quantity = unknown_quantity("Unknown quantity (VIF ef " + hex(vifes.first(1)) + ")");
    vifes = vifes.subspan(1);
  } else {
    found.quantity = look_up(primary, found.vif & code_mask, {}, false);
  }
  modify_by_all(found.quantity, vifes);
  return found;
}

std::string_view medium_name(std::uint8_t medium) {
  switch (medium) {
    case 0x00:
      return "Other";
    case 0x01:
      return "Oil";
    case 0x02:
      return "Electricity";
    case 0x03:
      return "Gas";
    case 0x04:
      return "Heat";
    case 0x05:
      return "Steam";
    case 0x06:
      return "Hot water";  // page 94; from 90 °C on it is 0x15
    case 0x07:
      return "Water";
    case 0x08:
      return "Heat cost allocator";
    case 0x09:
      return "Compressed air";
    case 0x0A:
      return "Cooling (outlet)";
    case 0x0B:
      return "Cooling (inlet)";
    case 0x0C:
      return "Heat (inlet)";
    case 0x0D:
      return "Heat and cooling";
    case 0x0E:
      return "Bus or system";
    case 0x0F:
      return "Unknown medium";
    case 0x14:
      return "Calorific value";
    case 0x15:
      return "Hot water (90 °C and more)";
    case 0x16:
      return "Cold water";
    case 0x17:
      return "Hot and cold water";
    case 0x18:
      return "Pressure";
    case 0x19:
      return "A/D converter";
    case 0x1A:
      return "Smoke detector";
    case 0x1B:
      return "Room sensor";
    case 0x1C:
      return "Gas detector";
    case 0x20:
      return "Breaker";
    case 0x21:
      return "Valve";
    case 0x25:
      return "Customer unit";
    case 0x28:
      return "Waste water";
    case 0x29:
      return "Garbage";
    case 0x31:
      return "Communication controller";
    case 0x32:
      return "Unidirectional repeater";
    case 0x33:
      return "Bidirectional repeater";
    case 0x36:
      return "Radio converter (system side)";
    case 0x37:
      return "Radio converter (meter side)";
    default:
      return {};
  }
}

std::string_view telling_medium_name(std::uint8_t medium) {
  constexpr std::uint8_t other = 0x00;
  constexpr std::uint8_t unknown = 0x0F;
  return medium == other || medium == unknown ? std::string_view() : medium_name(medium);
}

std::string characters(Bytes bytes, Order order) {
  std::string text;
  const auto add = [&text](std::uint8_t character) {
    const bool printable = (character >= 0x20 && character < 0x7F) || character >= 0xA0;
    if (!printable) {
      text += '.';
    } else if (character < 0x80) {
      text += static_cast<char>(character);
    } else {
      text += static_cast<char>(0xC0 | character >> 6);
      text += static_cast<char>(0x80 | (character & 0x3F));
    }
  };
  if (order == Order::least_first) {
    std::for_each(bytes.rbegin(), bytes.rend(), add);
  } else {
    std::for_each(bytes.begin(), bytes.end(), add);
  }
  return text;
}

}  // namespace mep::mbus
