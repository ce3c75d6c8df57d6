// Who speaks on which tapped line, found out from the frames: adapters are exchanged, or one hears
// both directions. No input or output: tests feed it.
//
// Extcap. To be added here: evidence of who speaks on a line that a live capture has beyond what
// the bytes of one message say (protocol/evidence.h): who keeps silent meanwhile, what follows on
// what and how soon.
//
// All figures are bits, as those of protocol/evidence.h; positive ones speak for a request, or for
// the client.
// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <vector>

#include "extcap/line_state.h"
#include "protocol/frame.h"
#include "protocol/types.h"

namespace mep::extcap {

// Something that a line has brought: a frame, an alert, noise.
struct LineEvent {
  std::size_t line = 0;
  std::uint8_t status = 0;  // tap::Status bits
  unsigned bits_per_second = 0;
  Instant first{0};
  Instant last{0};
  std::vector<std::uint8_t> bytes = {};
};

class RoleFinder {
 public:
  // A record and its label, in the order in which they were taken.
  using Sink = std::function<void(const LineEvent&, Direction)>;

  // Records are held back until it is known who speaks, but no longer than this from the first one
  // on, nor more of them. After that each is labelled at once, by what is likelier so far: as
  // wired, unless something speaks against it.
  static constexpr Instant longest_wait = std::chrono::seconds(2);
  static constexpr std::size_t most_waiting = 8;
  // Once it is known: how long a frame that contradicts it waits, for the other line to bring the
  // same. Then it is an echo, heard by an adapter on a half-duplex wire.
  static constexpr Instant echo_wait = std::chrono::milliseconds(50);

  // `wired`: for each line who is said to speak there; one or two lines. `find`: whether the frames
  // may contradict that. If not, nothing is held back; roles() says all the same what they show.
  RoleFinder(const std::vector<Direction>& wired, bool find, Sink sink);

  // What a line has brought, in the order in which it ended.
  void take(LineEvent event);
  void advance(Instant now);
  // When advance() would have something to do: a record is held back.
  std::optional<Instant> deadline() const;
  // Hands on what is held back.
  void finish();

  // What the frames say of a line; unknown until they do.
  LineRole role(std::size_t line) const;
  // The line carries frames that contradict its wiring.
  bool is_contradicted(std::size_t line) const;
  // What a splitter of the line has to expect: unknown where it can be either.
  Direction expected(std::size_t line) const;

 private:
  struct Line {
    Direction wired;
    // Frames that leave no doubt, the newest at the lowest bit: 1 a request, 0 an answer.
    std::uint8_t kinds = 0;
    unsigned certain = 0;
    double close = 0;                      // frames that follow each other as only two speakers' do
    double close_before = 0;               // the latest of them
    std::optional<LineEvent> latest = {};  // frame that is no alert
    bool latest_is_clear = false;
    bool heard = false;  // frames at all
  };

  struct Waiting {
    LineEvent event;
    double bits = 0;  // of its own
    bool echo = false;
  };

  // Evidence that adds up to who speaks on the first line; each kind has a limit, since what makes
  // it err once makes it err again.
  struct Evidence {
    double content = 0;
    double alerts = 0;
    double late = 0;
    double soon = 0;
    double alone = 0;
    double repeated = 0;
    double not_echoed = 0;
  };

  double for_first_line() const;
  void weigh(Waiting& waiting);
  void weigh_turn(const LineEvent& event);
  void weigh_pace(Line& line, const LineEvent& event);
  bool repeats_latest(const Line& line, const LineEvent& event) const;
  void note_kind(Line& line, bool request);
  bool is_mixed(const Line& line) const;
  bool find_echo(Waiting& waiting);
  bool contradicts(const Waiting& waiting) const;
  Direction likely(std::size_t line) const;
  Direction label(const Waiting& waiting) const;
  double chance_of_request(const Waiting& waiting) const;
  bool may_turn_out_an_echo(const Waiting& waiting) const;
  void release(Instant now, bool all);
  void hand_on();

  std::vector<Line> lines_;
  bool find_;
  Sink sink_;
  Evidence evidence_;
  int settled_ = 0;  // sign of for_first_line() when it last was beyond doubt
  unsigned echoes_ = 0;
  std::deque<Waiting> waiting_;
  std::deque<Waiting> recent_;     // frames handed on, for their echo to be recognised
  bool waited_ = false;            // as long as it may
  std::optional<LineEvent> last_;  // frame on either line that was no alert and no echo
  bool last_is_echoed_ = false;
  double request_before_ = 0.5;  // how likely the frame handed on last was a request
  Instant last_labelled_{0};
};

}  // namespace mep::extcap
