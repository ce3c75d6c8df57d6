// A capture of two tapped lines, from open ports to the end of the file.
//
// Extcap. To be added here: how two lines are tapped.
// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <vector>

#include "extcap/capture.h"
#include "extcap/line_receiver.h"
#include "extcap/line_status.h"
#include "extcap/line_watch.h"
#include "extcap/role_finder.h"
#include "extcap/serial_port.h"
#include "extcap/tap_settings.h"
#include "system/event_loop.h"

namespace mep::extcap {

class TapSession : public Session {
 public:
  // Opens the ports.
  TapSession(const TapSettings& settings, system::StopRequest& stop);

  // How each line is at this moment, in the order of the settings.
  std::vector<LineStatus> status() const;

 private:
  // Turns monotonic moments into wall time. The two clocks are compared again and again, but small
  // differences are left alone: records of one burst must not change places.
  class WallClock {
   public:
    WallTime at(Instant moment);

   private:
    Instant offset_{0};
  };

  struct Line {
    Line(const TappedLine& tapped, const TapSettings& settings, FrameSplitter::Sink sink);

    std::string title() const { return port.name() + " " + port.path(); }

    Direction direction;
    SerialPort port;
    unsigned port_baud_rate;
    unsigned hinted = 0;  // the speed that the other line has been told
    LineReceiver receiver;
    HeldLine held;
  };

  Section section() const override;
  std::vector<RecordedLine> lines() const override;
  WallTime now() override;
  void start() override;
  void finish() override;

  void receive();
  void leave_lines_that_are_gone();
  void read_line(std::size_t number);
  void time_out();
  void write_received();
  void write(const LineEvent& event, Direction direction);
  void follow_evidence();
  void set_speed(Line& line);

  const std::uint32_t tap_;
  std::deque<Line> lines_;
  WallClock wall_clock_;
  std::vector<LineEvent>
      received_;  // until those of the other line that arrived with them are here
  RoleFinder roles_;
  LineWatch watch_;
  bool finds_speed_;
  std::vector<std::optional<system::EventSource>> sources_;  // of each line, while it is there
  system::EventSource timer_;
};

}  // namespace mep::extcap
