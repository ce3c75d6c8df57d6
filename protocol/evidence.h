// What a message's bytes speak for, without any key.
//
// Nothing on the wire says whether a message is clear or encrypted, or which way it goes. Its bytes
// do, more or less: the further they are from what noise would be, the likelier is the reading that
// explains them. RC4 makes noise of any message, and noise has the right code for its size once in
// some hundred messages, a code and a count that fit once in millions.
//
// All figures are *bits*: the logarithm, base 2, of how much likelier the bytes are under a reading
// than as noise. Bits of independent evidence add up; 10 bits are a thousand to one. Negative ones
// speak for noise.
//
// Protocol. To be added here: what a message's bytes alone say of it; what frames around it say is
// the plugin's.
// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>

#include "protocol/message.h"
#include "protocol/types.h"

namespace mep {

// The smallest messages that can be encrypted: a code and a trailer, pages 10 and 11. The trailer's
// digest stays in clear, its sequence number does not.
inline constexpr std::size_t smallest_secured_request = 1 + sequence_size + digest_size;
inline constexpr std::size_t smallest_secured_response = 1 + digest_size;

// For a clear request, from the message's bytes alone. No single field outweighs code and size.
int clear_request_bits(Bytes message);

// For a clear response. `question`: the request that it would answer, read as a clear one; null
// where none is known. A refusal to authenticate (0x0B) says nothing of its request: it comes in
// clear even where that was encrypted (page 256).
int clear_response_bits(Bytes message, const Request* question);

// For two sequence numbers that belong to one clear conversation: clients count their requests, and
// noise comes near a number of 32 bits once in a hundred million times. Nothing (0) where they are
// far apart: a client may begin anew, and several have numbers of their own.
int sequence_bits(std::uint32_t before, std::uint32_t after);

}  // namespace mep
