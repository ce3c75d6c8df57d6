// SPDX-License-Identifier: GPL-2.0-or-later
#include "protocol/digest.h"

namespace mep {
namespace {

constexpr std::uint8_t key_run = key_size + key_size / 2;  // key bytes in one run through the key

constexpr std::uint8_t rotate_left(std::uint8_t byte) {
  return static_cast<std::uint8_t>((byte << 1) | (byte >> 7));
}

constexpr std::uint8_t rotate_right(std::uint8_t byte) {
  return static_cast<std::uint8_t>((byte >> 1) | (byte << 7));
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
  if (++state.key_byte == key_run) state.key_byte = 0;
}

bool at_end_of_run(const DigestState& state) {
  return state.key_byte == 0 && state.key_bit == 0;
}

}  // namespace

DigestState digest_update(DigestState state, const Key& key, Bytes message) {
  for (const std::uint8_t byte : message) absorb(state, key, byte);
  return state;
}

Digest digest_finish(DigestState state, const Key& key) {
  while (!at_end_of_run(state)) absorb(state, key, 0);
  return state.value;
}

bool digest_matches(DigestState state, const Key& key, const Digest& digest) {
  if (digest_finish(state, key) == digest) return true;
  if (!at_end_of_run(state)) return false;
  absorb(state, key, 0);
  return digest_finish(state, key) == digest;
}

}  // namespace mep
