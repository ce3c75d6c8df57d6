// SPDX-License-Identifier: GPL-2.0-or-later
#include "plugin/interval_view.h"

#include "protocol/names.h"
#include "protocol/tables/tables.h"

namespace mep::plugin {
namespace {

// Whether all of the interval that begins at finding `i` is in the frame.
bool is_whole(const Findings& findings, unsigned i, const Stretch& stretch,
              std::uint32_t channels) {
  std::uint32_t values = 0;
  for (unsigned at = i + 1; at < findings.count(); ++at) {
    const Found& found = findings[at];
    if (found.what == Found::What::leave && found.node == findings[i].node) break;
    if (found.what != Found::What::leaf) continue;
    if (!found.complete) return false;
    if (found.node->kind() == Kind::registers) ++values;
  }
  return findings[i].position >= stretch.offset && values == channels;
}

}  // namespace

std::optional<ProfilePlace> profile_place(const Node& root, const Dimensions& dimensions) {
  for (unsigned set = 0; set < load_profile_sets; ++set) {
    const auto table = static_cast<std::uint16_t>(BT(64) + set);
    if (&root == &find_table(table)->root)
      return ProfilePlace{set, &dimensions, {set, dimensions}, {}, -1, nullptr, false, {}};
  }
  return std::nullopt;
}

bool is_interval(const Found& found) {
  return found.what == Found::What::enter && found.index >= 0 && found.node->role == Role::interval;
}

wmem_array_t* seen_intervals(wmem_allocator_t* pool, ProfilePlace& profile,
                             const Findings& findings, const Stretch& stretch) {
  wmem_array_t* intervals = wmem_array_new(pool, sizeof(SeenInterval));
  ProfilePlace place = profile;
  for (unsigned i = 0; i < findings.count(); ++i) {
    const Found& found = findings[i];
    if (found.what == Found::What::leaf && found.complete)
      place.block_leaf(found, bytes_of(found, stretch));
    if (found.what != Found::What::enter || found.index < 0) continue;
    const auto index = static_cast<std::uint32_t>(found.index);
    place.enter(*found.node, index);
    if (!is_interval(found)) continue;
    const SeenInterval seen{is_whole(findings, i, stretch, place.channels()),
                            place.status.empty() || is_processed(place.status, index),
                            interval_end(*place.dimensions, place.set, place.header(), index)};
    profile.any_timed |= seen.timed();
    wmem_array_append(intervals, &seen, 1);
  }
  return intervals;
}

}  // namespace mep::plugin
