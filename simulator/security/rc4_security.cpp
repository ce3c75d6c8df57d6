// SPDX-License-Identifier: GPL-2.0-or-later
#include "simulator/security/rc4_security.h"

#include <algorithm>
#include <stdexcept>

#include "protocol/bytes.h"
#include "protocol/message.h"
#include "protocol/rc4.h"
#include "simulator/contents/table_bytes.h"

namespace mep::simulator {
namespace {

constexpr std::uint8_t stays_clear =
    static_cast<std::uint8_t>(ResponseCode::authentication_failure);

Digest digest_of(Bytes bytes) {
  Digest digest;
  std::copy_n(bytes.begin(), digest.size(), digest.begin());
  return digest;
}

void apply(const Key& cipher, std::size_t skip, std::span<std::uint8_t> data) {
  if (!rc4_apply(cipher, skip, data))
    throw std::runtime_error(
        "this machine's libgcrypt has no RC4 (FIPS mode): choose no encryption");
}

}  // namespace

Rc4Request seal_request(Bytes request, std::uint32_t sequence, const Key& key, bool encrypt) {
  Rc4Request sealed;
  auto& message = sealed.message;
  append(message, request);
  message.resize(request.size() + sequence_size);
  write_be(message, request.size(), sequence_size, sequence);
  sealed.exchange.key = key;
  sealed.exchange.digest = digest_update({}, key, message);
  const Digest digest = digest_finish(sealed.exchange.digest, key);
  if (encrypt) {
    sealed.exchange.cipher = rc4_exchange_key(key, digest);
    sealed.exchange.encrypted = message.size();
    apply(*sealed.exchange.cipher, 0, message);
  }
  append(message, digest);
  return sealed;
}

std::optional<std::vector<std::uint8_t>> open_answer(Bytes answer, const Rc4Exchange& exchange) {
  if (answer.size() == 1 && answer[0] == stays_clear) return {{stays_clear}};
  if (answer.size() <= digest_size) return std::nullopt;
  const std::size_t size = answer.size() - digest_size;
  std::vector<std::uint8_t> message(answer.begin(),
                                    answer.begin() + static_cast<std::ptrdiff_t>(size));
  if (exchange.cipher) apply(*exchange.cipher, exchange.encrypted, message);
  const DigestState state = digest_update(exchange.digest, exchange.key, message);
  if (!digest_matches(state, exchange.key, digest_of(answer.subspan(size)))) return std::nullopt;
  return message;
}

std::optional<OpenedRequest> open_request(Bytes request, const Key& mak, const Key& mbk) {
  if (request.size() < 1 + sequence_size + digest_size) return std::nullopt;
  const std::size_t size = request.size() - digest_size;
  const Digest digest = digest_of(request.subspan(size));
  for (const bool encrypted : {false, true}) {
    for (const AccessLevel access : {AccessLevel::advanced, AccessLevel::basic}) {
      OpenedRequest opened;
      opened.access = access;
      opened.exchange.key = access == AccessLevel::advanced ? mak : mbk;
      opened.message.assign(request.begin(), request.begin() + static_cast<std::ptrdiff_t>(size));
      if (encrypted) {
        opened.exchange.cipher = rc4_exchange_key(opened.exchange.key, digest);
        opened.exchange.encrypted = size;
        apply(*opened.exchange.cipher, 0, opened.message);
      }
      opened.exchange.digest = digest_update({}, opened.exchange.key, opened.message);
      if (!digest_matches(opened.exchange.digest, opened.exchange.key, digest)) continue;
      opened.sequence =
          static_cast<std::uint32_t>(read_be(opened.message, size - sequence_size, sequence_size));
      opened.message.resize(size - sequence_size);
      return opened;
    }
  }
  return std::nullopt;
}

std::vector<std::uint8_t> seal_answer(Bytes answer, const Rc4Exchange& exchange) {
  std::vector<std::uint8_t> message(answer.begin(), answer.end());
  const Digest digest =
      digest_finish(digest_update(exchange.digest, exchange.key, message), exchange.key);
  if (exchange.cipher) apply(*exchange.cipher, exchange.encrypted, message);
  append(message, digest);
  return message;
}

}  // namespace mep::simulator
