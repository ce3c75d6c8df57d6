// SPDX-License-Identifier: GPL-2.0-or-later
#include "captures/assembler.h"

#include <algorithm>
#include <chrono>
#include <map>
#include <optional>
#include <utility>

#include "protocol/bytes.h"
#include "protocol/evidence.h"
#include "protocol/message.h"
#include "protocol/pieces.h"

namespace mep::captures {
namespace {

using Buffer = std::vector<std::uint8_t>;

constexpr WallTime millisecond = 1'000'000;
constexpr WallTime day = 86400LL * 1000 * millisecond;
constexpr WallTime made_up_pause = 20 * millisecond;  // between frames of a log without times
constexpr int telling_bits = 16;

Direction opposite(Direction direction) {
  if (direction == Direction::client_to_meter) return Direction::meter_to_client;
  if (direction == Direction::meter_to_client) return Direction::client_to_meter;
  return direction;
}

// The bytes under one mark.
struct Stream {
  std::string mark;
  Direction meant = Direction::unknown;
  Direction direction = Direction::unknown;  // as it was found
  bool reversed = false;                     // the frames say the opposite of the mark
  Buffer waiting;
  std::size_t line = 0;  // of the first that waits
  WallTime time = 0;
  WallTime last = 0;
  std::size_t piece = 0;
};

class Assembler {
 public:
  Assembled run(const std::vector<Logged>& logged) && {
    reckon_times(logged);
    for (std::size_t i = 0; i < logged.size(); ++i) take(logged[i], times_[i]);
    for (auto& [mark, stream] : streams_) give_up(stream, "a frame whose end is missing");
    std::stable_sort(made_.frames.begin(), made_.frames.end(),
                     [](const auto& a, const auto& b) { return a.line < b.line; });
    find_directions();
    if (!timed_) {
      for (std::size_t i = 0; i < made_.frames.size(); ++i)
        made_.frames[i].time = static_cast<WallTime>(i) * made_up_pause;
    }
    return std::move(made_);
  }

 private:
  // Times that lack a date begin on the first day there is and go on over midnight; lines without a
  // time have that of the line before.
  void reckon_times(const std::vector<Logged>& logged) {
    std::optional<WallTime> before;
    WallTime days = 0;
    bool dated = false;
    bool some_lack = false;
    for (const Logged& each : logged) {
      if (each.time) {
        timed_ = true;
        dated |= each.dated;
        WallTime time = *each.time;
        if (!each.dated) {
          time += days;
          if (before && time + day / 2 < *before) {
            days += day;
            time += day;
          }
        }
        before = time;
      } else {
        some_lack = true;
      }
      times_.push_back(before.value_or(0));
    }
    if (!timed_) {
      made_.remarks.emplace_back(
          "The log has no times: frames are 20 ms apart, from 1970-01-01 on");
    } else {
      if (!dated) made_.remarks.emplace_back("The log has no dates: its first day is 1970-01-01");
      if (some_lack)
        made_.remarks.emplace_back("Lines without a time have that of the line before them");
    }
  }

  void take(const Logged& logged, WallTime time) {
    Stream& stream = streams_[logged.mark];
    stream.mark = logged.mark;
    stream.meant = logged.meant;
    const Bytes bytes = logged.bytes;
    if (!stream.waiting.empty() && !continues(stream, bytes, time))
      give_up(stream, "a frame whose end is missing");
    if (stream.waiting.empty()) {
      stream.line = logged.line;
      stream.time = time;
    }
    const bool whole_record = stream.waiting.empty();
    stream.waiting.insert(stream.waiting.end(), bytes.begin(), bytes.end());
    stream.last = time;
    stream.piece = bytes.size();
    split(stream, whole_record, logged.line, time);
  }

  // Single bytes, one a line, tell nothing of beginnings.
  bool continues(const Stream& stream, Bytes bytes, WallTime time) const {
    constexpr std::size_t telling_size = 4;
    const std::size_t piece = std::max(stream.piece, bytes.size());
    if (timed_ &&
        given_up(std::chrono::nanoseconds(stream.last), std::chrono::nanoseconds(time), piece))
      return false;
    if (bytes.size() < telling_size || stream.waiting.size() < length_field_size) return true;
    return stream.waiting.size() < max_frame_size && goes_on(stream.waiting, bytes, stream.meant);
  }

  void split(Stream& stream, bool whole_record, std::size_t line, WallTime time) {
    while (!stream.waiting.empty()) {
      const Part part = first_part(stream.waiting, whole_record, stream.meant);
      if (part.kind == PartKind::beginning) return;
      // Two zeros that end what there is may begin a frame of less than 256 bytes.
      const bool lone_zeros =
          part.kind != PartKind::frame && stream.waiting.size() <= length_field_size;
      if (lone_zeros) return;
      if (part.kind == PartKind::frame) {
        ImportedFrame frame;
        frame.time = stream.time;
        frame.line = stream.line;
        frame.bytes.assign(stream.waiting.begin(),
                           stream.waiting.begin() + static_cast<std::ptrdiff_t>(part.size));
        frame.comment = stream.mark;  // until directions are known
        made_.frames.push_back(std::move(frame));
      } else {
        unused(stream.line, part.size, "which form no frame", stream.waiting);
      }
      drop(stream, part.size);
      whole_record = false;
      stream.line = line;
      stream.time = time;
    }
  }

