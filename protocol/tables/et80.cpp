// ET80 to ET89: average power, outage log, procedure response, status, pages 183 to 190.
// SPDX-License-Identifier: GPL-2.0-or-later
#include "protocol/names.h"
#include "protocol/tables/procedures.h"
#include "protocol/tables/tables.h"

namespace mep::tables {
namespace {

// ET80 Average Power Settings, page 184
Table et80_average_power_settings() {
  return table(ET(80), "Average Power Settings", 184,
               {u8("Average Power Enabled").at(0).values({{0, "no"}, {1, "yes"}}),
                u16("Average Power Control Sub-interval").at(1).unit("s"),
                u8("Average Power Control Interval Multiplier").at(3).page(185).note("1 to 15"),
                u32("Average power Disconnect Threshold")
                    .sensitive(Sensitive::none)
                    .at(4)
                    .page(185)
                    .unit("W")});
}

// ET81 Power Outage Log, page 185
Table et81() {
  const Expr log = 6;  // the place of ET81 in ET36's list, pages 108 and 116
  const Expr learned_size = slot_of(Dim::log_entry_size, log);
  // What ET36 tells; before that has been seen, the size of page 109.
  const Expr entry_size = learned_size + (learned_size == 0) * 12;
  return table(
      ET(81), "Power Outage Log", 185,
      {bits(1, {bit(0, "Order", {{0, "ascending (N is older than N+1)"}, {1, "descending"}}),
                bit(1, "Overflow"),
                bit(2, "List Type", {{0, "no entries configured"}, {1, "circular queue"}}),
                bit(3, "Inhibit Overflow",
                    {{0, "old entries may be overwritten"}, {1, "new entries inhibited"}}),
                bits_of(4, 7, "Filler")})
           .at(0),
       u8("Number of Valid Entries").at(1).page(186), u8("Last Entry Element").at(2).page(186),
       u16("Last Entry Sequence Number").at(3).page(186),
       u8("Number of Unread Entries").at(5).page(186),
       array(
           slot_of(Dim::log_entries, log), "Log Entry",
           {record(entry_size, {ltime_date("Start Timestamp").at(6).on(Clock::local).page(186),
                                ltime_date("End Timestamp").at(12).on(Clock::local).page(186)})})});
}

// ET85 MEP Procedure Response (MEP2), page 186
Table et85() {
  return table(ET(85), "MEP Procedure Response (MEP2)", 186, procedure_response());
}

// ET89 Meter LN Status, page 187
Table et89() {
  const ValueNames state = {{0, "open"}, {1, "closed"}, {2, "unknown"}};
  const std::string_view remaining = "from 4.50; the time remaining is in s, up to 262143";
  const Expr a = Dim::ln_log_mask_size;
  const Expr tls_at =
      Expr(131) + a + Expr(Dim::pending_security_events) * Dim::pending_security_event_size;
  return table(
      ET(89), "Meter LN Status", 187,
      {u16("Prior MEP 1 Handle").at(0),
       bytes("Prior MEP 1 ID", 30).sensitive(Sensitive::identifier).at(2),
       u8("MEP 1 re-register requests").at(32), u8("MEP 1 re-register allowed").at(33),
       u16("Prior MEP 2 Handle").at(34),
       bytes("Prior MEP 2 ID", 30).sensitive(Sensitive::identifier).at(36),
       u8("MEP 2 re-register requests").at(66), u8("MEP 2 re-register allowed").at(67),
       ltime_date("Last H1 Telegram Time").at(68).note("from 4.50"),
       // The guide's Filler is BOOL(1..7), page 188; bit 1 is PLC Disabled.
       bits("Status Flags 0", 1,
            {bit(0, "H1 Device Present",
                 {{0, "H1 data request line not driven"},
                  {1, "H1 data request line driven externally"}}),
             bit(1, "PLC Disabled", {{0, "PLC is not disabled"}, {1, "PLC is disabled"}}),
             bits_of(2, 7, "Filler")})
           .at(74)
           .note("from 4.50"),
       // The guide has no name for an element.
       array(
           2, "Operation Mode",
           {bits(1, {bits_of(0, 2, "Current Op Mode",
                             {{0, "maintenance"}, {1, "locked"}, {2, "remote"}, {3, "local"}})})
                .at(75)
                .page(188)
                .note("from 4.50"),
            // 19 bits, but the largest value that the guide gives, page 188, has 18.
            bits(4, {bits_of(0, 18, "Maintenance Time Remaining"), bit(19, "Maintenance no expire"),
                     bits_of(20, 21, "Maintenance State", state),
                     bits_of(22, 31, "Maintenance reserved")})
                .at(76)
                .page(188)
                .note(remaining),
            bits(4, {bits_of(0, 18, "Time remaining in locked state"), bit(19, "Locked no expire"),
                     bits_of(20, 21, "Locked State", state), bits_of(22, 31, "Locked reserved")})
                .at(80)
                .page(188)
                .note(remaining),
            bits(4, {bits_of(0, 18, "Time remaining in remote state"), bit(19, "Remote no expire"),
                     bits_of(20, 21, "Remote State", state), bits_of(22, 31, "Remote reserved")})
                .at(84)
                .page(188)
                .note(remaining),
            bits(4, {bits_of(0, 18, "Time remaining in local state"), bit(19, "Local no expire"),
                     bits_of(20, 21, "Local State", state), bits_of(22, 31, "Local reserved")})
                .at(88)
                .page(188)
                .note(remaining)}),
       array_of(2, u16("Image Validation Key IDs").at(109))
           .page(189)
           .numbered("key index", 0)
           .note("from 4.50"),
       bits("Key Status", 1, {bit(0, "Key index 0 invalidated"), bit(1, "Key index 1 invalidated")})
           .at(113)
           .page(189)
           .note("from 4.50"),
       u8("Last validation error")
           .at(114)
           .page(189)
           .note("from 4.50")
           .values({{0, "no error"},
                    {1, "image not signed"},
                    {2, "key ID not defined"},
                    {3, "key invalidated"},
                    {16, "invalid signature"},
                    {17, "invalid signature length"},
                    {18, "invalid signature data"},
                    {32, "invalid public key format"},
                    {33, "invalid key EC point"},
                    {240, "unknown error"}}),
       u16("Last Validation Key ID").at(115).page(189).note("from 4.50"),
       u32("Last Image Length")
           .sensitive(Sensitive::none)
           .at(117)
           .page(189)
           .note("from 4.50")
           .unit("bytes"),
       u8("Signature Length").at(121).page(189).note("from 4.50").unit("bytes"),
       bytes("Signature", 8).sensitive(Sensitive::identifier).at(122).page(189).note("from 4.50"),
       // UINT8[A]: the guide does not say what A is, page 189. One byte has a bit for each of eight
       // logs, and the guide's value is 1.
       bytes("Adj log unread entry mask", a)
           .sensitive(Sensitive::none)
           .at(130)
           .page(189)
           .note("from 4.50"),
       bits("Disconnect Flags", 1,
            {bit(0, "Block Remote Procedure Disconnect"),
             bit(1, "Block Automatic and Pushbutton Disconnect"),
             bit(2, "Block Local Procedure Disconnect"), bit(3, "Block Remote Unblock")})
           .at(Expr(130) + a)
           .page(189)
           .note("from 4.50"),
       array(Dim::pending_security_events, "Pending Security Event Details",
             {record(Dim::pending_security_event_size,
                     {u16("Alarm ID").at(Expr(131) + a).page(190).note("from 4.50"),
                      u16("Argument").at(Expr(133) + a).page(190).note("from 4.50"),
                      u16("Count").at(Expr(135) + a).page(190).note("from 4.50"),
                      u16("Minutes to report")
                          .at(Expr(137) + a)
                          .page(190)
                          .note("from 4.50")
                          .unit("min")})}),
       // The guide prints 138+B, 139+B and 141+B from here on, page 190, and does not say what B
       // is. One event of 8 bytes ends with 138+A, 139+A would follow: the types and the size of
       // the array count here.
       array(3, "TLS Port Status",
             {bits(1, {bits_of(0, 2, "Session State",
                               {{0, "no session"},
                                {1, "RC4 (unencrypted)"},
                                {2, "RC4 encrypted"},
                                {3, "C12.18 (unencrypted)"},
                                {4, "TLS"}}),
                       bits_of(3, 7, "TLS State")})
                  .at(tls_at)
                  .page(190)
                  .note("from 4.60"),
              u16("TLS Error").at(tls_at + 1).page(190).note("from 4.60"),
              u16("TLS Error Count").at(tls_at + 3).page(190).note("from 4.60")})
           .called({"optical port", "MEP1", "MEP2"})});
}

}  // namespace

std::vector<Table> et80() {
  return {et80_average_power_settings(), et81(), et85(), et89()};
}

}  // namespace mep::tables
