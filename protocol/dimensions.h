// Dimensions: what one table says about the layout and the meaning of others.
//
// A meter's tables have no fixed sizes. How many summations BT23 holds stands in BT21, how many
// channels a load profile interval has in BT61, and so on; ET42 repeats most of it. A reader
// learns these numbers from the tables as they go by, and until then works with the values that
// the guide gives as usual.
//
// Protocol. To be added here: rules that hold for all dimensions; a new one is a line in
// dimensions.inc.
// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <array>
#include <bitset>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace mep {

inline constexpr std::int64_t load_profile_sets = 4;  // BT64 to BT67, page 238
inline constexpr std::size_t channels_per_set = 32;   // room for; meters have up to 16
inline constexpr std::size_t adjustable_logs = 16;    // room for the entries of ET36, page 108

// One number, or `slots` of them side by side.
enum class Dim : std::uint8_t {
#define MEP_DIM(name, slots, origin, kind, assumed) name,
#include "protocol/dimensions.inc"
#undef MEP_DIM
};

// What a dimension is, and with that how people are told that it is assumed.
enum class DimKind : std::uint8_t {
  number,  // counts, measures or tells yes from no: "BT21.3 = 11"
  // A selection, which names what a register holds: an ID of BT22's list, page 204. "BT22 Summation
  // Sources in the usual order": each description has its own.
  source,
  described,  // a number of which each description has its own: "ET36 Entry Size as usual"
};

struct DimInfo {
  std::string_view name;    // for people: "summations"
  std::string_view origin;  // where the guide says it stands: "BT21.3"
  std::uint16_t slots;
  DimKind kind;
  std::int32_t assumed;  // before it has been seen
  std::uint16_t first;   // of its slots in Dimensions
};

const DimInfo& dim_info(Dim dim);
std::size_t dim_count();
// "BT21.3 = 11"
std::string assumption_text(Dim dim);

namespace detail {
constexpr std::size_t all_dim_slots() {
  std::size_t sum = 0;
#define MEP_DIM(name, slots, origin, kind, assumed) sum += (slots);
#include "protocol/dimensions.inc"
#undef MEP_DIM
  return sum;
}
}  // namespace detail

// What is known at one moment. A value: some 4 KiB, copied only when something was learned.
class Dimensions {
 public:
  // The learned value; nothing where the slot has not been seen or does not exist.
  std::optional<std::int32_t> learned(Dim dim, std::size_t slot = 0) const;
  // The learned value, or the one to assume.
  std::int32_t get(Dim dim, std::size_t slot = 0) const;
  // Remembers a value. True if that changed anything. A slot that does not exist is ignored.
  bool learn(Dim dim, std::size_t slot, std::int32_t value);

  // How often a walk may have become another one by what was learned. The headers of load profile
  // blocks, which each read tells anew, do not count: no layout hangs on them.
  std::uint32_t layout_changes() const { return layout_changes_; }

  // By what is known, however it was learned.
  friend bool operator==(const Dimensions& a, const Dimensions& b) {
    return a.values_ == b.values_ && a.known_ == b.known_;
  }

 private:
  static std::optional<std::size_t> place(Dim dim, std::size_t slot);
  std::array<std::int32_t, detail::all_dim_slots()> values_{};
  std::bitset<detail::all_dim_slots()> known_;
  std::uint32_t layout_changes_ = 0;
};

}  // namespace mep
