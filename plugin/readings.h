// What the meter measured, as rows: -z mep,readings[,csv][,FILTER].
//
// Plugin, showing. To be added here: how rows are listed; what is a reading is readings_of_table's.
// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "plugin/readings_of_table.h"
#include "plugin/tapped.h"
#include "plugin/wireshark.h"

namespace mep::plugin {

// One reading, or a gap between two of a load profile.
struct ReadingRow {
  std::optional<Moment> when;  // by the meter's clock
  bool reckoned;               // by the time of capture and the clock that BT52 told before
  std::uint32_t frame;         // the last that had bytes of it; 0: a gap
  nstime_t captured;
  std::string name, value, unit, note;
};

// ISO 8601, with a "Z" where it is UTC: of the meter's local time nobody knows the zone. Empty
// where the time is not known.
std::string meter_time(const ReadingRow& row);
// Whose that time is: "utc", "local", "meter" (it does not say), "reckoned". Empty without a time.
const char* clock_name(const ReadingRow& row);

// All readings of a capture so far. Bytes that several answers brought in turn are put together;
// what has a time of its own is there once, as it was read last.
class Readings {
 public:
  // With time first those without: bus, table, whether it has a time, that, frame, order, name.
  using Key = std::tuple<std::uint16_t, std::uint16_t, bool, std::int64_t, std::uint64_t,
                         std::uint64_t, std::string>;
  using Rows = std::map<Key, ReadingRow>;

  // The rows that are new or other than before; until the next call.
  const std::vector<Rows::const_iterator>& take(packet_info* pinfo, const TappedTable& tapped);

  struct Place {
    std::uint16_t bus;
    std::uint16_t table;  // wire number
  };
  static Place place_of(const Key& key) { return {std::get<0>(key), std::get<1>(key)}; }
  const Rows& rows() const { return rows_; }
  // How many intervals of a load profile are missing between the row and the one before it.
  std::int64_t missing_before(Rows::const_iterator row) const;

  // Calls visit(Place, const ReadingRow&): by bus and table, each in the order of time, with gaps.
  template <typename Visit>
  void for_each(Visit visit) const;
  bool empty() const { return rows_.empty(); }
  // The latest row of each register of the table.
  std::vector<ReadingRow> latest(std::uint16_t bus, std::uint16_t table) const;

 private:
  // Bytes of a table that were read one after the other.
  struct Run {
    std::uint64_t offset;
    std::vector<std::uint8_t> bytes;
    nstime_t last;
  };
  // The meter's clock, as BT52 told it.
  struct MeterClock {
    nstime_t captured;
    std::int64_t seconds;
  };

  const Run& join(packet_info* pinfo, const TappedTable& tapped);
  void read_clock(packet_info* pinfo, const TappedTable& tapped);
  // `missing`: as missing_before() tells it, not 0.
  ReadingRow gap_of(Rows::const_iterator behind, std::int64_t missing) const;
  std::optional<Moment> reckon(std::uint16_t bus, const nstime_t& captured) const;

  Rows rows_;
  std::vector<Rows::const_iterator> changed_;
  std::map<std::pair<std::uint16_t, std::uint16_t>, Run> runs_;
  std::map<std::pair<std::uint16_t, std::uint16_t>, std::int64_t> intervals_;  // seconds
  std::map<std::uint16_t, MeterClock> clocks_;
};

template <typename Visit>
void Readings::for_each(Visit visit) const {
  for (auto at = rows_.begin(); at != rows_.end(); ++at) {
    const Place place = place_of(at->first);
    if (const std::int64_t missing = missing_before(at)) visit(place, gap_of(at, missing));
    visit(place, at->second);
  }
}

void register_readings();

}  // namespace mep::plugin
