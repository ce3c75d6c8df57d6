// One end of a TLS session, over mbedTLS 2.28 or 3.
// SPDX-License-Identifier: GPL-2.0-or-later
#include "simulator/security/tls_end.h"

#include <mbedtls/ctr_drbg.h>
#include <mbedtls/entropy.h>
#include <mbedtls/error.h>
#include <mbedtls/ssl.h>
#include <mbedtls/version.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <string_view>
#include <utility>
#include <variant>

#if MBEDTLS_VERSION_MAJOR >= 3
#include <psa/crypto.h>
#endif

namespace mep::simulator {

namespace {

constexpr std::size_t identity_size = 3;  // page 18

thread_local bool in_seeded_handshake = false;

// Lets time() be made up as long as it lives.
class MadeUpTime {
 public:
  explicit MadeUpTime(bool wanted) { in_seeded_handshake = wanted; }
  MadeUpTime(const MadeUpTime&) = delete;
  MadeUpTime& operator=(const MadeUpTime&) = delete;
  ~MadeUpTime() { in_seeded_handshake = false; }
};

std::string cause(int result) {
  switch (result) {
    case MBEDTLS_ERR_SSL_INVALID_MAC:
      return "a record of the other end does not decrypt, because the ends have different keys or "
             "because it is damaged or out of turn";
    case MBEDTLS_ERR_SSL_FATAL_ALERT_MESSAGE:
      return "the other end refused with an alert, as it does where the ends have different keys "
             "or where it knows none for this identity";
    case MBEDTLS_ERR_SSL_UNKNOWN_IDENTITY:
      return "there is no key for the identity that the client sent";
    case MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY:
      return "the other end closed the session";
    default: {
      std::array<char, 160> text{};
      mbedtls_strerror(result, text.data(), text.size());
      return text.data();
    }
  }
}

// `what` is the beginning of a sentence that the cause ends. mbedTLS's errors are negative.
void check(int result, std::string_view what) {
  if (result >= 0) return;
  std::array<char, 16> code{};
  std::snprintf(code.data(), code.size(), "-0x%04X", static_cast<unsigned>(-result));
  throw TlsError(std::string(what) + ": " + cause(result) + " (mbedTLS error " + code.data() + ")");
}

// mbedTLS 3 does part of its cryptography in a library that wants to be woken, once a process.
void wake_cryptography() {
#if MBEDTLS_VERSION_MAJOR >= 3
  static const psa_status_t status = psa_crypto_init();
  if (status != PSA_SUCCESS)
    throw TlsError("mbedTLS's cryptography does not start (PSA status " + std::to_string(status) +
                   ")");
#endif
}

// From the system, through a generator.
class SystemNumbers {
 public:
  SystemNumbers() {
    wake_cryptography();
    mbedtls_entropy_init(&entropy_);
    mbedtls_ctr_drbg_init(&generator_);
    constexpr std::string_view purpose = "mep::simulator::TlsRandom";
    const int result = mbedtls_ctr_drbg_seed(&generator_, mbedtls_entropy_func, &entropy_,
                                             reinterpret_cast<const unsigned char*>(purpose.data()),
                                             purpose.size());
    if (result != 0) release();
    check(result, "the system gives no random numbers");
  }
  SystemNumbers(const SystemNumbers&) = delete;
  SystemNumbers& operator=(const SystemNumbers&) = delete;
  ~SystemNumbers() { release(); }

  int fill(std::span<std::uint8_t> bytes) {
    while (!bytes.empty()) {
      const auto part =
          bytes.first(std::min<std::size_t>(bytes.size(), MBEDTLS_CTR_DRBG_MAX_REQUEST));
      if (const int result = mbedtls_ctr_drbg_random(&generator_, part.data(), part.size());
          result != 0)
        return result;
      bytes = bytes.subspan(part.size());
    }
    return 0;
  }

