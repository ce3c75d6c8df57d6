// SPDX-License-Identifier: GPL-2.0-or-later
#include "plugin/reading.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>

#include "plugin/findings.h"
#include "plugin/interval_view.h"
#include "plugin/mbus_tree.h"
#include "plugin/message_tree.h"
#include "plugin/text.h"
#include "protocol/device_source.h"
#include "protocol/quantity.h"
#include "protocol/times.h"

namespace mep::plugin {
namespace {

// Some clients read registers one by one: of a transaction no more pieces than that are told.
constexpr std::size_t most_inside = 10;

constexpr std::string_view opening = ": ";
constexpr std::string_view separator = ", ";

// Tells piece by piece: ": a, b, c"; of all that a transaction read "; BT23: a, b; BT28: c".
struct Teller {
  packet_info* pinfo;
  InfoText& text;
  const char* mark;              // before the first piece; the tree has what was assumed
  ReadInside* inside = nullptr;  // of a transaction; null: the Info column is this message's
  bool secondary = false;        // behind the mark: all of it was measured behind transformers
  std::int32_t tier = -1;        // before each piece; -1: none
  unsigned said = 0;             // pieces
  unsigned pieces = 0;           // in all
  std::array<std::size_t, most_inside + 1> begins{};  // where the first of them stand in the text

  // Begins a piece; what is added to the text goes on with it.
  InfoText& piece() {
    if (begun()) {
      text.add(separator);
    } else {
      text.add(opening).add(mark).add(mark[0] ? " " : "").add(secondary ? "[secondary] " : "");
    }
    if (pieces < begins.size()) begins[pieces] = text.size();
    ++pieces;
    if (tier >= 0) text.add("T").add(tier).add(" ");
    ++said;
    return text;
  }
  bool begun() const { return !text.empty(); }
  void say(std::string_view words) { piece().add(words); }
  // "import 65845.123 kWh"
  void say_number(const char* what, double number, int decimals, const char* unit) {
    piece().add(what).add(what[0] ? " " : "").add(number, decimals).add(" ").add(unit);
  }
  const char* kept(const std::string& words) const {
    return wmem_strndup(pinfo->pool, words.data(), words.size());
  }
};

// Sources as BT22 numbers them, pages 204 to 206.
constexpr int import_energy = 0;
constexpr int export_energy = 1;
constexpr int import_power = 8;
constexpr int export_power = 9;
constexpr int current_l1 = 12;
constexpr int voltage_l1 = 15;
constexpr int frequency_source = 19;
constexpr int phases = 3;

// What is measured behind transformers, and the same as it is before them.
struct Sides {
  int secondary;
  int primary;
};
constexpr int voltages[] = {voltage_l1, voltage_l1 + 1, voltage_l1 + 2};
constexpr Sides power_sides[] = {{import_power, 81}, {export_power, 82}};
constexpr Sides current_sides[] = {{current_l1, 197}, {current_l1 + 1, 198}, {current_l1 + 2, 199}};

// Registers by source (BT22's numbers), as far as they are wholly in the frame: the first of each,
// which is the total where tiers follow. Few of them are told, so values are read when asked for.
class Registers {
 public:
  explicit Registers(const Stretch& stretch) : stretch_(stretch) {}

  void take(const Found& found) {
    if (!found.has_value || found.source < 0 ||
        static_cast<std::size_t>(found.source) >= found_.size())
      return;
    const Found*& first = found_[static_cast<std::size_t>(found.source)];
    if (!first) first = &found;
  }
  std::optional<std::int64_t> operator[](int source) const {
    const Found* found = found_[static_cast<std::size_t>(source)];
    if (!found) return std::nullopt;
    return value_of(*found, stretch_);
  }

