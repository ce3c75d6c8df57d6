// One end of a line pair: a meter's port or a client. It is told what arrives and what time it is,
// and says what it sends and when it wants to be asked again. Whoever runs it owns the clock and
// the bytes' way: a real port, a pipe, or the memory of World.
//
// Simulator/channels. To be added here: nothing: who has a line needs no more.
// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <functional>
#include <optional>

#include "protocol/frame.h"
#include "protocol/types.h"

namespace mep::simulator {

// Line speed that meters begin with, page 20.
inline constexpr unsigned default_baud_rate = 9600;

// How long one byte takes: a start bit, eight data bits, a stop bit.
constexpr Instant byte_time(unsigned baud_rate) {
  return Instant(10'000'000'000 / baud_rate);
}

class Station {
 public:
  // Takes bytes that are to go onto the line now, one behind the other at that speed. They are
  // valid during the call.
  using Send = std::function<void(Bytes bytes, unsigned baud_rate)>;

  virtual ~Station() = default;

  // The line that it sends on. Before anything else.
  void connect(Send send) { send_ = std::move(send); }

  // These bytes have arrived, the last of them just now.
  virtual void receive(Bytes bytes, Instant now) = 0;
  // Time passes. To be called at deadline(), or later.
  virtual void advance(Instant now) = 0;
  // When it wants to be called next if nothing arrives; nothing: never.
  virtual std::optional<Instant> deadline() const = 0;
  // The speed at which it listens.
  virtual unsigned baud_rate() const = 0;

 protected:
  void send(Bytes bytes, unsigned baud_rate) {
    if (send_) send_(bytes, baud_rate);
  }

 private:
  Send send_;
};

}  // namespace mep::simulator
