// Opens the TLS sessions of one bus, as far as the keys go: TLS 1.2 with the meter's key (page 18).
//
// Captures. To be added here: nothing; what a handshake says is protocol/tls_psk.h's.
// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "captures/key_file.h"
#include "protocol/tls_psk.h"
#include "protocol/types.h"

namespace mep::captures {

class TlsListener {
 public:
  // `keys` must outlive this.
  explicit TlsListener(std::span<const KnownKey> keys) : keys_(keys) {}

  // What the records in a message's data say, in clear, also of a record that is repeated; nothing
  // where they say nothing to the other side (a handshake), are not whole yet, or no key opens
  // them.
  std::optional<std::vector<std::uint8_t>> take(Direction side, Bytes data);

  // Which of the keys the session has.
  std::optional<std::size_t> key() const { return key_; }

 private:
  void take_record(Direction side, Bytes record, std::optional<std::vector<std::uint8_t>>& plain);
  std::optional<std::vector<std::uint8_t>> open_next(Direction side, Bytes record);
  void find_key(Bytes finished);

  struct Record {
    std::vector<std::uint8_t> record, plain;
  };

  std::span<const KnownKey> keys_;
  tls::Handshake handshake_;
  std::array<std::vector<std::uint8_t>, 3> pending_;  // by direction: a record's beginning
  std::array<bool, 3> encrypted_{};                   // by direction
  std::array<std::uint64_t, 3> number_{};             // by direction: of the next encrypted record
  std::array<Record, 3> last_;                        // by direction: that was opened
  std::optional<tls::MasterSecret> secret_;
  std::optional<std::size_t> key_;
};

}  // namespace mep::captures
