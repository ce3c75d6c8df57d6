// ET90 and ET97: dimensions and configuration, pages 190 to 196.
// SPDX-License-Identifier: GPL-2.0-or-later
#include "protocol/names.h"
#include "protocol/tables/tables.h"

namespace mep::tables {
namespace {

// ET90 Dimension LN, page 191
Table et90_dimension_ln() {
  return table(
      ET(90), "Dimension LN", 191,
      {u16("IP Address Length").at(0).unit("bytes").note("from 4.10"),
       u8("Urgent Alarm Bitmask Length").at(2).unit("bytes").note("from 4.10"),
       u8("Connection Reason Bitmap Length").at(3).note("from 4.10"),
       u8("Modem APN Length").at(4).unit("characters").note("from 4.10"),
       u8("Modem APN User Length").at(5).unit("characters").note("from 4.10"),
       u8("Modem APN Password Length").at(6).unit("characters").note("from 4.10"),
       u8("Modem SIM Pin Length").at(7).unit("characters").note("from 4.10"),
       u8("Modem Manufacturer Length").at(8).unit("characters").note("from 4.10"),
       u8("Modem Model Length").at(9).unit("characters").note("from 4.10"),
       u8("Modem Revision Length").at(10).unit("characters").note("from 4.10"),
       u8("Modem IMEI Length").at(11).unit("characters").note("from 4.10"),
       u8("Modem SIM Phone Number Length").at(12).unit("characters").note("from 4.10"),
       u8("Modem Current Mobile Operator Name Length").at(13).unit("characters").note("from 4.10"),
       u8("Modem Socket Maximum Connections").at(14).page(192).note("from 4.10"),
       u8("Modem Maximum Connection Services").at(15).page(192).note("from 4.10"),
       u8("Number of FTz Messages")
           .at(16)
           .page(192)
           .learns(Dim::ftz_messages)
           .note("3.82, from 4.02, CP from 1.31"),
       u16("Modem AT Command Reply Length").at(17).page(192).note("from 4.20"),
       u8("Modem SIM ICCD Length").at(19).page(192).unit("characters").note("from 4.20"),
       // The guide's table ends here, page 192. But ET89, page 190, has an array of MT90.25
       // elements of MT90.26 bytes. The names are ours.
       fill(5, "Reserved").page(190),
       u8("Number of Pending Security Events")
           .at(25)
           .page(190)
           .learns(Dim::pending_security_events)
           .note("known from ET89 only"),
       u8("Pending Security Event Size")
           .at(26)
           .page(190)
           .unit("bytes")
           .learns(Dim::pending_security_event_size)
           .note("known from ET89 only")});
}

// ET97 Meter Configuration LN, page 193
Table et97() {
  const ValueNames comparison = {{0, "standard ID comparison"},
                                 {1, "mask comparison"},
                                 {2, "none, always a new device"},
                                 {3, "none, always the same device"}};
  const Expr a = Expr(Dim::ftz_messages) * 8;
  return table(
      ET(97), "Meter Configuration LN", 193,
      {array_of(Dim::ftz_messages,
                bytes("FTz Message Contents Array", 8).sensitive(Sensitive::identifier).at(0)),
       u8("MEP 1 ID Comparison Mode").at(a).values(comparison),
       bytes("MEP 1 ID Mask", 30).sensitive(Sensitive::identifier).at(a + 1),
       // From here on the guide prints offsets for meters from 4.02 only; older ones and modules
       // end above.
       u8("MEP 2 ID Comparison Mode").at(a + 31).values(comparison).note("from 4.02"),
       bytes("MEP 2 ID Mask", 30)
           .sensitive(Sensitive::identifier)
           .at(a + 32)
           .page(194)
           .note("from 4.02"),
       // The guide prints bit 1 in the column of older meters, page 194; bit 0, at the same offset,
       // stands in that of 4.02.
       bits(1, {bit(0, "Power Boost Relay LN"), bit(1, "Mbus AD use 300 Baud"),
                bits_of(2, 7, "Reserved")})
           .at(a + 62)
           .page(194)
           .note("from 4.02"),
       // The guide has no name for an element.
       array(2, "Relay",
             {array_of(5, u16("Group ID").sensitive(Sensitive::identifier).at(a + 63)).page(194),
              bits(1, {bits_of(0, 2, "Mode",
                               {{0, "standard"},
                                {1, "load management"},
                                {2, "reserved"},
                                {3, "reserved"},
                                {4, "reserved"},
                                {5, "reserved"},
                                {6, "reserved"},
                                {7, "reserved"}}),
                       bit(3, "Require Explicit HB"), bits_of(4, 7, "Reserved")})
                  .at(a + 73)
                  .page(194),
              u16("Heartbeat Interval")
                  .at(a + 74)
                  .page(194)
                  .unit("min")
                  .values({{0, "no heartbeat expected"}}),
              bits(1, {bits_of(0, 1, "Maintenance Mode Entry",
                               {{0, "explicit command only"},
                                {1, "terminal cover removed"},
                                {2, "reserved"},
                                {3, "reserved"}}),
                       bits_of(2, 3, "Maintenance Mode Display",
                               {{0, "no display, no update"},
                                {1, "display state, no update"},
                                {2, "display state, allow update"},
                                {3, "reserved"}}),
                       bit(4, "Maintenance Mode Open"),
                       bits_of(5, 6, "Maintenance Mode Exit",
                               {{0, "explicit command"},
                                {1, "terminal cover replaced plus delay"},
                                {2, "terminal cover replaced, at specified time"},
                                {3, "reserved"}}),
                       bit(7, "Reserved")})
                  .at(a + 76)
                  .page(194),
              u8("Maintenance Mode Exit delay").at(a + 77).page(195).unit("s"),
              // UINT8[2], "H:M", local time.
              group("Maintenance Mode Exit time",
                    {u8("Hour").at(a + 78).unit("h"), u8("Minute").at(a + 79).unit("min")})
                  .page(195)}),
       // UINT16 at A+97, but the next field is printed at A+98, page 195: we believe the type, as
       // ET89's "Minutes to report" has the same, and take what follows to be one byte further.
       u16("Security Log Interval (Minutes)").at(a + 97).page(195).unit("min"),
       // The guide prints A+98, A+99 and A+100 here.
       bits(1, {bit(0, "Require TLS on Optical port"), bits_of(1, 7, "Reserved")}).page(195),
       bits(1, {bit(0, "Require TLS on MEP1 port"), bits_of(1, 7, "Reserved")}).page(195),
       bits(1, {bit(0, "Require TLS on MEP2 port"), bits_of(1, 7, "Reserved")}).page(195)});
}

}  // namespace

std::vector<Table> et90() {
  return {et90_dimension_ln(), et97()};
}

}  // namespace mep::tables
