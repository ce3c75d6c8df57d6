// What one fault on a tapped line costs: frames with gaps between them, in simulated time, one of
// them damaged, or bytes beside them that are nobody's. Prints, for each kind of fault and gap, how
// many good frames were lost per fault, and how many records per fault were reported whole that
// nobody has sent (made of several frames, or of noise; an alert that was none).
//
//     line_faults [ROUNDS]
//
// SPDX-License-Identifier: GPL-2.0-or-later
#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <utility>
#include <vector>

#include "protocol/frame.h"

namespace mep {
namespace {

using Buffer = std::vector<std::uint8_t>;
using std::chrono::milliseconds;

constexpr int nobody = -1;
constexpr int frames_in_a_round = 6;
constexpr int struck = 2;  // the frame that the fault happens to
constexpr Instant byte_time = std::chrono::microseconds(1042);  // at 9,600 bit/s
constexpr Instant timeout = milliseconds(200);

enum class Fault {
  none,
  byte_deleted,
  byte_inserted,
  byte_flipped,
  length_damaged,
  frame_cut,
  noise_before,
  noise_between,
  zero_before,
  zeros_before,
};

constexpr std::pair<Fault, const char*> faults[] = {
    {Fault::none, "none"},
    {Fault::byte_deleted, "byte deleted"},
    {Fault::byte_inserted, "byte inserted"},
    {Fault::byte_flipped, "byte flipped"},
    {Fault::length_damaged, "length damaged"},
    {Fault::frame_cut, "frame cut"},
    {Fault::noise_before, "noise before"},
    {Fault::noise_between, "noise between"},
    {Fault::zero_before, "one zero before"},
    {Fault::zeros_before, "1-8 zeros before"},
};

class Random {
 public:
  explicit Random(std::uint32_t seed) : engine_(seed) {}
  std::size_t below(std::size_t limit) { return engine_() % limit; }
  std::uint8_t byte() { return static_cast<std::uint8_t>(engine_()); }

 private:
  std::mt19937 engine_;
};

// A partial read or write, or an answer, of page 13 on; encrypted: as noise, of the same size.
Buffer made_frame(Random& random, Direction direction, bool encrypted) {
  constexpr std::size_t trailer = 12;
  constexpr std::size_t digest = 8;
  const bool writes = random.below(3) == 0;
  const std::size_t data = 1 + random.below(random.below(3) == 0 ? 400 : 60);
  Buffer message;
  const auto add = [&message](std::initializer_list<std::size_t> bytes) {
    for (const std::size_t byte : bytes) message.push_back(static_cast<std::uint8_t>(byte));
  };
  const auto add_noise = [&](std::size_t count) {
    while (count-- > 0) message.push_back(random.byte());
  };
  if (direction == Direction::client_to_meter) {
    add({writes ? 0x4FU : 0x3FU, 0, random.below(0x50), 0, 0, random.below(64), data >> 8,
         data & 0xFF});
    add_noise((writes ? data : 0) + trailer);
  } else if (writes) {
    add({0});
    add_noise(digest);
  } else {
    add({0, data >> 8, data & 0xFF});
    add_noise(data + digest);
  }
  if (encrypted)
    for (std::uint8_t& byte : message) byte = random.byte();
  Buffer frame = {static_cast<std::uint8_t>(message.size() >> 8),
                  static_cast<std::uint8_t>(message.size())};
  frame.insert(frame.end(), message.begin(), message.end());
  return frame;
}

struct Sent {
  std::uint8_t byte;
  int frame;
};

struct Score {
  int lost = 0;
  int invented = 0;
};

class Round {
 public:
  Round(Random& random, Direction direction, bool encrypted, Fault fault, Instant gap)
      : random_(random),
        fault_(fault),
        gap_(gap),
        splitter_(direction, timeout, [this](const LineRecord& record) { take(record); }) {
    for (int number = 0; number < frames_in_a_round; ++number)
      frames_.push_back(made_frame(random, direction, encrypted));
  }

  Score run() {
    for (int number = 0; number < frames_in_a_round; ++number) send_frame(number);
    pass(milliseconds(2000));
    splitter_.finish();
    for (int number = 0; number < frames_in_a_round; ++number)
      if (!is_damaged(number) && !whole_[static_cast<std::size_t>(number)]) ++score_.lost;
    return score_;
  }

 private:
  bool damages() const { return fault_ >= Fault::byte_deleted && fault_ <= Fault::frame_cut; }
  bool is_damaged(int number) const { return damages() && number == struck; }

  // Time without a byte, in which the splitter is called as it asks to be.
  void pass(Instant time) {
    const Instant end = now_ + time;
    for (auto due = splitter_.deadline(); due && *due <= end; due = splitter_.deadline())
      splitter_.advance(*due);
    now_ = end;
  }

