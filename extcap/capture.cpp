// SPDX-License-Identifier: GPL-2.0-or-later
#include "extcap/capture.h"

#include <signal.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <optional>

#include "extcap/interfaces.h"
#include "extcap/options.h"
#include "extcap/problem.h"
#include "system/event_loop.h"

namespace mep::extcap {
namespace {

using system::EventSource;
using system::monotonic_now;

constexpr Instant look_for_reader_again = std::chrono::milliseconds(20);

// When the next statistics are due in a capture that began then. The longer it lasts, the fewer
// they become: Wireshark keeps every block of them in memory.
Instant next_report(Instant began) {
  const Instant now = monotonic_now();
  return now +
         std::clamp<Instant>((now - began) / 16, std::chrono::seconds(1), std::chrono::minutes(1));
}

// Lets some time pass. Returns whether the capture goes on.
bool wait_a_moment(const system::StopRequest& stop) {
  bool waited = false;
  auto pause = EventSource::on_time([&waited] { waited = true; });
  pause.wake_at(monotonic_now() + look_for_reader_again);
  while (!waited && !stop.made()) g_main_context_iteration(nullptr, TRUE);
  return !stop.made();
}

void capture_to(Output& output, const CaptureInterface& interface, const Options& options) {
  system::StopRequest stop;
  const auto wait = [&stop] { return wait_a_moment(stop); };
  // A FIFO first, whatever may be wrong with the rest: until it has been opened, its reader waits,
  // and Wireshark with it. A file last: there may be an old capture in it.
  const bool fifo = output.is_fifo();
  if (fifo && !output.open(wait)) return;
  check_values(interface, options);
  const std::unique_ptr<Session> session = interface.open(options, stop);
  if (!fifo) output.open(wait);
  session->run(output);
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

bool capture(const CaptureInterface& interface, const Options& options,
             const std::function<void(const std::string&)>& complain) {
  // A reader that goes away is an error of write(2) then, not the end of the process.
  signal(SIGPIPE, SIG_IGN);
  Output output(options.fifo.value_or(""), options.force);
  try {
    if (output.path().empty())
      throw Problem("nowhere to write to; name a file with --fifo, for example --fifo tap.pcapng");
    capture_to(output, interface, options);
  } catch (const std::exception& problem) {
    complain(problem.what());
    return false;
  }
  return true;
}

}  // namespace mep::extcap
