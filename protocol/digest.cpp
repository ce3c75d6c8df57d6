// SPDX-License-Identifier: GPL-2.0-or-later
#include "protocol/digest.h"

#include <algorithm>

#include "protocol/bytes.h"

namespace mep {
namespace {

constexpr std::uint8_t key_run = key_size + key_size / 2;  // key bytes in one run through the key

constexpr std::uint8_t rotate_left(std::uint8_t byte) {
  return static_cast<std::uint8_t>((byte << 1) | (byte >> 7));
}

constexpr std::uint8_t rotate_right(std::uint8_t byte) {
  return static_cast<std::uint8_t>((byte >> 1) | (byte << 7));
}

void next_key_byte(DigestState& state) {
  if (++state.key_byte == key_run) state.key_byte = 0;
}

// One message byte: key bit b works on value byte 7-b, with the value byte after it as its
// neighbour (a ring of eight).
void absorb(DigestState& state, const Key& key, std::uint8_t message_byte) {
  const bool key_bit = (key[state.key_byte % key_size] >> state.key_bit) & 1;
  const std::uint8_t position = 7 - state.key_bit;
  const std::uint8_t neighbour = state.value[(position + 1) % digest_size];
  const auto mixed = static_cast<std::uint8_t>(~(state.value[position] + position));
  const int stirred = key_bit ? rotate_left(mixed) : -rotate_right(mixed);
  state.value[position] = static_cast<std::uint8_t>(neighbour + message_byte + stirred);

  if (++state.key_bit < 8) return;
  state.key_bit = 0;
  next_key_byte(state);
}

// --- The same, eight message bytes at a time: as many as one key byte has bits

// Eight bytes side by side, value byte i in bits 8i to 8i+7.
using Lanes = std::uint64_t;

constexpr Lanes in_each(std::uint8_t byte) {
  return 0x0101010101010101U * byte;
}

// Bytes added to bytes, without carries between them.
constexpr Lanes add(Lanes a, Lanes b) {
  constexpr Lanes top = in_each(0x80);
  return ((a & ~top) + (b & ~top)) ^ ((a ^ b) & top);
}

constexpr Lanes negative(Lanes a) {
  return add(~a, in_each(1));
}

// 0xFF in the bytes that a key byte's set bits work on, 0 in the others.
constexpr auto lanes_of_key_byte = [] {
  std::array<Lanes, 256> lanes{};
  for (unsigned key_byte = 0; key_byte < lanes.size(); ++key_byte)
    for (unsigned bit = 0; bit < 8; ++bit)
      if ((key_byte >> bit & 1) != 0) lanes[key_byte] |= Lanes{0xFF} << (8 * (7 - bit));
  return lanes;
}();

// `message`: the eight bytes, the first of them in the uppermost, which is where it works.
constexpr Lanes absorb_eight(Lanes value, std::uint8_t key_byte, Lanes message) {
  constexpr Lanes positions = 0x0706050403020100U;
  const Lanes mixed = ~add(value, positions);
  const Lanes left = (mixed << 1 & in_each(0xFE)) | (mixed >> 7 & in_each(0x01));
  const Lanes right = (mixed >> 1 & in_each(0x7F)) | (mixed << 7 & in_each(0x80));
  const Lanes set = lanes_of_key_byte[key_byte];
  // What each byte adds to its neighbour above, which is done before it; the uppermost has the
  // lowest for a neighbour, as it was before.
  Lanes sum = add(message, (left & set) | (negative(right) & ~set));
  sum = add(sum, sum >> 8);
  sum = add(sum, sum >> 16);
  sum = add(sum, sum >> 32);
  return add(sum, in_each(static_cast<std::uint8_t>(value)));
}

bool at_end_of_run(const DigestState& state) {
  return state.key_byte == 0 && state.key_bit == 0;
}

}  // namespace

DigestState digest_update(DigestState state, const Key& key, Bytes message) {
  const auto one_by_one = [&](std::size_t count) {
    for (const std::uint8_t byte : message.first(count)) absorb(state, key, byte);
    message = message.subspan(count);
  };
  one_by_one(std::min<std::size_t>(message.size(), (8U - state.key_bit) % 8U));
  Lanes value = read_le(state.value, 0, digest_size);
  for (; message.size() >= 8; message = message.subspan(8), next_key_byte(state))
    value = absorb_eight(value, key[state.key_byte % key_size], read_be(message, 0, 8));
  write_le(state.value, 0, digest_size, value);
  one_by_one(message.size());
  return state;
}

Digest digest_finish(DigestState state, const Key& key) {
  while (state.key_bit != 0) absorb(state, key, 0);
  Lanes value = read_le(state.value, 0, digest_size);
  for (; state.key_byte != 0; next_key_byte(state))
    value = absorb_eight(value, key[state.key_byte % key_size], 0);
  write_le(state.value, 0, digest_size, value);
  return state.value;
}

bool digest_matches(DigestState state, const Key& key, const Digest& digest) {
  if (digest_finish(state, key) == digest) return true;
  if (!at_end_of_run(state)) return false;
  absorb(state, key, 0);
  return digest_finish(state, key) == digest;
}

}  // namespace mep
