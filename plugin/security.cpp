// SPDX-License-Identifier: GPL-2.0-or-later
#include "plugin/security.h"

#include <algorithm>
#include <optional>

#include "protocol/evidence.h"
#include "protocol/rc4.h"

namespace mep::plugin {
namespace {

Digest closing_digest(Bytes message) {
  Digest digest;
  const Bytes bytes = message.last(digest_size);
  std::copy(bytes.begin(), bytes.end(), digest.begin());
  return digest;
}

Bytes without_digest(Bytes message) {
  return message.first(message.size() - digest_size);
}

// A copy of the message, decrypted up to its digest; empty where there is no RC4 to be had.
Bytes decrypted(wmem_allocator_t* pool, Bytes message, const Key& exchange_key, std::size_t skip) {
  auto* copy = static_cast<std::uint8_t*>(wmem_memdup(pool, message.data(), message.size()));
  if (!rc4_apply(exchange_key, skip, {copy, message.size() - digest_size})) return {};
  return {copy, message.size()};
}

// What `key` makes of `state` and the bytes of `plain` before its digest, if the digest is that of
// it.
std::optional<DigestState> authentic(const DigestState& state, const Key& key, Bytes plain) {
  const DigestState after = digest_update(state, key, without_digest(plain));
  if (!digest_matches(after, key, closing_digest(plain))) return std::nullopt;
  return after;
}

// Whether a request is so certainly a clear one that nobody needs to ask whether a key makes
// another of it: by its form, and by what the bus has been of late.
bool is_certainly_clear(const Bus& bus, Bytes message) {
  constexpr int certain = 20;
  return clear_request_bits(message) + 2 * bus.lean >= certain;
}

// After so many requests in a row that no key fits, keys take turns if there are many: each is
// tried on one request in so many at least. A bus that somebody's key fits from some moment on is
// opened a few requests later then, and one that nobody's fits does not cost a table full of keys
// for each frame.
constexpr std::uint32_t patience = 16;
constexpr std::size_t few = 5;  // one of the user's, and those that everybody has
constexpr std::size_t in_turns = 10;

std::size_t keys_to_try(std::size_t keys, std::uint32_t strangers) {
  if (strangers < patience) return keys;
  return std::min(keys, std::max(few, (keys + in_turns - 1) / in_turns));
}

class RequestOpener {
 public:
  RequestOpener(packet_info* pinfo, Bytes message, bool may_be_encrypted)
      : pinfo_(pinfo), message_(message), may_be_encrypted_(may_be_encrypted) {}

  // Whether the key fits the message, in clear or encrypted; if so, what the answer will need is
  // kept.
  bool fits_key(const KeyEntry& entry, Exchange& exchange) {
    if (const auto digest = authentic({}, entry.key, message_)) {
      take(entry, message_, *digest, Cover::clear, exchange);
      return true;
    }
    return may_be_encrypted_ && fits_encrypted(entry, exchange);
  }

  Bytes plain() const { return plain_; }

 private:
  bool fits_encrypted(const KeyEntry& entry, Exchange& exchange) {
    const Key exchange_key = rc4_exchange_key_from(entry.rc4_constant, closing_digest(message_));
    // All keys write their attempts into one and the same place.
    if (!attempt_) attempt_ = static_cast<std::uint8_t*>(wmem_alloc(pinfo_->pool, message_.size()));
    std::copy(message_.begin(), message_.end(), attempt_);
    const Bytes plain(attempt_, message_.size());
    if (!rc4_apply(exchange_key, 0, {attempt_, message_.size() - digest_size})) return false;
    const auto digest = authentic({}, entry.key, plain);
    if (!digest) return false;
    exchange.exchange_key = exchange_key;
    take(entry, plain, *digest, Cover::opened, exchange);
    return true;
  }

  void take(const KeyEntry& entry, Bytes plain, const DigestState& digest, Cover cover,
            Exchange& exchange) {
    plain_ = plain;
    exchange.key = &entry;
    exchange.cover = cover;
    exchange.digest = digest;
    exchange.request = parse_request(plain, Trailer::present);
  }

  packet_info* pinfo_;
  Bytes message_;
  bool may_be_encrypted_;
  Bytes plain_;
  std::uint8_t* attempt_ = nullptr;
};

}  // namespace

std::optional<Bytes> prove_request(Bus& bus, packet_info* pinfo, Bytes message,
                                   Exchange& exchange) {
  const bool tls = fits(message, message.size(), Direction::client_to_meter) == Fit::yes &&
                   is_tls(static_cast<RequestCode>(message[0]));
  if (message.size() < smallest_secured_request || tls) return std::nullopt;
  RequestOpener opener(pinfo, message, !is_certainly_clear(bus, message));
  if (bus.last_key && opener.fits_key(*bus.last_key, exchange)) {
    bus.strangers = bus.turn = 0;
    return opener.plain();
  }
  const std::span<const KeyEntry> keys = active_keys();
  const std::size_t tried = keys_to_try(keys.size(), bus.strangers);
  for (std::size_t i = 0; i < tried; ++i) {
    const KeyEntry& entry = keys[(bus.turn + i) % keys.size()];
    // The last one that fitted has been tried.
    if (bus.last_key && entry.key == bus.last_key->key) continue;
    if (!opener.fits_key(entry, exchange)) continue;
    bus.last_key = exchange.key = keep(bus.scope, entry);
    bus.strangers = bus.turn = 0;
    return opener.plain();
  }
  ++bus.strangers;
  bus.turn = bus.strangers < patience ? 0 : bus.turn + static_cast<std::uint32_t>(tried);
  return std::nullopt;
}

std::optional<Bytes> prove_answer(packet_info* pinfo, const Exchange& exchange, Bytes message) {
  if (!exchange.key || message.size() < smallest_secured_response) return std::nullopt;
  const auto proven = [&](Bytes plain) {
    return !plain.empty() && authentic(exchange.digest, exchange.key->key, plain).has_value();
  };
  if (exchange.cover == Cover::opened) {
    const Bytes plain =
        decrypted(pinfo->pool, message, exchange.exchange_key, exchange.size - digest_size);
    if (proven(plain)) return plain;
  }
  // An answer may come in clear to an encrypted request, too: a refusal (page 256).
  if (proven(message)) return message;
  return std::nullopt;
}

Bytes plain_message(packet_info* pinfo, Bytes message, const FrameFacts& facts) {
  if (message.empty() || facts.cover != Cover::opened || !facts.exchange) return message;
  const bool is_request = facts.direction == Direction::client_to_meter;
  const Bytes plain = decrypted(pinfo->pool, message, facts.exchange->exchange_key,
                                is_request ? 0 : facts.exchange->size - digest_size);
  return plain.empty() ? message : plain;
}

}  // namespace mep::plugin
