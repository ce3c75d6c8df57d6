// SPDX-License-Identifier: GPL-2.0-or-later
#include "plugin/readings.h"

#include <algorithm>
#include <cstdio>
#include <ctime>
#include <iterator>

#include "plugin/cli_tap.h"
#include "protocol/names.h"
#include "protocol/times.h"

namespace mep::plugin {
namespace {

// Bytes that lie further apart in time are not of one reading; a client reads on within seconds.
constexpr std::int64_t joinable_seconds = 60;
// No element of a described table is longer.
constexpr std::size_t longest_run = 1U << 18;

}  // namespace

// Joins what goes on where the bytes before ended, or ends where they began. What is read a second
// time takes the place of the old, and of what stood behind it.
const Readings::Run& Readings::join(packet_info* pinfo, const TappedTable& tapped) {
  Run& run = runs_[{tapped.bus, tapped.table->number}];
  const Stretch& now = tapped.stretch;
  const std::uint64_t end = run.offset + run.bytes.size();
  const std::int64_t passed = pinfo->abs_ts.secs - run.last.secs;
  const bool soon = passed >= -joinable_seconds && passed <= joinable_seconds;
  run.last = pinfo->abs_ts;
  if (!soon || run.bytes.empty() || run.bytes.size() > longest_run || now.offset > end ||
      now.end() < run.offset || (now.offset < run.offset && now.end() != run.offset)) {
    run.offset = now.offset;
    run.bytes.assign(now.bytes.begin(), now.bytes.end());
  } else if (now.offset < run.offset) {
    run.bytes.insert(run.bytes.begin(), now.bytes.begin(), now.bytes.end());
    run.offset = now.offset;
  } else {
    run.bytes.resize(now.offset - run.offset);
    run.bytes.insert(run.bytes.end(), now.bytes.begin(), now.bytes.end());
  }
  return run;
}

void Readings::read_clock(packet_info* pinfo, const TappedTable& tapped) {
  constexpr std::size_t time_size = 6;  // BT52 begins with an LTIME_DATE, page 223
  if (tapped.table->number != BT(52) || tapped.stretch.offset != 0 ||
      tapped.stretch.bytes.size() < time_size)
    return;
  if (const auto when = parse_date_time(tapped.stretch.bytes.first(time_size)))
    clocks_[tapped.bus] = {pinfo->abs_ts, seconds_since_1970(*when)};
}

std::optional<Moment> Readings::reckon(std::uint16_t bus, const nstime_t& captured) const {
  const auto clock = clocks_.find(bus);
  if (clock == clocks_.end()) return std::nullopt;
  const std::int64_t passed = captured.secs - clock->second.captured.secs -
                              (captured.nsecs < clock->second.captured.nsecs ? 1 : 0);
  return Moment{clock->second.seconds + passed, Clock::utc};
}

std::int64_t Readings::missing_before(Rows::const_iterator row) const {
  const auto& [bus, table, timed, seconds, frame, order, name] = row->first;
  if (!timed || row == rows_.begin()) return 0;
  const Key& before = std::prev(row)->first;
  const auto interval = intervals_.find({bus, table});
  if (interval == intervals_.end() || std::get<0>(before) != bus || std::get<1>(before) != table ||
      !std::get<2>(before))
    return 0;
  return std::max<std::int64_t>((seconds - std::get<3>(before)) / interval->second - 1, 0);
}

ReadingRow Readings::gap_of(Rows::const_iterator behind, std::int64_t missing) const {
  const std::int64_t interval =
      intervals_.at({std::get<0>(behind->first), std::get<1>(behind->first)});
  return {Moment{std::get<3>(std::prev(behind)->first) + interval, Clock::utc},
          false,
          0,
          {},
          "gap",
          std::to_string(missing),
          missing == 1 ? "interval" : "intervals",
          "not in the capture, or not recorded"};
}

const std::vector<Readings::Rows::const_iterator>& Readings::take(packet_info* pinfo,
                                                                  const TappedTable& tapped) {
  changed_.clear();
  if (tapped.table->story == Story::none || tapped.stretch.bytes.empty() || tapped.bus == no_bus)
    return changed_;
  read_clock(pinfo, tapped);
  const Run& run = join(pinfo, tapped);
  const Stretch joined{run.offset, run.bytes};
  const std::uint16_t number = tapped.table->number;
  TableReadings found = readings_of(pinfo->pool, *tapped.table, joined, *tapped.dimensions);
  if (found.interval) intervals_[{tapped.bus, number}] = *found.interval;
  for (TableReading& reading : found.readings) {
    const bool new_bytes =
        reading.begin < tapped.stretch.end() && reading.end > tapped.stretch.offset;
    // What has no time of its own is read anew each time.
    if (!new_bytes && !reading.when) continue;
    const bool timed = reading.when.has_value();
    Key key{tapped.bus,
            number,
            timed,
            timed ? reading.when->seconds : 0,
            timed ? 0 : pinfo->num,
            reading.order,
            reading.name};
    if (!new_bytes && rows_.count(key) != 0) continue;
    ReadingRow row{reading.when,
                   false,
                   pinfo->num,
                   pinfo->abs_ts,
                   std::move(reading.name),
                   std::move(reading.value),
                   std::move(reading.unit),
                   std::move(reading.note)};
    if (found.of_the_moment) {
      row.when = reckon(tapped.bus, pinfo->abs_ts);
      row.reckoned = row.when.has_value();
    }
    changed_.push_back(rows_.insert_or_assign(std::move(key), std::move(row)).first);
  }
  // What lies before the last element is done with.
  Run& kept = runs_[{tapped.bus, number}];
  // It may have begun before the bytes.
  const std::uint64_t from = std::max(found.last_element, kept.offset);
  const std::uint64_t done = std::min<std::uint64_t>(from - kept.offset, kept.bytes.size());
  kept.bytes.erase(kept.bytes.begin(), kept.bytes.begin() + static_cast<std::ptrdiff_t>(done));
  kept.offset += done;
  return changed_;
}

std::vector<ReadingRow> Readings::latest(std::uint16_t bus, std::uint16_t table) const {
  std::vector<ReadingRow> last;
  const Key from{bus, table, false, 0, 0, 0, ""};
  for (auto at = rows_.lower_bound(from); at != rows_.end(); ++at) {
    if (std::get<0>(at->first) != bus || std::get<1>(at->first) != table) break;
    const ReadingRow& row = at->second;
    const auto same = std::find_if(last.begin(), last.end(),
                                   [&](const ReadingRow& one) { return one.name == row.name; });
    if (same == last.end()) {
      last.push_back(row);
    } else {
      *same = row;
    }
  }
  return last;
}

std::string meter_time(const ReadingRow& row) {
  if (!row.when) return "";
  std::string text = date_time_text(date_time(row.when->seconds), true);
  std::replace(text.begin(), text.end(), ' ', 'T');
  return row.when->clock == Clock::utc ? text + "Z" : text;
}

const char* clock_name(const ReadingRow& row) {
  if (!row.when) return "";
  if (row.reckoned) return "reckoned";
  return row.when->clock == Clock::utc     ? "utc"
         : row.when->clock == Clock::local ? "local"
                                           : "meter";
}

namespace {

// --- As text -------------------------------------------------------------------------------------

std::string captured_time(const ReadingRow& row) {
  if (row.frame == 0) return "";
  const std::time_t seconds = row.captured.secs;
  std::tm parts{};
  if (!gmtime_r(&seconds, &parts)) return "";
  char text[96];
  constexpr int ns_in_us = 1000;
  std::snprintf(text, sizeof text, "%04d-%02d-%02dT%02d:%02d:%02d.%06dZ", parts.tm_year + 1900,
                parts.tm_mon + 1, parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec,
                row.captured.nsecs / ns_in_us);
  return text;
}

// RFC 4180.
std::string quoted(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"') out += '"';
    out += c;
  }
  return out + '"';
}

void print_csv(const Readings& readings) {
  std::printf("time,clock,frame,captured,bus,table,register,value,unit,note\n");
  readings.for_each([](const Readings::Place& place, const ReadingRow& row) {
    const std::string frame = row.frame == 0 ? "" : std::to_string(row.frame);
    std::printf("%s,%s,%s,%s,%u,%s,%s,%s,%s,%s\n", meter_time(row).c_str(), clock_name(row),
                frame.c_str(), captured_time(row).c_str(), place.bus,
                quoted(table_label(place.table)).c_str(), quoted(row.name).c_str(),
                quoted(row.value).c_str(), quoted(row.unit).c_str(), quoted(row.note).c_str());
  });
}

void print_table(const Readings& readings) {
  const char* const line =
      "===========================================================================\n";
  std::printf("\n%sMEP readings\n", line);
  std::optional<std::pair<std::uint16_t, std::uint16_t>> before;
  readings.for_each([&](const Readings::Place& place, const ReadingRow& row) {
    if (before != std::pair(place.bus, place.table)) {
      before = {place.bus, place.table};
      std::printf("\nBus %u, %s\n%-21s %-8s %7s  value, unit, register\n", place.bus,
                  table_title(place.table).c_str(), "time", "clock", "frame");
    }
    const std::string note = row.note.empty() ? "" : " [" + row.note + "]";
    std::printf("%-21s %-8s %7s  %s%s%s  %s%s\n", meter_time(row).c_str(), clock_name(row),
                row.frame == 0 ? "" : std::to_string(row.frame).c_str(),
                row.value.empty() ? "-" : row.value.c_str(), row.unit.empty() ? "" : " ",
                row.value.empty() ? "" : row.unit.c_str(), row.name.c_str(), note.c_str());
  });
  std::printf("%s", line);
}

struct Listing {
  Readings readings;
  bool csv;
};

void forget(void* data) {
  static_cast<Listing*>(data)->readings = {};
}

tap_packet_status take(void* data, packet_info* pinfo, epan_dissect_t*, const void* record,
                       tap_flags_t) {
  static_cast<Listing*>(data)->readings.take(pinfo, *static_cast<const TappedTable*>(record));
  return TAP_PACKET_REDRAW;
}

void print(void* data) {
  const auto* listing = static_cast<const Listing*>(data);
  listing->csv ? print_csv(listing->readings) : print_table(listing->readings);
}

constexpr char readings_name[] = "mep,readings";

// The listener lives until the program ends.
compat::tap_begun begin(const char* argument, void*) {
  auto* listing = new Listing{{}, false};
  const char* rest = behind_name(argument, readings_name);
  if (rest && std::strncmp(rest, "csv", 3) == 0 && (rest[3] == ',' || rest[3] == '\0')) {
    listing->csv = true;
    rest = rest[3] == ',' && rest[4] != '\0' ? rest + 4 : nullptr;
  }
  listen_or_exit("mep_tables", listing, rest, TL_REQUIRES_NOTHING, forget, take, print);
  return static_cast<compat::tap_begun>(true);
}

}  // namespace

void register_readings() {
  static stat_tap_ui ui = {
      REGISTER_STAT_GROUP_GENERIC, "MEP readings", readings_name, begin, 0, nullptr};
  register_stat_tap_ui(&ui, nullptr);
}

}  // namespace mep::plugin
