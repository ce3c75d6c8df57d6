// Every table and procedure that the guide describes, in the schema language, one file per decade
// of the numbering. Adding a table touches its decade's file only (a new decade: this header and
// the list in catalog.cpp, too).
//
// Protocol/tables. To be added here: a decade of tables, where a new file begins.
// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <vector>

#include "protocol/schema.h"

namespace mep {

// In ascending order of number; built on first use, lives as long as the program.
const std::vector<Table>& all_tables();
// Nothing for a table that the guide only names. The pending flag makes no difference.
const Table* find_table(std::uint16_t number);

namespace tables {

std::vector<Table> bt00();
std::vector<Table> bt20();
std::vector<Table> bt30();
std::vector<Table> bt50();
std::vector<Table> bt60();
std::vector<Table> bt70();
std::vector<Table> et00();
std::vector<Table> et10();
std::vector<Table> et20();
std::vector<Table> et30();
std::vector<Table> et40();
std::vector<Table> et50();
std::vector<Table> et55();  // ET55 fills a file of its own
std::vector<Table> et60();
std::vector<Table> et70();
std::vector<Table> et80();
std::vector<Table> et90();

}  // namespace tables
}  // namespace mep
