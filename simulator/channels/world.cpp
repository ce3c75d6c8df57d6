// SPDX-License-Identifier: GPL-2.0-or-later
#include "simulator/channels/world.h"

#include <algorithm>
#include <utility>

namespace mep::simulator {

unsigned World::join(Station& client, Station& meter_port) {
  const auto port = static_cast<unsigned>(lines_.size() / 2);
  const auto line = [&](Direction direction, Station& sender, Station& receiver) {
    lines_.push_back(std::make_unique<Line>(Line{port, direction, &receiver, Instant(0), {}}));
    Line* made = lines_.back().get();
    sender.connect([this, made](Bytes bytes, unsigned baud_rate) { put(*made, bytes, baud_rate); });
  };
  line(Direction::client_to_meter, client, meter_port);
  line(Direction::meter_to_client, meter_port, client);
  stations_.push_back(&meter_port);
  stations_.push_back(&client);
  return port;
}

void World::put(Line& line, Bytes bytes, unsigned baud_rate) {
  Instant begin = std::max(now_, line.free_at);
  for (const std::uint8_t byte : bytes) {
    begin += byte_time(baud_rate);
    line.bytes.push_back({line.port, line.direction, byte, begin, baud_rate});
  }
  line.free_at = begin;
}

std::optional<Instant> World::next() const {
  std::optional<Instant> earliest;
  const auto consider = [&earliest](Instant moment) {
    if (!earliest || moment < *earliest) earliest = moment;
  };
  for (const auto& line : lines_)
    if (!line->bytes.empty()) consider(line->bytes.front().arrival);
  for (const Station* station : stations_)
    if (const auto deadline = station->deadline()) consider(std::max(*deadline, now_));
  return earliest;
}

void World::run_until(Instant moment) {
  for (auto due = next(); due && *due <= moment; due = next()) {
    now_ = *due;
    step();
  }
  now_ = std::max(now_, moment);
}

// What is due now: bytes first, then whoever waited for the time.
void World::step() {
  for (const auto& line : lines_) {
    while (!line->bytes.empty() && line->bytes.front().arrival <= now_) {
      const LineByte byte = line->bytes.front();
      line->bytes.pop_front();
      if (tap_) tap_(byte);
      // Who listens at another speed hears something else.
      const bool understood = line->receiver->baud_rate() == byte.baud_rate;
      const auto heard = static_cast<std::uint8_t>(understood ? byte.value : byte.value ^ 0xE6);
      line->receiver->receive(Bytes(&heard, 1), now_);
    }
  }
  for (Station* station : stations_)
    if (const auto deadline = station->deadline(); deadline && *deadline <= now_)
      station->advance(now_);
}

}  // namespace mep::simulator
