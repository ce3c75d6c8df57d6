// SPDX-License-Identifier: GPL-2.0-or-later
#include "extcap/capture.h"

#include <signal.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <optional>
#include <utility>

#include "extcap/interfaces.h"
#include "extcap/options.h"
#include "extcap/problem.h"
#include "extcap/words.h"
#include "system/event_loop.h"

namespace mep::extcap {
namespace {

using system::EventSource;
using system::monotonic_now;

constexpr Instant look_for_reader_again = std::chrono::milliseconds(20);
constexpr Instant look_at_output_again = std::chrono::milliseconds(100);
// When the user is told that the output takes nothing, and when that is the end.
constexpr Instant slow_output = std::chrono::seconds(1);
constexpr Instant dead_output = std::chrono::seconds(10);

// When the next statistics are due in a capture that began then. The longer it lasts, the fewer
// they become: Wireshark keeps every block of them in memory.
Instant next_report(Instant began) {
  const Instant now = monotonic_now();
  return now +
         std::clamp<Instant>((now - began) / 16, std::chrono::seconds(1), std::chrono::minutes(1));
}

// Lets GLib's loop run for a time, or until something has happened.
void let_pass(Instant time, const std::function<bool()>& happened) {
  bool waited = false;
  auto pause = EventSource::on_time([&waited] { waited = true; });
  pause.wake_at(monotonic_now() + time);
  while (!waited && !happened()) g_main_context_iteration(nullptr, TRUE);
}

// Lets some time pass. Returns whether the capture goes on.
bool wait_a_moment(const system::StopRequest& stop) {
  let_pass(look_for_reader_again, [&stop] { return stop.made(); });
  return !stop.made();
}

std::string not_written(const Drain::Waiting& waiting) {
  return counted(waiting.blocks, "block") + " (" + counted(waiting.bytes, "byte") + ") ";
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
  std::optional<EventSource> output_event;
  if (recorder_.begun())
    output_event = EventSource::on_fd(recorder_.event_fd(), G_IO_IN,
                                      [this] { guarded([this] { recorder_.attend(); }); });
  stop_.wait();
  if (recorder_.begun()) {
    guarded([this] { finish(); });
    guarded([this] { recorder_.end(now()); });
    guarded([this] { wait_until_written(); });
  }
  if (!failure_) return;
  try {
    std::rethrow_exception(failure_);
  } catch (const ReaderGone&) {
    return;
  }
}

void Session::wait_until_written() {
  const unsigned asked = stop_.signals();
  Drain::Waiting left = recorder_.waiting();
  Instant progress = monotonic_now();
  bool said = false;
  while (left.blocks > 0) {
    // A failure that has ended the capture already has been told of.
    if (failure_ && recorder_.disk_is_full()) return;
    recorder_.attend();
    if (recorder_.disk_is_full())
      throw Problem("cannot write to " + recorder_.path() + ": no room left; " + not_written(left) +
                    "are lost");
    if (stop_.signals() > asked)
      throw Problem("interrupted a second time; " + not_written(left) +
                    "have not been written to " + recorder_.path());
    const Instant now = monotonic_now();
    if (now - progress > dead_output)
      throw Problem(recorder_.path() + " takes nothing any more; " + not_written(left) +
                    "have not been written");
    if (!said && now - progress > slow_output) {
      notice("waiting for " + recorder_.path() + " to take the last " + not_written(left) +
             "- interrupt again to give them up");
      said = true;
    }
    let_pass(look_at_output_again,
             [&] { return recorder_.waiting().blocks == 0 || stop_.signals() > asked; });
    const Drain::Waiting then = std::exchange(left, recorder_.waiting());
    if (left.blocks < then.blocks) progress = monotonic_now();
  }
  recorder_.attend();
}

bool capture(const CaptureInterface& interface, const Options& options,
             const std::function<void(const std::string&)>& complain) {
  // A reader that goes away is an error of write(2) then, not the end of the process.
  signal(SIGPIPE, SIG_IGN);
  signal(SIGXFSZ, SIG_IGN);  // as does a file that becomes larger than the system lets it
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
