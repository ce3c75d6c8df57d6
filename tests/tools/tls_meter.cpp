// A client and a meter that really speak TLS with each other, over mbedTLS, the library of the
// meters; prints the frames that pass between them, one line of JSON each.
//
// The framing is that of pages 8 and 9: 0x58 begins a handshake, 0x59 goes on with it, 0x80 carries
// C12.18 messages, 0x57 ends the session; answers are a code and TLS bytes. The guide does not say
// how bytes that are too many for one frame go on. Here a request's go on in the next request (the
// meter answers a bare OK in between), an answer's in the answer to a request without TLS bytes.
//
// The same options give the same bytes: random numbers and the time are made up.
//
// SPDX-License-Identifier: GPL-2.0-or-later
#include <mbedtls/ssl.h>
#include <mbedtls/version.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <fstream>
#include <functional>
#include <iostream>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#if MBEDTLS_VERSION_MAJOR >= 3
#include <psa/crypto.h>
#endif

// mbedTLS begins its hellos' random bytes with the time. It finds this function before the C
// library's.
extern "C" time_t time(time_t* result) noexcept {
  constexpr time_t made_up = 1'700'000'000;
  if (result) *result = made_up;
  return made_up;
}

namespace {

using Buffer = std::vector<unsigned char>;

constexpr unsigned char terminate_code = 0x57;
constexpr unsigned char handshake_code = 0x58;
constexpr unsigned char handshake_cont_code = 0x59;
constexpr unsigned char table_code = 0x80;
constexpr unsigned char ok_code = 0x00;
constexpr unsigned char tls_error_code = 0x01;
constexpr unsigned char invalid_identity_code = 0x03;

constexpr std::size_t max_message_size = 476;  // page 8
constexpr std::size_t identity_size = 3;

constexpr std::string_view usage = R"(Usage: tls_meter [OPTION…] ACTION…

Actions, in their order:
  handshake            begin a session, or a new one in mid-session
  REQUEST:ANSWER       C12.18 messages in hexadecimal, without authentication trailers
  A:B+C:D              two or more of them in one frame, each in a TLS record of its own
  repeat               send the last request and its answer once more, byte for byte
  terminate            end the session

Options:
  --key HEX            the client's key (default: sixteen 01)
  --meter-mbk HEX      the meter's keys (default: --key)
  --meter-mak HEX
  --client N           the client's number in the PSK identity (default: 1)
  --key-id N           0: MBK, 1: MAK (the default), others: the meter knows no such key
  --suite NAME         default: TLS-PSK-WITH-AES-256-GCM-SHA384
  --no-extended-master-secret
  --fragment N         at most N TLS bytes in a frame
  --seed N             of the random numbers
  --keylog FILE        write the sessions' secrets there, as a TLS key log
  --version            say which mbedTLS this is, and nothing else
)";

struct Options {
  Buffer key = Buffer(16, 1);
  std::optional<Buffer> meter_keys[2];  // MBK, MAK
  unsigned client = 1;
  unsigned key_id = 1;
  std::string suite = "TLS-PSK-WITH-AES-256-GCM-SHA384";
  bool extended_master_secret = true;
  std::size_t fragment = max_message_size - 1;
  std::uint64_t seed = 1;
  std::string keylog;
  std::vector<std::string> actions;

  const Buffer& meter_key(unsigned id) const { return meter_keys[id] ? *meter_keys[id] : key; }
};

std::string hex(const unsigned char* bytes, std::size_t size) {
  std::string text;
  for (std::size_t i = 0; i < size; ++i) {
    text += "0123456789abcdef"[bytes[i] >> 4];
    text += "0123456789abcdef"[bytes[i] & 15];
  }
  return text;
}

Buffer from_hex(std::string_view text) {
  Buffer bytes;
  if (text.size() % 2 != 0) throw std::runtime_error("odd number of hexadecimal digits");
  for (std::size_t i = 0; i < text.size(); i += 2) {
    const std::string digits(text.substr(i, 2));
    std::size_t used = 0;
    bytes.push_back(static_cast<unsigned char>(std::stoul(digits, &used, 16)));
    if (used != 2) throw std::runtime_error("no hexadecimal digits: " + digits);
  }
  return bytes;
}

void append(Buffer& to, const Buffer& bytes) {
  to.insert(to.end(), bytes.begin(), bytes.end());
}

