// The logs: events, snapshots of registers, scheduled reads, power failures.
// SPDX-License-Identifier: GPL-2.0-or-later
#include <algorithm>

#include "protocol/bytes.h"
#include "protocol/names.h"
#include "simulator/contents/live_fields.h"
#include "simulator/contents/living.h"
#include "simulator/contents/table_bytes.h"

namespace mep::simulator {
namespace {

using Buffer = std::vector<std::uint8_t>;

// --- Logs that are stored as bytes: a head, then a ring of entries

struct Ring {
  std::uint16_t table;
  std::size_t entries;
  std::size_t count_size = 1;  // bytes of the numbers in its head, sequence numbers aside

  static constexpr std::size_t sequence_size = 2;
  std::size_t head_size() const { return 1 + 3 * count_size + sequence_size; }
};

// A log's head, pages 105, 120, 177, 186 and 213.
struct Head {
  std::uint8_t flags;
  std::uint64_t valid, last, sequence, unread;

  static Head parse(Bytes bytes, std::size_t count_size) {
    const std::size_t after_counts = 1 + 2 * count_size;
    return {bytes[0], read_le(bytes, 1, count_size), read_le(bytes, 1 + count_size, count_size),
            read_le(bytes, after_counts, Ring::sequence_size),
            read_le(bytes, after_counts + Ring::sequence_size, count_size)};
  }
  Buffer bytes(std::size_t count_size) const {
    Buffer bytes = {flags};
    append_number(bytes, valid, count_size);
    append_number(bytes, last, count_size);
    append_number(bytes, sequence, Ring::sequence_size);
    append_number(bytes, unread, count_size);
    return bytes;
  }
};

void append_entry(TableSpace& tables, const Ring& ring, Bytes entry) {
  constexpr std::uint8_t overflow = 1 << 1;
  if (ring.entries == 0) return;
  Head head = Head::parse(tables.read(ring.table, 0, ring.head_size()), ring.count_size);
  head.last = head.valid == 0 ? 0 : (head.last + 1) % ring.entries;
  head.valid = std::min<std::uint64_t>(head.valid + 1, ring.entries);
  ++head.sequence;
  if (head.unread == ring.entries) head.flags |= overflow;
  head.unread = std::min<std::uint64_t>(head.unread + 1, ring.entries);
  const std::uint64_t entry_size = (tables.size(ring.table) - ring.head_size()) / ring.entries;
  tables.write(ring.table, ring.head_size() + head.last * entry_size,
               entry.first(std::min<std::size_t>(entry.size(), entry_size)));
  tables.write(ring.table, 0, head.bytes(ring.count_size));
}

std::size_t log_entries(const MeterState& state, std::size_t log) {
  return static_cast<std::size_t>(state.tables.dimensions().get(Dim::log_entries, log));
}

// --- BT74, ET79: events, pages 181 and 241

// An event log as a ring of the events of its kind.
class EventLog {
 public:
  EventLog(const MeterState& state, bool alternate, std::size_t entries)
      : state_(state), alternate_(alternate), entries_(entries) {}

  std::size_t count() const {
    return static_cast<std::size_t>(std::count_if(
        state_.events.begin(), state_.events.end(),
        [this](const LoggedEvent& event) { return is_for_alternate_log(event) == alternate_; }));
  }
  std::size_t valid() const { return std::min(count(), entries_); }
  std::size_t last() const { return count() == 0 ? 0 : (count() - 1) % entries_; }
  bool overflow() const { return count() > entries_; }
  std::int64_t last_number() const {
    const auto found = std::find_if(
        state_.events.rbegin(), state_.events.rend(),
        [this](const LoggedEvent& event) { return is_for_alternate_log(event) == alternate_; });
    return found == state_.events.rend() ? 0 : found->number;
  }
  // The newest event that this element of the ring has held; null: none yet.
  const LoggedEvent* at(std::size_t element) const {
    const LoggedEvent* newest = nullptr;
    std::size_t place = 0;
    for (const LoggedEvent& event : state_.events) {
      if (is_for_alternate_log(event) != alternate_) continue;
      if (place++ % entries_ == element) newest = &event;
    }
    return newest;
  }

