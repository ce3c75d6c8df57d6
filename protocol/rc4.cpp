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

// One for all keys: to open a cipher takes longer than to use it. Null where there is no RC4.
gcry_cipher_hd_t cipher() {
  thread_local const Cipher opened = [] {
    gcry_cipher_hd_t handle = nullptr;
    const bool has =
        gcry_cipher_open(&handle, GCRY_CIPHER_ARCFOUR, GCRY_CIPHER_MODE_STREAM, 0) == 0;
    return Cipher(has ? handle : nullptr);
  }();
  return opened.get();
}

bool apply(const Key& key, std::size_t skip, std::span<std::uint8_t> data) {
  gcry_cipher_hd_t handle = cipher();
  if (!handle) return false;
  // A weak key is reported but set: what the meter does, too.
  const gcry_error_t error = gcry_cipher_setkey(handle, key.data(), key.size());
  if (error != 0 && gcry_err_code(error) != GPG_ERR_WEAK_KEY) return false;
  std::array<std::uint8_t, max_message_size> skipped;
  while (skip > 0) {
    const std::size_t step = std::min(skip, skipped.size());
    std::fill_n(skipped.begin(), step, std::uint8_t{0});
    if (gcry_cipher_encrypt(handle, skipped.data(), step, nullptr, 0) != 0) return false;
    skip -= step;
  }
  return data.empty() || gcry_cipher_encrypt(handle, data.data(), data.size(), nullptr, 0) == 0;
}

}  // namespace

Key rc4_constant_under(const Key& meter_key) {
  Key key = constant_key;
  // Without RC4 the key is of no use, and rc4_apply() will say so.
  static_cast<void>(apply(meter_key, 0, key));
  return key;
}

Key rc4_exchange_key_from(const Key& constant_under_key, const Digest& request_digest) {
  Key key = constant_under_key;
  for (std::size_t i = 0; i < request_digest.size(); ++i) key[i] ^= request_digest[i];
  return key;
}

Key rc4_exchange_key(const Key& meter_key, const Digest& request_digest) {
  return rc4_exchange_key_from(rc4_constant_under(meter_key), request_digest);
}

bool rc4_apply(const Key& exchange_key, std::size_t skip, std::span<std::uint8_t> data) {
  return apply(exchange_key, skip, data);
}

}  // namespace mep
