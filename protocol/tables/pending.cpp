// SPDX-License-Identifier: GPL-2.0-or-later
#include "protocol/tables/pending.h"

#include <algorithm>
#include <array>

#include "protocol/catalog.h"
#include "protocol/times.h"

namespace mep {
namespace {

// Bits 0 to 3 of the first byte, page 10.
enum class Event : std::uint8_t { at_time = 0, after_write = 1, by_procedure = 2 };
constexpr std::uint8_t event_bits = 0x0F;
constexpr std::uint8_t unknown_flags = 0xC0;
constexpr std::size_t storage_size = pending_event_size - 1;

Event event_of(Bytes data) {
  return static_cast<Event>(data[0] & event_bits);
}

bool is_zero(Bytes bytes) {
  return std::all_of(bytes.begin(), bytes.end(), [](std::uint8_t byte) { return byte == 0; });
}

// "1 week 2 hours": weeks, days, hours, minutes and seconds, those that are not 0.
std::string duration_text(Bytes storage) {
  constexpr std::array<const char*, storage_size> units = {"week", "day", "hour", "minute",
                                                           "second"};
  std::string text;
  for (std::size_t i = 0; i < units.size(); ++i) {
    if (storage[i] == 0) continue;
    if (!text.empty()) text += ' ';
    text += std::to_string(storage[i]) + ' ' + units[i];
    if (storage[i] != 1) text += 's';
  }
  return text;
}

}  // namespace

const Node& pending_event() {
  return catalog().pending_event;
}

bool begins_with_pending_event(Bytes data) {
  if (data.size() < pending_event_size || (data[0] & unknown_flags) != 0) return false;
  const Bytes storage = data.subspan(1, storage_size);
  switch (event_of(data)) {
    case Event::at_time:
      return is_zero(storage) || parse_date_time(storage).has_value();
    case Event::after_write:
    case Event::by_procedure:
      return true;
  }
  return false;
}

std::string pending_event_text(Bytes data) {
  const Bytes storage = data.subspan(1, storage_size);
  switch (event_of(data)) {
    case Event::at_time: {
      const auto when = parse_date_time(storage);
      if (!when) return "no activation set";
      return "activates " + date_time_text(*when, false) + " UTC";
    }
    case Event::after_write:
      if (is_zero(storage)) return "activates when written";
      return "activates " + duration_text(storage) + " after it was written";
    case Event::by_procedure:
      return "activates by procedure only";
  }
  return {};
}

namespace tables {

Node pending_event() {
  const auto is = [](Event event) {
    return field("Event Code") == static_cast<std::int64_t>(event);
  };
  return group(
      "Pending Event Description",
      {bits(1,
            {bits_of(0, 3, "Event Code",
                     {{0, "at a time"}, {1, "a time after it was written"}, {2, "by procedure"}}),
             bit(4, "Self Read Flag", {{0, "no self-read before"}, {1, "self-read before"}}),
             bit(5, "Demand Reset Flag",
                 {{0, "no demand reset before"}, {1, "demand reset before"}}),
             bits_of(6, 7, "Filler")}),
       when(is(Event::at_time),
            {stime_date("Activation Time").on(Clock::utc).note("all zero: none is set")}),
       when(is(Event::after_write),
            {group("Activation Delay",
                   {u8("Weeks"), u8("Days"), u8("Hours"), u8("Minutes"), u8("Seconds")})}),
       when(is(Event::by_procedure),
            {bytes("Event Storage", storage_size).sensitive(Sensitive::none)})});
}

}  // namespace tables
}  // namespace mep
