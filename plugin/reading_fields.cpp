// SPDX-License-Identifier: GPL-2.0-or-later
#include "plugin/reading_fields.h"

#include <array>
#include <map>
#include <string>
#include <vector>

#include "plugin/text.h"
#include "protocol/quantity.h"

namespace mep::plugin {
namespace {

constexpr std::size_t sources_with_own = 260;  // BT22's, and those that only BT23 has
constexpr std::size_t in_total = most_tiers;   // place behind those of the tiers

struct Pair {
  const ReadingField* present = nullptr;
  const ReadingField* past = nullptr;

  const ReadingField* of(Measured when) const {
    if (when == Measured::none) return nullptr;
    return when == Measured::past ? past : present;
  }
};

struct Fields {
  std::array<std::array<std::array<Pair, all_taken>, most_tiers + 1>, sources_with_own> of_source;
  std::vector<Pair> of_device;  // as device_quantities()
};

// "energy.import.t0": "Energy import T0"
std::string label_of(std::string_view name) {
  constexpr std::string_view device = "mbus.";
  std::string label;
  bool begins = true;
  if (name.starts_with(device)) {
    label = "M-Bus ";
    name.remove_prefix(device.size());
  }
  for (std::size_t i = 0; i < name.size(); ++i) {
    const bool separates = name[i] == '.' || name[i] == '_';
    const bool numbered = begins && i + 1 < name.size() && name[i + 1] >= '0' && name[i + 1] <= '9';
    const char upper = static_cast<char>(name[i] - 'a' + 'A');
    label += separates ? ' ' : numbered || label.empty() ? upper : name[i];
    begins = separates;
  }
  return label;
}

// Lives as long as the plugin, as all fields.
const ReadingField* new_field(const std::string& prefix, const std::string& name,
                              std::string_view unit, const std::string& about) {
  const char* space = unit.empty() || unit == "°" ? "" : " ";
  return new ReadingField(kept(label_of(name)), kept(prefix + name),
                          kept(space + std::string(unit)), kept(about));
}

Pair new_pair(const std::string& name, std::string_view unit, const std::string& of) {
  const std::string in = unit.empty() ? "" : std::string(unit) + ": ";
  return {new_field("mep.reading.", name, unit, in + of),
          new_field("mep.reading.past.", name, unit, in + of + ", as the meter kept it")};
}

const char* what_is_taken(Taken taken) {
  switch (taken) {
    case Taken::value:
      return "";
    case Taken::demand:
      return "Demand of ";
    case Taken::previous_demand:
      return "Demand in the interval before of ";
    case Taken::max_demand:
      return "Largest demand of ";
    case Taken::min_demand:
      return "Smallest demand of ";
  }
  return "";
}

Fields make() {
  Fields made;
  struct Named {
    std::string_view unit;
    std::string of;
  };
  std::map<std::string, Named> names;
  const std::vector<MeasuredQuantity> all = measured_quantities();
  for (const MeasuredQuantity& each : all) {
    const std::string tier = each.tier < 0 ? "" : ", in tier T" + std::to_string(each.tier);
    names.try_emplace(each.name,
                      Named{each.unit, what_is_taken(each.taken) + std::string(each.of) + tier});
  }
  std::map<std::string, Pair> fields;
  for (const auto& [name, named] : names) fields[name] = new_pair(name, named.unit, named.of);
  for (const MeasuredQuantity& each : all) {
    const std::size_t place = each.tier < 0 ? in_total : static_cast<std::size_t>(each.tier);
    made.of_source[each.source][place][static_cast<std::size_t>(each.taken)] = fields[each.name];
  }
  for (const DeviceQuantity& each : device_quantities())
    made.of_device.push_back(new_pair("mbus." + std::string(each.name), each.unit,
                                      std::string(each.measured) + " of an M-Bus device"));
  return made;
}

const Fields& fields() {
  static const Fields all = make();
  return all;
}

}  // namespace

void make_reading_fields() {
  fields();
}

const ReadingField* reading_field(std::int32_t source, std::int32_t tier, Taken taken,
                                  Measured when) {
  if (source < 0 || static_cast<std::size_t>(source) >= sources_with_own) return nullptr;
  if (tier >= static_cast<std::int32_t>(most_tiers)) return nullptr;
  const std::size_t place = tier < 0 ? in_total : static_cast<std::size_t>(tier);
  const auto& all = fields().of_source[static_cast<std::size_t>(source)][place];
  return all[static_cast<std::size_t>(taken)].of(when);
}

bool is_asked_for(proto_tree* tree, const ReadingField& field) {
  return tree && proto_field_is_referenced(tree, field);
}

void add_reading(proto_tree* tree, const ReadingField& field, tvbuff_t* tvb, double amount,
                 const char* text, const char* behind) {
  proto_item* item = proto_tree_add_double(tree, field, tvb, 0, 0, amount);
  proto_item_set_generated(item);
  if (!text) {
    proto_item_set_hidden(item);
    if (behind[0] != '\0') proto_item_append_text(item, " %s", behind);
  } else if (is_shown(item)) {
    LabelText label;
    label.add(field.info().name).add(": ").add(text).add(field.unit());
    if (behind[0] != '\0') label.add(" ").add(behind);
    set_label(item, label);
  }
}

DeviceReadingField device_reading_field(const mbus::Quantity& quantity, Measured when) {
  const auto amount = device_amount(quantity);
  if (!amount) return {};
  return {fields().of_device[amount->quantity].of(when), amount->factor, amount->offset};
}

void add_device_reading(packet_info* pinfo, proto_tree* tree, const DeviceReadingField& reading,
                        tvbuff_t* tvb, double number) {
  if (!reading.field || !is_asked_for(tree, *reading.field)) return;
  const bool same = reading.factor == 1 && reading.offset == 0;
  const double amount = number * reading.factor + reading.offset;
  add_reading(tree, *reading.field, tvb, amount,
              same ? nullptr : wmem_strdup_printf(pinfo->pool, "%.10g", amount));
}

}  // namespace mep::plugin
