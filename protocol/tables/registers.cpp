// BT23's registers, pages 207 to 211.
// SPDX-License-Identifier: GPL-2.0-or-later
#include "protocol/tables/registers.h"

namespace mep::tables {
namespace {

// BT22's list has no IDs for apparent energy (216 to 231 are apparent power). BT22 holds bytes, so
// that IDs from 256 on never meet one that it selects.
constexpr std::uint16_t apparent_energy = 256;

// The order of pages 208 to 210, with the ID of page 204 that each corresponds to. Energies count
// in units of 1, 10 or 100 Wh or varh, as the Energy Register Unit in ET55 says.
std::vector<SourceName> default_summations() {
  return {{0, "Fwd Active Wh L1L2L3", "Wh"},
          {1, "Rev Active Wh L1L2L3", "Wh"},
          {2, "Import Reactive VArh L1L2L3", "varh"},
          {3, "Export Reactive VArh L1L2L3", "varh"},
          {4, "Power Outage Duration", "s"},
          {5, "Power Outage Qty", ""},
          {6, "Fwd+Rev Active Wh L1L2L3", "Wh"},
          {7, "Fwd-Rev Active Wh L1L2L3", "Wh"},
          {26, "Pulse Input 1", ""},
          {27, "Pulse Input 2", ""},
          {28, "Error Counter", ""},
          {108, "Reactive VArh Q1", "varh"},
          {109, "Reactive VArh Q2", "varh"},
          {110, "Reactive VArh Q3", "varh"},
          {111, "Reactive VArh Q4", "varh"},
          {apparent_energy, "Apparent Energy VAh Q1", "VAh", {}, "apparent_energy.q1"},
          {apparent_energy + 1, "Apparent Energy VAh Q2", "VAh", {}, "apparent_energy.q2"},
          {apparent_energy + 2, "Apparent Energy VAh Q3", "VAh", {}, "apparent_energy.q3"},
          {apparent_energy + 3, "Apparent Energy VAh Q4", "VAh", {}, "apparent_energy.q4"}};
}

// Offsets as on page 207: `a` is where the block begins, the guide's A or D.
Expr symbol_b(const Expr& a) {
  return a + Expr(Dim::summations) * 4;
}
// The guide counts the parts of a DmdRcd as if all of them were there: 5*BT21.6 bytes of event
// times, 4 and 4 bytes of cumulative demands, page 210. The ones that are not take no bytes.
Expr event_times_size() {
  return Expr(Dim::date_time_field) * Expr(Dim::occurrences) * 5;
}
Expr cumulative_size() {
  return Expr(Dim::cumulative_demand) * 4;
}
Expr contin_cum_size() {
  return Expr(Dim::continuous_cumulative_demand) * 4;
}
Expr symbol_c(const Expr& a) {
  const Expr dmd_rcd =
      event_times_size() + cumulative_size() + contin_cum_size() + Expr(Dim::occurrences) * 4;
  return symbol_b(a) + Expr(Dim::demands) * dmd_rcd;
}
Expr symbol_d(const Expr& a) {
  return symbol_c(a) + Expr(Dim::coincident_values) * Expr(Dim::occurrences) * 4;
}

// Sources count tiers from 0, page 203; the meter's display from 1.
std::vector<std::string_view> tiers() {
  return {"T0, the display's tier 1", "T1, the display's tier 2", "T2, the display's tier 3",
          "T3, the display's tier 4", "T4, the display's tier 5", "T5, the display's tier 6",
          "T6, the display's tier 7", "T7, the display's tier 8"};
}

Nodes data_block(const Expr& a) {
  const Expr b = symbol_b(a);
  // Of a value within its DmdRcd or CoinRcd: that is how BT22 selects.
  const Expr enclosing_record = index_of(1);
  return {
      registers("Summations", Dim::summations, ni_fmat1(""), Dim::summation_source,
                default_summations())
          .sensitive(Sensitive::consumption)
          .at(a)
          .page(208),
      array(
          Dim::demands, "Demand Measurements",
          {when(Dim::date_time_field, {array_of(Dim::occurrences, stime_date("Event Time").at(b))}),
           when(Dim::cumulative_demand, {ni_fmat1("Cumulative Demand")
                                             .sensitive(Sensitive::consumption)
                                             .at(b + event_times_size())}),
           when(Dim::continuous_cumulative_demand,
                {ni_fmat1("Contin Cum Demand")
                     .sensitive(Sensitive::consumption)
                     .at(b + event_times_size() + cumulative_size())}),
           registers("Demand", Dim::occurrences, ni_fmat2(""), Dim::demand_source, {})
               .sensitive(Sensitive::consumption)
               .selected_by(enclosing_record)
               .under_one_name()
               .as(Role::demand)
               .at(b + event_times_size() + cumulative_size() + contin_cum_size())})
          .as(Role::demands)
          .page(210),
      array_of(Dim::coincident_values,
               registers("Coincidents", Dim::occurrences, ni_fmat2(""), Dim::coincident_source, {})
                   .sensitive(Sensitive::consumption)
                   .selected_by(enclosing_record)
                   .under_one_name()
                   .at(symbol_c(a)))
          .page(210)};
}

}  // namespace

Nodes register_data(const Expr& start) {
  const Expr a = start + Expr(Dim::demand_reset_counter);
  const Expr d = symbol_d(a);
  return {when(Dim::demand_reset_counter, {u8("Nbr Demand Resets").at(start).page(208)}),
          group("Total Data Block", data_block(a)).page(208),
          // In tiers the guide leaves the outage registers, pulse inputs and error counter unused.
          array(Dim::tiers, "Tier", data_block(d)).as(Role::tier).called(tiers()).at(d).page(210)};
}

}  // namespace mep::tables
