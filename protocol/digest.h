// The authentication digest of RC4 security ("OMA digest"), Appendix A, page 250.
//
// The digest of a request covers its message (without the length field) and its sequence number;
// the digest of a response goes on from there over the response's message. So the state after a
// request is all that is needed to verify the answer, and it is 10 bytes.
//
// What it proves: possession of the key, weakly. The function is publicly broken (Jovanovic and
// Neves, FSE 2015).
//
// Protocol. To be added here: nothing that knows of frames: bytes and keys only.
// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>

#include "protocol/types.h"

namespace mep {

// A value: copy it freely, keep it as long as you like.
struct DigestState {
  Digest value{};             // the eight bytes that the message stirs
  std::uint8_t key_byte = 0;  // 0 to 23: the key is gone through one and a half times
  std::uint8_t key_bit = 0;   // 0 to 7, bit of that key byte that the next message byte uses
  friend bool operator==(const DigestState&, const DigestState&) = default;
};

// The state after `message` has been absorbed; messages may come in any pieces.
DigestState digest_update(DigestState state, const Key& key, Bytes message);

// The digest: zero bytes fill up the current run through the key. Nothing is added where the
// message ended exactly with a run (a multiple of 192 bytes).
Digest digest_finish(DigestState state, const Key& key);

// Whether `digest` closes `state`. Appendix A describes two ways to call its function, and they
// differ for messages of exactly a multiple of 192 bytes (one adds a run of 192 zeros); both are
// accepted here. See docs/errata.md.
bool digest_matches(DigestState state, const Key& key, const Digest& digest);

}  // namespace mep
