// ET31 to ET36: one-time read log, M-Bus/MEP device configuration and log dimensions, pages 104
// to 109.
// SPDX-License-Identifier: GPL-2.0-or-later
#include "protocol/names.h"
#include "protocol/tables/mbus.h"
#include "protocol/tables/registers.h"
#include "protocol/tables/tables.h"

namespace mep::tables {
namespace {

// ET31 Meter One-time-read Log, page 104
Table et31() {
  const Expr learned_size = slot_of(Dim::log_entry_size, 0);
  // What ET36 tells; before that has been seen, the usual size of page 108.
  const Expr entry_size = learned_size + (learned_size == 0) * 232;
  // The "(+2)" of the printed offsets: the BIDN, once demand is configured.
  const Expr bidn = Expr(Dim::demands) != 0;
  const Expr bidn_size = bidn * 2;
  return table(
      ET(31), "Meter One-time-read Log", 104,
      {bits(1, {bit(0, "Order", {{0, "ascending (N is older than N+1)"}, {1, "descending"}}),
                bit(1, "Overflow"),
                bit(2, "List type", {{0, "no entries configured"}, {1, "circular queue"}}),
                bit(3, "Inhibit overflow",
                    {{0, "new entries not inhibited"}, {1, "new entries inhibited"}}),
                bits_of(4, 7, "Filler")})
           .at(0),
       u8("Number of valid entries").at(1).page(105), u8("Last entry element").at(2).page(105),
       u16("Last entry sequence number").at(3).page(105),
       u8("Number of unread entries").at(5).page(105),
       array(
           Dim::self_reads, "One-time Read Data Record",
           {record(entry_size,
                   {when(bidn, {u16("Blg Iface Def Nbr (BIDN)").at(6)}),
                    stime_date("Time and date").at(bidn_size + 6).on(Clock::local).as(Role::moment),
                    u8("Season").at(bidn_size + 11),
                    group("RegisterDataRcd", register_data(bidn_size + 12))})})
           .page(105)});
}

// ET34 Additional M-Bus/MEP Device Configuration, page 106
Table et34() {
  return table(
      ET(34), "Additional M-Bus/MEP Device Configuration", 106,
      {array(
           Dim::devices, "Device Config",
           {record(Dim::device_config_2_size,
                   {fill(2, "Reserved").at(0),
                    u8("Group Mask").at(2).shown_as(Format::hex).note("M-Bus devices only"),
                    fill(1, "Reserved").at(3), u16("Load Profile Poll Rate").at(4).unit("min"),
                    u8("Control MDT").at(6), u8("Command Monitor MDT").at(7).values({{0, "none"}}),
                    u8("Time Stamp MDT").at(8).page(107),
                    // The guide names neither of the two parts of a locator.
                    bits("Hour Locator", 1,
                         {bits_of(0, 4, "Hour Starting Bit"), bits_of(5, 7, "Hour Bit Count")})
                        .at(9)
                        .page(107)
                        .note("bits are counted from 1"),
                    bits("Minute Locator", 1,
                         {bits_of(0, 4, "Minute Starting Bit"), bits_of(5, 7, "Minute Bit Count")})
                        .at(10)
                        .page(107)
                        .note("bits are counted from 1"),
                    u8("Load Profile Poll Wait").at(11).page(107).unit("s"),
                    u8("Load Profile Poll Retry Attempts").at(12).page(107),
                    u8("Load Profile Poll Retry Wait").at(13).page(107).unit("s"),
                    // The guide's type is ARRAY[7], page 107, but its offsets 14-21 and the entry
                    // size of 22 (ET11.13, page 78) make it 8.
                    fill(8, "Reserved").at(14).page(107)})})
           .called(device_names())});
}

// ET36 Manufacturer (Extended) Table Actual Dimensions, page 108
Table et36() {
  return table(
      ET(36), "Manufacturer (Extended) Table Actual Dimensions", 108,
      {u8("Count").at(0).learns(Dim::log_tables),
       array(
           Dim::log_tables, "Actual Dimension",
           {bits("Table", 2,
                 {bits_of(0, 10, "Tbl_Proc_Nbr"),
                  bit(11, "Std_vs_MfgFlag", {{0, "basic table"}, {1, "extended table"}}),
                  bit(12, "Procedure Flag"), bits_of(13, 15, "Flags")})
                .at(1)
                .shown_as(Format::table_id),
            u16("Entry Size").at(3).learns(Dim::log_entry_size), u16("Max Entries").at(5).page(109),
            u16("Current Entries").at(7).page(109).learns(Dim::log_entries),
            bits("Flags", 1,
                 {bit(0, "Length Included",
                      {{0, "no length before entries"}, {1, "2-byte length before each entry"}}),
                  bits_of(1, 7, "Unused")})
                .at(9)
                .page(109),
            fill(8, "Spare").at(10).page(109)}),
       // The guide prints (Count*10)+1, page 109, but records are of 17 bytes, page 108.
       set("Unread Entries Bitmap", (Expr(Dim::log_tables) - 1) / 8 + 1)
           .page(109)
           .note("bit order: as the logs above; ET42.10.4 tells whether the firmware has it")});
}

}  // namespace

std::vector<Table> et30() {
  return {et31().tells(Story::snapshots), et34(), et36()};
}

}  // namespace mep::tables
