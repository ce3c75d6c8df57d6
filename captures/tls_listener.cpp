// SPDX-License-Identifier: GPL-2.0-or-later
#include "captures/tls_listener.h"

#include <algorithm>
#include <utility>

#include "protocol/bytes.h"

namespace mep::captures {

std::optional<std::vector<std::uint8_t>> TlsListener::take(Direction side, Bytes data) {
  auto& pending = pending_[static_cast<std::size_t>(side)];
  pending.insert(pending.end(), data.begin(), data.end());
  std::optional<std::vector<std::uint8_t>> plain;
  while (!pending.empty()) {
    const auto size = tls::record_size(pending);
    if (!size) break;
    if (*size == 0) {
      pending.clear();
      break;
    }
    if (pending.size() < *size) break;
    const std::vector<std::uint8_t> record(pending.begin(),
                                           pending.begin() + static_cast<std::ptrdiff_t>(*size));
    pending.erase(pending.begin(), pending.begin() + static_cast<std::ptrdiff_t>(*size));
    take_record(side, record, plain);
  }
  return plain;
}

void TlsListener::take_record(Direction side, Bytes record,
                              std::optional<std::vector<std::uint8_t>>& plain) {
  const auto at = static_cast<std::size_t>(side);
  const auto type = static_cast<tls::ContentType>(record[0]);
  if (type == tls::ContentType::application_data) {
    if (!encrypted_[at]) return;
    if (!secret_) {
      ++number_[at];
      return;
    }
    auto& last = last_[at];
    if (!std::equal(record.begin(), record.end(), last.record.begin(), last.record.end())) {
      auto opened = open_next(side, record);
      if (!opened) return;
      last = {{record.begin(), record.end()}, std::move(*opened)};
    }
    if (!plain) plain.emplace();
    plain->insert(plain->end(), last.plain.begin(), last.plain.end());
    return;
  }
  if (!handshake_.absorb(side, record)) {
    // Another session.
    handshake_ = tls::Handshake();
    encrypted_ = {};
    number_ = {};
    last_ = {};
    secret_.reset();
    key_.reset();
    if (!handshake_.absorb(side, record)) return;
  }
  if (type == tls::ContentType::change_cipher_spec) {
    encrypted_[at] = true;
    number_[at] = 0;
  } else if (encrypted_[at]) {
    if (type == tls::ContentType::handshake && number_[at] == 0 &&
        side == Direction::client_to_meter)
      find_key(record);
    ++number_[at];
  }
}

// Each record has a number, which is in none: some may not have been captured, and what cannot be
// opened has none.
std::optional<std::vector<std::uint8_t>> TlsListener::open_next(Direction side, Bytes record) {
  constexpr std::uint64_t lost = 8;
  auto& next = number_[static_cast<std::size_t>(side)];
  for (std::uint64_t number = next; number <= next + lost; ++number) {
    auto opened = handshake_.opened(*secret_, side, number, record);
    if (!opened) continue;
    next = number + 1;
    return opened;
  }
  return std::nullopt;
}

void TlsListener::find_key(Bytes finished) {
  if (secret_ || !handshake_.can_verify()) return;
  for (std::size_t i = 0; i < keys_.size(); ++i) {
    const auto secret = handshake_.master_secret(keys_[i].key);
    if (!secret || !handshake_.verifies(*secret, finished)) continue;
    secret_ = secret;
    key_ = i;
    return;
  }
}

}  // namespace mep::captures
