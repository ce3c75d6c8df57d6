// SPDX-License-Identifier: GPL-2.0-or-later
#include "plugin/reading.h"

#include <algorithm>
#include <iterator>

#include "plugin/findings.h"
#include "protocol/names.h"
#include "protocol/times.h"

namespace mep::plugin {
namespace {

// A register that is worth a place in the Info column, and how to say it.
struct Highlight {
  std::uint16_t table;
  int source;
  const char* text;  // before the number
  const char* unit;
  double divisor;
  int decimals;
};

constexpr Highlight highlights[] = {
    {BT(23), 0, "imported", "kWh", 1000, 3},
    {BT(23), 1, "exported", "kWh", 1000, 3},
    {BT(28), 8, "", "W", 1, 0},
    {BT(28), 9, "-", "W", 1, 0},
    {BT(28), 15, "", "V", 1000, 1},
    {BT(28), 16, "", "V", 1000, 1},
    {BT(28), 17, "", "V", 1000, 1},
    {BT(28), 12, "", "A", 1000, 2},
    {BT(28), 13, "", "A", 1000, 2},
    {BT(28), 14, "", "A", 1000, 2},
    {BT(28), 19, "", "Hz", 1000, 2},
};

// Tables whose first time, or whose set flags, are what one wants to know.
constexpr std::uint16_t time_tables[] = {BT(52), BT(55)};
constexpr struct {
  std::uint16_t table;
  const char* word;
} flag_words[] = {{ET(13), "Alert Flags"}, {ET(50), "MEP Flags"}};

void append(packet_info* pinfo, unsigned& said, const char* text) {
  col_append_fstr(pinfo->cinfo, COL_INFO, "%s%s", said++ == 0 ? ": " : ", ", text);
}

void tell_number(packet_info* pinfo, const Highlight& highlight, std::int64_t value,
                 unsigned& said) {
  // A second line for export only where there is any.
  if (highlight.text[0] == '-' && value == 0) return;
  const char* space = highlight.text[0] && highlight.text[0] != '-' ? " " : "";
  append(pinfo, said,
         wmem_strdup_printf(pinfo->pool, "%s%s%.*f %s", highlight.text, space, highlight.decimals,
                            static_cast<double>(value) / highlight.divisor, highlight.unit));
}

void tell_flags(packet_info* pinfo, const Found& found, unsigned& said) {
  bool any = false;
  for (const BitField& field : found.node->bit_fields) {
    if (!field.single() || !bits_value(field, found.value)) continue;
    append(pinfo, said, field.name.c_str());
    any = true;
  }
  if (!any) append(pinfo, said, "no flags");
}

}  // namespace

void tell_reading(packet_info* pinfo, const Table& table, const Stretch& stretch,
                  const Dimensions& dimensions) {
  const auto concerns = [&](std::uint16_t number) { return number == table.number; };
  const bool has_time = std::any_of(std::begin(time_tables), std::end(time_tables), concerns);
  const bool has_flags = std::any_of(std::begin(flag_words), std::end(flag_words),
                                     [&](const auto& words) { return concerns(words.table); });
  const bool has_numbers =
      std::any_of(std::begin(highlights), std::end(highlights),
                  [&](const Highlight& highlight) { return concerns(highlight.table); });
  if (!(has_time || has_flags || has_numbers)) return;

  const Findings findings = find(pinfo->pool, table.root, stretch, dimensions);
  unsigned said = 0;
  unsigned tiers = 0;
  for (unsigned i = 0; i < findings.count(); ++i) {
    const Found& found = findings[i];
    // The totals only; tiers come behind them.
    if (found.what == Found::What::enter && found.node->name == "Tier") ++tiers;
    if (found.what != Found::What::leaf || !found.complete || tiers > 0) continue;
    if (has_time && said == 0 && (found.node->type == Type::ltime_date)) {
      if (const auto when = parse_date_time(bytes_of(found, stretch)))
        append(pinfo, said, date_time_text(*when, true).c_str());
    }
    for (const auto& words : flag_words) {
      if (concerns(words.table) && found.node->name == words.word) tell_flags(pinfo, found, said);
    }
    if (!found.has_value || found.source < 0) continue;
    for (const Highlight& highlight : highlights) {
      if (!concerns(highlight.table) || highlight.source != found.source) continue;
      const bool energy = table.number == BT(23);
      const std::int64_t scale = energy ? dimensions.get(Dim::energy_register_unit) : 1;
      tell_number(pinfo, highlight, found.value * scale, said);
    }
  }
}

}  // namespace mep::plugin
