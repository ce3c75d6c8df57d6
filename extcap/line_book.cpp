// SPDX-License-Identifier: GPL-2.0-or-later
#include "extcap/line_book.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "protocol/tap.h"

namespace mep::extcap {
namespace {

// Over so long a rate is taken.
constexpr Instant rate_window = std::chrono::seconds(5);

double seconds(Instant time) {
  return std::chrono::duration<double>(time).count();
}

}  // namespace

void LineBook::add_line(std::string name, std::string role, std::uint32_t baud_rate) {
  lines_.push_back(
      {{.name = std::move(name), .role = std::move(role), .baud = baud_rate}, {{began_, 0}}});
}

void LineBook::hear(std::size_t line, std::uint8_t status, std::uint32_t baud_rate, Instant now) {
  LineStatus& told = lines_[line].status;
  if ((status & tap::noise) == 0) ++told.frames;
  if (status != 0) ++told.errors;
  told.baud = baud_rate;
  told.last_heard_s = seconds(now - began_);
}

std::vector<LineStatus> LineBook::status(Instant now) {
  std::vector<LineStatus> all;
  for (Line& line : lines_) {
    line.samples.push_back({now, line.status.frames});
    while (line.samples.size() > 2 && line.samples[1].when <= now - rate_window)
      line.samples.pop_front();
    const Sample& before = line.samples.front();
    // In the beginning, as if a second had gone by.
    const double time = std::max(seconds(now - before.when), 1.0);
    line.status.frames_per_s = static_cast<double>(line.status.frames - before.frames) / time;
    all.push_back(line.status);
  }
  return all;
}

}  // namespace mep::extcap
