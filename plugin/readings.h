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

// All readings of a capture so far. Bytes that several answers brought in turn are put together;
// what has a time of its own is there once, as it was read last.
class Readings {
 public:
  void take(packet_info* pinfo, const TappedTable& tapped);

  struct Place {
    std::uint16_t bus;
    std::uint16_t table;  // wire number
  };
  // Calls visit(Place, const ReadingRow&): by bus and table, each in the order of time, with gaps.
  template <typename Visit>
  void for_each(Visit visit) const;
  bool empty() const { return rows_.empty(); }
  // The latest row of each register of the table.
  std::vector<ReadingRow> latest(std::uint16_t bus, std::uint16_t table) const;

 private:
  // With time first those without: bus, table, whether it has a time, that, frame, order, name.
  using Key = std::tuple<std::uint16_t, std::uint16_t, bool, std::int64_t, std::uint64_t,
                         std::uint64_t, std::string>;
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
  std::optional<Moment> reckon(std::uint16_t bus, const nstime_t& captured) const;

  std::map<Key, ReadingRow> rows_;
  std::map<std::pair<std::uint16_t, std::uint16_t>, Run> runs_;
  std::map<std::pair<std::uint16_t, std::uint16_t>, std::int64_t> intervals_;  // seconds
  std::map<std::uint16_t, MeterClock> clocks_;
};

template <typename Visit>
void Readings::for_each(Visit visit) const {
  const Key* before = nullptr;
  for (const auto& [key, row] : rows_) {
    const Place place{std::get<0>(key), std::get<1>(key)};
    const auto interval = intervals_.find({place.bus, place.table});
    const bool goes_on = before && std::get<0>(*before) == place.bus &&
                         std::get<1>(*before) == place.table && row.when && std::get<2>(*before);
    if (goes_on && interval != intervals_.end()) {
      const std::int64_t step = interval->second;
      const std::int64_t missing = (row.when->seconds - std::get<3>(*before)) / step - 1;
      if (missing > 0)
        visit(place, ReadingRow{Moment{std::get<3>(*before) + step, Clock::utc},
                                false,
                                0,
                                {},
                                "gap",
                                std::to_string(missing),
                                missing == 1 ? "interval" : "intervals",
                                "not in the capture, or not recorded"});
    }
    visit(place, row);
    before = &key;
  }
}

void register_readings();

}  // namespace mep::plugin
