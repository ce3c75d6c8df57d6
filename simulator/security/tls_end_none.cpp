// TlsEnd for a build without mbedTLS: says so to whoever wants one.
// SPDX-License-Identifier: GPL-2.0-or-later
#include "simulator/security/tls_end.h"

namespace mep::simulator {

class TlsRandom::Source {};
struct TlsEnd::Session {};

namespace {

[[noreturn]] void refuse() {
  throw std::runtime_error(
      "this was built without TLS: install mbedTLS (libmbedtls-dev) and build it again");
}

}  // namespace

bool tls_available() {
  return false;
}

bool wants_made_up_time() noexcept {
  return false;
}

// Random numbers alone are no TLS: a program may have them ready and never come to need them.
TlsRandom::TlsRandom() = default;
TlsRandom::TlsRandom(std::uint64_t /*seed*/) {}
TlsRandom::~TlsRandom() = default;

TlsEnd::TlsEnd(const TlsClientKey& /*client*/, TlsRandom& /*random*/,
               const TlsOptions& /*options*/) {
  refuse();
}

TlsEnd::TlsEnd(const TlsMeterKeys& /*meter*/, TlsRandom& /*random*/,
               const TlsOptions& /*options*/) {
  refuse();
}

TlsEnd::~TlsEnd() = default;

// There is no end whose functions could be called.
bool TlsEnd::shake_hands() {
  refuse();
}

bool TlsEnd::ready() const {
  refuse();
}

const std::optional<tls::Identity>& TlsEnd::identity() const {
  refuse();
}

bool TlsEnd::identity_unknown() const {
  refuse();
}

void TlsEnd::write(Bytes /*message*/) {
  refuse();
}

std::optional<std::vector<std::uint8_t>> TlsEnd::read() {
  refuse();
}

}  // namespace mep::simulator
