// EP17, EP19, EP39 and EP61, pages 243 to 247; the header of responses, page 52.
// SPDX-License-Identifier: GPL-2.0-or-later
#include "protocol/tables/procedures.h"

#include <algorithm>

#include "protocol/names.h"

namespace mep {
namespace {

// Result codes, page 53
const ValueNames& standard_results() {
  static const ValueNames results = {{0, "completed"},
                                     {1, "accepted, not fully completed"},
                                     {2, "invalid parameter, ignored"},
                                     {3, "conflicts with device setup, ignored"},
                                     {4, "timing constraint, ignored"},
                                     {5, "no authorization, ignored"},
                                     {6, "unrecognized procedure, ignored"}};
  return results;
}

// EP17 Remove MEP Device, page 244
Procedure ep17() {
  return {EP(17),
          "Remove MEP Device",
          244,
          group("Parameters",
                {u8("Action").at(0).values({{0, "remove device, primary address becomes 0"},
                                            {1, "remove device, primary address becomes 250"}}),
                 u16("Device Handle").at(1).values({{0xFFFF, "all devices"}})}),
          group("Response", {}),
          {{1, "not complete, devices are still being removed"},
           {2, "invalid action"},
           {3, "no installed device has this handle"},
           {4, "a remove request is in progress"}}};
}

// EP19 Post On-demand M-Bus Request, page 245
Procedure ep19() {
  const Expr type = field("Request Type");
  const Expr message_size = Expr(Dim::multicast_message_length) - 1;
  return {EP(19),
          "Post On-demand M-Bus Request",
          245,
          group("Parameters",
                {u16("Transaction Number").at(0),
                 u16("Device Handle, Group Mask or Device Index BItmask")
                     .at(2)
                     .note("group mask for type 6 (0xFFFF: all), bitmask of devices for type 10"),
                 u8("Request Type")
                     .at(4)
                     .page(246)
                     .values({{0, "reserved for internal use"},
                              {1, "M-Bus application reset"},
                              {2, "billing read"},
                              {3, "status read"},
                              {4, "write user data"},
                              {5, "time sync"},
                              {6, "multicast to specified devices"},
                              {9, "MEP download switchover"},
                              {10, "write user data by index"}}),
                 when(type == 4 || type == 6 || type == 10,
                      {u8("Write Data Length").at(5).unit("bytes").page(246),
                       // The guide's array has its full length, ET11.20 - 1; what the length byte
                       // leaves of it carries nothing.
                       record(message_size, {bytes("Write Data", field("Write Data Length"))
                                                 .sensitive(Sensitive::identifier)
                                                 .at(6)
                                                 .page(246)})}),
                 when(type == 9,
                      {u32("Image Length")
                           .sensitive(Sensitive::none)
                           .at(5)
                           .unit("bytes")
                           .page(246)
                           .note("from 3.80 (CP 1.30) and with OSGP-AES-128-PSK only, not for P2P"),
                       bytes("Image MAC", 16).sensitive(Sensitive::key).at(9).page(246)})}),
          group("Response", {u8("Entry index").at(0).page(247)}),
          {{2, "invalid request type"},
           {3, "handle, mask or index matches no installed device"},
           {7, "on-demand request queue is full"}}};
}

// EP39 Post MEP Data, page 18. The guide refers to its chapter 5, where EP39 is missing. It names
// what can be posted ("Scheduled Read Data", "Scheduled Read Data + Alarms", the flag "Clear M-Bus
// Alert", page 18; type 12 "Clear Delta Data Alert", page 35), but not where that stands.
Procedure ep39() {
  return {EP(39),
          "Post MEP Data",
          18,
          group("Parameters",
                {rest("Parameters").sensitive(Sensitive::identifier).note("layout not published")}),
          group("Response", {rest("Response Data").sensitive(Sensitive::identifier)}),
          {}};
}

// EP61 MEP Transaction Lock Control, page 247
Procedure ep61() {
  return {EP(61),
          "MEP Transaction Lock Control",
          247,
          group("Parameters", {u8("Lock").at(0).values({{0, "unlock"}, {1, "lock"}})}),
          group("Response", {}),
          {{3, "the other MEP client holds the lock"}, {5, "not called by a MEP client"}}};
}

}  // namespace

namespace tables {

std::vector<Procedure> procedures() {
  return {ep17(), ep19(), ep39(), ep61()};
}

}  // namespace tables

Nodes procedure_response() {
  return {bits(2, {bits_of(0, 11, "Procedure Number").shown_as(Format::procedure_id),
                   bits_of(12, 15, "Filler")})
              .at(0),
          u8("Procedure Sequence Number (PSN)").at(2),
          u8("Result Code").at(3).values(standard_results()).as(Role::result_code),
          rest("Response Data").sensitive(Sensitive::identifier)};
}

std::string_view standard_result_name(std::uint8_t code) {
  for (const auto& [value, name] : standard_results())
    if (value == code) return name;
  return {};
}

}  // namespace mep
