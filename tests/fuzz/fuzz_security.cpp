// Digest and RC4: what is absorbed in pieces is absorbed whole, and encrypted twice is clear.
// SPDX-License-Identifier: GPL-2.0-or-later
#include "protocol/digest.h"
#include "protocol/rc4.h"
#include "tests/fuzz/fuzz.h"

namespace mep {

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Feed feed(data, size);
  Key key{};
  std::ranges::copy(feed.some(key.size()), key.begin());
  const std::size_t split = feed.number(2);
  const fuzz::Buffer message = fuzz::copy(feed.rest());
  const std::size_t at = std::min(split, message.size());
  const DigestState whole = digest_update({}, key, message);
  const DigestState pieces = digest_update(digest_update({}, key, Bytes(message).first(at)), key,
                                           Bytes(message).subspan(at));
  fuzz::must(whole == pieces, "pieces are absorbed as the whole is");
  const Digest digest = digest_finish(whole, key);
  fuzz::must(digest_matches(whole, key, digest), "a digest matches what it was made of");

  fuzz::must(
      rc4_exchange_key(key, digest) == rc4_exchange_key_from(rc4_constant_under(key), digest),
      "a key in two steps is the key");
  const Key exchange = rc4_exchange_key(key, digest);
  fuzz::Buffer all = message;
  fuzz::must(rc4_apply(exchange, 0, all), "there is RC4");
  fuzz::Buffer behind(message.begin() + static_cast<std::ptrdiff_t>(at), message.end());
  rc4_apply(exchange, at, behind);
  fuzz::must(fuzz::same(Bytes(all).subspan(at), behind), "the keystream goes on");
  rc4_apply(exchange, 0, all);
  fuzz::must(fuzz::same(all, message), "encrypted twice is clear");
  return 0;
}

}  // namespace mep
