// A simulated meter's port or client on a real line: real clock, bytes at line speed.
//
// Simulator/program. To be added here: the real clock and its lines.
// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <deque>
#include <exception>
#include <functional>
#include <optional>
#include <vector>

#include "simulator/channels/channel.h"
#include "simulator/channels/station.h"
#include "system/event_loop.h"

namespace mep::simulator {

// Shows the time since 1970 UTC, and never goes backwards: after the start it goes as the monotonic
// clock does.
class RealClock {
 public:
  RealClock();
  Instant now() const { return system::monotonic_now() + offset_; }
  Instant on_monotonic_clock(Instant moment) const { return moment - offset_; }

 private:
  Instant offset_;
};

class Service {
 public:
  // All of them must outlive it. `paced`: bytes leave at line speed even where no UART sees to it.
  // Otherwise what arrives while they would still be leaving is held back: the station is not done
  // with sending.
  // `step_done` is called after everything that happens, and may ask to stop; what it throws ends
  // run().
  Service(Station& station, Channel& channel, const RealClock& clock, bool paced,
          system::StopRequest& stop, std::function<void()> step_done = nullptr);
  Service(const Service&) = delete;
  Service& operator=(const Service&) = delete;

  // Until somebody asks to stop. Throws a system::Problem where the channel is of no more use.
  void run();
  std::size_t bytes_received() const { return received_; }

 private:
  struct Byte {
    std::uint8_t value;
    Instant due;  // when its last bit is to have left
  };

  // Runs a step on behalf of GLib, which no exception may pass.
  void guarded(const std::function<void()>& step) noexcept;
  void receive(Bytes bytes);
  void send(Bytes bytes, unsigned baud_rate);
  void send_due();
  void pass_on();
  void go_on();

  Station& station_;
  Channel& channel_;
  const RealClock& clock_;
  bool paced_;       // by this
  bool holds_back_;  // what arrives
  system::StopRequest& stop_;
  std::function<void()> step_done_;
  unsigned baud_rate_;
  std::deque<Byte> outgoing_;
  Instant free_at_{0};  // when the bytes have left, or would have at line speed
  std::vector<std::uint8_t> held_back_;
  std::size_t received_ = 0;
  std::exception_ptr failure_;
  system::EventSource timer_;
};

}  // namespace mep::simulator
