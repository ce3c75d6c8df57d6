// From a line's bytes to frames, page 9, and the alert sequence, page 17.
//
// A frame is a two-byte length and that many bytes; there is no start mark and no check sum, so a
// splitter lives from agreement: at a place where a frame must begin (after a frame, after a
// silence) any length up to the maximum is believed, since an encrypted message looks like
// nothing in particular. Once bytes have turned out to be no frame, only a clear message whose
// code, counts and size agree ends the noise, or a silence does.
//
// A pause in the middle of a frame that is longer than any that page 21 allows speaks for another
// frame behind it, whose own bytes have to agree: clear ones by their grammar, encrypted ones by
// a length that ends where the line falls silent. Until that is decided, the frame that would go
// on over the pause is not believed either.
//
// An alert is two zeros, once a second at most. More of them in a row are a line without a level
// converter, or a wire at ground: noise. What follows two zeros tells them apart, or that nothing
// does: behind an alert there is a silence or a frame.
//
// Protocol. To be added here: how a stream of bytes is cut into frames.
// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <array>
#include <chrono>
#include <functional>
#include <optional>

#include "protocol/message.h"
#include "protocol/types.h"

namespace mep {

// A moment on one clock of the caller's choice, which must not run backwards.
using Instant = std::chrono::nanoseconds;

// What came over the line, in order. Every byte that went in comes out in exactly one record.
struct LineRecord {
  Bytes bytes;          // a whole frame with its length field, an alert (00 00), a part, or noise;
                        // valid during the call of the sink only
  Instant first{0};     // arrival of the first byte
  Instant last{0};      // arrival of the last byte
  std::uint8_t status;  // tap::Status bits; 0 for a whole frame received without trouble
};

// Splits one line. Holds at most two maximum frames, allocates nothing per byte.
class FrameSplitter {
 public:
  using Sink = std::function<void(const LineRecord&)>;

  static constexpr unsigned usual_bits_per_second = 9600;  // page 20

  // `direction` says whose line it is: alerts come from the meter only, and come out a few
  // milliseconds after they ended, unless something else follows at once. A line that is silent for
  // `frame_timeout` in the middle of a frame has cut it short, whatever the bytes before and behind
  // say. `bits_per_second` says how long a byte takes by itself.
  FrameSplitter(Direction direction, Instant frame_timeout, Sink sink,
                unsigned bits_per_second = usual_bits_per_second);

  // The same, at the same place in the stream, for another sink.
  FrameSplitter twin(Sink sink) const;

  // From the next byte on the line has another speed.
  void set_speed(unsigned bits_per_second);
  // From the next byte on it is known, or known better, whose line it is.
  void set_direction(Direction direction) { direction_ = direction; }

  // One byte that arrived at `at`. `trouble`: the framing_error, parity_error, break_seen and lost
  // bits that came with it.
  void push(std::uint8_t byte, Instant at, std::uint8_t trouble = 0);

  // Time passes without a byte. Call it at deadline() or later.
  void advance(Instant now);

  // When advance() would have something to do; nothing while no byte is held.
  std::optional<Instant> deadline() const;

  // The line ends here: whatever is held comes out.
  void finish();

 private:
  enum class Verdict : std::uint8_t { wait, whole, not_a_frame, alert_unless_more };
  struct Examined {
    Verdict verdict;
    std::size_t size = 0;  // of the whole frame
  };

  // Whether a frame begins behind a pause.
  enum class Begins : std::uint8_t { no, maybe, yes };

  Bytes held(std::size_t from) const { return Bytes(bytes_).subspan(from, held_ - from); }
  Examined examine(std::size_t at, bool trusted) const;
  Examined examine_zeros(std::size_t at) const;
  bool holds_alert() const;
  bool frames_inside(std::size_t at, std::size_t end, bool line_is_silent) const;
  bool pause_before(std::size_t at, Instant longest) const;
  Instant resync_pause() const;
  Begins begins(std::size_t at, bool before_fits) const;
  Fit held_fit(std::size_t at) const;
  std::optional<std::size_t> frame_behind_pause(Begins least) const;
  std::size_t noise_before_exact_frame() const;
  std::optional<std::size_t> settles_at() const;
  bool settle();
  void split();
  void silence();
  void close(std::size_t end);
  void emit(std::size_t size, std::uint8_t status);
  void emit_frame(std::size_t size);
  void emit_noise();
  void drop_candidate_byte();

  // A frame that may have been cut short, and the one behind it.
  static constexpr std::size_t room = 2 * max_frame_size;

  Direction direction_;
  Instant frame_timeout_;
  Sink sink_;
  Instant byte_time_;
  std::array<std::uint8_t, room> bytes_{};
  std::array<Instant, room> arrivals_{};
  std::array<std::uint8_t, room> trouble_{};
  std::size_t held_ = 0;         // bytes held
  std::size_t behind_ = 0;       // bytes behind those, left aside while those come to their end
  std::size_t noise_ = 0;        // of those, the first ones that are known to be noise
  bool trusted_ = true;          // a frame must begin after the noise
  unsigned clear_in_a_row_ = 1;  // messages; of a line that has had none nothing is said
  Instant last_arrival_{0};
  std::optional<Instant> last_alert_;  // when it ended; nothing once a frame has followed
};

}  // namespace mep
