// SPDX-License-Identifier: GPL-2.0-or-later
#include "extcap/recorder.h"

#include <utility>

#include "extcap/problem.h"
#include "extcap/words.h"
#include "protocol/tap.h"
#include "system/text.h"

namespace mep::extcap {
namespace {

// Room in a packet's block for what is not the packet: the block's own fields, its options.
constexpr std::size_t block_overhead = 64;

// What the status bits of UART trouble say, for people.
std::string trouble_text(std::uint8_t status) {
  std::vector<std::string> seen;
  constexpr unsigned of_uart = tap::framing_error | tap::parity_error | tap::break_seen;
  for (const tap::StatusWord& each : tap::status_words)
    if (status & of_uart & each.bit) seen.emplace_back(each.word);
  return seen.empty() ? std::string() : "The serial port saw: " + system::listed(seen);
}

}  // namespace

Recorder::Recorder(std::string filter, Buffer buffer)
    : filter_text_(std::move(filter)), buffer_(buffer) {
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
    lines_.push_back({line.direction, line.tap, {.start = now, .now = now}, {}});
  }
  drain_ = std::make_unique<Drain>(fd, path, buffer_.size);
  writer_ = std::make_unique<PcapngWriter>(
      [this](BlockBytes block) { drain_->put(std::move(block)); }, section, std::move(interfaces));
  drain_->start();
}

void Recorder::record(const Heard& heard) {
  Line& line = lines_[heard.line];
  ++line.statistics.received;
  book_.hear(heard.line, heard.status, heard.baud_rate, system::monotonic_now());
  reported_ = false;
  if (heard.status & tap::lost) ++line.statistics.dropped;

  tap::Header header;
  header.direction = heard.direction.value_or(line.direction);
  header.status = heard.status;
  if (line.missed.records > 0) header.status |= tap::lost;
  header.baud_rate = heard.baud_rate;
  header.duration_us = static_cast<std::uint32_t>(
      std::chrono::duration_cast<std::chrono::microseconds>(heard.duration).count());
  header.tap = line.tap;
  const auto encoded = tap::encode(header);
  std::vector<std::uint8_t> bytes(encoded.begin(), encoded.end());
  bytes.insert(bytes.end(), heard.bytes.begin(), heard.bytes.end());

  if (filter_ && !filter_->accepts(bytes)) return;
  std::vector<std::string> comments = heard.comments;
  if (const std::string trouble = trouble_text(header.status); !trouble.empty())
    comments.push_back(trouble);
  std::size_t size = block_overhead + bytes.size();
  for (const std::string& comment : comments) size += comment.size();

  Missed& missed = line.missed;
  if (!takes(size)) {
    if (missed.records++ == 0) missed.first = heard.first;
    missed.last = heard.first;
    missed.bytes += heard.bytes.size();
    ++line.statistics.dropped;
    ++dropped_;
    ++dropped_in_all_;
    return;
  }
  if (missed.records > 0)
    comments.push_back("Not written before this: " + counted(missed.records, "record") + " (" +
                       counted(missed.bytes, "byte") + ") within " +
                       seconds_text(Instant(missed.last - missed.first)) +
                       ", because the buffer of " + size_text(buffer_.size) + " was full");
  for (std::string& waiting : std::exchange(comments_, {})) comments.push_back(std::move(waiting));
  ++line.statistics.accepted;
  const std::uint64_t records_missed = std::exchange(missed, {}).records;
  writer_->write({static_cast<std::uint32_t>(heard.line), header.direction, heard.first,
                  Bytes(bytes), std::move(comments), header.status, records_missed});
}

// Once something was dropped, everything is until there is much room again: one gap is easier to
// live with than many.
bool Recorder::takes(std::size_t size) {
  if (!buffer_.may_drop) return true;
  if (dropping_) {
    if (!drain_->has_much_room()) return false;
    end_dropping();
  } else if (!drain_->has_room(size)) {
    begin_dropping();
    return false;
  }
  return true;
}

void Recorder::begin_dropping() {
  dropping_ = true;
  dropped_ = 0;
  notice("records are being dropped: the buffer of " + size_text(buffer_.size) +
         " is full, since " +
         (drain_->disk_is_full() ? "there is no room left for " + path()
                                 : path() + " takes them too slowly") +
         " (--buffer gives more)");
}

void Recorder::end_dropping() {
  dropping_ = false;
  notice("records are written again; " + counted(dropped_, "record") +
         (dropped_ == 1 ? " was" : " were") + " dropped");
}

void Recorder::remark(std::size_t line, const std::string& text) {
  // Weeks of a loose contact shall not fill the memory.
  constexpr std::size_t most = 100;
  std::vector<std::string>& comments = lines_[line].statistics.comments;
  if (comments.size() < most) comments.push_back(text);
  reported_ = false;
}

void Recorder::attend() {
  drain_->clear_event();
  drain_->check();
  if (const bool full = drain_->disk_is_full(); full != disk_full_) {
    disk_full_ = full;
    notice(full ? "no room left for " + path() + ": up to " + size_text(buffer_.size) +
                      " of records are kept until there is; make room, or stop the capture"
                : "there is room for " + path() + " again; what was kept is being written");
  }
  if (dropping_ && drain_->has_much_room()) end_dropping();
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
  if (!reported_ && drain_->has_much_room()) write_statistics(now, false);
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
  if (ended && !statistics.empty())
    for (std::string& waiting : std::exchange(comments_, {}))
      statistics.front().comments.push_back(std::move(waiting));
  writer_->write(statistics);
  reported_ = true;
}

}  // namespace mep::extcap
