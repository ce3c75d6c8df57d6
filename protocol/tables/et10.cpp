// ET11 to ET16: dimensions of the manufacturer's tables; M-Bus devices and MEP clients, pages 77
// to 95.
// SPDX-License-Identifier: GPL-2.0-or-later
#include "protocol/names.h"
#include "protocol/tables/billing.h"
#include "protocol/tables/mbus.h"
#include "protocol/tables/tables.h"

namespace mep::tables {
namespace {

// Elements 0 to 3 of the tables of devices are M-Bus devices, the fifth and later ones are MEP
// clients: pages 80, 84 and 95.
Expr is_mbus_device() {
  return index_of() < 4;
}
Expr is_mep_client() {
  return 3 < index_of();
}

ValueNames baud_rates() {
  ValueNames names;
  for (const LineSpeed& speed : line_speeds())
    names.emplace_back(static_cast<std::int64_t>(names.size()), speed.text);
  return names;
}

// ET11 MFG Dimension Table, page 77
Table et11() {
  return table(
      ET(11), "MFG Dimension Table", 77,
      {u8("Number of Devices").at(0).learns(Dim::devices),
       u8("Config Entry Size").at(1).unit("bytes").learns(Dim::device_config_size),
       u8("Status Entry Size").at(2).unit("bytes").learns(Dim::device_status_size),
       u8("On-demand Request Queue Size").at(3).learns(Dim::on_demand_requests),
       u8("On-demand Request Entry Size").at(4).unit("bytes").learns(Dim::on_demand_request_size),
       u16("Data Entry Size").at(5).unit("bytes").learns(Dim::device_data_size),
       u16("Transaction Request Length")
           .at(7)
           .unit("bytes")
           .learns(Dim::transaction_request_length)
           .note("896 from 3.50 on, 768 before"),
       u16("Transaction Response Length")
           .at(9)
           .unit("bytes")
           .learns(Dim::transaction_response_length),
       u8("On-demand Write Entry Size").at(11).unit("bytes").learns(Dim::on_demand_write_size),
       u8("Phase Measurement Data Size").at(12).unit("bytes"),
       u8("Config Entry 2 Size").at(13).unit("bytes").learns(Dim::device_config_2_size),
       fill(4, "Reserved").at(14), u8("Number of Group IDs").at(18),
       u8("Number of Harmonics").at(19),
       u8("M-Bus Multicast Message Length")
           .at(20)
           .unit("bytes")
           .learns(Dim::multicast_message_length),
       u8("ET22 Alarm Size").at(21).unit("bytes"),
       u8("MEP Data Sources")
           .at(22)
           .learns(Dim::mep_data_sources)
           .note("20 in modules from 1.11 on, else 6"),
       u8("ET48 Entry Count").at(23), u8("Maximum Critical Event Bitmaps").at(24),
       u8("ET57 Entry Count").at(25).learns(Dim::mbus_data_types),
       u8("Time-based Relay Switches").at(26).learns(Dim::relay_switches),
       u8("MEP Data Alert Sources").at(27).learns(Dim::delta_data_sources).note("3.40 or later"),
       u16("RAM-only Transaction Request Length").at(28).unit("bytes").note("3.50"),
       u16("RAM-only Transaction Response Length").at(30).unit("bytes").note("3.50"),
       // The guide calls the next two "Reserved", page 79, but has ET54's "Module Records" sized by
       // them, page 137. The names are the optical port guide's, page 42.
       u8("Firmware Module Entry Count").at(32).learns(Dim::firmware_modules).note("4.0 or later"),
       u8("Firmware Module Entry Length")
           .at(33)
           .unit("bytes")
           .learns(Dim::firmware_module_size)
           .note("4.0 or later"),
       u8("MEP Channel Count").at(34).learns(Dim::mep_channels).note("4.0 or later"),
       fill(1, "Reserved").at(35), fill(2, "Reserved").at(36),
       u8("Error/Caution Screen Count").at(38).note("4.30 or later")});
}

// ET13 MEP/M-Bus Device Configuration, page 80
Table et13() {
  return table(
      ET(13), "MEP/M-Bus Device Configuration", 80,
      {array(
           Dim::devices, "Device Config",
           {record(
               Dim::device_config_size,
               {group("Scheduled Billing Read Time",
                      {u8("Day").at(0).values({{0, "first of the month"},
                                               {32, "Sunday"},
                                               {33, "Monday"},
                                               {34, "Tuesday"},
                                               {35, "Wednesday"},
                                               {36, "Thursday"},
                                               {37, "Friday"},
                                               {38, "Saturday"},
                                               {39, "no scheduled reads (weekly)"}}),
                       u8("Hour").at(1).unit("h").note("local time"),
                       u8("Minute").at(2).unit("min")}),
                u8("Scheduled Billing Read Frequency")
                    .at(3)
                    .values(
                        {{0, "hourly"}, {1, "daily"}, {2, "weekly"}, {3, "monthly"}, {4, "never"}})
                    .page(81),
                u16("Scheduled Status Read Frequency (M-Bus only)")
                    .at(4)
                    .unit("min")
                    .values({{0, "with billing reads only"}})
                    .page(81),
                u8("Baud Rate").at(6).values(baud_rates()).learns(Dim::device_baud_rate).page(81),
                u8("Device Alarm Bitmask").at(7).shown_as(Format::hex).page(82),
                when(is_mbus_device(),
                     {chars("Customer ID", 20).sensitive(Sensitive::identifier).at(8),
                      u8("App Reset Parameter").at(28),
                      u8("Security Key Length").at(29).unit("bytes"),
                      bytes("Security Key", 32).sensitive(Sensitive::key).at(30),
                      u16("Ta").at(62).unit("bit times"), u16("To").at(64).unit("ms")})
                    .page(82),
                when(is_mep_client(),
                     {bits("Alert Flags", 1,
                           {bit(0, "Scheduled Read Request Alert"),
                            bit(1, "On-demand Request in ET15"), bit(2, "Reserved"),
                            bit(3, "M-Bus Change"), bit(4, "Delta Data Alert"),
                            bits_of(5, 7, "Unused")})
                          .at(8)
                          .as(Role::flags),
                      bytes("MEP Non-urgent Downlink Data", Expr(Dim::device_config_size) - 9)
                          .sensitive(Sensitive::identifier)
                          .at(9)})
                    .page(82)})})
           .called(device_names())});
}

// ET14 MEP/M-Bus Device Status, page 84
Table et14() {
  return table(
      ET(14), "MEP/M-Bus Device Status", 84,
      // The guide describes the bits of "Mode" without naming them.
      {bits("Mode", 1, {bit(0, "Auto-discovery", {{0, "normal polling"}, {1, "auto-discovery"}})})
           .at(0)
           .note("M-Bus only"),
       fill(4, "Reserved").at(1),
       bits("Device Occupancy", 1,
            {bit(0, "Device 1 (M-Bus)"), bit(1, "Device 2 (M-Bus)"), bit(2, "Device 3 (M-Bus)"),
             bit(3, "Device 4 (M-Bus)"), bit(4, "Device 5 (MEP)"), bit(5, "Device 6 (MEP)")})
           .at(5),
       array(Dim::devices, "M-Bus/MEP Status",
             {record(
                 Dim::device_status_size,
                 {// Client 2: 2000 to 2099 on page 85, 2000 to 2999 on page 25.
                  u16("Device Handle").at(6).note("1 to 999 M-Bus, 1000s client 1, 2000s client 2"),
                  u8("Device Status")
                      .at(8)
                      .values({{0, "empty slot"},
                               {1, "M-Bus device active"},
                               {2, "M-Bus device down"},
                               {3, "MEP client active"},
                               {4, "MEP client down"}})
                      .page(85),
                  u8("Baud Rate").at(9).values(baud_rates()).page(85),
                  u16("Billing Read Length").at(10).unit("bytes").page(86),
                  u32("Read Attempts").sensitive(Sensitive::none).at(12).page(86),
                  u32("Read Answers").sensitive(Sensitive::none).at(16).page(86),
                  bits("MEP Alarms", 2,
                       {bit(0, "Billing Data Collected"), bit(1, "App Error Response Rcvd"),
                        bit(2, "New Device Alarm"), bit(3, "Billing Read Overflow"),
                        bit(4, "Failed Comms On Read"), bit(5, "Serial Number Mismatch"),
                        bit(6, "MEP Firmware Switchover Success"),
                        bit(7, "MEP Firmware Switchover Failure"), bits_of(8, 15, "Reserved")})
                      .at(20)
                      .page(87),
                  u8("M-Bus Application Primary Address").at(22).page(88).note("4.30 or later"),
                  // An LTIME_DATE, page 89.
                  fill(6, "Reserved").at(23).page(89),
                  u8("MEP Device Alarms").at(29).shown_as(Format::hex).page(89),
                  ltime_date("Status Read Timestamp").at(30).on(Clock::local).page(89),
                  ltime_date("Last Read Attempt").at(36).on(Clock::local).page(89)})})
           .called(device_names())});
}

// ET15 MEP/M-Bus On-demand Requests, page 90
Table et15() {
  const Expr writes = Expr(Dim::on_demand_requests) * Dim::on_demand_request_size;
  // The guide's "ET11.3 * (ET11.4 + ET11.11) + 1", page 91.
  const Expr multicast = Expr(Dim::on_demand_requests) *
                             (Expr(Dim::on_demand_request_size) + Dim::on_demand_write_size) +
                         1;
  return table(
      ET(15), "MEP/M-Bus On-demand Requests", 90,
      // The guide describes both halves of "Pointers" without naming them.
      {bits("Pointers", 1, {bits_of(0, 3, "Write pointer"), bits_of(4, 7, "Read pointer")}).at(0),
       array(Dim::on_demand_requests, "Request Queue",
             {record(Dim::on_demand_request_size,
                     {u16("Transaction Nbr").at(1),
                      u16("Device Handle or Group Mask")
                          .at(3)
                          .values({{0xFFFF, "all commissioned devices"}}),
                      u8("Request Type")
                          .at(5)
                          .values({{0, "no entry"},
                                   {1, "M-Bus application reset"},
                                   {2, "billing read"},
                                   {3, "status read"},
                                   {4, "write data"},
                                   {5, "time sync"},
                                   {6, "multicast to specified devices"},
                                   {7, "MEP download start"},
                                   {8, "MEP download code packet"},
                                   {9, "MEP download switchover"}}),
                      u8("Result")
                          .at(6)
                          .values({{0, "not yet completed"},
                                   {1, "success"},
                                   {2, "no response from device"},
                                   {3, "request failed"}})
                          .page(91)})}),
       array(Dim::on_demand_requests, "Write Messages",
             {record(Dim::on_demand_write_size,
                     {u8("Write Data Length").at(writes + 1).unit("bytes"),
                      bytes("Write Data", Expr(Dim::on_demand_write_size) - 1)
                          .sensitive(Sensitive::identifier)
                          .at(writes + 2)})})
           .page(91),
       u8("Multicast Data Length").at(multicast).unit("bytes").page(91),
       // For M-Bus: C field, CI field, user data. For a download (request type 8 in the queue,
       // which cannot be told from here): "Packet Number", UINT16, and "Code Packet", ET11.20 - 3
       // bytes.
       bytes("Multicast Data Message", Expr(Dim::multicast_message_length) - 1)
           .sensitive(Sensitive::identifier)
           .at(multicast + 1)
           .page(91)
           .note("request type 8: Packet Number (2 bytes), Code Packet")});
}

// ET16 MEP/M-Bus Device Data, page 92
Table et16() {
  return table(ET(16), "MEP/M-Bus Device Data", 92,
               {array(Dim::devices, "MEP Billing Read",
                      {record(Dim::device_data_size,
                              billing_read(is_mbus_device(), is_mep_client(), 0, true))})
                    .called(device_names())});
}

}  // namespace

std::vector<Table> et10() {
  return {et11(), et13().tells(Story::flags), et14(), et15(), et16().tells(Story::devices)};
}

}  // namespace mep::tables
