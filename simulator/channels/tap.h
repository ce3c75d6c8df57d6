// What a tap between meters and clients in memory would record.
//
// Simulator/channels. To be added here: what a real tap would notice.
// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "protocol/frame.h"
#include "simulator/channels/world.h"

namespace mep::simulator {

// A record of one tapped line. Valid during the call that hands it over.
struct TapRecord {
  unsigned port;
  Direction direction;
  unsigned baud_rate;  // of its last byte
  LineRecord line;     // moments since 1970 UTC
};

// What becomes of a byte on its way to the tap: the tap status bits that come with it; nothing: the
// byte is lost. May change the byte's value. The meter and the client hear what was sent.
using TapTrouble = std::function<std::optional<std::uint8_t>(LineByte& byte)>;

class Tap {
 public:
  using Sink = std::function<void(const TapRecord&)>;

  Tap(Instant frame_timeout, Sink sink);
  Tap(const Tap&) = delete;
  Tap& operator=(const Tap&) = delete;

  void set_trouble(TapTrouble trouble) { trouble_ = std::move(trouble); }

  void hear(const LineByte& byte);
  void advance(Instant now);
  std::optional<Instant> deadline() const;
  // The lines end here: what is held comes out.
  void finish();

 private:
  struct Line {
    unsigned port;
    Direction direction;
    unsigned baud_rate = 0;
    bool lost = false;  // bytes, before the next one
    std::optional<FrameSplitter> splitter;
  };
  Line& line_of(const LineByte& byte);

  Instant frame_timeout_;
  Sink sink_;
  TapTrouble trouble_;
  std::vector<std::unique_ptr<Line>> lines_;
};

}  // namespace mep::simulator
