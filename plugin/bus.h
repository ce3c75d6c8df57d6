// What is known of one meter and its client at one moment of the first pass. For the files that
// learn only: frames keep what concerns them in FrameFacts.
//
// Plugin, learning. To be added here: what later frames of the same bus need to know; what showing
// needs belongs into FrameFacts.
// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <algorithm>
#include <array>
#include <optional>

#include "plugin/exchanges.h"
#include "protocol/transaction.h"

namespace mep::plugin {

// How many requests back an answer may reach. The protocol has one open request at a time; more
// than one lies open only after losses and repetitions.
constexpr std::size_t remembered = 8;

// The pieces of a transaction as they come in. File scope.
struct Assembly {
  std::uint8_t bytes[max_transaction_size];
  std::size_t filled;
  unsigned pieces;
};

// How often what a carrier said of directions was borne out by what the frames say. By direction as
// recorded.
struct Directions {
  std::uint32_t kept[3];
  std::uint32_t reversed[3];
};

struct Watch;

struct Bus {
  // Where what is learned of it lives: file scope, or a packet's.
  wmem_allocator_t* scope;
  std::uint16_t number;  // 0 for the first in the capture
  // Among the buses whose frames have one and the same tap number: the next, and which interfaces
  // were seen of this one, counted from 1, by role.
  Bus* next_of_tap;
  std::uint32_t tap_lines[3];
  int lean;  // what this bus's exchanges have been of late: clear (positive) or encrypted
  Directions directions;
  std::uint32_t proofs_tried;  // of frames that nothing else explains, the other way round
  bool swap_told, echo_told, factory_key_told;
  std::array<Exchange*, remembered> recent;  // latest first; null where there is none
  wmem_map_t* sequences;  // sequence number -> the first Exchange that proved to have it
  std::optional<std::uint32_t> expected;  // sequence number, by the last 0x0C
  const KeyEntry* last_key;               // that fitted
  std::uint32_t strangers;                // requests, one after the other, that no key fitted
  std::uint32_t turn;                     // of keys that are tried on them, see prove_request()
  const Dimensions* dimensions;           // learned so far; never null
  std::array<Call*, remembered> calls;    // latest first
  Assembly *requests, *responses;         // ET52, ET53; null before the first piece
  Transaction* last_requests;
  Watch* watch;     // the analysis' own; null before the first frame
  TlsSession* tls;  // the one that is going on; null: none

  // Whether it is gone with its packet (see passing_bus()).
  bool passing() const { return scope != wmem_file_scope(); }
};

// As many kinds of evidence as have been settled lately lean so far at most: enough for a damaged
// frame among good ones, too little to outweigh a message that fits.
constexpr int strongest_lean = 3;

template <typename T>
void push_front(std::array<T*, remembered>& latest_first, T* newest) {
  std::copy_backward(latest_first.begin(), latest_first.end() - 1, latest_first.end());
  latest_first[0] = newest;
}

}  // namespace mep::plugin