 private:
  void release() {
    mbedtls_ctr_drbg_free(&generator_);
    mbedtls_entropy_free(&entropy_);
  }
  mbedtls_entropy_context entropy_;
  mbedtls_ctr_drbg_context generator_;
};

// SplitMix64: the same for the same seed everywhere.
class SeededNumbers {
 public:
  explicit SeededNumbers(std::uint64_t seed) : state_(seed) {}

  int fill(std::span<std::uint8_t> bytes) {
    for (std::uint8_t& byte : bytes) byte = static_cast<std::uint8_t>(next() >> 32);
    return 0;
  }

 private:
  std::uint64_t next() {
    std::uint64_t z = state_ += 0x9E3779B97F4A7C15;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
    return z ^ (z >> 31);
  }
  std::uint64_t state_;
};

}  // namespace

bool tls_available() {
  return true;
}

bool wants_made_up_time() noexcept {
  return in_seeded_handshake;
}

class TlsRandom::Source {
 public:
  Source() : numbers_(std::in_place_type<SystemNumbers>) {}
  explicit Source(std::uint64_t seed) : numbers_(std::in_place_type<SeededNumbers>, seed) {}

  bool seeded() const { return std::holds_alternative<SeededNumbers>(numbers_); }

  // As mbedTLS calls it; `self` is a Source. 0, or an error of mbedTLS.
  static int fill(void* self, unsigned char* bytes, std::size_t size) {
    return std::visit(
        [&](auto& numbers) {
          return numbers.fill({bytes, size});
        },
        static_cast<Source*>(self)->numbers_);
  }

 private:
  std::variant<SystemNumbers, SeededNumbers> numbers_;
};

TlsRandom::TlsRandom() : source_(std::make_unique<Source>()) {}
TlsRandom::TlsRandom(std::uint64_t seed) : source_(std::make_unique<Source>(seed)) {}
TlsRandom::~TlsRandom() = default;

struct TlsEnd::Session {
  enum class State : std::uint8_t { shaking_hands, ready, failed };

  Session() {
    mbedtls_ssl_config_init(&config);
    mbedtls_ssl_init(&ssl);
  }
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;
  ~Session() {
    mbedtls_ssl_free(&ssl);
    mbedtls_ssl_config_free(&config);
  }

  // Throws where the result is an error; the end is then of no more use.
  void expect(int result, std::string_view what) {
    if (result < 0) state = State::failed;
    check(result, what);
  }
  void expect_ready() const {
    if (state == State::ready) return;
    throw TlsError(state == State::failed ? "the TLS session has failed before"
                                          : "the TLS handshake is not done yet");
  }

  // What mbedTLS calls. `self` is the TlsEnd or the Session, as it was told.
  static int send(void* self, const unsigned char* bytes, std::size_t size);
  static int receive(void* self, unsigned char* bytes, std::size_t size);
  static int find_key(void* self, mbedtls_ssl_context* ssl, const unsigned char* sent,
                      std::size_t size);
  // Keeps the secret for shake_hands(): an exception must not pass through mbedTLS.
  void keep_secret(const unsigned char* random, const unsigned char* secret, std::size_t size);
#if MBEDTLS_VERSION_MAJOR >= 3
  static void take_secret(void* self, mbedtls_ssl_key_export_type /*type*/,
                          const unsigned char* secret, std::size_t size,
                          const unsigned char client_random[tls::random_size],
                          const unsigned char /*server_random*/[tls::random_size],
                          mbedtls_tls_prf_types /*prf*/) {
    static_cast<Session*>(self)->keep_secret(client_random, secret, size);
  }
#else
  static int take_secret(void* self, const unsigned char* secret, const unsigned char* /*keys*/,
                         std::size_t /*mac_size*/, std::size_t /*key_size*/,
                         std::size_t /*iv_size*/,
                         const unsigned char client_random[tls::random_size],
                         const unsigned char /*server_random*/[tls::random_size],
                         mbedtls_tls_prf_types /*prf*/) {
    static_cast<Session*>(self)->keep_secret(client_random, secret, tls::master_secret_size);
    return 0;
  }
#endif

