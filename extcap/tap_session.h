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
#include "extcap/serial_port.h"
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
    SerialPort port;
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

  unsigned baud_rate_;
  const std::uint32_t tap_;
  std::deque<Line> lines_;
  WallClock wall_clock_;
  std::vector<Received> received_;
  std::vector<std::optional<system::EventSource>> sources_;  // of each line, while it is there
  system::EventSource timer_;
};

}  // namespace mep::extcap
