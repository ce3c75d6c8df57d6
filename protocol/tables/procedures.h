// The procedures that the guide describes: what is written to BT07 behind the header, and what
// BT08, ET59 or ET85 answer behind theirs.
//
// Protocol/tables. To be added here: a procedure's parameters and results, in procedures.cpp.
// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "protocol/schema.h"

namespace mep {

struct Procedure {
  std::uint16_t number;  // as in BT07: bits 0 to 11
  std::string_view name;
  std::uint16_t page;
  Node parameters;     // from offset 3 of BT07, behind the sequence number
  Node response;       // from offset 4 of the response table, behind the result code
  ValueNames results;  // result codes of this procedure; they come before the standard ones
};

// In ascending order of number; built on first use, lives as long as the program.
const std::vector<Procedure>& all_procedures();
// Nothing for a procedure that the guide does not describe.
const Procedure* find_procedure(std::uint16_t number);

// BT08, ET59 and ET85 from their beginning: the header, and the rest as bytes.
Nodes procedure_response();
// The ANSI result codes of page 53; empty for others.
std::string_view standard_result_name(std::uint8_t code);

namespace tables {

std::vector<Procedure> procedures();

}  // namespace tables

}  // namespace mep
