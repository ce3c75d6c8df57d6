// SPDX-License-Identifier: GPL-2.0-or-later
#include "extcap/recorder.h"

#include <utility>

#include "protocol/tap.h"

namespace mep::extcap {

Recorder::Recorder(std::string filter) : filter_text_(std::move(filter)) {
  if (!filter_text_.empty()) filter_.emplace(filter_text_);
}

void Recorder::begin(int fd, const std::string& path, const Section& section,
                     std::vector<RecordedLine> lines, WallTime now) {
  std::vector<Interface> interfaces;
  book_.begin(system::monotonic_now());
  for (RecordedLine& line : lines) {
    book_.add_line(line.name, line.role, line.baud_rate);
    const bool from_client = line.direction == Direction::client_to_meter;
    interfaces.push_back({std::move(line.name),
                          line.role + (from_client ? " (client to meter)" : " (meter to client)"),
                          filter_text_, line.baud_rate});
    lines_.push_back({line.direction, line.tap, {.start = now, .now = now}});
  }
  writer_ = std::make_unique<PcapngWriter>(fd, path, section, std::move(interfaces));
}

void Recorder::record(const Heard& heard) {
  Line& line = lines_[heard.line];
  ++line.statistics.received;
  book_.hear(heard.line, heard.status, heard.baud_rate, system::monotonic_now());
  reported_ = false;
  if (heard.status & tap::lost) ++line.statistics.dropped;

  tap::Header header;
  header.direction = line.direction;
  header.status = heard.status;
  header.baud_rate = heard.baud_rate;
  header.duration_us = static_cast<std::uint32_t>(
      std::chrono::duration_cast<std::chrono::microseconds>(heard.duration).count());
  header.tap = line.tap;
  const auto encoded = tap::encode(header);
  std::vector<std::uint8_t> bytes(encoded.begin(), encoded.end());
  bytes.insert(bytes.end(), heard.bytes.begin(), heard.bytes.end());

  if (filter_ && !filter_->accepts(bytes)) return;
  ++line.statistics.accepted;
  writer_->write({static_cast<std::uint32_t>(heard.line), line.direction, heard.first, Bytes(bytes),
                  std::exchange(comments_, {})});
}

std::uint64_t Recorder::received() const {
  std::uint64_t count = 0;
  for (const Line& line : lines_) count += line.statistics.received;
  return count;
}

std::uint64_t Recorder::written() const {
  std::uint64_t count = 0;
  for (const Line& line : lines_) count += line.statistics.accepted;
  return count;
}

void Recorder::report(WallTime now) {
  if (!reported_) write_statistics(now, false);
}

void Recorder::end(WallTime now) {
  write_statistics(now, true);
}

void Recorder::write_statistics(WallTime now, bool ended) {
  std::vector<Statistics> statistics;
  for (Line& line : lines_) {
    line.statistics.now = now;
    line.statistics.ended = ended;
    statistics.push_back(line.statistics);
  }
  if (ended && !statistics.empty()) statistics.front().comments = std::exchange(comments_, {});
  writer_->write(statistics);
  reported_ = true;
}

}  // namespace mep::extcap