// Takes up to `size` bytes off the front.
Buffer take(Buffer& from, std::size_t size) {
  const auto end = from.begin() + static_cast<std::ptrdiff_t>(std::min(size, from.size()));
  Buffer taken(from.begin(), end);
  from.erase(from.begin(), end);
  return taken;
}

void check(int result, const char* what) {
  if (result >= 0) return;
  char code[16];
  std::snprintf(code, sizeof code, "-0x%04x", static_cast<unsigned>(-result));
  throw std::runtime_error(std::string(what) + ": mbedTLS error " + code);
}

// SplitMix64.
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}

  static int fill(void* self, unsigned char* bytes, std::size_t size) {
    for (std::size_t i = 0; i < size; ++i)
      bytes[i] = static_cast<unsigned char>(static_cast<Random*>(self)->next() >> 32);
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

// One end of a TLS session. Never moves: mbedTLS keeps pointers into it.
class End {
 public:
  Buffer incoming, outgoing;

  End(int side, const Options& options, Random& random) : options_(options) {
    mbedtls_ssl_config_init(&config_);
    mbedtls_ssl_init(&ssl_);
    check(mbedtls_ssl_config_defaults(&config_, side, MBEDTLS_SSL_TRANSPORT_STREAM,
                                      MBEDTLS_SSL_PRESET_DEFAULT),
          "configuration");
    suites_[0] = mbedtls_ssl_get_ciphersuite_id(options.suite.c_str());
    if (suites_[0] == 0) throw std::runtime_error("unknown cipher suite " + options.suite);
    mbedtls_ssl_conf_ciphersuites(&config_, suites_);
    mbedtls_ssl_conf_rng(&config_, Random::fill, &random);
    // "The TLS Session Cache will not be supported", page 18.
    mbedtls_ssl_conf_session_tickets(&config_, MBEDTLS_SSL_SESSION_TICKETS_DISABLED);
#if MBEDTLS_VERSION_MAJOR >= 3
    mbedtls_ssl_conf_min_tls_version(&config_, MBEDTLS_SSL_VERSION_TLS1_2);
    mbedtls_ssl_conf_max_tls_version(&config_, MBEDTLS_SSL_VERSION_TLS1_2);
#else
    mbedtls_ssl_conf_min_version(&config_, MBEDTLS_SSL_MAJOR_VERSION_3,
                                 MBEDTLS_SSL_MINOR_VERSION_3);
#endif
    if (side == MBEDTLS_SSL_IS_CLIENT) {
      mbedtls_ssl_conf_extended_master_secret(&config_, options.extended_master_secret
                                                            ? MBEDTLS_SSL_EXTENDED_MS_ENABLED
                                                            : MBEDTLS_SSL_EXTENDED_MS_DISABLED);
      const unsigned char identity[identity_size] = {
          static_cast<unsigned char>(options.client),
          static_cast<unsigned char>(options.client >> 8),
          static_cast<unsigned char>(options.key_id)};
      check(mbedtls_ssl_conf_psk(&config_, options.key.data(), options.key.size(), identity,
                                 identity_size),
            "key");
      export_secrets();
    } else {
      mbedtls_ssl_conf_psk_cb(&config_, find_key, this);
    }
    check(mbedtls_ssl_setup(&ssl_, &config_), "setup");
#if MBEDTLS_VERSION_MAJOR >= 3
    if (side == MBEDTLS_SSL_IS_CLIENT) mbedtls_ssl_set_export_keys_cb(&ssl_, log_secret, this);
#endif
    mbedtls_ssl_set_bio(&ssl_, this, send, receive, nullptr);
  }
  ~End() {
    mbedtls_ssl_free(&ssl_);
    mbedtls_ssl_config_free(&config_);
  }
  End(const End&) = delete;
  End& operator=(const End&) = delete;

  bool ready() const {
    return ready_;
  }
  bool identity_unknown() const {
    return identity_unknown_;
  }

  // Goes on with the handshake as far as the incoming bytes allow. False where it failed.
  bool shake_hands() {
    const int result = mbedtls_ssl_handshake(&ssl_);
    ready_ = result == 0;
    return ready_ || result == MBEDTLS_ERR_SSL_WANT_READ;
  }

  void write(const Buffer& message) {
    const int written = mbedtls_ssl_write(&ssl_, message.data(), message.size());
    check(written, "writing");
    if (static_cast<std::size_t>(written) != message.size())
      throw std::runtime_error("a message did not fit a record");
  }

  // The next message; nothing where it has not come in full.
  std::optional<Buffer> read() {
    Buffer message(max_message_size);
    const int size = mbedtls_ssl_read(&ssl_, message.data(), message.size());
    if (size == MBEDTLS_ERR_SSL_WANT_READ) return std::nullopt;
    check(size, "reading");
    message.resize(static_cast<std::size_t>(size));
    return message;
  }

 private:
  static int send(void* self, const unsigned char* bytes, std::size_t size) {
    auto& out = static_cast<End*>(self)->outgoing;
    out.insert(out.end(), bytes, bytes + size);
    return static_cast<int>(size);
  }

  static int receive(void* self, unsigned char* bytes, std::size_t size) {
    const Buffer taken = take(static_cast<End*>(self)->incoming, size);
    if (taken.empty()) return MBEDTLS_ERR_SSL_WANT_READ;
    std::copy(taken.begin(), taken.end(), bytes);
    return static_cast<int>(taken.size());
  }

  static int find_key(void* self, mbedtls_ssl_context* ssl, const unsigned char* identity,
                      std::size_t size) {
    auto* meter = static_cast<End*>(self);
    if (size != identity_size || identity[2] > 1) {
      meter->identity_unknown_ = true;
      return MBEDTLS_ERR_SSL_UNKNOWN_IDENTITY;
    }
    const Buffer& key = meter->options_.meter_key(identity[2]);
    return mbedtls_ssl_set_hs_psk(ssl, key.data(), key.size());
  }

  void log(const unsigned char* client_random, const unsigned char* secret) const {
    if (options_.keylog.empty()) return;
    std::ofstream file(options_.keylog, std::ios::app);
    file << "CLIENT_RANDOM " << hex(client_random, 32) << ' ' << hex(secret, 48) << '\n';
  }

#if MBEDTLS_VERSION_MAJOR >= 3
  void export_secrets() {}
  static void log_secret(void* self, mbedtls_ssl_key_export_type, const unsigned char* secret,
                         std::size_t, const unsigned char client_random[32],
                         const unsigned char[32], mbedtls_tls_prf_types) {
    static_cast<End*>(self)->log(client_random, secret);
  }
#else
  void export_secrets() {
    mbedtls_ssl_conf_export_keys_ext_cb(&config_, log_secret, this);
  }
  static int log_secret(void* self, const unsigned char* secret, const unsigned char*, std::size_t,
                        std::size_t, std::size_t, const unsigned char client_random[32],
                        const unsigned char[32], mbedtls_tls_prf_types) {
    static_cast<End*>(self)->log(client_random, secret);
    return 0;
  }
#endif

  const Options& options_;
  int suites_[2] = {};
  bool ready_ = false;
  bool identity_unknown_ = false;
  mbedtls_ssl_config config_;
  mbedtls_ssl_context ssl_;
};

class Conversation {
 public:
  explicit Conversation(const Options& options) : options_(options), random_(options.seed) {}

  void act(const std::string& action) {
    if (action == "handshake") {
      shake_hands();
    } else if (action == "terminate") {
      request(terminate_code, {0});
      answer(ok_code, {});
      client_.reset();
      meter_.reset();
    } else if (action == "repeat") {
      print("c2m", last_request_);
      print("m2c", last_answer_);
    } else {
      talk(action);
    }
  }

 private:
  static void print(const char* direction, const Buffer& frame) {
    std::cout << R"({"dir": ")" << direction << R"(", "hex": ")" << hex(frame.data(), frame.size())
              << "\"}\n";
  }

  static Buffer frame(unsigned char code, const Buffer& bytes) {
    const std::size_t size = 1 + bytes.size();
    if (size > max_message_size) throw std::runtime_error("a message is too long for a frame");
    Buffer frame = {static_cast<unsigned char>(size >> 8), static_cast<unsigned char>(size), code};
    append(frame, bytes);
    return frame;
  }

  void request(unsigned char code, const Buffer& bytes) {
    last_request_ = frame(code, bytes);
    print("c2m", last_request_);
  }
  void answer(unsigned char code, const Buffer& bytes) {
    last_answer_ = frame(code, bytes);
    print("m2c", last_answer_);
  }

  // Carries all that the client has to say to the meter and what the meter says to it back. `work`
  // is what the meter does with it; it gives the code to answer with. The code of the last answer.
  unsigned char carry(unsigned char first_code, unsigned char next_code,
                      const std::function<unsigned char()>& work) {
    unsigned char code = first_code;
    unsigned char result = ok_code;
    do {
      const Buffer piece = take(client_->outgoing, options_.fragment);
      request(code, piece);
      append(meter_->incoming, piece);
      if (!piece.empty()) result = work();
      const Buffer back = take(meter_->outgoing, options_.fragment);
      answer(result, back);
      append(client_->incoming, back);
      code = next_code;
    } while (!client_->outgoing.empty() || !meter_->outgoing.empty());
    return result;
  }

  void shake_hands() {
    client_ = std::make_unique<End>(MBEDTLS_SSL_IS_CLIENT, options_, random_);
    meter_ = std::make_unique<End>(MBEDTLS_SSL_IS_SERVER, options_, random_);
    unsigned char code = handshake_code;
    while (!client_->ready()) {
      if (!client_->shake_hands()) throw std::runtime_error("the client gave up");
      if (client_->ready()) return;
      const unsigned char result = carry(code, handshake_cont_code, [this] {
        if (meter_->ready() || meter_->shake_hands()) return ok_code;
        return meter_->identity_unknown() ? invalid_identity_code : tls_error_code;
      });
      if (result != ok_code) {
        client_.reset();
        meter_.reset();
        return;
      }
      code = handshake_cont_code;
    }
  }

  void talk(std::string_view action) {
    if (!client_) throw std::runtime_error("there is no session to talk in");
    std::vector<std::pair<Buffer, Buffer>> messages;
    while (!action.empty()) {
      const std::string_view one = action.substr(0, action.find('+'));
      action.remove_prefix(std::min(action.size(), one.size() + 1));
      const std::size_t colon = one.find(':');
      if (colon == std::string_view::npos)
        throw std::runtime_error("unknown action " + std::string(one));
      messages.emplace_back(from_hex(one.substr(0, colon)), from_hex(one.substr(colon + 1)));
    }
    for (const auto& [asked, answered] : messages) client_->write(asked);
    auto next = messages.begin();
    carry(table_code, table_code, [&] {
      while (const auto heard = meter_->read()) {
        if (*heard != next->first) throw std::runtime_error("the meter heard something else");
        meter_->write(next->second);
        ++next;
      }
      return ok_code;
    });
    for (const auto& [asked, answered] : messages)
      if (client_->read() != answered) throw std::runtime_error("the client heard something else");
  }

  const Options& options_;
  Random random_;
  std::unique_ptr<End> client_, meter_;
  Buffer last_request_, last_answer_;
};

