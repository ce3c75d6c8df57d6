// BT60 to BT67: the load profile, pages 231 to 241.
// SPDX-License-Identifier: GPL-2.0-or-later
#include "protocol/names.h"
#include "protocol/tables/tables.h"

namespace mep::tables {
namespace {

// Meters without multiple data sets, and modules, have one: their tables end after element 0.
constexpr std::int64_t sets = load_profile_sets;
constexpr auto slots_per_set = static_cast<std::int64_t>(channels_per_set);

// The first seven bytes of BT60 and of BT61, pages 231 to 235.
std::vector<BitField> interval_formats() {
  return {bit(0, "UINT8 Supported"),    bit(1, "UINT16 Supported"),  bit(2, "UINT32 Supported"),
          bit(3, "INT8 Supported"),     bit(4, "INT16 Supported"),   bit(5, "INT32 Supported"),
          bit(6, "NI FMAT1 Supported"), bit(7, "NI FMAT2 Supported")};
}

// BT60 Dimension Load Profile, page 231
Table bt60_dimensions() {
  return table(
      BT(60), "Dimension Load Profile", 231,
      {u32("Memory Length").sensitive(Sensitive::none).at(0).unit("bytes"),
       bits(2, {bit(0, "Set 1 Inhibit overflow"), bit(1, "Set 2 Inhibit Overflow"),
                bit(2, "Set 3 Inhibit Overflow"), bit(3, "Set 4 Inhibit Overflow"),
                bit(4, "End Reading Supported"), bit(5, "End Pulse Supported"),
                bit(6, "Set 1 Scalar Divisor Enable"), bit(7, "Set 2 Scalar Divisor Enable"),
                bit(8, "Set 3 Scalar Divisor Enable"), bit(9, "Set 4 scalar Divisor Enable"),
                bit(10, "Extended Interval Status"), bit(11, "Simple Interval Status")})
           .at(4),
       bits(1, interval_formats()).at(6).page(232),
       array(sets, "Data Set Configuration",
             {u16("Number of Blocks").at(7), u16("Number of Intervals").at(9),
              u8("Number of Channels").at(11).learns(Dim::max_load_profile_channels),
              u8("Maximum Interval Time").at(12).unit("min").values({{84, "24 hours"}})})
           .numbered("Data Set", 1)
           .page(233)});
}

// BT61 Actual Load Profile, page 234
Table bt61() {
  return table(
      BT(61), "Actual Load Profile", 234,
      {u32("Memory Length").sensitive(Sensitive::none).at(0).unit("bytes"),
       bits(2, {bit(0, "Set 1 Inhibit Overflow"), bit(1, "Set 2 Inhibit Overflow"),
                bit(2, "Set 3 Inhibit Overflow"), bit(3, "Set 4 Inhibit Overflow"),
                bit(4, "End Reading Supported").learns(Dim::load_profile_end_readings),
                bit(5, "End Pulse Supported"),
                // Slot 0. The slots of the other three bits cannot be told apart within a word.
                bit(6, "Set 1 Scalar Divisor Enable").learns(Dim::load_profile_scalars, 0),
                bit(7, "Set 2 Scalar Divisor Enable").learns(Dim::load_profile_scalars, 1),
                bit(8, "Set 3 Scalar Divisor Enable").learns(Dim::load_profile_scalars, 2),
                bit(9, "Set 4 Scalar Divisor Enable").learns(Dim::load_profile_scalars, 3),
                bit(10, "Extended Interval Status"), bit(11, "Simple Interval Status")})
           .at(4),
       bits(1, interval_formats()).at(6),
       array(sets, "Data Set Configuration",
             {u16("Number of Blocks").at(7).learns(Dim::load_profile_blocks),
              u16("Number of Intervals").at(9).learns(Dim::load_profile_intervals),
              u8("Number of Channels").at(11).learns(Dim::load_profile_channels),
              u8("Maximum Interval Time")
                  .at(12)
                  .unit("min")
                  .values({{84, "24 hours"}})
                  .learns(Dim::load_profile_interval_time)})
           .numbered("Data Set", 1)
           .page(235)});
}

// BT62 Load Profile Control, page 235
Table bt62() {
  const Expr set = index_of(0);
  const Expr channels = slot_of(Dim::load_profile_channels, set);
  return table(
      BT(62), "Load Profile Control", 235,
      {array(sets, "Data Set Control",
             {array(channels, "Channel Settings",
                    {bits(1, {bit(0, "End Reading")}).at(0),
                     u8("Interval Source")
                         .at(1)
                         .shown_as(Format::source_id)
                         .learns(Dim::channel_source, index_of(1) * slots_per_set + index_of(0)),
                     u8("End Reading Source")
                         .at(2)
                         .shown_as(Format::source_id)
                         .used_if(field("End Reading"))})
                  .numbered("channel", 0),
              u8("Format").at(channels * 3).values({{32, "INT32"}}),
              // The guide asks BT60.4.6 to .9, page 236; what is configured stands in BT61.4.
              when(slot_of(Dim::load_profile_scalars, set),
                   {array_of(channels, u16("Scalars").at(channels * 3 + 1)).numbered("channel", 0),
                    array_of(channels, u16("Divisors").at(channels * 3 + 1 + channels * 2))
                        .numbered("channel", 0)})})
           .numbered("Data Set", 1)
           .page(236)});
}

// BT63 Load Profile Status, page 237
Table bt63() {
  const ValueNames order = {{0, "ascending (N is older than N+1)"}, {1, "descending"}};
  return table(
      BT(63), "Load Profile Status", 237,
      {array(
           sets, "Data Set Status",
           {bits(1, {bit(0, "Block Order", order).learns(Dim::load_profile_block_order),
                     bit(1, "Overflow"), bit(2, "List Type", {{0, "FIFO"}, {1, "circular queue"}}),
                     bit(3, "Block Inhibit Overflow"),
                     bit(4, "Interval Order", order).learns(Dim::load_profile_interval_order),
                     bit(5, "Active Mode",
                         {{0, "not collecting, or disabled"}, {1, "collecting data"}}),
                     bit(6, "Test Mode")})
                .at(0),
            u16("Number of Valid Blocks").at(1).page(238), u16("Last Block").at(3).page(238),
            u32("Last Block Sequence Number").sensitive(Sensitive::none).at(5).page(238),
            u16("Number of Unread Blocks").at(9).page(238),
            u16("Number of Valid Intervals").at(11).page(238)})
           .numbered("Data Set", 1)});
}

// Of one channel in one interval, pages 240 and 241.
BitField channel_status(std::uint8_t first, std::uint8_t last, std::string_view name, Role role) {
  return bits_of(first, last, name,
                 {{0, "no status"},
                  {1, "overflow"},
                  {2, "partial interval (clock moved forward)"},
                  {3, "long interval (clock moved back)"},
                  {4, "skipped"},
                  {5, "test mode data"},
                  {8, "M-Bus/MEP decryption failure"},
                  {9, "clock error"},
                  {10, "M-Bus/MEP device missing"},
                  {11, "not current (MDT time stamp invalid)"},
                  {12, "skipped by opt out"},
                  {15, "M-Bus placeholder (no data yet)"}})
      .as(role);
}

// BT64 to BT67 Load Profile Data, page 239
Table load_profile_data(std::uint16_t number, std::string_view name, std::int64_t set_index) {
  const Expr blocks = slot_of(Dim::load_profile_blocks, set_index);
  const Expr intervals = slot_of(Dim::load_profile_intervals, set_index);
  const Expr channels = slot_of(Dim::load_profile_channels, set_index);
  const Expr source_slot = index_of(0) + set_index * slots_per_set;
  // The guide counts end readings in all offsets, page 239, though it says that meters have none.
  const Expr simple_status_offset = Expr(5) + Expr(Dim::load_profile_end_readings) * channels * 4;
  const Expr simple_status_size = (intervals + 7) / 8;
  const Expr interval_offset = simple_status_offset + simple_status_size;
  // The first byte has the common status above and channel 0 below; each further byte has the
  // channels 2i+1 above and 2i+2 below. With an even number of channels the last nibble is unused.
  const Expr channel_pairs = channels / 2;
  return table(
      BT(number), name, 239,
      {array(
           blocks, "Block Data",
           {stime_date("End time").at(0).on(Clock::utc).as(Role::block_end),
            when(Dim::load_profile_end_readings,
                 {registers("End Readings", channels, ni_fmat1(""), Dim::channel_source, {})
                      .sensitive(Sensitive::consumption)
                      .selected_by(source_slot)
                      .under_one_name()
                      .at(5)}),
            set("Simple Status", simple_status_size)
                .at(simple_status_offset)
                .values({{0, "not processed"}, {1, "processed"}})
                .as(Role::block_status),
            array(intervals, "Intervals",
                  {bits("Extended Status", 1,
                        {bit(4, "Daylight savings time in effect").as(Role::summer_time),
                         bit(5, "Power fail within interval"),
                         bit(6, "Clock reset forward during interval"),
                         bit(7, "Clock reset backward during interval"),
                         channel_status(0, 3, "Channel 0 Status", Role::channel_0_status)})
                       .at(interval_offset)
                       .page(240),
                   array(channel_pairs, "Channel Status Pair",
                         {bits(1, {channel_status(4, 7, "Channel Status", Role::odd_channel_status),
                                   channel_status(0, 3, "Channel Status",
                                                  Role::even_channel_status)})})
                       .as(Role::channel_pair)
                       .page(240),
                   registers("Interval Channel Value", channels, i32(""), Dim::channel_source, {})
                       .sensitive(Sensitive::consumption)
                       .selected_by(source_slot)
                       .at(interval_offset + channel_pairs + 1)})
                .as(Role::interval)})
           .as(Role::block)
           .note(set_index == 0 ? "" : "from meter firmware 3.50 and module firmware 1.20 on")});
}

}  // namespace

std::vector<Table> bt60() {
  return {bt60_dimensions(),
          bt61(),
          bt62(),
          bt63(),
          load_profile_data(64, "Load Profile Data, Data Set 1", 0).tells(Story::intervals),
          load_profile_data(65, "Load Profile Data, Data Set 2", 1).tells(Story::intervals),
          load_profile_data(66, "Load Profile Data, Data Set 3", 2).tells(Story::intervals),
          load_profile_data(67, "Load Profile Data, Data Set 4", 3).tells(Story::intervals)};
}

}  // namespace mep::tables
