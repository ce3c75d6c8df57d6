// The measurement sources of BT22, page 204.
// SPDX-License-Identifier: GPL-2.0-or-later
#include <algorithm>

#include "protocol/schema.h"

namespace mep {
namespace {

constexpr Source all_sources[] = {
    {0, "Fwd Active Wh L1L2L3", "Wh"},
    {1, "Rev Active Wh L1L2L3", "Wh"},
};

}  // namespace

std::span<const Source> sources() {
  return all_sources;
}

const Source* find_source(std::uint16_t id) {
  const auto found = std::lower_bound(
      std::begin(all_sources), std::end(all_sources), id,
      [](const Source& source, std::uint16_t wanted) { return source.id < wanted; });
  return found != std::end(all_sources) && found->id == id ? &*found : nullptr;
}

}  // namespace mep
