// Ordinary reading over a line, or before a tap, that is not what it should be: now and then bytes
// are lost or damaged on the way to the tap, and something else than a frame is on the line.
// SPDX-License-Identifier: GPL-2.0-or-later
#include <algorithm>
#include <array>
#include <chrono>
#include <memory>
#include <optional>

#include "protocol/bytes.h"
#include "protocol/names.h"
#include "protocol/tap.h"
#include "simulator/scripts/steps.h"
#include "simulator/scripts/stories.h"

namespace mep::simulator {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Buffer = std::vector<std::uint8_t>;

constexpr unsigned readings = 12;
constexpr std::array always_read = {BT(52), BT(23), BT(28)};
// After a silence of that length a frame begins (a meter pauses for 25 ms at most, page 21).
constexpr Instant between_frames = milliseconds(40);

// SplitMix64: the same everywhere.
class Draw {
 public:
  explicit Draw(std::uint64_t seed) : state_(seed) {}
  std::uint32_t below(std::uint32_t limit) {
    std::uint64_t z = state_ += 0x9E3779B97F4A7C15;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
    return static_cast<std::uint32_t>((z ^ (z >> 31)) % limit);
  }

 private:
  std::uint64_t state_;
};

enum class Kind : std::uint8_t { byte_lost, bit_flipped, framing_error, line_break, run_lost };
constexpr std::array kinds = {Kind::byte_lost, Kind::bit_flipped, Kind::framing_error,
                              Kind::line_break, Kind::run_lost};

// Something that happens to one frame.
struct Event {
  unsigned frame;  // of its direction, counted within a cycle
  Direction direction;
  Kind kind;
  std::uint32_t place;  // in the frame, in 1/256 of its size
  std::uint8_t bit;
};

// One of each kind in a cycle, with fine frames between them.
constexpr unsigned first_frame = 5;
constexpr unsigned frames_between = 6;
constexpr unsigned cycle = first_frame + frames_between * kinds.size() + 2;

std::vector<Event> plan(std::uint64_t seed) {
  Draw draw(seed);
  std::vector<Event> events;
  unsigned frame = first_frame;
  for (const Kind kind : kinds) {
    const bool of_client = draw.below(3) == 0;
    const auto direction = of_client ? Direction::client_to_meter : Direction::meter_to_client;
    const unsigned late = draw.below(3);
    const std::uint32_t place = 40 + draw.below(160);
    events.push_back(
        {frame + late, direction, kind, place, static_cast<std::uint8_t>(draw.below(8))});
    frame += frames_between;
  }
  return events;
}

// Counts the frames of one direction, and the bytes in them, by their lengths and by silences.
class Counter {
 public:
  void count(const LineByte& byte) {
    if (received_ == expected_ || byte.arrival - last_arrival_ > between_frames) begin();
    last_arrival_ = byte.arrival;
    if (received_ < length_field_size) message_size_ = message_size_ << 8 | byte.value;
    if (++received_ == length_field_size)
      expected_ = length_field_size + std::min(message_size_, max_message_size);
  }
  // Of the byte that was counted last.
  unsigned frame() const { return frames_ - 1; }
  std::size_t place() const { return received_ - 1; }
  // Of the frame, once its length field has come.
  std::size_t size() const { return expected_; }

 private:
  void begin() {
    ++frames_;
    received_ = message_size_ = 0;
    expected_ = length_field_size;
  }
  unsigned frames_ = 0;
  std::size_t received_ = 0;
  std::size_t expected_ = 0;
  std::size_t message_size_ = 0;
  Instant last_arrival_{0};
};

class Trouble {
 public:
  explicit Trouble(std::uint64_t seed) : events_(plan(seed)) {}

  std::optional<std::uint8_t> befall(LineByte& byte) {
    Counter& counter = counters_[byte.direction == Direction::client_to_meter ? 0 : 1];
    counter.count(byte);
    for (const Event& event : events_) {
      if (event.direction != byte.direction || event.frame != counter.frame() % cycle) continue;
      const std::size_t place = std::max(event.place * counter.size() / 256, length_field_size);
      // A receiver that is not emptied in time loses more than one byte.
      const std::size_t last = place + (event.kind == Kind::run_lost ? 11 : 0);
      if (counter.place() >= place && counter.place() <= last) return happen(event, byte);
    }
    return 0;
  }

 private:
  static std::optional<std::uint8_t> happen(const Event& event, LineByte& byte) {
    switch (event.kind) {
      case Kind::byte_lost:
      case Kind::run_lost:
        return std::nullopt;
      case Kind::bit_flipped:
        byte.value ^= static_cast<std::uint8_t>(1U << event.bit);
        return 0;
      case Kind::framing_error:
        byte.value = static_cast<std::uint8_t>(byte.value >> 1 | 0x80);
        return tap::framing_error;
      case Kind::line_break:
        byte.value = 0;
        return tap::break_seen | tap::framing_error;
    }
    return 0;
  }

  std::vector<Event> events_;
  std::array<Counter, 2> counters_;  // the client's, the meter's
};

// What a connector does that is touched: on the line itself, so that the meter hears it, too.
Task<> rattle(Client& client) {
  const Buffer noise = {0xFF, 0xF8, 0x80, 0xFE, 0xFF, 0xC0};
  client.put(noise);
  co_await client.pause(milliseconds(300));
}

// A client that is reset while it sends: the rest of the frame never comes.
Task<> stop_in_a_frame(Client& client) {
  const Buffer beginning = {0x00, 0x14, 0x3F, 0x00, 0x17, 0x00, 0x00};
  client.put(beginning);
  co_await client.pause(seconds(1));
}

}  // namespace

Task<> reading_with_line_noise(Client& client, Meter&) {
  constexpr unsigned noise_before = 3;
  constexpr unsigned stop_before = 8;
  co_await read_dimensions(client);
  for (unsigned reading = 0; reading < readings; ++reading) {
    if (reading == noise_before) co_await rattle(client);
    if (reading == stop_before) co_await stop_in_a_frame(client);
    for (const std::uint16_t table : always_read) co_await read_known(client, table);
    co_await client.pause(seconds(1));
  }
}

TapTrouble line_trouble(std::uint64_t seed) {
  // A function object is copied; what it remembers is not.
  const auto trouble = std::make_shared<Trouble>(seed);
  return [trouble](LineByte& byte) { return trouble->befall(byte); };
}

}  // namespace mep::simulator
