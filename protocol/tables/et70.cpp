// SPDX-License-Identifier: GPL-2.0-or-later
#include "protocol/names.h"
#include "protocol/tables/tables.h"

namespace mep::tables {

std::vector<Table> et70() {
  return {};
}

}  // namespace mep::tables
