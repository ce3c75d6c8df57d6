// SPDX-License-Identifier: GPL-2.0-or-later
#include "extcap/session.h"

#include <algorithm>
#include <chrono>
#include <optional>

#include "extcap/problem.h"
#include "system/event_sources.h"

namespace mep::extcap {
namespace {

using system::EventSource;
using system::monotonic_now;

// When the next statistics are due in a capture that began then. The longer it lasts, the fewer
// they become: Wireshark keeps every block of them in memory.
Instant next_report(Instant began) {
  const Instant now = monotonic_now();
  return now +
         std::clamp<Instant>((now - began) / 16, std::chrono::seconds(1), std::chrono::minutes(1));
}

}  // namespace

void Session::guarded(const std::function<void()>& step) noexcept {
  try {
    step();
  } catch (...) {
    if (!failure_) failure_ = std::current_exception();
    stop_.make();
  }
}

void Session::run(const Output& output) {
  std::optional<EventSource> reader_gone;
  std::optional<EventSource> report;
  if (output.has_reader()) {
    reader_gone = EventSource::on_fd(output.fd(), G_IO_ERR, [this] { stop_.make(); });
    // dumpcap closes the FIFO when its time, size or count is reached, or tshark is interrupted:
    // what was to be written at the end comes too late then.
    report = EventSource::on_time([this, &report, began = monotonic_now()] {
      guarded([this] { recorder_.report(now()); });
      report->wake_at(next_report(began));
    });
    report->wake_at(next_report(monotonic_now()));
  }
  start();
  guarded([&] { recorder_.begin(output.fd(), output.path(), section(), lines(), now()); });
  stop_.wait();
  if (recorder_.begun()) {
    guarded([this] { finish(); });
    guarded([this] { recorder_.end(now()); });
  }
  if (!failure_) return;
  try {
    std::rethrow_exception(failure_);
  } catch (const ReaderGone&) {
    return;
  }
}

}  // namespace mep::extcap
