// A capture, whatever it captures from: from the output's opening to its end.
//
// Extcap. To be added here: what every interface's capture has in common, from the output's opening
// to its end.
// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <exception>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "extcap/line_status.h"
#include "extcap/output.h"
#include "extcap/recorder.h"
#include "system/event_loop.h"

namespace mep::extcap {

struct CaptureInterface;
struct Options;

// How a capture goes.
struct Progress {
  std::vector<LineStatus> lines;
  double now_s = 0;            // since the start
  std::uint64_t received = 0;  // records
  std::uint64_t written = 0;   // those that the capture filter let pass, and for which was room
  std::uint64_t dropped = 0;   // those for which was none
};

// Is told how a capture goes, twice a second.
class Watcher {
 public:
  virtual ~Watcher() = default;
  // Must not wait for anything.
  virtual void show(const Progress& progress) = 0;
};

// Captures until a signal (SIGINT, SIGTERM, SIGHUP) asks to stop, nobody reads the output any more,
// or a simulation has come to its end. Returns whether it was one of these that ended it. Otherwise
// `complain` has been told the reason, and all that was received until then is in the output. The
// output is still open at that time: Wireshark shows what it has heard before the end of the FIFO.
bool capture(const CaptureInterface& interface, const Options& options,
             const std::function<void(const std::string&)>& complain);

// Whoever opens the file without it sees nothing but bytes.
inline constexpr std::string_view what_shows_it =
    "Wireshark needs the plugin \"mep\" (MEP for Wireshark) to show what they say";

// What there is to capture from is a derived class's: its constructor makes ready, before the
// output is opened, and throws a Problem where that is not possible.
class Session {
 public:
  virtual ~Session() = default;

  // Captures until somebody asks to stop or nobody reads the output any more. Throws what ended it
  // otherwise; all that was received until then is in the output. To be called once. The watchers
  // must outlive it.
  void run(const Output& output, const std::vector<Watcher*>& watchers);

  Progress progress();
  // Puts a marker into the capture, with what it is to say, if anything. Returns the comment that
  // the next record gets.
  std::string mark(const std::string& text);

 protected:
  // An empty filter lets everything pass. `stop` must outlive the session.
  Session(std::string filter, Buffer buffer, system::StopRequest& stop)
      : recorder_(std::move(filter), buffer), stop_(stop) {}

  // Runs a step of the capture on behalf of GLib, which no exception may pass: one ends the
  // capture.
  void guarded(const std::function<void()>& step) noexcept;

  Recorder& recorder() { return recorder_; }
  system::StopRequest& stop() { return stop_; }

 private:
  virtual Section section() const = 0;
  virtual std::vector<RecordedLine> lines() const = 0;
  // What the capture's clock shows.
  virtual WallTime now() = 0;
  // From now on records are taken.
  virtual void start() = 0;
  // What is still held goes to the recorder.
  virtual void finish() = 0;
  // What the records do not say of the lines, which come in the order of lines().
  virtual void add_findings(std::vector<LineStatus>& /*lines*/) const {}

  // Until the output has taken all, or takes nothing any more.
  void wait_until_written();

  Recorder recorder_;
  system::StopRequest& stop_;
  std::exception_ptr failure_;
  Instant began_{0};
  unsigned markers_ = 0;
};

}  // namespace mep::extcap
