// A capture of two tapped lines, from open ports to the end of the file.
//
// Extcap. To be added here: how two lines are tapped.
// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "extcap/capture.h"
#include "extcap/capture_clock.h"
#include "extcap/line_receiver.h"
#include "extcap/line_source.h"
#include "extcap/tap_settings.h"
#include "system/event_loop.h"

namespace mep::extcap {

class TapSession : public Session {
 public:
  // Opens the ports.
  TapSession(const TapSettings& settings, system::StopRequest& stop);

 private:
  // A record that waits for those of the other line that arrived with it.
  struct Received {
    std::size_t line;
    Instant first;
    Instant last;
    std::uint8_t status;
    std::vector<std::uint8_t> bytes;
  };

  struct Line {
    Line(const TappedLine& tapped, const TapSettings& settings, FrameSplitter::Sink sink);

    Direction direction;
    std::unique_ptr<LineSource> source;
    LineReceiver receiver;
    HeldLine held;
    std::optional<system::EventSource> arrival;  // while the source is there
    Instant left{0};                             // when it went, while it is not
    std::string loss;   // why bytes were lost before the next record, if not in the adapter
    std::string event;  // what else is to be said with the next record
  };

  Section section() const override;
  std::vector<RecordedLine> lines() const override;
  WallTime now() override;
  void start() override;
  void finish() override;

  void listen_to(Line& line);
  void look();
  void replay();
  Instant read_all();
  void read_line(Line& line);
  void date_what_waits(Instant begin, Instant now);
  void leave_lines_that_are_gone();
  void leave(Line& line);
  bool may_come_back(const Line& line) const;
  void look_for_lines();
  void follow_clocks();
  std::string title(const Line& line) const;
  void remark(const Line& line, const std::string& text);
  void write_received();
  std::string comment_on(const Received& received);

  const TapSettings settings_;
  const std::uint32_t tap_;
  std::deque<Line> lines_;
  bool replays_ = false;  // files, and not lines
  Instant replayed_until_{0};
  CaptureClock clock_;
  std::vector<Received> received_;
  Instant looked_{0};  // when nothing was left to be read
  // The last time in which this computer was held up.
  std::optional<BacklogTime> held_up_;
  std::optional<Direction> awaited_;  // who is to speak next, by what was heard last
  system::EventSource timer_;
  system::EventSource heartbeat_;
  system::EventSource look_for_lines_;
};

}  // namespace mep::extcap
