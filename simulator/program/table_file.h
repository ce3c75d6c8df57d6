// A meter's tables in a JSON file, as --dump writes and --load reads them:
//
//   {"generation": 3,
//    "tables": {
//      "BT01": {"mep.bt01.manufacturer": "NES", "mep.bt01.model": "83332-3I"},
//      "BT22": {"mep.bt22.summation_sources": [0, 1, 2, 3]},
//      "ET99": {"bytes": "00ff"},
//      "BT28": {"bytes": {"0": "c8000000", "220": "00"}}}}
//
// Fields have their filter names (docs/fields.md). One that occurs several times has a list, in
// wire order; null leaves a value as it is. Values are as GivenValue has them; {"hex": "00ff"} is a
// field's bytes. "bytes" are the table's own, whole or by offset: for tables that are not
// described, and from captures.
//
// Simulator/program. To be added here: the file's format; what its tables mean is
// contents/loaded_tables'.
// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <optional>
#include <string>

#include "simulator/contents/loaded_tables.h"
#include "simulator/meter/meter.h"

namespace mep::simulator {

struct TableFile {
  std::optional<int> generation;  // 3 or 4
  GivenTables tables;
};

// Throws a system::Problem that names the place.
TableFile read_table_file(const std::string& path);

// The text of a file with all that the meter's tables hold, but for those of the moment.
std::string table_file_text(const Meter& meter);

}  // namespace mep::simulator
