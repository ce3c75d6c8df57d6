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
#include "extcap/line_reader.h"
#include "extcap/line_receiver.h"
#include "extcap/line_source.h"
#include "extcap/line_status.h"
#include "extcap/line_watch.h"
#include "extcap/role_finder.h"
#include "extcap/tap_settings.h"
#include "system/event_loop.h"

namespace mep::extcap {

class TapSession : public Session {
 public:
  // Opens the ports.
  TapSession(const TapSettings& settings, system::StopRequest& stop);

 private:
  struct Line {
    Line(std::size_t number, const TappedLine& tapped, const TapSettings& settings,
         FrameSplitter::Sink sink);

    std::string title() const { return source->name() + " " + source->path(); }

    std::size_t number;
    Direction direction;  // as wired
    std::unique_ptr<LineSource> source;
    unsigned port_baud_rate;
    unsigned hinted = 0;  // the speed that the other line has been told
    LineReceiver receiver;
    HeldLine held;
    bool there = false;  // whether it is listened to
    Instant left{0};     // when it went, while it is not
    std::string loss;    // why bytes were lost before the next record, if not in the adapter
    std::string event;   // what else is to be said with the next record
  };

  Section section() const override;
  std::vector<RecordedLine> lines() const override;
  WallTime now() override;
  void start() override;
  void finish() override;
  void add_findings(std::vector<LineStatus>& lines) const override;

  void read_lines();
  void time_passed();
  void look();
  void take(const Look& look);
  void advance(Instant now);
  void replay();
  void hear(Line& line, Bytes bytes);
  void date_what_waits(const Look& look);
  void leave_lines_that_are_gone();
  void leave(Line& line);
  bool may_come_back(const Line& line) const;
  void look_for_lines();
  void follow_clocks();
  void write_received();
  void write(const LineEvent& event, Direction direction);
  void follow_evidence();
  void set_speed(Line& line);
  std::vector<std::string> comments_on(const LineEvent& event);
  std::vector<BacklogLine> backlog() const;

  const TapSettings settings_;
  const std::uint32_t tap_;
  std::deque<Line> lines_;
  bool replays_ = false;  // files, and not lines
  Instant replayed_until_{0};
  CaptureClock clock_;
  std::vector<LineEvent>
      received_;  // until those of the other line that arrived with them are here
  RoleFinder roles_;
  LineWatch watch_;
  // The last time in which this computer was held up.
  std::optional<BacklogTime> held_up_;
  std::optional<Direction> awaited_;  // who is to speak next, by what was heard last
  std::optional<LineReader> reader_;  // of lines that are no recordings
  std::optional<system::EventSource> arrival_;
  system::EventSource timer_;
  system::EventSource look_for_lines_;
};

}  // namespace mep::extcap