 private:
  const MeterState& state_;
  bool alternate_;
  std::size_t entries_;
};

TableSpace::Live event_log(const EventLog& log) {
  const auto of_event = [log](auto get) -> Give {
    return [log, get](const Asked& asked) -> Value {
      const LoggedEvent* event = log.at(asked.indices.front());
      return event ? Value(get(*event)) : nothing();
    };
  };
  return by_label(
      {{"List Type", [](const Asked&) -> Value { return 1; }},
       {"Overflow", [log](const Asked&) -> Value { return log.overflow(); }},
       {"Number of Valid Entries", [log](const Asked&) -> Value { return number(log.valid()); }},
       {"Last Entry Element", [log](const Asked&) -> Value { return number(log.last()); }},
       {"Last Entry Sequence Number", [log](const Asked&) -> Value { return log.last_number(); }},
       {"Number of Unread Entries", [log](const Asked&) -> Value { return number(log.valid()); }},
       {"Time", of_event([](const LoggedEvent& event) { return date_time(event.second); })},
       {"Sequence Number",
        of_event([](const LoggedEvent& event) { return std::int64_t{event.number}; })},
       {"User ID",
        of_event([](const LoggedEvent& event) { return std::int64_t{0xFF00 | event.user}; })},
       {"Event",
        [log](const Asked& asked) -> Value {
          const LoggedEvent* event = log.at(asked.indices.front());
          return event ? event->event : 0;
        }},
       {"Argument", of_event([](const LoggedEvent& event) {
          return Buffer{static_cast<std::uint8_t>(event.argument),
                        static_cast<std::uint8_t>(event.argument >> 8)};
        })}});
}

// ET36 and ET89: a bit for each of ET36's logs, in its order.
Give unread_logs(const MeterState& state, const Layout& layout) {
  return [&state, logs = layout.logs](const Asked&) -> Value {
    constexpr std::uint64_t unread_at = 5;
    std::uint8_t unread = 0;
    for (std::size_t i = 0; i < logs.size(); ++i) {
      if (!state.tables.has(logs[i].table)) continue;
      const Buffer count = state.tables.read(logs[i].table, unread_at, 1);
      if (!count.empty() && count[0] != 0) unread |= static_cast<std::uint8_t>(1 << i);
    }
    return Buffer{unread};
  };
}

}  // namespace

void log_event(MeterState& state, std::int64_t second, Event event, std::int64_t argument,
               std::uint8_t user) {
  const auto number = static_cast<std::uint16_t>(state.events.size() + 1);
  state.events.push_back({second, number, user, static_cast<std::uint16_t>(event),
                          static_cast<std::uint16_t>(argument)});
}

bool is_for_alternate_log(const LoggedEvent& event) {
  return static_cast<Event>(event.event) == Event::voltage_sag;
}

std::vector<Outage> outages(const MeterState& state) {
  std::vector<Outage> found;
  for (const LoggedEvent& event : state.events) {
    if (static_cast<Event>(event.event) == Event::power_down)
      found.insert(found.begin(), {event.second, event.second});
    if (static_cast<Event>(event.event) == Event::power_up) found.front().to = event.second;
  }
  return found;
}

// ET45 and ET74, pages 119 and 176: both begin with a length that does not count itself.
void log_scheduled_read(MeterState& state, const MbusDevice& device) {
  constexpr std::uint8_t normal = 0;
  constexpr std::uint8_t success = 4;
  const Buffer read = billing_read(device);
  Buffer entry;
  append_number(entry, 6 + read.size(), 2);
  append_number(entry, 0, 2);  // no namespace's identifier
  append_number(entry, device.handle, 2);
  entry.push_back(normal);
  entry.push_back(success);
  append(entry, read);
  append_entry(state.tables, {ET(45), log_entries(state, recurring_reads)}, entry);
  const auto extended = state.tables.dimensions().get(Dim::extended_read_log_entries);
  append_entry(state.tables, {ET(74), static_cast<std::size_t>(extended), 2}, entry);
}

void log_outage(MeterState& state, const Outage& outage) {
  log_event(state, outage.from, Event::power_down);
  log_event(state, outage.to, Event::power_up);
  Buffer entry;
  append_ltime_date(entry, local_time(outage.from));
  append_ltime_date(entry, local_time(outage.to));
  append_entry(state.tables, {ET(81), log_entries(state, power_outages)}, entry);
}

void take_snapshot(MeterState& state, Snapshot kind) {
  constexpr std::uint8_t season = 0;
  const Dimensions& dimensions = state.tables.dimensions();
  const bool has_demand = dimensions.get(Dim::demands) != 0;
  Buffer registers;
  append_stime_date(registers, local_time(state.registers->second()));
  registers.push_back(season);
  append(registers, state.tables.read(BT(23), 0, state.tables.size(BT(23))));
  Buffer numbered;
  if (has_demand) append_number(numbered, billing_definition, 2);
  append(numbered, registers);

  const auto self_reads = static_cast<std::size_t>(dimensions.get(Dim::self_reads));
  switch (kind) {
    case Snapshot::self_read:
      append_entry(state.tables, {BT(26), self_reads}, numbered);
      return;
    case Snapshot::one_time_read:
      append_entry(state.tables, {ET(31), self_reads}, numbered);
      return;
    case Snapshot::season:
      state.tables.write(BT(24), 0, registers);
      return;
    case Snapshot::demand_reset:
      break;
  }
  state.tables.write(BT(25), 0, registers);
  constexpr std::uint8_t scheduled = 0;
  Buffer entry;
  append_number(entry, 1 + 2 + registers.size(), 2);
  entry.push_back(scheduled);
  append_number(entry, billing_definition, 2);
  append(entry, registers);
  append_entry(state.tables, {ET(41), log_entries(state, demand_resets)}, entry);
}

void reset_demands(MeterState& state, std::int64_t second) {
  take_snapshot(state, Snapshot::demand_reset);
  log_event(state, second, Event::demand_reset, state.registers->maximum_demand().watts);
  state.registers->reset_maximum_demands();
}

void connect_logs(MeterState& state, const Layout& layout) {
  state.tables.live(BT(74), event_log(EventLog(state, false, layout.history_entries)), only_live);
  state.tables.live(ET(79), event_log(EventLog(state, true, layout.alternate_entries)), only_live);
  state.tables.live(ET(36), by_name({{"et36.unread_entries_bitmap", unread_logs(state, layout)}}));
  state.tables.live(ET(89),
                    by_name({{"et89.adj_log_unread_entry_mask", unread_logs(state, layout)}}));
}

}  // namespace mep::simulator
