// What the descriptions cost: memory and time of building the catalog, time of walking over load
// profile data and registers. Prints one line each; for comparing two builds on one machine.
//   description_cost [runs]
// SPDX-License-Identifier: GPL-2.0-or-later
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <new>
#include <vector>

#include "protocol/catalog.h"
#include "protocol/names.h"
#include "protocol/walker.h"

namespace {

std::size_t heap_bytes = 0;  // asked for and not given back
std::size_t heap_blocks = 0;

// In front of each block stands its size.
constexpr std::size_t room_for_size = alignof(std::max_align_t);

}  // namespace

void* operator new(std::size_t size) {
  void* block = std::malloc(size + room_for_size);
  if (!block) throw std::bad_alloc();
  *static_cast<std::size_t*>(block) = size;
  heap_bytes += size;
  ++heap_blocks;
  return static_cast<char*>(block) + room_for_size;
}

void operator delete(void* memory) noexcept {
  if (!memory) return;
  void* block = static_cast<char*>(memory) - room_for_size;
  heap_bytes -= *static_cast<std::size_t*>(block);
  --heap_blocks;
  std::free(block);
}
void operator delete(void* memory, std::size_t) noexcept {
  operator delete(memory);
}

namespace {

using namespace mep;
using Time = std::chrono::steady_clock;

double microseconds(Time::duration time) {
  return std::chrono::duration<double, std::micro>(time).count();
}

struct Counter : Visitor {
  std::size_t leaves = 0;
  std::int64_t sum = 0;
  void leaf(const mep::Leaf& leaf) override {
    ++leaves;
    sum += leaf.value.value_or(0);
  }
};

// The fastest of the runs: what else the machine does only makes them slower.
void time_walk(const char* what, std::uint16_t number, const Stretch& stretch,
               const Dimensions& dimensions, int runs) {
  const Table& table = *find_table(number);
  Counter counter;
  auto best = Time::duration::max();
  for (int run = 0; run < runs; ++run) {
    counter = {};
    const auto begin = Time::now();
    walk(table, stretch, dimensions, counter);
    best = std::min(best, Time::now() - begin);
  }
  std::printf("%s: %.1f us, %zu fields (sum %lld)\n", what, microseconds(best), counter.leaves,
              static_cast<long long>(counter.sum));
}

Dimensions load_profile_of_eight_channels() {
  Dimensions dimensions;
  dimensions.learn(Dim::load_profile_blocks, 0, 30);
  dimensions.learn(Dim::load_profile_intervals, 0, 96);
  dimensions.learn(Dim::load_profile_channels, 0, 8);
  dimensions.learn(Dim::load_profile_interval_time, 0, 15);
  for (std::size_t channel = 0; channel < 8; ++channel)
    dimensions.learn(Dim::channel_source, channel, static_cast<std::int32_t>(channel));
  return dimensions;
}

}  // namespace

int main(int argc, char** argv) {
  const int runs = argc > 1 ? std::atoi(argv[1]) : 200;
  const std::size_t before = heap_bytes, blocks_before = heap_blocks;
  const auto begin = Time::now();
  const Catalog& all = catalog();
  const auto built = Time::now() - begin;
  std::printf("a node: %zu bytes; a bit field: %zu; an expression: %zu\n", sizeof(Node),
              sizeof(BitField), sizeof(Expr));
  std::printf("the catalog: %zu tables, %zu fields, %zu bytes of heap in %zu blocks, %.0f us\n",
              all.tables.size(), all.fields.size(), heap_bytes - before,
              heap_blocks - blocks_before, microseconds(built));

  std::vector<std::uint8_t> bytes(100'000);
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::uint8_t>(i * 37);
  const Dimensions known = load_profile_of_eight_channels();
  time_walk("BT64, all blocks", BT(64), {0, bytes}, known, runs);
  time_walk("BT64, 420 bytes of block 20", BT(64), {20 * 3569 + 1000, Bytes(bytes).first(420)},
            known, runs);
  time_walk("BT28, whole", BT(28), {0, Bytes(bytes).first(336)}, known, runs);
  time_walk("ET16, whole", ET(16), {0, Bytes(bytes).first(2585)}, known, runs);
  return 0;
}
