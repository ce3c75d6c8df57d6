// A client and a meter that really speak TLS with each other, over mbedTLS, the library of the
// meters; prints the frames that pass between them, one line of JSON each.
//
// The framing is that of pages 8 and 9: 0x58 begins a handshake, 0x59 goes on with it, 0x80 carries
// C12.18 messages, 0x57 ends the session; answers are a code and TLS bytes. The guide does not say
// how bytes that are too many for one frame go on. Here a request's go on in the next request (the
// meter answers a bare OK in between), an answer's in the answer to a request without TLS bytes.
//
// The same options give the same bytes: random numbers are seeded and their time is made up.
//
// SPDX-License-Identifier: GPL-2.0-or-later
#include <mbedtls/version.h>

#include <algorithm>
#include <cstdint>
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

#include "protocol/bytes.h"
#include "protocol/types.h"
#include "simulator/security/tls_end.h"

namespace {

using mep::Key;
using mep::max_message_size;
using mep::simulator::TlsEnd;
using mep::simulator::TlsError;
using mep::simulator::TlsRandom;
using mep::simulator::TlsSecret;

using Buffer = std::vector<unsigned char>;

constexpr unsigned char terminate_code = 0x57;
constexpr unsigned char handshake_code = 0x58;
constexpr unsigned char handshake_cont_code = 0x59;
constexpr unsigned char table_code = 0x80;
constexpr unsigned char ok_code = 0x00;
constexpr unsigned char tls_error_code = 0x01;
constexpr unsigned char invalid_identity_code = 0x03;

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
  Key key = mep::factory_default_key;
  std::optional<Key> meter_mbk, meter_mak;
  mep::tls::Identity identity = {.client = 1, .key = 1};
  mep::simulator::TlsOptions tls;
  std::size_t fragment = max_message_size - 1;
  std::uint64_t seed = 1;
  std::string keylog;
  std::vector<std::string> actions;
};

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

Key key_from_hex(std::string_view text) {
  const Buffer bytes = from_hex(text);
  Key key;
  if (bytes.size() != key.size())
    throw std::runtime_error("a key has " + std::to_string(key.size()) + " bytes");
  std::copy(bytes.begin(), bytes.end(), key.begin());
  return key;
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
    std::cout << R"({"dir": ")" << direction << R"(", "hex": ")" << mep::hex(frame) << "\"}\n";
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
    mep::simulator::TlsOptions tls = options_.tls;
    const mep::simulator::TlsMeterKeys keys = {.mbk = options_.meter_mbk.value_or(options_.key),
                                               .mak = options_.meter_mak.value_or(options_.key)};
    meter_ = std::make_unique<TlsEnd>(keys, random_, tls);
    if (!options_.keylog.empty()) {
      tls.secret_made = [this](const TlsSecret& secret) {
        std::ofstream(options_.keylog, std::ios::app) << secret.key_log_line() << '\n';
      };
    }
    const mep::simulator::TlsClientKey client = {.identity = options_.identity,
                                                 .key = options_.key};
    client_ = std::make_unique<TlsEnd>(client, random_, tls);
    unsigned char code = handshake_code;
    while (!client_->shake_hands()) {
      const unsigned char result =
          carry(code, handshake_cont_code, [this] { return meter_handshake(); });
      if (result != ok_code) {
        client_.reset();
        meter_.reset();
        return;
      }
      code = handshake_cont_code;
    }
  }

  // What the meter makes of what came from the client: the code to answer with.
  unsigned char meter_handshake() {
    try {
      meter_->shake_hands();
      return ok_code;
    } catch (const TlsError&) {
      return meter_->identity_unknown() ? invalid_identity_code : tls_error_code;
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
  TlsRandom random_;
  std::unique_ptr<TlsEnd> client_, meter_;
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
      options.tls.extended_master_secret = false;
      continue;
    }
    if (i + 1 == count) throw std::runtime_error(option + " needs a value");
    const std::string value = arguments[++i];
    if (option == "--key") {
      options.key = key_from_hex(value);
    } else if (option == "--meter-mbk") {
      options.meter_mbk = key_from_hex(value);
    } else if (option == "--meter-mak") {
      options.meter_mak = key_from_hex(value);
    } else if (option == "--client") {
      options.identity.client = static_cast<std::uint16_t>(std::stoul(value));
    } else if (option == "--key-id") {
      options.identity.key = static_cast<std::uint8_t>(std::stoul(value));
    } else if (option == "--suite") {
      options.tls.suite = value;
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