  void send(std::uint8_t byte, int frame) {
    pass(byte_time);
    sent_.push_back({byte, frame});
    splitter_.push(byte, now_);
  }

  void send_noise(std::size_t count, bool zeros) {
    while (count-- > 0) send(zeros ? 0 : random_.byte(), nobody);
  }

  void send_frame(int number) {
    Buffer bytes = frames_[static_cast<std::size_t>(number)];
    if (number == struck) {
      const std::size_t place = random_.below(bytes.size());
      const auto at = bytes.begin() + static_cast<std::ptrdiff_t>(place);
      switch (fault_) {
        case Fault::byte_deleted:
          bytes.erase(at);
          break;
        case Fault::byte_inserted:
          bytes.insert(at, random_.byte());
          break;
        case Fault::byte_flipped:
          *at ^= static_cast<std::uint8_t>(1U << random_.below(8));
          break;
        case Fault::length_damaged:
          bytes[1] = static_cast<std::uint8_t>(bytes[1] + 1 + random_.below(255));
          break;
        case Fault::frame_cut:
          bytes.resize(1 + random_.below(bytes.size() - 1));
          break;
        case Fault::noise_before:
          send_noise(1 + random_.below(20), false);
          break;
        case Fault::noise_between:
          send_noise(1 + random_.below(20), false);
          pass(gap_);
          break;
        case Fault::zero_before:
          send_noise(1, true);
          break;
        case Fault::zeros_before:
          send_noise(1 + random_.below(8), true);
          break;
        case Fault::none:
          break;
      }
    }
    for (const std::uint8_t byte : bytes) send(byte, number);
    pass(gap_);
  }

  void take(const LineRecord& record) {
    const std::size_t begin = received_;
    received_ += record.bytes.size();
    if (record.status != 0) return;
    const int first = sent_[begin].frame;
    const bool of_one = std::all_of(sent_.begin() + static_cast<std::ptrdiff_t>(begin),
                                    sent_.begin() + static_cast<std::ptrdiff_t>(received_),
                                    [first](const Sent& each) { return each.frame == first; });
    if (!of_one || first == nobody) {
      ++score_.invented;
      return;
    }
    const bool begins = begin == 0 || sent_[begin - 1].frame != first;
    if (is_damaged(first)) {
      const Buffer& meant = frames_[struck];
      if (std::equal(record.bytes.begin(), record.bytes.end(), meant.begin(), meant.end())) return;
      // As it stood on the line, as far as its length says: the line's error, not the splitter's.
      if (!begins) ++score_.invented;
      if (fault_ == Fault::length_damaged && record.bytes.size() < frames_[struck].size())
        ++score_.invented;
      return;
    }
    if (begins && record.bytes.size() == frames_[static_cast<std::size_t>(first)].size())
      whole_[static_cast<std::size_t>(first)] = true;
    else
      ++score_.invented;
  }

  Random& random_;
  Fault fault_;
  Instant gap_;
  FrameSplitter splitter_;
  std::vector<Buffer> frames_;
  std::vector<Sent> sent_;
  std::size_t received_ = 0;
  std::array<bool, frames_in_a_round> whole_{};
  Score score_;
  Instant now_ = milliseconds(3600000);
};

void print(int rounds) {
  constexpr int gaps[] = {30, 55, 80, 120, 250};
  std::printf("good frames lost / whole records that nobody sent, per 1000 faults\n");
  for (const bool encrypted : {false, true}) {
    int worst = 0;
    std::printf("\n%-18s", encrypted ? "RC4" : "clear");
    for (const int gap : gaps) std::printf("%7d ms    ", gap);
    std::printf("\n");
    for (const auto& [fault, name] : faults) {
      std::printf("%-18s", name);
      for (const int gap : gaps) {
        Random random(1);
        Score total;
        for (int round = 0; round < rounds; ++round) {
          const Direction direction =
              round % 2 == 0 ? Direction::client_to_meter : Direction::meter_to_client;
          const Score score = Round(random, direction, encrypted, fault, milliseconds(gap)).run();
          total.lost += score.lost;
          worst = std::max(worst, score.lost);
          total.invented += score.invented;
        }
        std::printf("%6.0f /%5.0f ", 1000.0 * total.lost / rounds,
                    1000.0 * total.invented / rounds);
      }
      std::printf("\n");
    }
    std::printf("good frames lost after the worst one: %d\n", worst);
  }
}

}  // namespace
}  // namespace mep

int main(int argc, char** argv) {
  mep::print(argc > 1 ? std::max(1, std::atoi(argv[1])) : 2000);
}
