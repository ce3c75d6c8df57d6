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
  // Turns monotonic moments into wall time. The two clocks are compared again and again, but small
  // differences are left alone: records of one burst must not change places.
  class WallClock {
   public:
    WallTime at(Instant moment);

   private:
    Instant offset_{0};
  };

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
  };

  Section section() const override;
  std::vector<RecordedLine> lines() const override;
  WallTime now() override;
  void start() override;
  void finish() override;

  void listen_to(Line& line);
  void look();
  Instant read_all();
  void read_line(Line& line);
  void date_what_waits(Instant begin, Instant now);
  void leave_lines_that_are_gone();
  void write_received();
  std::string comment_on(const Received& received) const;

  const TapSettings settings_;
  const std::uint32_t tap_;
  std::deque<Line> lines_;
  WallClock wall_clock_;
  std::vector<Received> received_;
  Instant looked_{0};  // when nothing was left to be read
  // The last time in which this computer was held up.
  std::optional<BacklogTime> held_up_;
  std::optional<Direction> awaited_;  // who is to speak next, by what was heard last
  system::EventSource timer_;
  system::EventSource heartbeat_;
};

}  // namespace mep::extcap