 private:
  const Stretch& stretch_;
  std::array<const Found*, 256> found_{};
};

// Whether there is but one side, as far as the meter tells: BT15 says that no ratio applies, or
// what it has of both sides does not differ. Some fill in 0 where no ratio applies.
bool has_one_side(const Registers& registers, const Dimensions& dimensions) {
  if (dimensions.learned(Dim::ratios_applied) == 0) return true;
  bool both = false;
  bool differ = false;
  const auto compare = [&](const Sides& sides) {
    const auto secondary = registers[sides.secondary];
    const auto primary = registers[sides.primary];
    if (!secondary || !primary) return;
    both = true;
    differ |= *primary != 0 && *primary != *secondary;
  };
  std::for_each(std::begin(power_sides), std::end(power_sides), compare);
  std::for_each(std::begin(current_sides), std::end(current_sides), compare);
  return both && !differ;
}

// Whether all that is told was measured behind the transformers: that is said once.
bool has_secondary_only(const Registers& registers) {
  const auto has = [&](int source) { return registers[source].has_value(); };
  const auto has_primary = [&](const Sides& sides) { return has(sides.primary); };
  const bool primary = std::ranges::any_of(power_sides, has_primary) ||
                       std::ranges::any_of(current_sides, has_primary);
  const auto has_secondary = [&](const Sides& sides) { return has(sides.secondary); };
  const bool secondary = std::ranges::any_of(voltages, has) ||
                         std::ranges::any_of(power_sides, has_secondary) ||
                         std::ranges::any_of(current_sides, has_secondary);
  return secondary && !primary;
}

// A value before the transformers where that is there, otherwise the one behind them, and how that
// is told.
struct Sided {
  std::optional<std::int64_t> value;
  const char* side;
};
Sided sided(const Registers& registers, const Sides& sides, bool one_side) {
  const auto primary = registers[sides.primary];
  const auto secondary = registers[sides.secondary];
  const bool filled_in = primary && *primary == 0 && secondary.value_or(0) != 0;
  if (primary && !filled_in) return {primary, ""};
  return {secondary, one_side ? "" : " secondary"};
}

void tell_energies(Teller& teller, const Registers& registers, std::int64_t scale) {
  constexpr double wh_in_kwh = 1000;
  if (const auto energy = registers[import_energy])
    teller.say_number("import", static_cast<double>(*energy * scale) / wh_in_kwh, 3, "kWh");
  if (const auto energy = registers[export_energy])
    teller.say_number("export", static_cast<double>(*energy * scale) / wh_in_kwh, 3, "kWh");
}

// "L1 230.4 V 1.03 A"; nothing of a phase that a meter of one phase does not have.
void tell_phase(Teller& teller, const Registers& registers, int phase, bool one_side) {
  // Of voltages there is no primary side.
  const auto voltage = registers[voltage_l1 + phase];
  const Sided current = sided(registers, current_sides[phase], one_side);
  if (voltage.value_or(0) == 0 && current.value.value_or(0) == 0) return;
  const char* voltage_side = one_side || (current.value && current.side[0]) ? "" : " secondary";
  const auto add = [&](std::optional<std::int64_t> value, int decimals, const char* unit,
                       const char* side) {
    constexpr double thousandth = 1000;
    if (!value) return;
    teller.text.add(" ").add(static_cast<double>(*value) / thousandth, decimals);
    teller.text.add(" ").add(unit).add(side);
  };
  teller.piece().add("L").add(phase + 1);
  add(voltage, 1, "V", voltage_side);
  add(current.value, 2, "A", current.side);
}

void tell_powers(Teller& teller, const Registers& registers, const Dimensions& dimensions) {
  bool one_side = has_one_side(registers, dimensions);
  if (!one_side && has_secondary_only(registers)) {
    teller.secondary = true;
    one_side = true;
  }
  const char* const words[] = {"import", "export"};
  for (std::size_t way = 0; way < std::size(words); ++way) {
    const Sided power = sided(registers, power_sides[way], one_side);
    if (power.value)
      teller.piece().add(words[way]).add(" ").add(*power.value).add(" W").add(power.side);
  }
  for (int phase = 0; phase < phases; ++phase) tell_phase(teller, registers, phase, one_side);
  constexpr double millihertz = 1000;
  if (const auto frequency = registers[frequency_source])
    teller.say_number("", static_cast<double>(*frequency) / millihertz, 2, "Hz");
}

// "import 14983.616 kWh", "L1 230.5 V", "Q1 Reactive VAr L1L2L3 12 var": of one register.
void tell_register(Teller& teller, const Found& found, const Stretch& stretch,
                   std::int64_t energy_scale) {
  const int source = found.source;
  const auto id = static_cast<std::uint16_t>(source);
  const Source* known = find_source(id);
  const SourceName* own = found.node->registers()->own_name(id);
  if (!known && !own) return;
  Registers one(stretch);
  one.take(found);
  if (source == import_energy || source == export_energy) {
    tell_energies(teller, one, energy_scale);
  } else if (source >= voltage_l1 && source < voltage_l1 + phases) {
    tell_phase(teller, one, source - voltage_l1, true);
  } else {
    const bool counts = known && known->measure == Measure::energy;
    const CommonUnit unit = common_unit(known ? known->unit : own->unit);
    const std::int64_t value = value_of(found, stretch) * (counts ? energy_scale : 1);
    teller.piece().add(known ? known->name : own->name).add(" ").add(amount_with_unit(value, unit));
  }
}

// What a frame has of registers besides those that are told in a few words: the first ones.
void tell_first_registers(Teller& teller, const Findings& findings, const Stretch& stretch,
                          std::int64_t energy_scale) {
  constexpr unsigned most = 3;
  unsigned told = 0;
  unsigned more = 0;
  std::int32_t tier = -1;
  for (unsigned i = 0; i < findings.count(); ++i) {
    const Found& found = findings[i];
    if (found.what == Found::What::enter && found.node->role == Role::tier) tier = found.index;
    if (found.what == Found::What::leave && found.node->role == Role::tier) tier = -1;
    if (found.what != Found::What::leaf || found.node->kind() != Kind::registers ||
        found.node->registers()->one_name || !found.has_value || found.source < 0)
      continue;
    if (told == most) {
      ++more;
      continue;
    }
    ++told;
    teller.tier = tier;
    tell_register(teller, found, stretch, energy_scale);
    teller.tier = -1;
  }
  if (more > 0) teller.piece().add("and ").add(more).add(" more");
}

void tell_flags(Teller& teller, const Found& found, const Stretch& stretch) {
  const std::int64_t value = value_of(found, stretch);
  for (const BitField& field : found.node->bit_fields())
    if (field.single() && bits_value(field, value)) teller.say(field.name);
}

bool is_whole(const Found& found, Role role) {
  return found.what == Found::What::leaf && found.complete && found.node->role == role;
}

const char* time_of(const Teller& teller, const Found& found, const Stretch& stretch) {
  const auto when = parse_date_time(bytes_of(found, stretch));
  return when ? teller.kept(date_time_text(*when, found.node->type() == Type::ltime_date))
              : nullptr;
}

// " UTC": of a clock it is half of what it says.
const char* clock_of(const Found& found) {
  const Clock clock = found.node->field().clock;
  return clock == Clock::utc ? " UTC" : clock == Clock::local ? " local time" : "";
}

// The times that are set, the latest of them, and what belongs to it.
struct Entries {
  unsigned count = 0;
  std::int64_t latest = 0;
  const char* when = nullptr;
  const char* serial = "";         // of a device
  const char* readings = nullptr;  // of a device, in words
};

Entries entries_in(const Teller& teller, const Findings& findings, const Stretch& stretch) {
  Entries entries;
  DevicePlace device;
  bool of_the_latest = false;
  for (unsigned i = 0; i < findings.count(); ++i) {
    const Found& found = findings[i];
    if (found.what == Found::What::leaf) device.leaf(found, stretch);
    if (holds_records(found) && of_the_latest && !entries.readings)
      entries.readings = told_records(teller.pinfo->pool, found, stretch, device);
    if (is_whole(found, Role::serial_number) && of_the_latest && entries.serial[0] == '\0')
      entries.serial = teller.kept(bcd_digits(bytes_of(found, stretch)));
    if (!is_whole(found, Role::moment)) continue;
    const auto when = parse_date_time(bytes_of(found, stretch));
    of_the_latest = when && (entries.count == 0 || seconds_since_1970(*when) > entries.latest);
    if (!when) continue;
    ++entries.count;
    if (!of_the_latest) continue;
    entries.latest = seconds_since_1970(*when);
    entries.when = time_of(teller, found, stretch);
    entries.serial = "";
    entries.readings = nullptr;
  }
  return entries;
}

// "3 events, the latest 2026-03-02 07:30:00"; of devices what they measured comes first.
void tell_entries(Teller& teller, const Entries& entries, const char* one, const char* many) {
  if (entries.count == 0) return;
  const bool measured = entries.readings != nullptr;
  if (measured) teller.say(entries.readings);
  if (entries.serial[0]) teller.piece().add("device ").add(entries.serial);
  if (measured) teller.say(entries.when);
  if (!measured || entries.count > 1) {
    teller.piece().add(measured ? "the latest of " : "").add(entries.count);
    teller.text.add(" ").add(entries.count == 1 ? one : many);
  }
  if (!measured) teller.piece().add(entries.count == 1 ? "" : "the latest ").add(entries.when);
}

// The last value of each channel: "import 14943.626 kWh", "Water: Volume 187.204 m³".
void tell_channels(Teller& teller, ProfilePlace profile, const Findings& findings,
                   const Stretch& stretch, wmem_array_t* intervals) {
  constexpr unsigned most = 3;
  struct Latest {
    const Found* found = nullptr;
    std::int64_t end = 0;
  };
  std::array<Latest, channels_per_set> latest{};
  unsigned next = 0;
  for (unsigned i = 0; i < findings.count(); ++i) {
    const Found& found = findings[i];
    if (is_interval(found))
      profile.now = static_cast<const SeenInterval*>(wmem_array_index(intervals, next++));
    if (found.what == Found::What::enter && found.index >= 0)
      profile.enter(*found.node, static_cast<std::uint32_t>(found.index));
    if (found.what == Found::What::leave && found.node->role == Role::interval)
      profile.now = nullptr;
    if (found.what != Found::What::leaf || !found.complete) continue;
    profile.leaf(found, bytes_of(found, stretch));
    const bool is_value = found.node->kind() == Kind::registers && profile.now && found.source >= 0;
    if (!is_value || !profile.values_are_readings()) continue;
    const auto channel = static_cast<std::uint32_t>(found.index);
    if (channel >= channels_per_set || !profile.has_value(channel)) continue;
    const std::int64_t end = profile.now->end.value_or(0);
    if (!latest[channel].found || end >= latest[channel].end) latest[channel] = {&found, end};
  }
  // Devices first: of the meter's own there are other tables that tell.
  unsigned told = 0;
  for (const Latest& last : latest) {
    if (!last.found || told == most) continue;
    const auto read = channel_value(static_cast<std::uint16_t>(last.found->source),
                                    bytes_of(*last.found, stretch), *profile.dimensions);
    if (!read || !read->reading) continue;
    ++told;
    teller.piece().add(read->medium).add(": ").add(read->quantity).add(" ");
    teller.text.add(read->value.text).add(read->unit.empty() ? "" : " ").add(read->unit);
  }
  const std::int64_t scale = profile.dimensions->get(Dim::energy_register_unit);
  for (const Latest& last : latest) {
    const Source* source =
        last.found ? find_source(static_cast<std::uint16_t>(last.found->source)) : nullptr;
    if (!source || source->quantity.empty() || told == most) continue;
    ++told;
    tell_register(teller, *last.found, stretch, scale);
  }
}

// "intervals 2026-03-02 12:00 to 13:00 UTC": from where the first began, as far as the frame has
// them whole.
void tell_interval_times(Teller& teller, const ProfilePlace& profile, wmem_array_t* intervals) {
  std::optional<std::int64_t> first, last;
  unsigned whole = 0;
  for (unsigned i = 0; i < wmem_array_get_count(intervals); ++i) {
    const auto& seen = *static_cast<const SeenInterval*>(wmem_array_index(intervals, i));
    if (!seen.whole || !seen.processed) continue;
    ++whole;
    if (!seen.end) continue;
    first = std::min(first.value_or(*seen.end), *seen.end);
    last = std::max(last.value_or(*seen.end), *seen.end);
  }
  if (!first) {
    if (whole > 0) teller.piece().add(whole).add(whole == 1 ? " interval" : " intervals");
    return;
  }
  const std::int64_t begin =
      *first - interval_seconds(*profile.dimensions, profile.set).value_or(0);
  const std::string from = date_time_text(date_time(begin), false);
  std::string to = date_time_text(date_time(*last), false);
  constexpr std::size_t date_size = 11;  // "2026-03-02 "
  if (from.compare(0, date_size, to, 0, date_size) == 0) to.erase(0, date_size);
  teller.piece().add("intervals ").add(from).add(" to ").add(to).add(" UTC");
}

void tell_intervals(Teller& teller, const Table& table, const Findings& findings,
                    const Stretch& stretch, const Dimensions& dimensions) {
  auto profile = profile_place(table.root, dimensions);
  if (!profile) return;
  wmem_array_t* intervals = seen_intervals(teller.pinfo->pool, *profile, findings, stretch);
  tell_interval_times(teller, *profile, intervals);
  tell_channels(teller, *profile, findings, stretch, intervals);
}

void tell_story(Teller& teller, const Table& table, const Stretch& stretch,
                const Dimensions& dimensions, const Findings& findings) {
  const Story story = table.story;
  if (story == Story::intervals)
    return tell_intervals(teller, table, findings, stretch, dimensions);
  if (story == Story::events || story == Story::devices || story == Story::device_log) {
    const bool events = story == Story::events;
    return tell_entries(teller, entries_in(teller, findings, stretch), events ? "event" : "reading",
                        events ? "events" : "readings");
  }

  Registers registers(stretch);
  unsigned tiers = 0;
  unsigned moments = 0;
  unsigned words = 0;  // of flags
  for (unsigned i = 0; i < findings.count(); ++i) {
    const Found& found = findings[i];
    if (found.what == Found::What::enter && found.node->role == Role::tier) ++tiers;
    if (found.what == Found::What::leave && found.node->role == Role::tier) --tiers;
    if (found.what != Found::What::leaf || !found.complete || tiers > 0) continue;
    if (is_whole(found, Role::moment)) {
      const char* when = time_of(teller, found, stretch);
      if (when && moments++ == 0)
        teller.piece().add(when).add(story == Story::clock ? clock_of(found) : "");
    }
    if (is_whole(found, Role::flags)) {
      ++words;
      tell_flags(teller, found, stretch);
    }
    // Of several moments the first is told.
    if (moments <= 1) registers.take(found);
  }
  if (words > 0 && !teller.begun()) teller.say("no flags");
  const std::int64_t scale = dimensions.get(Dim::energy_register_unit);
  const bool has_registers =
      story == Story::powers || story == Story::energies || story == Story::snapshots;
  teller.said = 0;
  if (story == Story::powers) tell_powers(teller, registers, dimensions);
  if (has_registers && story != Story::powers) tell_energies(teller, registers, scale);
  if (has_registers && teller.said == 0) tell_first_registers(teller, findings, stretch, scale);
  if (story == Story::snapshots && moments > 1)
    teller.piece().add("and ").add(moments - 1).add(" more");
}

// The same in the lines that stand for the whole transaction, as far as there is room.
void tell_inside(const Teller& teller, const char* label) {
  ReadInside& inside = *teller.inside;
  const auto told = std::min<unsigned>(teller.pieces, most_inside - inside.pieces);
  inside.left_out += teller.pieces - told;
  if (told == 0) return;
  inside.pieces += told;
  const bool goes_on = std::strcmp(inside.table, label) == 0;
  inside.table = label;
  const std::string_view all = teller.text.view();
  const std::size_t from = goes_on ? teller.begins[0] : opening.size();
  const std::size_t to = told < teller.pieces ? teller.begins[told] - separator.size() : all.size();
  InfoText text;
  text.add(goes_on ? separator : "; ");
  if (!goes_on) text.add(label).add(opening);
  tell(teller.pinfo, inside.top, text.add(all.substr(from, std::max(from, to) - from)));
}

}  // namespace

bool tells_reading(const Table& table) {
  return table.story != Story::none;
}

void tell_reading(const TableBytes& shown, const Table& table, const Dimensions& dimensions,
                  const Findings& findings) {
  InfoText text;
  Teller teller{shown.pinfo, text, assumed_mark(shown.pinfo->pool, findings.assumed), shown.inside};
  tell_story(teller, table, shown.stretch, dimensions, findings);
  if (!shown.inside) {
    tell(shown.pinfo, shown.top, text);
    return;
  }
  if (is_shown(shown.top)) proto_item_append_text(shown.top, "%s", text.c_str());
  tell_inside(teller, shown.label);
}

}  // namespace mep::plugin
