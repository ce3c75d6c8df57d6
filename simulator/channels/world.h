// Meter ports and clients joined in memory, at line speed on a clock of their own: the same calls
// give the same bytes at the same moments.
//
// Simulator/channels. To be added here: what happens to bytes on lines in memory.
// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "simulator/channels/station.h"

namespace mep::simulator {

// One byte on a line, as a tap would receive it.
struct LineByte {
  unsigned port;  // as join() counted
  Direction direction;
  std::uint8_t value;
  Instant arrival;  // of its last bit
  unsigned baud_rate;
};

class World {
 public:
  using Tap = std::function<void(const LineByte&)>;

  explicit World(Instant start) : now_(start) {}
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  // Connects a client with a meter's port. Both must outlive this. The number of the port, from 0.
  unsigned join(Station& client, Station& meter_port);
  // Hears every byte on every line, in the order of arrival, before its receiver does.
  void tap(Tap tap) { tap_ = std::move(tap); }

  Instant now() const { return now_; }
  // When something happens next; nothing: never more.
  std::optional<Instant> next() const;
  // Lets everything happen that happens until then, and sets the clock to it.
  void run_until(Instant moment);

 private:
  // One direction of a pair.
  struct Line {
    unsigned port;
    Direction direction;
    Station* receiver;
    Instant free_at{0};
    std::deque<LineByte> bytes;
  };
  void put(Line& line, Bytes bytes, unsigned baud_rate);
  void step();

  Instant now_;
  Tap tap_;
  std::vector<Station*> stations_;
  std::vector<std::unique_ptr<Line>> lines_;
};

}  // namespace mep::simulator
