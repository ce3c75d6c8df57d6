// One end of a TLS session as meters hold it: TLS 1.2 with a pre-shared key, pages 8, 9 and 18,
// over mbedTLS, the meters' own library. TLS bytes only; how frames carry them is the caller's to
// say.
//
// Without mbedTLS at build time all of this links, too, and TlsEnd's constructors say what is
// missing.
//
// Simulator/security. To be added here: what both ends of a session do.
// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "protocol/tls_psk.h"
#include "protocol/types.h"

namespace mep::simulator {

// Whether this was built with mbedTLS. Where it was not, TlsEnd cannot be constructed.
bool tls_available();

// A session that failed. what() is a sentence with the cause. The TlsEnd that threw it is of no
// more use, but its `outgoing` may hold an alert for the other end.
class TlsError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// Where random numbers come from. Outlives the ends that draw from it; two ends may share one, two
// threads may not.
class TlsRandom {
 public:
  // Numbers that nobody can guess: a generator (CTR_DRBG) fed by the system's entropy. Throws a
  // TlsError where the system gives none.
  TlsRandom();
  // The same numbers for the same seed, so that a session can be had again byte for byte: for
  // samples and tests, for nobody's secrets. mbedTLS begins its hellos' random bytes with the time;
  // a program whose sessions are to be the same links made_up_time.cpp (mep_made_up_time), too.
  explicit TlsRandom(std::uint64_t seed);
  TlsRandom(const TlsRandom&) = delete;
  TlsRandom& operator=(const TlsRandom&) = delete;
  ~TlsRandom();

 private:
  friend class TlsEnd;
  class Source;
  std::unique_ptr<Source> source_;
};

// Whether this thread is in the handshake of an end with seeded random numbers: what time() asks
// that made_up_time.cpp defines.
bool wants_made_up_time() noexcept;

// What opens a recorded session to somebody without its key.
struct TlsSecret {
  tls::Random client_random;
  tls::MasterSecret master_secret;

  std::string key_log_line() const { return tls::key_log_line(client_random, master_secret); }
};

struct TlsOptions {
  // By mbedTLS's name; this is the only one that meters have, page 18. Both ends have to agree.
  std::string suite = "TLS-PSK-WITH-AES-256-GCM-SHA384";
  // Whether a client offers RFC 7627; a meter takes what is offered.
  bool extended_master_secret = true;
  // Called once a session, from shake_hands(), as soon as the end has computed the secret: on a
  // meter before it is known that the client has the same one. May be empty.
  std::function<void(const TlsSecret&)> secret_made = {};
};

// How a client names itself, and the key that goes with that name.
struct TlsClientKey {
  tls::Identity identity;
  Key key;
};

// The keys that a meter has: 0 and 1 in a client's identity, page 18.
struct TlsMeterKeys {
  Key mbk;
  Key mak;
};

// A new session needs a new end. All functions return at once and never wait for bytes: bring those
// of the other end to `incoming`, call, and carry away what is then in `outgoing`.
class TlsEnd {
 public:
  // TLS bytes that have come from the other end; the end takes from the front what it uses.
  std::vector<std::uint8_t> incoming;
  // TLS bytes for the other end, in their order; whoever carries them erases them.
  std::vector<std::uint8_t> outgoing;

  // A client's end, which speaks first, or a meter's. Both throw a TlsError where mbedTLS does not
  // accept an option, and a std::runtime_error where there is no mbedTLS. Keys and options are
  // copied, `random` has to outlive the end.
  TlsEnd(const TlsClientKey& client, TlsRandom& random, const TlsOptions& options = {});
  TlsEnd(const TlsMeterKeys& meter, TlsRandom& random, const TlsOptions& options = {});
  // mbedTLS keeps pointers to an end: it stays where it is.
  TlsEnd(const TlsEnd&) = delete;
  TlsEnd& operator=(const TlsEnd&) = delete;
  ~TlsEnd();

  // Goes on with the handshake as far as the incoming bytes allow. Returns ready(). Throws a
  // TlsError where the handshake fails; on a meter, identity_unknown() tells why.
  bool shake_hands();
  // The handshake is done: messages can be written and read.
  bool ready() const;

  // Of a meter's end: how the client named itself, once it did, with three bytes; of a client's,
  // what it was constructed with. The key is one of TlsMeterKeys unless identity_unknown().
  const std::optional<tls::Identity>& identity() const;
  // Of a meter's end: the client named itself in a way that no key goes with. The handshake then
  // fails, and page 9 has a response code of its own for it.
  bool identity_unknown() const;

  // Puts a message, in a record of its own, into `outgoing`. ready() must be true. Throws a
  // TlsError where the message does not fit a record (16 KiB).
  void write(Bytes message);
  // What the next record of `incoming` holds; nothing where it has not come in full. ready() must
  // be true. Throws a TlsError for a record that is damaged, repeated or out of turn, and where the
  // other end closed the session.
  std::optional<std::vector<std::uint8_t>> read();

 private:
  struct Session;
  void configure(int side, TlsRandom& random, const TlsOptions& options);
  void set_up();

  std::unique_ptr<Session> session_;
};

}  // namespace mep::simulator
