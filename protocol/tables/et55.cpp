// ET55: meter configuration, pages 139 to 163. Two things move its fields: Gen 4 meters have ID
// codes of five characters (the guide's X), and one step tariff threshold stands per tier.
// SPDX-License-Identifier: GPL-2.0-or-later
#include "protocol/names.h"
#include "protocol/tables/tables.h"

namespace mep::tables {
namespace {

constexpr std::string_view since_3_5 = "meters 3.50 and higher, modules 1.20 and higher";
constexpr std::string_view since_3_6 = "meters 3.60 and higher, modules 1.20 and higher";
constexpr std::string_view since_3_7 = "meters 3.70 and higher, modules 1.20 and higher";
constexpr std::string_view since_4_0 = "meters 4.0 and higher";
constexpr std::string_view since_4_3 = "meters 4.30 and higher";
constexpr std::string_view gen_3_only = "meters 3.40 and higher, not 4.0 and higher";
constexpr std::string_view delta_meters = "delta meters 4.0 and higher; others: reserved";

// ET55 Meter Configuration, page 140
Table et55_table() {
  const Expr x = Dim::five_digit_id_codes;
  // The guide counts the tiers in BT20.7. BT21.7 is mostly the same number, pages 155 and 202: it
  // does where BT20 has not been seen.
  const Expr tiers = Expr(Dim::max_tiers) + (Expr(Dim::max_tiers) == 0) * Dim::tiers;
  const Expr thresholds = (tiers > 0) * (tiers - 1);
  const Expr a = 146 + x + 4 * thresholds;  // the guide's A, page 155
  return table(
      ET(55), "Meter Configuration", 140,
      {
          fill(3, "Reserved").at(0),
          bits(1,
               {bit(0, "Reserved"),
                bit(1, "Consumption Based Tariff Enabled", {{0, "no"}, {1, "yes"}}),
                bits_of(2, 4, "Reserved"), bit(5, "Step Tariff Enabled", {{0, "no"}, {1, "yes"}})})
              .at(3),
          // For meters 4.0+ the guide prints 1 here and 4..13 for what follows, page 140. Byte 1 is
          // in Reserved 0..2, and both columns agree before and after.
          u8("Delta Time Adjustment Increment").unit("s/min").at(4),
          fill(9, "Reserved").at(5),
          // The guide's type is UINT8, its value -84dB, page 141.
          i8("Signal Strength Threshold").unit("dB").page(141).at(14),
          u16("PLC Active Timeout").unit("min").page(141).at(15),
          // The guide prints 17..51, page 141. The next field is at 20.
          fill(3, "Reserved").page(141).at(17),
          u8("PLC Failed Authentication Lockout Threshold").note(since_4_3).page(141).at(20),
          u8("PLC Failed Authentication Lockout Duration")
              .unit("min")
              .note(since_4_3)
              .page(141)
              .at(21),
          u8("Optical Failed Authentication Lockout Threshold").note(since_4_3).page(142).at(22),
          u8("Optical Failed Authentication Lockout Duration")
              .unit("min")
              .note(since_4_3)
              .page(142)
              .at(23),
          fill(28, "Reserved").page(142).at(24),

          chars("Scheduled LCD Message ID (FTa Message OBIS Code)", 4 + x)
              .sensitive(Sensitive::none)
              .page(142)
              .at(52),
          u8("Scheduled LCD Message ID Decimal Point State (FTa Message OBIS Code Decimal Point)")
              .shown_as(Format::hex)
              .note("bit 0: right-most character; 1: on")
              .page(143)
              .at(56 + x),
          chars("Scheduled LCD Message Text (Remaining FTa Message Characters)", 8)
              .sensitive(Sensitive::identifier)
              .page(143)
              .at(57 + x),
          ltime_date("Scheduled LCD Message Display Start Time")
              .on(Clock::utc)
              .page(143)
              .at(65 + x),
          ltime_date("Scheduled LCD Message Display End Time").on(Clock::utc).page(144).at(71 + x),
          bits("Scheduled LCD and FTa Message Override Control", 1,
               {bit(0, "Disable Message Override",
                    {{0, "override enabled"}, {1, "override disabled"}}),
                bit(1, "Message Overridden",
                    {{0, "no, message active"}, {1, "yes, message inactive"}}),
                bit(2, "Disable Scheduled LCD Message In Scrolling List",
                    {{0, "message in scrolling list"}, {1, "message not in scrolling list"}})})
              .page(145)
              .at(77 + x),
          u16("Phase Loss Threshold Seconds").unit("s").page(146).at(78 + x),
          bits(1, {bit(0, "Reserved"),
                   bit(1, "Disable Consumption Based Tariff",
                       {{0, "tariff enabled"}, {1, "tariff disabled"}}),
                   bit(2, "Reserved"),
                   bit(3, "Disable Step Tariff", {{0, "tariff enabled"}, {1, "tariff disabled"}})})
              .page(146)
              .at(80 + x),

          u32("Over Power Threshold").sensitive(Sensitive::none).unit("W").page(147).at(81 + x),
          u16("Over Power Time Threshold").unit("s").page(147).at(85 + x),
          u8("Over Power Threshold Tier").page(147).at(87 + x),
          u8("Over Power Source")
              .values({{0, "forward + reverse power"},
                       {1, "forward power"},
                       {2, "forward - reverse power"}})
              .page(147)
              .at(88 + x),
          fill(4, "Reserved").page(147).at(89 + x),
          u8("Transformer Secondary Rated Current").page(148).at(93 + x),
          u32("Clock Error Calendar ID").sensitive(Sensitive::none).page(148).at(94 + x),
          u32("Over Power Calendar ID").sensitive(Sensitive::none).page(148).at(98 + x),
          fill(1, "Reserved").page(148).at(102 + x),

          u16("General Cover Removed Detection Threshold (General CRDT)")
              .unit("s")
              .note("3.X, 4.10 and higher: lower terminal cover; 4.0X: upper meter cover; 0: off")
              .page(149)
              .at(103 + x),
          // "Cover Cover" is the guide's, page 149.
          u16("Power Quality Cover Cover Removed Detection Threshold (Power Quality CRDT)")
              .unit("s")
              .note(gen_3_only)
              .page(149)
              .at(105 + x),
          bits("Cover Tamper Power Quality Events Mask", 2,
               {bit(0, "Phase Loss"), bit(1, "Current on Missing Or Uniused Phase"),
                bit(2, "Subsequent Power Outage"), bit(3, "Preceding or Coincident Power Outage"),
                bits_of(4, 15, "Reserved")})
              .note(gen_3_only)
              .page(149)
              .at(107 + x),
          u8("Primary Load Profile Index")
              .values({{0, "Data Set 1"}, {1, "Data Set 2"}, {2, "Data Set 3"}, {3, "Data Set 4"}})
              .note(since_3_5)
              .page(150)
              .at(109 + x),
          i16("High Frequency Noise Detection Threshold")
              .note("above 512: off; meters 3.50 and higher, modules 1.20 and higher")
              .page(151)
              .at(110 + x),
          u16("High Frequency Noise Detection Time Threshold")
              .unit("s")
              .note(since_3_5)
              .page(151)
              .at(112 + x),
          u16("Earth Fault Detection Current Threshold")
              .unit("mA")
              .note(delta_meters)
              .page(151)
              .at(114 + x),
          fill(1, "Reserved").page(152).at(116 + x),
          u16("Earth Fault Time Threshold").note(delta_meters).page(152).at(117 + x),
          u16("Broken MV Conductor Detection Time Threshold")
              .unit("s")  // page 35
              .note(since_3_6)
              .page(152)
              .at(119 + x),
          u16("Zero Fault Detection Time Threshold")
              .unit("s")
              .note("0: off; meters 3.60 and higher, modules 1.20 and higher")
              .page(152)
              .at(121 + x),
          u8("Normal Voltage Upper Limit").unit("%").page(153).at(123 + x),
          u8("Normal Voltage Lower Limit").unit("%").page(153).at(124 + x),
          u8("Low Voltage Higher Limit").unit("%").page(153).at(125 + x),
          u8("Voltage Fluctuation Limit").unit("%").page(153).at(126 + x),
          // The guide has no field at 127, pages 153 and 154: a UINT8 at 126, the next field at
          // 128, in both columns.
          fill(1, "Reserved").page(154),

          array_of(
              4,
              u32("Prepay Tier 5...8 Rates").sensitive(Sensitive::none).unit("Wh/kWh").at(128 + x))
              .numbered("tier", 5)
              .note(since_3_7)
              .page(154),
          u16("Reverse Energy Alarm Current Threshold")
              .unit("mA")
              .note(since_3_7)
              .page(154)
              .at(144 + x),
          array_of(thresholds, u32("Step Tariff Thresholds")
                                   .sensitive(Sensitive::none)
                                   .unit("Wh")
                                   .note("in steps of Energy Register Unit; 0: tier not used")
                                   .at(146 + x))
              .page(155),
          u8("Step Tariff Source")
              .values({{0, "Forward Active Wh L1L2L3"},
                       {1, "Rev Active Wh L1L2L3"},
                       {2, "Fwd + Rev Active Wh L1L2L3"},
                       {3, "Fwd - Rev Active Wh L1L2L3"}})
              .note(since_3_7)
              .page(155)
              .at(a),
          u32("Step Tariff TOU ID").sensitive(Sensitive::none).note(since_3_7).page(155).at(a + 1),
          u8("Step Tariff Reset Day").note("of the month, 1 to 28").page(156).at(a + 5),
          u8("Step Tariff Reset Hour").unit("h").note("local time").page(156).at(a + 6),
          u8("Step Tariff Reset Minute").unit("min").note("local time").page(156).at(a + 7),
          u8("Step Tariff Reset Second").unit("s").note("local time").page(156).at(a + 8),
          fill(1, "Reserved").page(156).at(a + 9),
          u16("Number of Mains Cycles Used For Consecutive RMS Voltage Calculation")
              .unit("cycles")
              .note(since_3_7)
              .page(156)
              .at(a + 10),
          u16("Number of Seconds For Average RMS Voltage Calculations")
              .unit("s")
              .note(since_3_7)
              .page(157)
              .at(a + 12),
          u16("Number of Average RMS Voltage Used for nlc and nlp calculation")
              .note(since_3_7)
              .page(157)
              .at(a + 14),
          u32("Delta ADSUP")
              .sensitive(Sensitive::none)
              .unit("mV")
              .note(since_3_7)
              .page(157)
              .at(a + 16),
          u32("Delta ADINF")
              .sensitive(Sensitive::none)
              .unit("mV")
              .note(since_3_7)
              .page(158)
              .at(a + 20),
          u32("Delta PRSUP")
              .sensitive(Sensitive::none)
              .unit("mV")
              .note(since_3_7)
              .page(158)
              .at(a + 24),
          u32("Delta PRINF")
              .sensitive(Sensitive::none)
              .unit("mV")
              .note(since_3_7)
              .page(158)
              .at(a + 28),
          u16("Momentary Voltage Disturbance (MVD) Detection Time Threshold Lower Limit")
              .unit("cycles")
              .note(since_3_7)
              .page(158)
              .at(a + 32),
          u16("MVD Detection Time Threshold Upper Limit")
              .unit("cycles")
              .note(since_3_7)
              .page(158)
              .at(a + 34),
          u8("MVD Interruption Sag Low Vrms Threshold")
              .unit("%")
              .note(since_3_7)
              .page(158)
              .at(a + 36),
          u8("MVD Sag High Vrms Threshold").unit("%").note(since_3_7).page(158).at(a + 37),
          u8("MVD Swell Low Vrms Threshold").unit("%").note(since_3_7).page(158).at(a + 38),
          u8("Energy Register Unit")
              .values({{1, "1 Wh/varh"}, {10, "10 Wh/varh"}, {100, "100 Wh/varh"}})
              .note("CT meters 3.70 and higher, modules 1.20 and higher; others: 1")
              .learns(Dim::energy_register_unit)
              .page(158)
              .at(a + 39),

          bits("Flags For MEP", 1,
               {bits_of(0, 1, "House Icon Control",
                        {{0, "neither MEP client"}, {1, "MEP client 1"}, {2, "MEP client 2"}}),
                bit(2, "M-Bus Discovery Auto-Confirmation", {{0, "disabled"}, {1, "enabled"}}),
                bits_of(3, 7, "Reserved")})
              .note("meters 4.0 and higher; bit 2: 4.30 and higher")
              .page(159)
              .at(a + 40),
          bits("Optical Configuration Settings", 1,
               {bit(0, "Enable Optical D.O.S. Timer",
                    {{0, "timer not enforced"}, {1, "timer enforced"}}),
                bit(1, "Disable Optical Port", {{0, "port enabled"}, {1, "port disabled"}}),
                bits_of(2, 7, "Reserved")})
              .note(since_4_0)
              .page(160)
              .at(a + 41),
          u16("Optical Session Timeout").unit("s").note(since_4_0).page(160).at(a + 42),
          u16("Optical Session Hold-Off").unit("s").note(since_4_0).page(160).at(a + 44),
          bits("External Tamper Status", 1,
               {bit(0, "External Tamper 1 In Use", {{0, "no"}, {1, "yes"}}),
                bit(1, "External Tamper 2 In Use", {{0, "no"}, {1, "yes"}})})
              .note(since_4_0)
              .page(160)
              .at(a + 46),
          group("Tamper ADC", {i16("Vtamper12 ADC value").at(a + 47), i16("Vtamper2 ADC value"),
                               i16("Vtamper1 ADC value")})
              .note(since_4_0)
              .page(161),
          u8("External Tamper Duration")
              .unit("s")
              .note("0: off; meters 4.0 and higher")
              .page(161)
              .at(a + 53),
          // The same name as at 103; together they are for the two covers, pages 149 and 162.
          u16("General Cover Removed Detection Threshold (General CRDT)")
              .unit("s")
              .note("4.0X: lower terminal cover; 4.10 and higher: upper meter cover")
              .page(162)
              .at(a + 54),
          u16("Magnetic Tamper Duration")
              .unit("s")
              .note("0: off; meters 4.0 and higher")
              .page(162)
              .at(a + 56),
          // The guide prints sqrt(w*w = var*var), page 162.
          u8("VA Power and Engery Calculation Method")
              .values({{0, "Vrms * Irms"}, {1, "sqrt(W * W + var * var)"}})
              .note(since_4_0)
              .page(162)
              .at(a + 58),
          bits("Locked Flags", 2, {bit(0, "BEV Load Profile Lock Mode")})
              .note(since_4_0)
              .page(162)
              .at(a + 59),
          u8("Most Significant Byte For Reverse Energy Alarm Current Threshold")
              .note("of the current in mA; meters 4.0 and higher")
              .page(163)
              .at(a + 61),
      });
}

}  // namespace

std::vector<Table> et55() {
  return {et55_table()};
}

}  // namespace mep::tables
