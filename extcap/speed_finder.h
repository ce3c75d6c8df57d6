// A line's speed, found out from what comes over it: frames that fit, bytes without a stop bit, and
// the shape that a slower sender's bits have when they are read too fast. No input or output: tests
// feed it.
//
// A port that listens at another speed than the sender's hears something all the same. Read too
// fast, each of the sender's bits is seen several times over, which few speeds explain; read too
// slowly, nothing fits. So a wrong speed is most often left for the right one, or for the fastest,
// from which every other can be told.
//
// Extcap. To be added here: evidence of a line's speed; what to do with it is the session's.
// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <bitset>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "protocol/frame.h"
#include "protocol/types.h"

namespace mep::extcap {

class SpeedFinder {
 public:
  // `candidates`, in bit/s, are the speeds that the port can have; the only one is never left.
  // `first` is one of them: the likeliest.
  SpeedFinder(std::span<const unsigned> candidates, unsigned first);

  // What the port is to be set to. It can be another after each call of what follows; everything
  // that arrives then is taken to have that speed.
  unsigned speed() const { return candidates_[current_].speed; }
  // Whether frames have borne it out.
  bool found() const { return found_; }

  // A byte that arrived at `at`, with the tap::Status bits that came with it.
  void push(std::uint8_t byte, Instant at, std::uint8_t trouble);
  // What the splitter made of the bytes pushed so far, of either direction.
  void take(const LineRecord& record);
  void advance(Instant now);
  // When advance() would have something to do.
  std::optional<Instant> deadline() const;

  // The port does not do that speed. Returns whether there is another to try, which is taken.
  bool exclude(unsigned bits_per_second);

  // The other line has this speed: both ends of a conversation change theirs together (page 20).
  void hint(unsigned bits_per_second);

 private:
  // What bytes look like that a slower sender's bits are read as: the byte, and so much more with
  // its stop bit.
  static constexpr std::size_t stop_seen = 256;
  using Shapes = std::bitset<2 * stop_seen>;

  struct Candidate {
    explicit Candidate(unsigned bits_per_second) : speed(bits_per_second) {}
    unsigned speed;
    double score = 0;             // in bits, as those of protocol/evidence.h
    Shapes shapes;                // as seen at the present speed; of slower ones only
    double telling = 1;           // how many times rarer than any bytes are those that have a shape
    double telling_unmarked = 1;  // the same where nobody says whether there was a stop bit
    bool fits_unmarked(std::size_t byte) const {
      return shapes.test(byte) || shapes.test(byte + stop_seen);
    }
  };

  struct Heard {
    std::uint8_t byte;
    bool stop;     // it had its stop bit
    bool aligned;  // its start bit was an edge of the sender's
  };

  Instant pause() const;
  void judge();
  void judge_good();
  void judge_bad();
  double bits_for(const Candidate& slower) const;
  std::size_t best() const;
  void forget_burst();
  void change_to(std::size_t candidate);

  std::vector<Candidate> candidates_;
  std::size_t first_;
  std::size_t current_;
  bool found_ = false;
  bool left_first_ = false;
  unsigned bad_in_a_row_ = 0;
  std::optional<std::size_t> hint_;  // newer than the last good frame
  bool hint_is_newer_ = false;       // than the bytes of the burst
  bool marks_ = false;               // the driver has marked an error at least once

  std::vector<Heard> burst_;  // since the last pause
  bool begins_in_a_frame_ = false;
  std::size_t without_stop_ = 0;  // of its bytes, how many had no stop bit
  std::size_t in_frames_ = 0;     // of the burst, the first bytes that frames are made of
  bool clear_ = false;            // one of the frames is a clear message
  bool long_enough_ = false;      // one of them could be an encrypted one
  Instant last_{0};
  std::optional<Instant> quiet_since_;
  Instant longest_quiet_{0};
};

}  // namespace mep::extcap
