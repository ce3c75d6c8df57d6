// ET03 to ET09: utility and system information, power quality, pages 55 to 77.
// SPDX-License-Identifier: GPL-2.0-or-later
#include "protocol/names.h"
#include "protocol/tables/mbus.h"
#include "protocol/tables/tables.h"

namespace mep::tables {
namespace {

// ET03 Utility Information, page 56
Table et03() {
  return table(ET(3), "Utility Information", 56,
               {chars("Utility Serial Number", 30).sensitive(Sensitive::identifier).at(0),
                fill(107, "Reserved").at(30),
                u16("Image CRC").at(137).shown_as(Format::hex).note("read only"),
                // The guide prints 138..142, page 56, but 138 is the second byte of the CRC.
                fill(4, "Reserved")});
}

// Byte 62 of ET04, pages 58 to 60
Node inactive_phases() {
  const ValueNames voltage = {{0, "active, phase present"}, {1, "inactive, phase not present"}};
  const ValueNames current = {{0, "active, phase has current"},
                              {1, "inactive, phase has no current"}};
  // The guide calls the bits of both headings "Phase L1" to "Phase L3".
  return bits(1, {bit(0, "Inactive Voltage Phases: Phase L1", voltage),
                  bit(1, "Inactive Voltage Phases: Phase L2", voltage),
                  bit(2, "Inactive Voltage Phases: Phase L3", voltage),
                  bit(3, "Separate Volatage and Current Inactive Phases",
                      {{0, "voltage bits count for current, too"}, {1, "separate current bits"}}),
                  bit(4, "Inactive Current Phases: Phase L1", current),
                  bit(5, "Inactive Current Phases: Phase L2", current),
                  bit(6, "Inactive Current Phases: Phase L3", current), bit(7, "Reserved")});
}

// ET04 System Information, page 56
Table et04() {
  const ValueNames access = {{0, "access enabled"}, {1, "access disabled"}};
  return table(
      ET(4), "System Information", 56,
      {u32("Sequence Number").sensitive(Sensitive::none).at(0),
       bytes("Transceiver ID", 6).sensitive(Sensitive::identifier).at(4),
       u8("Subnet ID").sensitive(Sensitive::place).at(10).values({{0, "not commissioned"}}),
       u8("Node ID").sensitive(Sensitive::place).at(11),
       bits(1, {bit(0, "Explicit Message Received"), bit(1, "Force Neuron Cnfg"),
                bit(2, "Request Neuron State"),
                bit(3, "Disable PLC Encryption",
                    {{0, "encryption enabled"}, {1, "encryption disabled"}}),
                bit(4, "Disable Neuron EEPROM Lock", {{0, "lock enabled"}, {1, "lock disabled"}}),
                // The guide's type is BOOL(5..7), page 57.
                bits_of(5, 7, "Neuron Phase",
                        {{0, "no phase inversion"},
                         {1, "in phase, normal"},
                         {2, "plus 120 degrees, inverted"},
                         {3, "minus 120 degrees, normal"},
                         {4, "180 degrees, inverted"},
                         {5, "plus 120 degrees, normal"},
                         {6, "minus 120 degrees, inverted"},
                         {7, "N/A"}})})
           .at(12),
       u8("Rated Frequency").at(13).unit("Hz"),
       bytes("Program ID (Firmware Version ID)", 8).sensitive(Sensitive::none).at(14),
       bytes("Self-Identification", 30).sensitive(Sensitive::identifier).at(22),
       u8("PK Access").at(52).values(access),
       u8("Max Power Outages Recorded").at(53).learns(Dim::power_outages), fill(1, "Unused").at(54),
       u8("Max Nbr of TE Registers").at(55), u16("Registration Current").at(56).unit("mA"),
       u16("Max Current").at(58).unit("A"), u16("Rated Voltage").at(60).unit("V"),
       inactive_phases().at(62), i16("DST Off Time Delta").at(63).unit("min"),
       group("Self-Read Time", {u8("Hour").at(65).unit("h"), u8("Minute").at(66).unit("min")}),
       u8("Stop Mode Config")
           .at(67)
           .unit("d")
           .values({{0, "never"}, {255, "immediately"}})
           .note("not applicable to meters from 4.0 on"),
       bytes("Mfg Status", 3).sensitive(Sensitive::none).at(68).note("internal use"),
       bits(1, {bit(0, "RK BP10 + EP16 Access", access),
                bit(1, "Test Point", {{0, "not a test point"}, {1, "test point"}}),
                bit(2, "Test Point Confirmed"), bit(3, "LP Use Skipped")})
           .at(71),
       u8("Neuron State")
           .at(72)
           .values({{0, "invalid"},
                    {1, "invalid"},
                    {2, "has application, unconfigured"},
                    {3, "applicationless, unconfigured"},
                    {4, "configured, online"},
                    {5, "invalid"},
                    {6, "hard offline"},
                    {7, "invalid"},
                    {12, "configured, soft offline"},
                    {140, "configured, in bypass mode"},
                    {255, "no reply from Neuron"}}),
       u8("Phase Rotation Changed").at(73).values({{0, "L1L2L3"}, {1, "L3L2L1"}, {2, "unknown"}}),
       u16("PLC Comm Inactive Time Threshold").at(74).unit("min").values({{0, "disabled"}}),
       ltime_date("Broadcast Receipt").at(76).on(Clock::utc),
       u32("Broadcast Base").sensitive(Sensitive::none).at(82), u16("Broadcast Delta").at(86),
       u16("Reverse Energy Alarm Current Threshould")
           .at(88)
           .unit("mA")
           .note("0 disables the alarm from 3.71 on"),
       u8("PLC Signal Qualty Status")
           .at(90)
           .values({{0, "no PLC traffic"},
                    {1, "PLC traffic, none addressed to this server"},
                    {2, "addressed packet, margin up to 9 dB"},
                    {3, "addressed packet, margin 12 or 15 dB"},
                    {4, "addressed packet, margin 18 dB or more"},
                    {5, "commissioned but inactive, last margin up to 9 dB"},
                    {6, "commissioned but inactive, last margin 12 or 15 dB"},
                    {7, "commissioned but inactive, last margin 18 dB or more"}}),
       u16("Auto Discovery Ta").at(91).unit("bit times"),
       u16("Auto Discovery To").at(93).unit("ms"),
       u8("Auto Discovery Disable").at(95).values({{0, "auto-discovery enabled"}}),
       i16("Amplifier Gain Detect Sensitivity").at(96),
       u16("Events Outage Threshold").at(98).unit("s").values({{0xFFFF, "as ET09.0"}}),
       u16("NVM Size").at(100).unit("KiB"),
       u8("Safe Image Locked")
           .at(102)
           .values({{0, "safe image can be activated"}, {1, "safe image cannot be activated"}}),
       u32("MEP Seq Nbr").sensitive(Sensitive::none).at(103).note("unused from 4.0 on"),
       // ET42's description, page 116, looks at a bit of this field: "ET04.107.1".
       fill(2, "Unused").at(107),
       u8("Premise Power Generation").at(109).values({{0, "off"}, {1, "on"}}),
       u8("Power Outage Detection Threshold")
           .at(110)
           .unit("%")
           .note("not applicable to meters from 4.0 on"),
       u8("Phase Loss Threshold").at(111).unit("%"),
       // Letters: the guide prints "S: S-base" and "A: A-base", page 65.
       u8("Meter Form").at(112).values({{0, "default (IEC)"}, {'A', "A-base"}, {'S', "S-base"}}),
       u8("Clock Error Tier").at(113),
       bits("C12.19 Compliance", 2, {bits_of(0, 15, "Unused")}).at(114), u8("IDT Version").at(116),
       u8("Tilt Timer").at(117).unit("s").values({{255, "tilt events are never ignored"}}),
       u16("Minimum Registration Current").at(118).unit("mA"),
       u8("Registration Current Fraction").at(120).unit("0.1 mA"),
       bits(1, {bit(0, "Constant Phase Loss Alarm",
                    {{0, "when the condition changes"}, {1, "while the condition exists"}})})
           .at(121)
           .note("since 3.60"),
       u8("Power Up Wait Time").at(122).note("Control Point and OSGP modules only"),
       u32("Maximum Key Usage Count")
           .sensitive(Sensitive::none)
           .at(123)
           .note("3.13, and 3.80 or later"),
       u8("Security Mode")
           .at(127)
           .values({{0, "RC4"}, {1, "reserved"}, {2, "OSGP-AES-128-PSK"}})
           .note("3.13, and 3.80 or later"),
       u8("FCM Message Count").at(128).note("3.13, and 3.80 or later"),
       array_of(2,
                u32("MEP Sequence Numbers").sensitive(Sensitive::none).at(129).note("4.0 or later"))
           .called(mep_client_names()),
       u8("Reverse Energy Alarm Time Threshold (Milliseconds)")
           .at(137)
           .unit("ms")
           .note("4.0 or later"),
       u16("Reverse Energy Alarm Time Threshold (Seconds)")
           .at(138)
           .unit("s")
           .note("4.0 or later")});
}

// One of the three THD records of ET09, pages 74 and 75; `at` is its offset.
Node thd_record(const Expr& at) {
  return array(3, "THD Record",
               {u16("THD Time Threshold").at(at).unit("s"),
                // The guide says "0-10,000, in units of 0.1%", page 74, and that 10000 is 100 %.
                u16("THD Threshold").at(at + 2).unit("0.01 %").values({{0, "no events recorded"}}),
                array(3, "THD Event Record",
                      {u16("Event Count").at(at + 4),
                       ltime_date("Event Timestamp").at(at + 6).on(Clock::utc),
                       u16("Max THD").at(at + 12),
                       ltime_date("Max THD Timestamp").at(at + 14).on(Clock::utc),
                       u16("Average THD").at(at + 20),
                       // These fields add up to 18 bytes. The guide says 22, page 74, which the
                       // offsets of all that follows confirm (A on page 75).
                       fill(4, "Reserved")})
                    .called({"L1", "L2", "L3"})
                    .page(74)})
      .called({"voltage", "current", "VA"});
}

// ET09 Power Quality, page 68
Table et09() {
  const Expr outages = Expr(Dim::power_outages) * 18;
  const Expr a = outages + 357;         // the guide's A, page 75
  const Expr sag2 = a + Expr(10) * 12;  // its A+10*12
  const ValueNames phase_loss = {{0, "no, phase present"}, {1, "yes, phase lost"}};
  return table(
      ET(9), "Power Quality", 68,
      {u16("Long Outage Duration Threshold").at(0).unit("s"),
       u8("Sag1/Surge Time Threshold").at(2).unit("min"), u8("Sag1 Threshold").at(3).unit("%"),
       u8("Surge Threshold").at(4).unit("%"), u8("Over-Current Threshold").at(5).unit("%"),
       array(Dim::power_outages, "Power Outage Record",
             {ltime_date("Power-on Date/Time").at(6).on(Clock::utc),
              u8("Reset Cause").at(12).values({{3, "power failure"}, {8, "brown-out"}}),
              fill(1, "Reserved For Internal Use").at(13),
              ltime_date("Power-off Date/Time").at(14).on(Clock::utc),
              u32("Power Off Duration").sensitive(Sensitive::none).at(20).unit("s")})
           .page(69),
       ltime_date("L1 Most Recent Sag1 Event").at(outages + 6).on(Clock::utc),
       u16("L1 Sag1 Events").at(outages + 12),
       // Page 70 leaves out "(UTC)" here alone.
       ltime_date("L2 Most Recent Sag1 Event").at(outages + 14).on(Clock::utc),
       u16("L2 Sag1 Events").at(outages + 20),
       ltime_date("L3 Most Recent Sag1 Event").at(outages + 22).on(Clock::utc),
       u16("L3 Sag1 Events").at(outages + 28),
       ltime_date("L1 Most Recent Surge Event").at(outages + 30).on(Clock::utc),
       u16("L1 Surge Events").at(outages + 36),
       ltime_date("L2 Most Recent Surge Event").at(outages + 38).on(Clock::utc),
       u16("L2 Surge Events").at(outages + 44),
       ltime_date("L3 Most Recent Surge Event").at(outages + 46).on(Clock::utc),
       u16("L3 Surge Events").at(outages + 52),
       i32("Min Frequency").sensitive(Sensitive::none).at(outages + 54).unit("mHz"),
       ltime_date("Min Freq Date/Time").at(outages + 58).on(Clock::utc),
       i32("Max Frequency").sensitive(Sensitive::none).at(outages + 64).unit("mHz"),
       ltime_date("Max Freq Date/Time").at(outages + 68).on(Clock::utc),
       u32("L1 Over-current Events").sensitive(Sensitive::none).at(outages + 74),
       u32("L2 Over-current Events").sensitive(Sensitive::none).at(outages + 78),
       u32("L3 Over-current Events").sensitive(Sensitive::none).at(outages + 82),
       bits(1, {bit(0, "Phase L1 Loss", phase_loss), bit(1, "Phase L2 Loss", phase_loss),
                bit(2, "Phase L3 Loss", phase_loss)})
           .at(outages + 86),
       ltime_date("L1 Most Recent Phase Loss Event").at(outages + 87).on(Clock::utc),
       u16("L1 Phase Loss Events").at(outages + 93),
       ltime_date("L2 Most Recent Phase Loss Event").at(outages + 95).on(Clock::utc),
       u16("L2 Phase Loss Events").at(outages + 101),
       ltime_date("L3 Most Recent Phase Loss Event").at(outages + 103).on(Clock::utc),
       u16("L3 Phase Loss Events").at(outages + 109),
       ni_fmat1("L1 Most Recent Sag1 Voltage")
           .sensitive(Sensitive::none)
           .at(outages + 111)
           .unit("mV"),
       ni_fmat1("L2 Most Recent Sag1 Voltage")
           .sensitive(Sensitive::none)
           .at(outages + 115)
           .unit("mV"),
       ni_fmat1("L3 Most Recent Sag1 Voltage")
           .sensitive(Sensitive::none)
           .at(outages + 119)
           .unit("mV"),
       ni_fmat1("L1 Most Recent Surge Voltage")
           .sensitive(Sensitive::none)
           .at(outages + 123)
           .unit("mV"),
       ni_fmat1("L2 Most Recent Surge Voltage")
           .sensitive(Sensitive::none)
           .at(outages + 127)
           .unit("mV"),
       ni_fmat1("L3 Most Recent Surge Voltage")
           .sensitive(Sensitive::none)
           .at(outages + 131)
           .unit("mV"),
       u32("Short Outage Count").sensitive(Sensitive::none).at(outages + 135),
       u32("PQ Configuration ID")
           .sensitive(Sensitive::none)
           .at(outages + 139)
           .note("2.12 or later"),
       u8("Sag1/Surge Threshold Seconds").at(outages + 143).unit("s").note("2.12 or later"),
       u8("Power Up Quality Hold Time").at(outages + 144).unit("s").note("3.10 or later"),
       u16("Over Current Time Threshold").at(outages + 145).unit("s").note("3.10 or later"),
       thd_record(outages + 147).page(74).note("3.10 or later"),
       array(12, "DRP/DRC Event Record",
             {u16("DRP").at(a).unit("0.1 %"), u16("DRC").at(a + 2).unit("0.1 %"),
              ltime_date("Time Stamp").at(a + 4)})
           .page(75)
           .note("3.70 or later, meters only"),
       u16("Sag2 Time Threshold").at(sag2).unit("s").note("4.10 or later, meters only"),
       u8("Sag2 Threshold").at(sag2 + 2).unit("%").note("4.10 or later, meters only"),
       ltime_date("L1 Most Recent Sag2 Event").at(sag2 + 3).on(Clock::utc),
       u16("L1 Sag2 Events").at(sag2 + 9),
       // Page 76 leaves out "(UTC)" here alone.
       ltime_date("L2 Most Recent Sag2 Event").at(sag2 + 11).on(Clock::utc),
       u16("L2 Sag2 Events").at(sag2 + 17),
       ltime_date("L3 Most Recent Sag2 Event").at(sag2 + 19).on(Clock::utc),
       u16("L3 Sag2 Events").at(sag2 + 25),
       ni_fmat1("L1 Most Recent Sag2 Voltage").sensitive(Sensitive::none).at(sag2 + 27).unit("mV"),
       ni_fmat1("L2 Most Recent Sag2 Voltage").sensitive(Sensitive::none).at(sag2 + 31).unit("mV"),
       ni_fmat1("L3 Most Recent Sag2 Voltage").sensitive(Sensitive::none).at(sag2 + 35).unit("mV"),
       u16("Average Current Calculation Interval")
           .at(sag2 + 39)
           .unit("s")
           .note("4.10 or later, meters only"),
       bits("Options", 1, {bit(0, "Early Sag/Surge Event")})
           .at(sag2 + 41)
           .note("4.21 or later, meters only")});
}

}  // namespace

std::vector<Table> et00() {
  return {et03(), et04(), et09()};
}

}  // namespace mep::tables