Options parse(int count, char** arguments) {
  Options options;
  for (int i = 1; i < count; ++i) {
    const std::string option = arguments[i];
    if (!option.starts_with("--")) {
      options.actions.push_back(option);
      continue;
    }
    if (option == "--no-extended-master-secret") {
      options.extended_master_secret = false;
      continue;
    }
    if (i + 1 == count) throw std::runtime_error(option + " needs a value");
    const std::string value = arguments[++i];
    if (option == "--key") {
      options.key = from_hex(value);
    } else if (option == "--meter-mbk") {
      options.meter_keys[0] = from_hex(value);
    } else if (option == "--meter-mak") {
      options.meter_keys[1] = from_hex(value);
    } else if (option == "--client") {
      options.client = static_cast<unsigned>(std::stoul(value));
    } else if (option == "--key-id") {
      options.key_id = static_cast<unsigned>(std::stoul(value));
    } else if (option == "--suite") {
      options.suite = value;
    } else if (option == "--fragment") {
      options.fragment = std::stoul(value);
      if (options.fragment == 0) throw std::runtime_error("--fragment needs at least 1");
    } else if (option == "--seed") {
      options.seed = std::stoull(value);
    } else if (option == "--keylog") {
      options.keylog = value;
    } else {
      throw std::runtime_error("unknown option " + option);
    }
  }
  return options;
}

}  // namespace

int main(int count, char** arguments) {
  if (count < 2) {
    std::cerr << usage;
    return 2;
  }
  if (std::string_view(arguments[1]) == "--version") {
    std::cout << MBEDTLS_VERSION_STRING << '\n';
    return 0;
  }
#if MBEDTLS_VERSION_MAJOR >= 3
  if (psa_crypto_init() != PSA_SUCCESS) return 1;
#endif
  try {
    const Options options = parse(count, arguments);
    Conversation conversation(options);
    for (const std::string& action : options.actions) conversation.act(action);
  } catch (const std::exception& error) {
    std::cerr << "tls_meter: " << error.what() << '\n';
    return 1;
  }
  return 0;
}
