// SPDX-License-Identifier: GPL-2.0-or-later
#include "extcap/backlog.h"

#include <algorithm>
#include <utility>

namespace mep::extcap {
namespace {

// Between two parts, where there is time enough: a fast meter's thinking.
constexpr Instant usual_gap = std::chrono::milliseconds(20);

struct Placed {
  std::size_t line;
  BacklogPart part;
};

Direction other(Direction direction) {
  return direction == Direction::client_to_meter ? Direction::meter_to_client
                                                 : Direction::client_to_meter;
}

// All parts in the order in which they most likely came.
std::vector<Placed> in_turn(std::span<const BacklogLine> lines, std::optional<Direction> awaited) {
  std::vector<Placed> order;
  std::vector<std::size_t> next(lines.size(), 0);
  Direction turn = awaited.value_or(Direction::client_to_meter);
  const auto first_of = [&](std::size_t line) -> const BacklogPart* {
    return next[line] < lines[line].parts.size() ? &lines[line].parts[next[line]] : nullptr;
  };
  const auto place = [&](std::size_t line) {
    const BacklogPart& part = *first_of(line);
    order.push_back({line, part});
    ++next[line];
    if (!part.alert) turn = other(lines[line].direction);
  };
  // What had begun already goes on.
  for (std::size_t line = 0; line < lines.size(); ++line)
    if (const BacklogPart* part = first_of(line); part && part->continues && !part->unfinished)
      place(line);
  while (true) {
    std::optional<std::size_t> chosen;
    // An alert waits for nobody; what is still coming is the last.
    const auto rank = [&](std::size_t line) {
      const BacklogPart& part = *first_of(line);
      if (part.alert) return 3;
      if (part.unfinished) return 0;
      return lines[line].direction == turn ? 2 : 1;
    };
    for (std::size_t line = 0; line < lines.size(); ++line)
      if (first_of(line) != nullptr && (!chosen || rank(line) > rank(*chosen))) chosen = line;
    if (!chosen) return order;
    place(*chosen);
  }
}

}  // namespace

std::vector<std::vector<Instant>> arrivals_in_backlog(std::span<const BacklogLine> lines,
                                                      const BacklogTime& time,
                                                      std::optional<Direction> awaited) {
  std::vector<std::vector<Instant>> arrivals(lines.size());
  const std::vector<Placed> order = in_turn(lines, awaited);
  Instant on_line{0};
  Instant::rep bytes = 0;
  Instant::rep gaps = 0;
  for (const Placed& placed : order) {
    on_line += lines[placed.line].byte_time * static_cast<Instant::rep>(placed.part.size);
    bytes += static_cast<Instant::rep>(placed.part.size);
    gaps += placed.part.continues ? 0 : 1;
  }
  if (bytes == 0) return arrivals;

  const Instant room = std::max(time.end - time.begin, Instant(bytes));
  const bool crowded = on_line > room;
  const Instant spare = crowded ? Instant(0) : room - on_line;
  // Where the last of it has just come, or is still coming, there is no pause behind it.
  const bool still_comes = order.back().part.unfinished;
  Instant gap{0};
  if (still_comes)
    gap = spare / std::max<Instant::rep>(gaps, 1);
  else if (gaps > 0)
    gap = time.ends_now ? std::min(usual_gap, spare / gaps) : spare / (gaps + 1);
  Instant now = time.begin;
  if (time.ends_now || still_comes) now += spare - gap * gaps;
  for (const auto& [line, part] : order) {
    if (!part.continues) now += gap;
    // Faster than the line can be: what delivers it is no line.
    const Instant each = crowded ? room / bytes : lines[line].byte_time;
    for (std::size_t byte = 0; byte < part.size; ++byte) arrivals[line].push_back(now += each);
  }
  return arrivals;
}

}  // namespace mep::extcap
