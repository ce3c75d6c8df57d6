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

// Whether the digest at the end of `plain` is what `key` makes of `state` and the bytes before it.
bool authentic(const DigestState& state, const Key& key, Bytes plain) {
  return digest_matches(digest_update(state, key, without_digest(plain)), key,
                        closing_digest(plain));
}

class RequestOpener {
 public:
  RequestOpener(packet_info* pinfo, Bytes message) : pinfo_(pinfo), message_(message) {}

  // Whether the key fits the message in clear; if so, what the answer will need is kept.
  bool fits_clear(const KeyEntry& entry, Exchange& exchange) {
    if (!authentic({}, entry.key, message_)) return false;
    take(entry, message_, Cover::clear, exchange);
    return true;
  }

  bool fits_encrypted(const KeyEntry& entry, Exchange& exchange) {
    const Key exchange_key = rc4_exchange_key(entry.key, closing_digest(message_));
    const Bytes plain = decrypted(pinfo_->pool, message_, exchange_key, 0);
    if (plain.empty() || !authentic({}, entry.key, plain)) return false;
    exchange.exchange_key = exchange_key;
    take(entry, plain, Cover::opened, exchange);
    return true;
  }

  Bytes plain() const { return plain_; }

 private:
  void take(const KeyEntry& entry, Bytes plain, Cover cover, Exchange& exchange) {
    plain_ = plain;
    exchange.key = &entry;
    exchange.cover = cover;
    exchange.digest = digest_update({}, entry.key, without_digest(plain));
    exchange.request = parse_request(plain, Trailer::present);
  }

  packet_info* pinfo_;
  Bytes message_;
  Bytes plain_;
};

}  // namespace

std::optional<Bytes> prove_request(Bus& bus, packet_info* pinfo, Bytes message,
                                   Exchange& exchange) {
  const bool tls = fits(message, message.size(), Direction::client_to_meter) == Fit::yes &&
                   is_tls(static_cast<RequestCode>(message[0]));
  if (message.size() < smallest_secured_request || tls) return std::nullopt;
  RequestOpener opener(pinfo, message);
  const auto fits_either = [&](const KeyEntry& entry) {
    return opener.fits_clear(entry, exchange) || opener.fits_encrypted(entry, exchange);
  };
  if (bus.last_key && fits_either(*bus.last_key)) return opener.plain();
  for (const KeyEntry& entry : active_keys()) {
    if (!fits_either(entry)) continue;
    bus.last_key = exchange.key = keep(bus.scope, entry);
    return opener.plain();
  }
  return std::nullopt;
}

std::optional<Bytes> prove_answer(packet_info* pinfo, const Exchange& exchange, Bytes message) {
  if (!exchange.key || message.size() < smallest_secured_response) return std::nullopt;
  const auto proven = [&](Bytes plain) {
    return !plain.empty() && authentic(exchange.digest, exchange.key->key, plain);
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
  if (facts.cover != Cover::opened || !facts.exchange) return message;
  const bool is_request = facts.direction == Direction::client_to_meter;
  const Bytes plain = decrypted(pinfo->pool, message, facts.exchange->exchange_key,
                                is_request ? 0 : facts.exchange->size - digest_size);
  return plain.empty() ? message : plain;
}

}  // namespace mep::plugin
