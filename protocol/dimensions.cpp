// SPDX-License-Identifier: GPL-2.0-or-later
#include "protocol/dimensions.h"

#include <iterator>

namespace mep {
namespace {

constexpr DimInfo unplaced[] = {
#define MEP_DIM(name, slots, origin, kind, assumed) \
  {#name, origin, slots, DimKind::kind, assumed, 0},
#include "protocol/dimensions.inc"
#undef MEP_DIM
};

constexpr auto infos = [] {
  std::array<DimInfo, std::size(unplaced)> placed{};
  std::uint16_t first = 0;
  for (std::size_t i = 0; i < placed.size(); ++i) {
    placed[i] = unplaced[i];
    placed[i].first = first;
    first = static_cast<std::uint16_t>(first + placed[i].slots);
  }
  return placed;
}();

bool shapes_layouts(Dim dim) {
  return dim != Dim::seen_block && dim != Dim::seen_block_end && dim != Dim::seen_newest_interval;
}

}  // namespace

const DimInfo& dim_info(Dim dim) {
  return infos[static_cast<std::size_t>(dim)];
}

std::size_t dim_count() {
  return infos.size();
}

std::string assumption_text(Dim dim) {
  const DimInfo& info = dim_info(dim);
  std::string origin(info.origin);
  switch (info.kind) {
    case DimKind::number:
      return origin + " = " + std::to_string(info.assumed);
    case DimKind::source:
      return origin + " in the usual order";
    case DimKind::described:
      return origin + " as usual";
  }
  return origin;
}

std::optional<std::size_t> Dimensions::place(Dim dim, std::size_t slot) {
  const DimInfo& info = dim_info(dim);
  if (slot >= info.slots) return std::nullopt;
  return info.first + slot;
}

std::optional<std::int32_t> Dimensions::learned(Dim dim, std::size_t slot) const {
  const auto at = place(dim, slot);
  if (!at || !known_[*at]) return std::nullopt;
  return values_[*at];
}

std::int32_t Dimensions::get(Dim dim, std::size_t slot) const {
  return learned(dim, slot).value_or(dim_info(dim).assumed);
}

bool Dimensions::learn(Dim dim, std::size_t slot, std::int32_t value) {
  const auto at = place(dim, slot);
  if (!at || (known_[*at] && values_[*at] == value)) return false;
  values_[*at] = value;
  known_[*at] = true;
  if (shapes_layouts(dim)) ++layout_changes_;
  return true;
}

}  // namespace mep
