// What several tables say of M-Bus data types (the guide's MDT), page 164.
//
// Protocol/tables. To be added here: other layouts of M-Bus data that several tables repeat.
// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "protocol/schema.h"

namespace mep::tables {

// What the elements of tables of devices are, pages 80, 84 and 95: to be handed to Node::called.
std::vector<std::string_view> device_names();
// And those of tables of MEP ports.
std::vector<std::string_view> mep_client_names();

// Line speeds by ET13's and ET14's code, pages 81 and 85: in bit/s, and as text.
struct LineSpeed {
  std::uint32_t bits_per_second;
  std::string_view text;
};
std::span<const LineSpeed> line_speeds();

// One entry of ET57, which ET42 repeats. `start`: where it begins in the table, for the printed
// offsets.
Nodes mdt_entry(const Expr& start = 0);

}  // namespace mep::tables
