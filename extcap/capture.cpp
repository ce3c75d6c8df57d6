// SPDX-License-Identifier: GPL-2.0-or-later
#include "extcap/capture.h"

#include <glib.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <memory>
#include <optional>
#include <utility>

#include "extcap/interfaces.h"
#include "extcap/options.h"
#include "extcap/problem.h"
#include "extcap/terminal.h"
#include "extcap/toolbar.h"
#include "extcap/words.h"
#include "system/event_loop.h"

namespace mep::extcap {
namespace {

using system::EventSource;
using system::monotonic_now;

constexpr Instant look_for_reader_again = std::chrono::milliseconds(20);
constexpr Instant look_at_output_again = std::chrono::milliseconds(100);
// An output that has taken something so shortly ago is not waited for.
constexpr Instant busy_output = std::chrono::milliseconds(250);
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

// How often those who watch are told.
constexpr Instant show_again = std::chrono::milliseconds(500);
// How long mepdump stays for a Wireshark that has not opened the toolbar's FIFO yet. It does so a
// while after it has started mepdump, and its window stands still for good where nobody reads.
constexpr Instant longest_stay = std::chrono::seconds(15);

// Who watches a capture.
class Watchers {
 public:
  explicit Watchers(const Options& options) {
    if (options.control_in || options.control_out)
      toolbar_.emplace(options.control_in.value_or(""), options.control_out.value_or(""));
    // What reads standard output has the terminal to itself.
    if (options.by_hand && !options.quiet && options.fifo != "-" && isatty(STDERR_FILENO) != 0)
      display_.emplace();
  }

  std::vector<Watcher*> all() {
    std::vector<Watcher*> watchers;
    if (toolbar_) watchers.push_back(&*toolbar_);
    if (display_) watchers.push_back(&*display_);
    return watchers;
  }
  void accept_markers_for(Session& session) {
    if (toolbar_)
      toolbar_->on_marker([&session](const std::string& text) { return session.mark(text); });
  }
  // The capture has come to its end, or to nothing.
  void leave() {
    display_.reset();
    if (!toolbar_) return;
    const system::StopRequest stop;  // another one: that of the capture has been made
    const Instant until = monotonic_now() + longest_stay;
    while (toolbar_->is_awaited() && monotonic_now() < until && wait_a_moment(stop)) {
    }
  }

 private:
  std::optional<Toolbar> toolbar_;
  std::optional<Display> display_;
};

std::unique_ptr<Session> open_session(const CaptureInterface& interface, const Options& options,
                                      system::StopRequest& stop) {
  try {
    return interface.open(options, stop);
  } catch (const OptionProblem& problem) {
    throw in_users_words(interface, options, problem);
  }
}

// The summary, where one is wanted.
std::string capture_to(Output& output, const CaptureInterface& interface, const Options& options,
                       Watchers& watchers) {
  system::StopRequest stop;
  const auto wait = [&stop] { return wait_a_moment(stop); };
  // A FIFO first, whatever may be wrong with the rest: until it has been opened, its reader waits,
  // and Wireshark with it. A file last: there may be an old capture in it.
  const bool fifo = output.is_fifo();
  if (fifo && !output.open(wait)) return {};
  check_values(interface, options);
  const std::unique_ptr<Session> session = open_session(interface, options, stop);
  if (!fifo) output.open(wait);
  watchers.accept_markers_for(*session);
  session->run(output, watchers.all());
  watchers.leave();
  return options.by_hand && !options.quiet ? summary_text(session->progress(), output.path()) : "";
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

Progress Session::progress() {
  Progress progress = {recorder_.line_status(),
                       std::chrono::duration<double>(monotonic_now() - began_).count(),
                       recorder_.received(), recorder_.written(), recorder_.dropped()};
  add_findings(progress.lines);
  return progress;
}

std::string Session::mark(const std::string& text) {
  const WallTime when = now();
  std::string comment = "Marker " + std::to_string(++markers_) + " at " + time_text(when);
  if (!text.empty()) comment += ": " + text;
  recorder_.comment(comment);
  return comment;
}

void Session::run(const Output& output, const std::vector<Watcher*>& watchers) {
  began_ = monotonic_now();
  std::optional<EventSource> reader_gone;
  std::optional<EventSource> report;
  std::optional<EventSource> show;
  const auto tell = [this, &watchers] {
    guarded([&] {
      const Progress now = progress();
      for (Watcher* watcher : watchers) watcher->show(now);
    });
  };
  if (!watchers.empty()) {
    show = EventSource::on_time([&show, tell] {
      tell();
      show->wake_at(monotonic_now() + show_again);
    });
    show->wake_at(monotonic_now());
  }
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
  show.reset();
  if (recorder_.begun()) {
    guarded([this] { finish(); });
    guarded([this] { recorder_.end(now()); });
    guarded([this] { wait_until_written(); });
    tell();
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
  // Wireshark's programs ask twice in a row: as long as the output takes what there is, it gets it.
  const auto impatient = [&](Instant since) {
    return stop_.signals() > asked && monotonic_now() - since > busy_output;
  };
  bool said = false;
  while (left.blocks > 0) {
    // A failure that has ended the capture already has been told of.
    if (failure_ && recorder_.disk_is_full()) return;
    recorder_.attend();
    if (recorder_.disk_is_full())
      throw Problem("cannot write to " + recorder_.path() + ": no room left; " + not_written(left) +
                    "are lost");
    if (impatient(progress))
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
             [&] { return recorder_.waiting().blocks == 0 || impatient(progress); });
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
  Watchers watchers(options);
  try {
    if (output.path().empty())
      throw Problem("nowhere to write to; name a file with -w, for example -w tap.pcapng");
    const std::string summary = capture_to(output, interface, options, watchers);
    std::fputs(summary.c_str(), stderr);
  } catch (const std::exception& problem) {
    watchers.leave();
    complain(problem.what());
    return false;
  }
  return true;
}

}  // namespace mep::extcap
