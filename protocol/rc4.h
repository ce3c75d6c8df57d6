// RC4 encryption of messages, Appendix B, page 256. The cipher is libgcrypt's.
//
// Encrypted is the message up to its digest: code, fields and sequence number of a request. The
// response to an encrypted request continues the keystream where the request left it. RC4 is
// broken, and the guide itself discourages it.
//
// Protocol. To be added here: nothing.
// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstddef>
#include <span>

#include "protocol/types.h"

namespace mep {

// The key that one exchange is encrypted with: from the meter's key, a constant and the digest of
// the request (in clear, at the end of its frame). A value.
Key rc4_exchange_key(const Key& meter_key, const Digest& request_digest);

// The same in two steps, for those who try a key on many requests: the constant under the meter's
// key, and what a request makes of it.
Key rc4_constant_under(const Key& meter_key);
Key rc4_exchange_key_from(const Key& constant_under_key, const Digest& request_digest);

// Encrypts or decrypts `data` in place (the same operation), beginning `skip` bytes into the
// keystream: 0 for a request, the request's encrypted size for its response. False where libgcrypt
// has no RC4 to offer (FIPS mode); the data is untouched then.
bool rc4_apply(const Key& exchange_key, std::size_t skip, std::span<std::uint8_t> data);

}  // namespace mep
