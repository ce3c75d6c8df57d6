// SPDX-License-Identifier: GPL-2.0-or-later
#include "protocol/rc4.h"

#include <gcrypt.h>

#include <algorithm>
#include <array>
#include <memory>

namespace mep {
namespace {

// Page 257.
constexpr Key constant_key = {0x38, 0x8B, 0x8F, 0xBC, 0x36, 0xA8, 0x55, 0x85,
                              0x87, 0xAF, 0xC9, 0x0F, 0xB2, 0x3A, 0x3B, 0x99};

struct CloseCipher {
  using pointer = gcry_cipher_hd_t;
  void operator()(gcry_cipher_hd_t handle) const { gcry_cipher_close(handle); }
};
using Cipher = std::unique_ptr<gcry_cipher_hd_t, CloseCipher>;

bool apply(const Key& key, std::size_t skip, std::span<std::uint8_t> data) {
  gcry_cipher_hd_t handle = nullptr;
  if (gcry_cipher_open(&handle, GCRY_CIPHER_ARCFOUR, GCRY_CIPHER_MODE_STREAM, 0) != 0) return false;
  const Cipher cipher(handle);
  // A weak key is reported but set: what the meter does, too.
  const gcry_error_t error = gcry_cipher_setkey(handle, key.data(), key.size());
  if (error != 0 && gcry_err_code(error) != GPG_ERR_WEAK_KEY) return false;
  std::array<std::uint8_t, max_message_size> skipped{};
  while (skip > 0) {
    const std::size_t step = std::min(skip, skipped.size());
    if (gcry_cipher_encrypt(handle, skipped.data(), step, nullptr, 0) != 0) return false;
    skip -= step;
  }
  return data.empty() || gcry_cipher_encrypt(handle, data.data(), data.size(), nullptr, 0) == 0;
}

}  // namespace

Key rc4_exchange_key(const Key& meter_key, const Digest& request_digest) {
  Key key = constant_key;
  // Without RC4 the key is of no use, and rc4_apply() will say so.
  static_cast<void>(apply(meter_key, 0, key));
  for (std::size_t i = 0; i < request_digest.size(); ++i) key[i] ^= request_digest[i];
  return key;
}

bool rc4_apply(const Key& exchange_key, std::size_t skip, std::span<std::uint8_t> data) {
  return apply(exchange_key, skip, data);
}

}  // namespace mep
