// BT20 to BT28: registers, pages 200 to 220; BT20 as in the Optical Port Programmer's Guide.
// SPDX-License-Identifier: GPL-2.0-or-later
#include "protocol/names.h"
#include "protocol/tables/registers.h"
#include "protocol/tables/tables.h"

namespace mep::tables {
namespace {

// BT20 Dimension Register, page 20 of the Optical Port Programmer's Guide: what BT21 can be at
// most.
Table bt20_dimensions() {
  constexpr std::uint16_t second_page = optical_page(21);
  return table(BT(20), "Dimension Register", optical_page(20),
               {bits(1, {bit(0, "Season Information Field"), bit(1, "Date/Time Field"),
                         bit(2, "Demand Reset Counter"), bit(3, "Demand Reset Lockout"),
                         bit(4, "Cumulative Demand"), bit(5, "Continuous Cumulative Demand"),
                         bit(6, "Time Remaining")})
                    .at(0),
                bits(1, {bit(0, "Self-read Inhibit Overflow"), bit(1, "Self-read Sequence Number"),
                         bit(2, "Daily Self-read"), bit(3, "Weekly Self-read"),
                         bits_of(4, 5, "Self-read Demand Reset")})
                    .at(1),
                u8("Number of Self-reads").at(2).page(second_page),
                u8("Number of Summations").at(3).page(second_page).note("19 from 4.0 on, else 15"),
                u8("Number of Demands").at(4).page(second_page).learns(Dim::max_demands),
                u8("Number of Coincident Values").at(5).page(second_page),
                u8("Number of Occurrences").at(6).page(second_page),
                u8("Number of Tiers").at(7).page(second_page).learns(Dim::max_tiers),
                u8("Number of Present Demands").at(8).page(second_page),
                u8("Number of Present Values").at(9).page(second_page)});
}

// BT21 Actual Register, page 201
Table bt21() {
  return table(
      BT(21), "Actual Register", 201,
      {bits(1, {bit(0, "Season Information Field").learns(Dim::season_field),
                bit(1, "Date/Time Field").learns(Dim::date_time_field),
                bit(2, "Demand Reset Counter").learns(Dim::demand_reset_counter),
                bit(3, "Demand Reset Lock"),
                bit(4, "Cumulative Demand").learns(Dim::cumulative_demand),
                bit(5, "Continuous Cumulative Demand").learns(Dim::continuous_cumulative_demand),
                bit(6, "Time Remaining").learns(Dim::demand_time_remaining)})
           .at(0),
       bits(1, {bit(0, "Self-read Inhibit Overflow"),
                bit(1, "Self-read Sequence Number").learns(Dim::self_read_sequence_number),
                bit(2, "Daily Self-read"), bit(3, "Weekly Self-read"),
                bits_of(4, 5, "Self-read Demand Reset")})
           .at(1),
       u8("Number of Self-reads").at(2).page(202).learns(Dim::self_reads),
       u8("Number of Summations").at(3).page(202).learns(Dim::summations),
       u8("Number of Demands").at(4).page(202).learns(Dim::demands),
       u8("Number of Coincident Values").at(5).page(202).learns(Dim::coincident_values),
       u8("Number of Occurrences").at(6).page(202).learns(Dim::occurrences),
       u8("Number of Tiers")
           .at(7)
           .page(202)
           .note("up to 8 from meter firmware 3.7x and module firmware 1.20 on, else up to 4")
           .learns(Dim::tiers),
       u8("Number of Present Demands").at(8).page(202).learns(Dim::present_demands),
       u8("Number of Present Values").at(9).page(202).learns(Dim::present_values)});
}

// BT22 Data Selection, page 203
Table bt22() {
  const Expr flags_size = (Expr(Dim::demands) + 7) / 8;
  const Expr flags_offset = Expr(Dim::summations) + Dim::demands;
  return table(
      BT(22), "Data Selection", 203,
      {array_of(
           Dim::summations,
           u8("Summation Sources").at(0).shown_as(Format::source_id).learns(Dim::summation_source)),
       array_of(Dim::demands, u8("Demand Select")
                                  .at(Dim::summations)
                                  .shown_as(Format::source_id)
                                  .learns(Dim::demand_source)),
       set("Min Max Flags", flags_size)
           .at(flags_offset)
           .values({{0, "minimum"}, {1, "maximum"}})
           .learns(Dim::demand_maxima),
       array_of(Dim::coincident_values, u8("Coincident Select")
                                            .at(flags_offset + flags_size)
                                            .shown_as(Format::source_id)
                                            .learns(Dim::coincident_source)),
       array_of(Dim::coincident_values, u8("Coincident Demand Associated")
                                            .at(flags_offset + flags_size + Dim::coincident_values)
                                            .note("index into Demand Select"))});
}

// BT23 Current Register Data, page 208
Table bt23() {
  return table(BT(23), "Current Register Data", 208, register_data());
}

// The time and season that stand before a snapshot of BT23. Both are optional by BT21.
Expr season_offset(const Expr& start) {
  return start + Expr(Dim::date_time_field) * 5;
}
Expr data_offset(const Expr& start) {
  return season_offset(start) + Dim::season_field;
}

// BT24 Previous Season Data, page 212
Table bt24() {
  return table(BT(24), "Previous Season Data", 212,
               {when(Dim::date_time_field,
                     {stime_date("Time and Date").at(0).on(Clock::local).as(Role::moment)}),
                when(Dim::season_field, {u8("Season").at(season_offset(0))}),
                // The guide names BT23's total and tier data blocks only, page 212. As a snapshot
                // of BT23 this has the demand reset count, too, like BT25 and BT26.
                group("Register Data Received", register_data(data_offset(0))).at(data_offset(0))});
}

// BT25 Previous Demand Reset Data, page 212
Table bt25() {
  return table(BT(25), "Previous Demand Reset Data", 212,
               {when(Dim::date_time_field, {stime_date("Date/Time").at(0).as(Role::moment)}),
                when(Dim::season_field, {u8("Season").at(season_offset(0))}),
                group("Register Data Received", register_data(data_offset(0))).at(data_offset(0))});
}

// BT26 Self-Read Data, page 213
Table bt26() {
  // The guide prints the offsets that hold with demands (8, 13 and 14), page 214.
  const Expr has_bidn = Expr(Dim::demands) != 0;
  const Expr time_offset = has_bidn * 2 + 6;
  return table(
      BT(26), "Self-Read Data", 213,
      {bits(1, {bit(0, "Order", {{0, "ascending (N is older than N+1)"}, {1, "descending"}}),
                bit(1, "Overflow"),
                bit(2, "List Type", {{0, "no entries configured"}, {1, "circular queue"}}),
                bit(3, "Inhibit Overflow")})
           .at(0),
       u8("Number of Valid Entries").at(1), u8("Last Entry Element").at(2),
       u16("Last Entry Sequence Number").at(3), u8("Number of Unread Entries").at(5),
       // Entries are not marked as an array here; the optical guide does so on its page 29.
       array(Dim::self_reads, "Self Read Entries",
             {when(has_bidn, {u16("Blg Iface Def Nbr (BIDN)").at(6)}),
              when(Dim::date_time_field,
                   {stime_date("Time and Date").at(time_offset).on(Clock::local).as(Role::moment)}),
              when(Dim::season_field, {u8("Season").at(season_offset(time_offset))}),
              group("Register Data Received", register_data(data_offset(time_offset)))
                  .at(data_offset(time_offset))})
           .page(214)});
}

// BT27 Present Register Selection, page 214
Table bt27() {
  return table(BT(27), "Present Register Selection", 214,
               {array_of(Dim::present_demands, u8("Present Demand Sources")
                                                   .at(0)
                                                   .shown_as(Format::source_id)
                                                   .learns(Dim::present_demand_source)),
                array_of(Dim::present_values, u8("Present Value Sources")
                                                  .at(Dim::present_demands)
                                                  .shown_as(Format::source_id)
                                                  .learns(Dim::present_value_source))});
}

// The order of pages 216 to 220, with the ID of page 204 that each corresponds to.
std::vector<SourceName> default_present_values() {
  constexpr std::string_view not_by_modules = "modules leave this out of a full table read";
  return {
      {8, "Fwd Active W L1L2L3", "W"},
      {9, "Rev Active W L1L2L3", "W"},
      {10, "Import Reactive VAr L1L2L3", "var"},
      {11, "Export Reactive VAr L1L2L3", "var"},
      {12, "RMS Current (mA) L1", "mA"},
      {13, "RMS Current (mA) L2", "mA"},
      {14, "RMS Current (mA) L3", "mA"},
      {15, "RMS Voltage (mV) L1", "mV"},
      {16, "RMS Voltage (mV) L2", "mV"},
      {17, "RMS Voltage (mV) L3", "mV"},
      {18, "Power Factor L1 (1/1000)", "1/1000"},
      {19, "Frequency (mHz)", "mHz"},
      {20, "VA L1L2L3", "VA"},
      {21, "Power Factor L2 (1/1000)", "1/1000"},
      {22, "Power Factor L3 (1/1000)", "1/1000"},
      {23, "Sin(PA) L1 (1/1000)", "1/1000"},
      {24, "Sin(PA) L2 (1/1000)", "1/1000"},
      {25, "Sin(PA) L3 (1/1000)", "1/1000"},
      {81, "Fwd Active W L1L2L3 multiplied by CT/VT ratio if enabled", "W"},
      {82, "Rev Active W L1L2L3 multiplied by CT/VT ratio if enabled", "W"},
      {83, "Import Reactive VAr L1L2L3 multiplied by CT/VT ratio if enabled", "var"},
      {84, "Export Reactive VAr L1L2L3 multiplied by CT/VT ratio if enabled", "var"},
      // 22: from meter firmware 3.10 on
      {104, "Q1 Reactive Var L1L2L3", "var"},
      {105, "Q2 Reactive Var L1L2L3", "var"},
      {106, "Q3 Reactive Var L1L2L3", "var"},
      {107, "Q4 Reactive Var L1L2L3", "var"},
      // 26: from 3.50 on
      {185, "Fwd Active W L1", "W"},
      {186, "Fwd Active W L2", "W"},
      {187, "Fwd Active W L3", "W"},
      {188, "Rev Active W L1", "W"},
      {189, "Rev Active W L2", "W"},
      {190, "Rev Active W L3", "W"},
      {191, "Fwd Active W L1 Post CT/VT Ratio", "W"},
      {192, "Fwd Active W L2 Post CT/VT Ratio", "W"},
      {193, "Fwd Active W L3 Post CT/VT Ratio", "W"},
      {194, "Rev Active W L1 Post CT/VT Ratio", "W"},
      {195, "Rev Active W L2 Post CT/VT Ratio", "W"},
      {196, "Rev Active W L3 Post CT/VT Ratio", "W"},
      {197, "RMS Current (mA) L1 Post CT Ratio", "mA"},
      {198, "RMS Current (mA) L2 Post CT Ratio", "mA"},
      {199, "RMS Current (mA) L3 Post CT Ratio", "mA"},
      // 41: from 3.70 on, modules 1.20
      {202, "RMS Voltage (mV) L1 - Continuous", "mV"},
      {203, "RMS Voltage (mV) L2 - Continuous", "mV"},
      {204, "RMS Voltage (mV) L3 - Continuous", "mV"},
      {205, "RMS Voltage (mV) L1 - Average", "mV"},
      {206, "RMS Voltage (mV) L2 - Average", "mV"},
      {207, "RMS Voltage (mV) L3 - Average", "mV"},
      {208, "Average Fwd Active W L1L2L3", "W"},
      {209, "Average Rev Active W L1L2L3", "W"},
      {210, "Average Fwd Active W L1", "W"},
      {211, "Average Fwd Active W L2", "W"},
      {212, "Average Fwd Active W L3", "W"},
      {213, "Average Rev Active W L1", "W"},
      {214, "Average Rev Active W L2", "W"},
      {215, "Average Rev Active W L3", "W"},
      // 55: from 4.0 on, no modules; the guide numbers value 65 as 66, page 219
      {216, "Apparent Power Q1 VA L1L2L3", "VA"},
      {217, "Apparent Power Q2 VA L1L2L3", "VA"},
      {218, "Apparent Power Q3 VA L1L2L3", "VA"},
      {219, "Apparent Power Q4 VA L1L2L3", "VA"},
      {220, "Apparent Power Q1 VA L1", "VA"},
      {221, "Apparent Power Q2 VA L1", "VA"},
      {222, "Apparent Power Q3 VA L1", "VA"},
      {223, "Apparent Power Q4 VA L1", "VA"},
      {224, "Apparent Power Q1 VA L2", "VA"},
      {225, "Apparent Power Q2 VA L2", "VA"},
      {226, "Apparent Power Q3 VA L2", "VA"},
      {227, "Apparent Power Q4 VA L2", "VA"},
      {228, "Apparent Power Q1 VA L3", "VA"},
      {229, "Apparent Power Q2 VA L3", "VA"},
      {230, "Apparent Power Q3 VA L3", "VA"},
      {231, "Apparent Power Q4 VA L3", "VA"},
      {232, "Neutral Current mA", "mA"},
      // 72: from 4.10 on, no modules
      {233, "Average RMS Current mA L1", "mA"},
      {234, "Average RMS Current mA L2", "mA"},
      {235, "Average RMS Current mA L3", "mA"},
      // 75: from 4.30 on, modules 1.32
      {236, "Voltage Angle A to B", "0.01 deg", not_by_modules},
      {237, "Voltage Angle B to C", "0.01 deg", not_by_modules},
      {238, "Voltage Angle C to A", "0.01 deg", not_by_modules},
      {239, "Imp Reactive VAr A", "var", not_by_modules},
      {240, "Imp Reactive VAr B", "var", not_by_modules},
      {241, "Imp Reactive VAr C", "var", not_by_modules},
      {242, "Exp Reactive VAr A", "var", not_by_modules},
      {243, "Exp Reactive VAr B", "var", not_by_modules},
      {244, "Exp Reactive VAr C", "var", not_by_modules},
  };
}

// BT28 Present Register Data, page 215
Table bt28() {
  const Expr a = Expr(Dim::demand_time_remaining) * 3;
  return table(BT(28), "Present Register Data", 215,
               {array(Dim::present_demands, "Present Demands",
                      {when(Dim::demand_time_remaining, {time("Time Remaining").at(0)}),
                       registers("Demand value", 1, ni_fmat2(""), Dim::present_demand_source, {})
                           .sensitive(Sensitive::consumption)
                           .selected_by(index_of(1))
                           .under_one_name()
                           .as(Role::present_demand)
                           .at(a)}),
                // The guide gives "(A+4)*BT21.8+Present Value Number" as offsets, page 216. The
                // values are of four bytes each, so that it must be 4 times the number.
                registers("Present values", Dim::present_values, ni_fmat1(""),
                          Dim::present_value_source, default_present_values())
                    .sensitive(Sensitive::consumption)
                    .at((a + 4) * Dim::present_demands)
                    .page(216)});
}

}  // namespace

std::vector<Table> bt20() {
  return {bt20_dimensions(),
          bt21(),
          bt22(),
          bt23().tells(Story::energies),
          bt24().tells(Story::energies),
          bt25().tells(Story::energies),
          bt26().tells(Story::snapshots),
          bt27(),
          bt28().tells(Story::powers)};
}

}  // namespace mep::tables
