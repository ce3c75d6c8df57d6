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
              .at(start + 1)
              .learns(Dim::data_type_header)
              .note("MEP base entry: offset into message, length to compare, command byte(s)")};
}

}  // namespace mep::tables
