// What a listener needs to compute a TLS session's master secret from the meter's key: TLS 1.2 with
// a pre-shared key (RFC 4279, RFC 5246), as on page 18, and to read its records.
//
// Protocol. To be added here: what TLS asks of a pre-shared key; sessions are the plugin's and the
// simulator's.
// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "protocol/types.h"

namespace mep::tls {

inline constexpr std::size_t random_size = 32;
inline constexpr std::size_t master_secret_size = 48;
inline constexpr std::size_t record_header_size = 5;
inline constexpr std::size_t max_record_size = record_header_size + (1 << 14) + 2048;  // RFC 5246

using Random = std::array<std::uint8_t, random_size>;
using MasterSecret = std::array<std::uint8_t, master_secret_size>;

enum class ContentType : std::uint8_t {
  change_cipher_spec = 20,
  alert = 21,
  handshake = 22,
  application_data = 23,
};

// The identity that a MEP client sends, page 18: its number (little-endian) and which key it has.
struct Identity {
  std::uint16_t client;
  std::uint8_t key;  // 0: MBK, 1: MAK
};

// As a line of a TLS key log (the format of NSS, which Wireshark reads), without its newline.
std::string key_log_line(const Random& client_random, const MasterSecret& secret);

// The size of the record at the start of `bytes`, its header included; nothing where there are
// fewer bytes than a header, 0 where it is no record.
std::optional<std::size_t> record_size(Bytes bytes);

// What has been seen of a handshake. Takes whole records of both directions in their order.
class Handshake {
 public:
  // Takes in one whole record. Handshake messages may span records. False, and nothing is taken
  // in, where a session that begins with one Client Hello from the client and has one handshake
  // allows no such record here.
  bool absorb(Direction direction, Bytes record);

  // The names of the messages in the record absorbed last: "Client Hello, …"; "Finished" for an
  // encrypted one.
  const std::string& last_names() const { return last_names_; }

  bool has_client_hello() const { return client_random_.has_value(); }
  const std::optional<Random>& client_random() const { return client_random_; }
  // Nothing where no ClientKeyExchange was seen, or its identity is not 3 bytes long.
  std::optional<Identity> identity() const;
  // Both hellos and the client's key exchange have been seen: a master secret can be computed.
  bool complete() const;
  // The suite is one whose Finished this code can check: AES-GCM with a PSK.
  bool can_verify() const;

  // The master secret with this key as the PSK; complete() must be true. Nothing where libgcrypt
  // fails.
  std::optional<MasterSecret> master_secret(const Key& psk) const;
  // Whether `record`, the client's Finished, was encrypted with that secret. can_verify() must be
  // true.
  bool verifies(const MasterSecret& secret, Bytes record) const;
  // What an encrypted record of that side says; nothing where it was encrypted otherwise. `number`:
  // how many encrypted ones the side has sent before it, its Finished included. can_verify() must
  // be true.
  std::optional<std::vector<std::uint8_t>> opened(const MasterSecret& secret, Direction side,
                                                  std::uint64_t number, Bytes record) const;

 private:
  bool allows(Direction direction, Bytes record) const;
  void take_message(Direction direction, std::uint8_t type, Bytes body);
  void take_hello(Direction direction, Bytes body);

  std::optional<Random> client_random_, server_random_;
  std::uint16_t suite_ = 0;
  bool client_extended_ = false, server_extended_ = false;  // extended master secret, RFC 7627
  std::optional<std::vector<std::uint8_t>> identity_;
  std::vector<std::uint8_t> transcript_;  // handshake messages up to the client's key exchange
  std::array<std::vector<std::uint8_t>, 3> pending_;  // by direction: a message's beginning
  std::array<bool, 3> encrypted_{};                   // by direction: after its ChangeCipherSpec
  std::array<bool, 3> finished_{};                    // by direction: after its Finished
  std::string last_names_;
};

}  // namespace mep::tls