  static void drop(Stream& stream, std::size_t size) {
    stream.waiting.erase(stream.waiting.begin(),
                         stream.waiting.begin() + static_cast<std::ptrdiff_t>(size));
  }

  void give_up(Stream& stream, const std::string& why) {
    if (stream.waiting.empty()) return;
    unused(stream.line, stream.waiting.size(), why, stream.waiting);
    stream.waiting.clear();
  }

  void unused(std::size_t line, std::size_t size, const std::string& why, Bytes bytes) {
    constexpr std::size_t shown = 12;
    const bool more = size > shown;
    made_.unused.push_back({line, std::to_string(size) + (size == 1 ? " byte, " : " bytes, ") +
                                      why + ": " + hex(bytes.first(std::min(size, shown)), " ") +
                                      (more ? " ..." : "")});
    made_.unused_bytes += size;
  }

  // --- Directions

  static Bytes message_of(const ImportedFrame& frame) {
    return Bytes(frame.bytes).subspan(std::min(length_field_size, frame.bytes.size()));
  }
  // Positive: it is a request.
  static int bits_of(Bytes message) {
    if (message.empty()) return 0;
    return clear_request_bits(message) - clear_response_bits(message, nullptr);
  }

  // A mark means the same throughout: all of its frames together tell what.
  void find_directions() {
    std::map<std::string, int> bits;
    for (const ImportedFrame& frame : made_.frames) {
      const Bytes message = message_of(frame);
      auto& sum = bits[frame.comment];
      sum += message.empty() ? -telling_bits : std::clamp(bits_of(message), -40, 40);
    }
    const bool one_stream =
        bits.size() == 1 && streams_.begin()->second.meant == Direction::unknown;
    for (auto& [mark, stream] : streams_) {
      const int sum = bits[mark];
      const Direction likely = sum >= telling_bits    ? Direction::client_to_meter
                               : sum <= -telling_bits ? Direction::meter_to_client
                                                      : Direction::unknown;
      stream.direction = likely == Direction::unknown ? stream.meant : likely;
      stream.reversed = stream.meant != Direction::unknown && stream.direction != stream.meant;
    }
    if (reversed_by_evidence())
      made_.remarks.emplace_back(
          "The log was written from the meter's side: its marks mean the opposite of the usual");
    std::optional<Request> question;
    Direction before = Direction::unknown;
    for (ImportedFrame& frame : made_.frames) {
      const Stream& stream = streams_[frame.comment];
      const bool unmarked = stream.mark.empty() || one_stream;
      frame.comment.clear();
      const Bytes message = message_of(frame);
      if (message.empty()) {
        frame.direction = Direction::meter_to_client;  // an alert
      } else if (unmarked) {
        frame.direction = guessed(message, question, before);
        frame.comment = frame.direction == Direction::unknown
                            ? "Direction unknown: the log does not say, and the bytes do not tell"
                            : "Direction guessed from the bytes: the log does not say";
      } else {
        frame.direction = stream.direction;
        if (stream.reversed) {
          frame.comment = "Direction by the bytes: \"" + stream.mark + "\" means the opposite here";
        } else if (stream.meant == Direction::unknown && frame.direction != Direction::unknown) {
          frame.comment = "Direction guessed from all frames of \"" + stream.mark + "\"";
        }
      }
      if (frame.direction == Direction::client_to_meter)
        question = parse_request(message, Trailer::present);
      if (!message.empty()) before = frame.direction;
    }
  }

  // Each of two marks on its own might be damaged; that both mean the opposite is no chance.
  bool reversed_by_evidence() {
    bool any = false;
    for (const auto& [mark, stream] : streams_) any |= stream.reversed;
    return any;
  }

  static Direction guessed(Bytes message, const std::optional<Request>& question,
                           Direction before) {
    const int request = clear_request_bits(message);
    const int response = clear_response_bits(message, question ? &*question : nullptr);
    if (request >= response + 6) return Direction::client_to_meter;
    if (response >= request + 6) return Direction::meter_to_client;
    return opposite(before);  // they take turns
  }

  Assembled made_;
  std::map<std::string, Stream> streams_;
  std::vector<WallTime> times_;
  bool timed_ = false;
};

}  // namespace

Assembled assemble(const std::vector<Logged>& logged) {
  return Assembler().run(logged);
}

}  // namespace mep::captures
