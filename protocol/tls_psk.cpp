// SPDX-License-Identifier: GPL-2.0-or-later
#include "protocol/tls_psk.h"

#include <gcrypt.h>

#include <algorithm>
#include <memory>
#include <string_view>

#include "protocol/bytes.h"

namespace mep::tls {
namespace {

// Handshake types, RFC 5246.
constexpr std::uint8_t client_hello = 1;
constexpr std::uint8_t server_hello = 2;
constexpr std::uint8_t client_key_exchange = 16;

constexpr std::uint16_t extended_master_secret = 23;  // extension, RFC 7627

// Hostile captures must not make this grow without bound; real handshakes take a few hundred bytes.
constexpr std::size_t max_transcript = 1 << 16;

std::string_view message_name(std::uint8_t type) {
  switch (type) {
    case 0:
      return "Hello Request";
    case client_hello:
      return "Client Hello";
    case server_hello:
      return "Server Hello";
    case 4:
      return "New Session Ticket";
    case 11:
      return "Certificate";
    case 12:
      return "Server Key Exchange";
    case 13:
      return "Certificate Request";
    case 14:
      return "Server Hello Done";
    case client_key_exchange:
      return "Client Key Exchange";
    case 20:
      return "Finished";
    default:
      return "Handshake message";
  }
}

// PSK suites with AES-GCM: what their key block and PRF look like.
struct Suite {
  std::uint16_t number;
  int hash;
  int cipher;
  std::size_t key_size;
};
constexpr Suite suites[] = {
    {0x00A8, GCRY_MD_SHA256, GCRY_CIPHER_AES128, 16},  // TLS_PSK_WITH_AES_128_GCM_SHA256
    {0x00A9, GCRY_MD_SHA384, GCRY_CIPHER_AES256, 32},  // TLS_PSK_WITH_AES_256_GCM_SHA384, page 18
};

const Suite* find_suite(std::uint16_t number) {
  const auto found = std::find_if(std::begin(suites), std::end(suites),
                                  [number](const Suite& suite) { return suite.number == number; });
  return found == std::end(suites) ? nullptr : found;
}

struct CloseDigest {
  using pointer = gcry_md_hd_t;
  void operator()(gcry_md_hd_t handle) const { gcry_md_close(handle); }
};

using Buffer = std::vector<std::uint8_t>;

void append(Buffer& to, Bytes bytes) {
  to.insert(to.end(), bytes.begin(), bytes.end());
}

// Empty where libgcrypt fails.
Buffer hmac(int hash, Bytes key, Bytes data) {
  gcry_md_hd_t handle = nullptr;
  if (gcry_md_open(&handle, hash, GCRY_MD_FLAG_HMAC) != 0) return {};
  const std::unique_ptr<gcry_md_hd_t, CloseDigest> digest(handle);
  if (gcry_md_setkey(handle, key.data(), key.size()) != 0) return {};
  gcry_md_write(handle, data.data(), data.size());
  const std::uint8_t* result = gcry_md_read(handle, hash);
  return result ? Buffer(result, result + gcry_md_get_algo_dlen(hash)) : Buffer();
}

// The pseudorandom function of RFC 5246, section 5. Empty where libgcrypt fails.
Buffer prf(int hash, Bytes secret, std::string_view label, Bytes seed, std::size_t size) {
  Buffer labelled(label.begin(), label.end());
  append(labelled, seed);
  Buffer output;
  Buffer a = labelled;
  while (output.size() < size) {
    a = hmac(hash, secret, a);
    if (a.empty()) return {};
    Buffer next = a;
    append(next, labelled);
    append(output, hmac(hash, secret, next));
  }
  output.resize(size);
  return output;
}

}  // namespace

std::string key_log_line(const Random& client_random, const MasterSecret& secret) {
  return "CLIENT_RANDOM " + hex(client_random) + " " + hex(secret);
}

std::optional<std::size_t> record_size(Bytes bytes) {
  if (bytes.size() < record_header_size) return std::nullopt;
  // SSL 3.0 to TLS 1.2.
  const bool is_record = bytes[0] >= 20 && bytes[0] <= 23 && bytes[1] == 3 && bytes[2] <= 3;
  const std::size_t size = record_header_size + read_be(bytes, 3, 2);
  return is_record && size <= max_record_size ? size : 0;
}

bool Handshake::allows(Direction direction, Bytes record) const {
  const auto side = static_cast<std::size_t>(direction);
  const auto type = static_cast<ContentType>(record[0]);
  if (type == ContentType::change_cipher_spec) return !encrypted_[side];
  if (type != ContentType::handshake) return true;
  if (encrypted_[side]) return !finished_[side];
  const bool says_client_hello = pending_[side].empty() && record.size() > record_header_size &&
                                 record[record_header_size] == client_hello;
  return !says_client_hello || (direction == Direction::client_to_meter && !client_random_);
}

bool Handshake::absorb(Direction direction, Bytes record) {
  last_names_.clear();
  if (record.size() < record_header_size || !allows(direction, record)) return false;
  const auto side = static_cast<std::size_t>(direction);
  const Bytes fragment = record.subspan(record_header_size);
  switch (static_cast<ContentType>(record[0])) {
    case ContentType::change_cipher_spec:
      encrypted_[side] = true;
      last_names_ = "Change Cipher Spec";
      return true;
    case ContentType::alert:
      last_names_ = encrypted_[side] ? "Encrypted Alert" : "Alert";
      return true;
    case ContentType::application_data:
      last_names_ = "Application Data";
      return true;
    case ContentType::handshake:
      break;
    default:
      return true;
  }
  if (encrypted_[side]) {
    last_names_ = "Finished";
    finished_[side] = true;
    return true;
  }
  Buffer& pending = pending_[side];
  append(pending, fragment);
  constexpr std::size_t header = 4;
  while (pending.size() >= header) {
    const std::size_t size = header + read_be(pending, 1, 3);
    if (size > max_transcript) pending.clear();
    if (pending.size() < size) break;
    const Bytes message = Bytes(pending).first(size);
    if (!last_names_.empty()) last_names_ += ", ";
    last_names_ += message_name(message[0]);
    // The key exchange itself belongs to the transcript of RFC 7627; what follows does not.
    if (!identity_ && transcript_.size() < max_transcript) append(transcript_, message);
    take_message(direction, message[0], message.subspan(header));
    pending.erase(pending.begin(), pending.begin() + static_cast<std::ptrdiff_t>(size));
  }
  return true;
}

void Handshake::take_message(Direction direction, std::uint8_t type, Bytes body) {
  if (type == client_hello || type == server_hello) {
    take_hello(direction, body);
  } else if (type == client_key_exchange && body.size() >= 2 && !identity_) {
    const std::size_t size = std::min<std::size_t>(read_be(body, 0, 2), body.size() - 2);
    const Bytes identity = body.subspan(2, size);
    identity_ = Buffer(identity.begin(), identity.end());
  }
}

// ClientHello and ServerHello: version, random, session ID, suites (one in a ServerHello),
// compression (likewise), extensions.
void Handshake::take_hello(Direction direction, Bytes body) {
  const bool from_client = direction == Direction::client_to_meter;
  std::size_t at = 2 + random_size;
  if (body.size() < at + 1) return;
  Random random;
  std::copy_n(body.begin() + 2, random_size, random.begin());
  (from_client ? client_random_ : server_random_) = random;
  const auto skip = [&](std::size_t length_size) {
    if (at + length_size > body.size()) return false;
    at += length_size + read_be(body, at, length_size);
    return at <= body.size();
  };
  if (!skip(1)) return;
  if (from_client) {
    if (!skip(2) || !skip(1)) return;
  } else {
    if (at + 3 > body.size()) return;
    suite_ = static_cast<std::uint16_t>(read_be(body, at, 2));
    at += 3;
  }
  at += 2;  // size of all extensions
  while (at + 4 <= body.size()) {
    if (read_be(body, at, 2) == extended_master_secret)
      (from_client ? client_extended_ : server_extended_) = true;
    at += 4 + read_be(body, at + 2, 2);
  }
}

std::optional<Identity> Handshake::identity() const {
  if (!identity_ || identity_->size() != 3) return std::nullopt;
  return Identity{static_cast<std::uint16_t>(read_le(*identity_, 0, 2)), (*identity_)[2]};
}

bool Handshake::complete() const {
  return client_random_ && server_random_ && identity_;
}

bool Handshake::can_verify() const {
  return complete() && find_suite(suite_);
}

std::optional<MasterSecret> Handshake::master_secret(const Key& psk) const {
  const Suite* suite = find_suite(suite_);
  const int hash = suite ? suite->hash : GCRY_MD_SHA384;
  // RFC 4279: as many zeros as the key has bytes, then the key, each with its size before it.
  Buffer premaster(2 + key_size, 0);
  premaster[1] = key_size;
  premaster.push_back(0);
  premaster.push_back(key_size);
  append(premaster, psk);

  Buffer secret;
  if (client_extended_ && server_extended_) {
    Buffer session(gcry_md_get_algo_dlen(hash));
    gcry_md_hash_buffer(hash, session.data(), transcript_.data(), transcript_.size());
    secret = prf(hash, premaster, "extended master secret", session, master_secret_size);
  } else {
    Buffer seed(client_random_->begin(), client_random_->end());
    append(seed, *server_random_);
    secret = prf(hash, premaster, "master secret", seed, master_secret_size);
  }
  if (secret.size() != master_secret_size) return std::nullopt;
  MasterSecret result;
  std::copy(secret.begin(), secret.end(), result.begin());
  return result;
}

bool Handshake::verifies(const MasterSecret& secret, Bytes record) const {
  return opened(secret, Direction::client_to_meter, 0, record).has_value();
}

std::optional<Buffer> Handshake::opened(const MasterSecret& secret, Direction side,
                                        std::uint64_t number, Bytes record) const {
  constexpr std::size_t salt_size = 4;
  constexpr std::size_t nonce_size = 8;
  constexpr std::size_t tag_size = 16;
  constexpr std::size_t overhead = record_header_size + nonce_size + tag_size;
  const Suite* suite = find_suite(suite_);
  if (!suite || record.size() <= overhead) return std::nullopt;

  Buffer seed(server_random_->begin(), server_random_->end());
  append(seed, *client_random_);
  const Buffer block =
      prf(suite->hash, secret, "key expansion", seed, 2 * (suite->key_size + salt_size));
  if (block.empty()) return std::nullopt;

  gcry_cipher_hd_t handle = nullptr;
  if (gcry_cipher_open(&handle, suite->cipher, GCRY_CIPHER_MODE_GCM, 0) != 0) return std::nullopt;
  struct CloseCipher {
    using pointer = gcry_cipher_hd_t;
    void operator()(gcry_cipher_hd_t cipher) const { gcry_cipher_close(cipher); }
  };
  const std::unique_ptr<gcry_cipher_hd_t, CloseCipher> cipher(handle);

  // RFC 5288: salt from the key block (client's key, server's key, client's salt, …), the rest of
  // the nonce from the record.
  const std::size_t which = side == Direction::meter_to_client ? 1 : 0;
  const Bytes key = Bytes(block).subspan(which * suite->key_size, suite->key_size);
  Buffer nonce;
  append(nonce, Bytes(block).subspan(2 * suite->key_size + which * salt_size, salt_size));
  append(nonce, record.subspan(record_header_size, nonce_size));
  const std::size_t size = record.size() - overhead;
  // The first record under the new keys has number 0.
  Buffer authenticated(8, 0);
  write_be(authenticated, 0, 8, number);
  append(authenticated, record.first(3));
  authenticated.push_back(static_cast<std::uint8_t>(size >> 8));
  authenticated.push_back(static_cast<std::uint8_t>(size));
  Buffer plain(size);
  const Bytes sealed = record.subspan(record_header_size + nonce_size, size);
  const Bytes tag = record.last(tag_size);
  const bool good =
      gcry_cipher_setkey(handle, key.data(), key.size()) == 0 &&
      gcry_cipher_setiv(handle, nonce.data(), nonce.size()) == 0 &&
      gcry_cipher_authenticate(handle, authenticated.data(), authenticated.size()) == 0 &&
      gcry_cipher_decrypt(handle, plain.data(), plain.size(), sealed.data(), sealed.size()) == 0 &&
      gcry_cipher_checktag(handle, tag.data(), tag.size()) == 0;
  if (!good) return std::nullopt;
  return plain;
}

}  // namespace mep::tls
