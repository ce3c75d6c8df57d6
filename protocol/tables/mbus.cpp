// SPDX-License-Identifier: GPL-2.0-or-later
#include "protocol/tables/mbus.h"

namespace mep::tables {

std::vector<std::string_view> device_names() {
  return {"M-Bus device 1", "M-Bus device 2", "M-Bus device 3",
          "M-Bus device 4", "MEP client 1",   "MEP client 2"};
}

std::vector<std::string_view> mep_client_names() {
  return {"MEP client 1", "MEP client 2"};
}

std::span<const LineSpeed> line_speeds() {
  static constexpr LineSpeed speeds[] = {
      {9600, "9600"},   {300, "300"},     {600, "600"},      {1200, "1200"},   {2400, "2400"},
      {4800, "4800"},   {9600, "9600"},   {14400, "14400"},  {19200, "19200"}, {28800, "28800"},
      {38400, "38400"}, {57600, "57600"}, {115200, "115200"}};
  return speeds;
}

Nodes mdt_entry(const Expr& start) {
  return {bits(1, {bits_of(0, 1, "Entry Type",
                           {{0, "empty"},
                            {1, "M-Bus base entry"},
                            {2, "MEP base entry"},
                            {3, "extension of previous entry"}})
                       .learns(Dim::data_type_kind),
                   bits_of(2, 6, "MDT").learns(Dim::data_type_number), bit(7, "Special")})
              .at(start)
              .note("MDT and Special mean nothing in extensions"),
          bytes("DRH", 3)
              .sensitive(Sensitive::none)
              .at(start + 1)
              .learns(Dim::data_type_header)
              .note("MEP base entry: offset into message, length to compare, command byte(s)")};
}

}  // namespace mep::tables
