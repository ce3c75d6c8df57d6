// SPDX-License-Identifier: GPL-2.0-or-later
#include "simulator/channels/tap.h"

#include <utility>

#include "protocol/tap.h"

namespace mep::simulator {

Tap::Tap(Instant frame_timeout, Sink sink)
    : frame_timeout_(frame_timeout), sink_(std::move(sink)) {}

Tap::Line& Tap::line_of(const LineByte& byte) {
  for (const auto& line : lines_)
    if (line->port == byte.port && line->direction == byte.direction) return *line;
  lines_.push_back(std::make_unique<Line>(Line{byte.port, byte.direction, 0, false, {}}));
  Line* made = lines_.back().get();
  made->splitter.emplace(byte.direction, frame_timeout_, [this, made](const LineRecord& record) {
    sink_({made->port, made->direction, made->baud_rate, record});
  });
  return *made;
}

void Tap::hear(const LineByte& byte) {
  LineByte heard = byte;
  const auto trouble = trouble_ ? trouble_(heard) : std::optional<std::uint8_t>(0);
  Line& line = line_of(byte);
  if (!trouble) {
    line.lost = true;
    return;
  }
  if (std::exchange(line.baud_rate, heard.baud_rate) != heard.baud_rate)
    line.splitter->set_speed(heard.baud_rate);
  const auto lost = static_cast<std::uint8_t>(std::exchange(line.lost, false) ? tap::lost : 0);
  line.splitter->push(heard.value, heard.arrival, static_cast<std::uint8_t>(*trouble | lost));
}

void Tap::advance(Instant now) {
  for (const auto& line : lines_) line->splitter->advance(now);
}

std::optional<Instant> Tap::deadline() const {
  std::optional<Instant> earliest;
  for (const auto& line : lines_)
    if (const auto due = line->splitter->deadline(); due && (!earliest || *due < *earliest))
      earliest = due;
  return earliest;
}

void Tap::finish() {
  for (const auto& line : lines_) line->splitter->finish();
}

}  // namespace mep::simulator
