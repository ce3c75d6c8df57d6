// SPDX-License-Identifier: GPL-2.0-or-later
#include "protocol/tables/billing.h"

#include <utility>

namespace mep::tables {
namespace {

Node serial_number(const Expr& offset) {
  return bcd("Serial Nbr", 4).sensitive(Sensitive::identifier).at(offset).as(Role::serial_number);
}

// Response message CI=0x72, page 93
Node variable_data_structure(const Expr& start, bool by_device) {
  const Expr length = field("Length (L)");
  Node medium =
      u8("Medium").at(start + 15).values({{3, "gas"}, {4, "heat"}, {6, "hot water"}, {7, "water"}});
  // Of a telegram in an element of the table.
  if (by_device) medium = std::move(medium).learns(Dim::device_medium, index_of(1));
  const ValueNames errors = {
      {0, "no error"}, {1, "application busy"}, {2, "any application error"}, {3, "reserved"}};
  // Telegrams up to the capacity of the record, of at least a length byte each. A telegram of no
  // length is the last.
  return array(
      Dim::device_data_size, "Billing Response",
      {when(
          index_of() == 0 || length != 0,
          {u8("Length (L)").at(start + 7).unit("bytes"),
           when(length != 0,
                {group("Telegram",
                       {record(
                           length,
                           {group("Tel. Header",
                                  {serial_number(start + 8),
                                   u16("Mfg ID").at(start + 12).shown_as(Format::mbus_manufacturer),
                                   u8("Version").at(start + 14), medium,
                                   u8("Access Number").at(start + 16),
                                   // The guide names no bit of "Status", page 94.
                                   bits("Status", 1,
                                        {bits_of(0, 1, "Application error", errors),
                                         bit(2, "Power low"), bit(3, "Permanent error"),
                                         bit(4, "Temporary error"),
                                         bits_of(5, 7, "Manufacturer specific")})
                                       .at(start + 17)
                                       .page(94),
                                   u16("Signature").at(start + 18).shown_as(Format::hex).page(94)}),
                            // L is 12 bytes of header, the data, and a zero terminator.
                            bytes("Tel. Data Records", length - 13)
                                .sensitive(Sensitive::consumption)
                                .at(start + 20)
                                .page(94)
                                .as(Role::device_records),
                            fill(1, "Zero Terminator")})})})})});
}

// Response message CI=0x73, page 94
Nodes fixed_data_structure(const Expr& start) {
  return {
      u8("Length (L)").at(start + 7).unit("bytes"),
      group("Telegram",
            {record(field("Length (L)"),
                    {serial_number(start + 8), u8("Access Number").at(start + 12),
                     // The guide names no bit of "Status", page 94.
                     bits("Status", 1,
                          {bit(0, "Counter coding", {{0, "BCD"}, {1, "signed binary"}}),
                           bit(1, "Counter values", {{0, "actual"}, {1, "stored at fixed date"}}),
                           bit(2, "Power low"), bit(3, "Permanent error"),
                           bit(4, "Temporary error"), bits_of(5, 7, "Manufacturer specific")})
                         .at(start + 13),
                     u16("Medium/Unit").at(start + 14).shown_as(Format::hex),
                     u32("Counter 1")
                         .sensitive(Sensitive::consumption)
                         .at(start + 16)
                         .shown_as(Format::hex)
                         .note("see Status for coding"),
                     u32("Counter 2")
                         .sensitive(Sensitive::consumption)
                         .at(start + 20)
                         .shown_as(Format::hex)
                         .note("see Status for coding")})})};
}

}  // namespace

Nodes billing_read(const Expr& is_mbus, const Expr& is_mep, const Expr& start, bool by_device) {
  const ValueNames authentication = {
      {0, "passed"}, {1, "ID failure"}, {2, "date failure"}, {3, "passed with alternate date"}};
  return {
      ltime_date("Timestamp").at(start).on(Clock::local).as(Role::moment),
      when(is_mbus, {bits("Response Info", 1,
                          {bit(0, "Data Order",
                               {{0, "mode 1 (least significant byte first)"},
                                {1, "mode 2 (most significant byte first)"}}),
                           bit(1, "Response Type",
                               {{0, "variable data structure"}, {1, "fixed data structure"}}),
                           bit(2, "Key Availability",
                               {{0, "no key available"}, {1, "decrypted as necessary"}}),
                           bits_of(3, 4, "Authentication", authentication),
                           bit(5, "Security Status", {{0, "passed"}, {1, "failed"}})})
                         .at(start + 6)
                         .as(Role::response_info)}),
      when(is_mep, {fill(1, "Not for MEP Clients").at(start + 6).note("Response Info of M-Bus")}),
      when(is_mbus && field("Response Type") == 0, {variable_data_structure(start, by_device)})
          .page(93),
      when(is_mbus && field("Response Type") == 1, fixed_data_structure(start)).page(94),
      when(is_mep,
           {u16("Read Count").at(start + 7), u16("Length (L)").at(start + 9).unit("bytes"),
            bytes("Data", field("Length (L)")).sensitive(Sensitive::identifier).at(start + 11)})
          .page(95)};
}

}  // namespace mep::tables
