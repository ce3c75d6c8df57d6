// SPDX-License-Identifier: GPL-2.0-or-later
#include "protocol/tables/tables.h"

#include <algorithm>
#include <iterator>

#include "protocol/names.h"

namespace mep {

const std::vector<Table>& all_tables() {
  static const std::vector<Table> all = [] {
    std::vector<Table> gathered;
    for (const auto decade :
         {tables::bt00, tables::bt20, tables::bt30, tables::bt50, tables::bt60, tables::bt70,
          tables::et00, tables::et10, tables::et20, tables::et30, tables::et40, tables::et50,
          tables::et55, tables::et60, tables::et70, tables::et80, tables::et90}) {
      std::vector<Table> some = decade();
      std::move(some.begin(), some.end(), std::back_inserter(gathered));
    }
    std::sort(gathered.begin(), gathered.end(),
              [](const Table& a, const Table& b) { return a.number < b.number; });
    return gathered;
  }();
  return all;
}

const Table* find_table(std::uint16_t number) {
  const std::vector<Table>& all = all_tables();
  const auto wanted = static_cast<std::uint16_t>(number & ~pending_flag);
  const auto found =
      std::lower_bound(all.begin(), all.end(), wanted,
                       [](const Table& table, std::uint16_t n) { return table.number < n; });
  return found != all.end() && found->number == wanted ? &*found : nullptr;
}

}  // namespace mep