  mbedtls_ssl_config config;
  mbedtls_ssl_context ssl;
  std::array<int, 2> suites{};  // ends with a 0
  State state = State::shaking_hands;
  bool seeded = false;
  std::optional<TlsMeterKeys> keys;  // of a meter's end
  std::optional<tls::Identity> identity;
  bool identity_unknown = false;
  std::function<void(const TlsSecret&)> secret_made;
  std::optional<TlsSecret> secret;  // until shake_hands() passes it on
};

int TlsEnd::Session::send(void* self, const unsigned char* bytes, std::size_t size) {
  auto& outgoing = static_cast<TlsEnd*>(self)->outgoing;
  outgoing.insert(outgoing.end(), bytes, bytes + size);
  return static_cast<int>(size);
}

int TlsEnd::Session::receive(void* self, unsigned char* bytes, std::size_t size) {
  auto& incoming = static_cast<TlsEnd*>(self)->incoming;
  if (incoming.empty()) return MBEDTLS_ERR_SSL_WANT_READ;
  const std::size_t taken = std::min(size, incoming.size());
  const auto end = incoming.begin() + static_cast<std::ptrdiff_t>(taken);
  std::copy(incoming.begin(), end, bytes);
  incoming.erase(incoming.begin(), end);
  return static_cast<int>(taken);
}

int TlsEnd::Session::find_key(void* self, mbedtls_ssl_context* ssl, const unsigned char* sent,
                              std::size_t size) {
  auto& session = *static_cast<Session*>(self);
  if (size == identity_size)
    session.identity = {.client = static_cast<std::uint16_t>(sent[0] | sent[1] << 8),
                        .key = sent[2]};
  session.identity_unknown = !session.identity || session.identity->key > 1;
  if (session.identity_unknown) return MBEDTLS_ERR_SSL_UNKNOWN_IDENTITY;
  const Key& key = session.identity->key == 0 ? session.keys->mbk : session.keys->mak;
  return mbedtls_ssl_set_hs_psk(ssl, key.data(), key.size());
}

void TlsEnd::Session::keep_secret(const unsigned char* random, const unsigned char* made,
                                  std::size_t size) {
  if (size != tls::master_secret_size) return;
  secret.emplace();
  std::copy_n(random, secret->client_random.size(), secret->client_random.begin());
  std::copy_n(made, size, secret->master_secret.begin());
}

TlsEnd::TlsEnd(const TlsClientKey& client, TlsRandom& random, const TlsOptions& options)
    : session_(std::make_unique<Session>()) {
  configure(MBEDTLS_SSL_IS_CLIENT, random, options);
  mbedtls_ssl_conf_extended_master_secret(
      &session_->config, options.extended_master_secret ? MBEDTLS_SSL_EXTENDED_MS_ENABLED
                                                        : MBEDTLS_SSL_EXTENDED_MS_DISABLED);
  session_->identity = client.identity;
  const std::array<unsigned char, identity_size> identity = {
      static_cast<unsigned char>(client.identity.client),
      static_cast<unsigned char>(client.identity.client >> 8), client.identity.key};
  check(mbedtls_ssl_conf_psk(&session_->config, client.key.data(), client.key.size(),
                             identity.data(), identity.size()),
        "mbedTLS does not take the client's key");
  set_up();
}

TlsEnd::TlsEnd(const TlsMeterKeys& meter, TlsRandom& random, const TlsOptions& options)
    : session_(std::make_unique<Session>()) {
  configure(MBEDTLS_SSL_IS_SERVER, random, options);
  session_->keys = meter;
  mbedtls_ssl_conf_psk_cb(&session_->config, Session::find_key, session_.get());
  set_up();
}

TlsEnd::~TlsEnd() = default;

void TlsEnd::configure(int side, TlsRandom& random, const TlsOptions& options) {
  wake_cryptography();
  mbedtls_ssl_config& config = session_->config;
  check(mbedtls_ssl_config_defaults(&config, side, MBEDTLS_SSL_TRANSPORT_STREAM,
                                    MBEDTLS_SSL_PRESET_DEFAULT),
        "mbedTLS has no configuration to begin with");
  session_->suites[0] = mbedtls_ssl_get_ciphersuite_id(options.suite.c_str());
  if (session_->suites[0] == 0) throw TlsError("mbedTLS has no cipher suite " + options.suite);
  mbedtls_ssl_conf_ciphersuites(&config, session_->suites.data());
  mbedtls_ssl_conf_rng(&config, TlsRandom::Source::fill, random.source_.get());
  session_->seeded = random.source_->seeded();
  session_->secret_made = options.secret_made;
  // Meters keep no sessions to be taken up again, page 18.
  mbedtls_ssl_conf_session_tickets(&config, MBEDTLS_SSL_SESSION_TICKETS_DISABLED);
#if MBEDTLS_VERSION_MAJOR >= 3
  mbedtls_ssl_conf_min_tls_version(&config, MBEDTLS_SSL_VERSION_TLS1_2);
  mbedtls_ssl_conf_max_tls_version(&config, MBEDTLS_SSL_VERSION_TLS1_2);
#else
  mbedtls_ssl_conf_min_version(&config, MBEDTLS_SSL_MAJOR_VERSION_3, MBEDTLS_SSL_MINOR_VERSION_3);
  mbedtls_ssl_conf_export_keys_ext_cb(&config, Session::take_secret, session_.get());
#endif
}

void TlsEnd::set_up() {
  check(mbedtls_ssl_setup(&session_->ssl, &session_->config), "mbedTLS cannot begin a session");
#if MBEDTLS_VERSION_MAJOR >= 3
  mbedtls_ssl_set_export_keys_cb(&session_->ssl, Session::take_secret, session_.get());
#endif
  mbedtls_ssl_set_bio(&session_->ssl, this, Session::send, Session::receive, nullptr);
}

bool TlsEnd::shake_hands() {
  if (session_->state == Session::State::failed) session_->expect_ready();
  const int result = [this] {
    const MadeUpTime made_up(session_->seeded);
    return mbedtls_ssl_handshake(&session_->ssl);
  }();
  if (const auto secret = std::exchange(session_->secret, std::nullopt);
      secret && session_->secret_made)
    session_->secret_made(*secret);
  if (result == MBEDTLS_ERR_SSL_WANT_READ) return false;
  session_->expect(result, "the TLS handshake failed");
  session_->state = Session::State::ready;
  return true;
}

bool TlsEnd::ready() const {
  return session_->state == Session::State::ready;
}

const std::optional<tls::Identity>& TlsEnd::identity() const {
  return session_->identity;
}

bool TlsEnd::identity_unknown() const {
  return session_->identity_unknown;
}

void TlsEnd::write(Bytes message) {
  session_->expect_ready();
  if (const int limit = mbedtls_ssl_get_max_out_record_payload(&session_->ssl);
      limit >= 0 && message.size() > static_cast<std::size_t>(limit))
    throw TlsError("a message of " + std::to_string(message.size()) +
                   " bytes does not fit a TLS record");
  session_->expect(mbedtls_ssl_write(&session_->ssl, message.data(), message.size()),
                   "a message cannot be written");
}

std::optional<std::vector<std::uint8_t>> TlsEnd::read() {
  session_->expect_ready();
  std::vector<std::uint8_t> message(max_message_size);
  std::size_t size = 0;
  do {
    message.resize(std::max(message.size(), size + mbedtls_ssl_get_bytes_avail(&session_->ssl)));
    const int result =
        mbedtls_ssl_read(&session_->ssl, message.data() + size, message.size() - size);
    if (result == MBEDTLS_ERR_SSL_WANT_READ) return std::nullopt;
    session_->expect(result, "a message cannot be read");
    size += static_cast<std::size_t>(result);
  } while (mbedtls_ssl_get_bytes_avail(&session_->ssl) > 0);
  message.resize(size);
  return message;
}

}  // namespace mep::simulator
