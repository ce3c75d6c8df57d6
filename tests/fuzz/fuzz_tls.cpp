// TLS records of both sides, with any key: handshakes of any kind, and records that no key opens.
//
// Input: pieces, each with its side (1 bit) and size (15 bits).
// SPDX-License-Identifier: GPL-2.0-or-later
#include "protocol/tls_psk.h"
#include "tests/fuzz/fuzz.h"

namespace mep {

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Feed feed(data, size);
  tls::Handshake handshake;
  std::uint64_t number = 0;
  while (!feed.empty()) {
    const std::uint64_t head = feed.number(2);
    const Direction side =
        (head & 0x8000U) != 0 ? Direction::meter_to_client : Direction::client_to_meter;
    const fuzz::Buffer piece = fuzz::copy(feed.some(head & 0x7FFFU));
    const auto whole = tls::record_size(piece);
    if (!whole || *whole == 0 || *whole > piece.size()) continue;
    fuzz::must(*whole >= tls::record_header_size && *whole <= tls::max_record_size,
               "a record has a possible size");
    const Bytes record = Bytes(piece).first(*whole);
    handshake.absorb(side, record);
    static_cast<void>(handshake.identity());
    if (!handshake.complete()) continue;
    const auto secret = handshake.master_secret(factory_default_key);
    if (!secret || !handshake.can_verify()) continue;
    static_cast<void>(handshake.verifies(*secret, record));
    static_cast<void>(handshake.opened(*secret, side, number++, record));
  }
  return 0;
}

}  // namespace mep
