// Opens the messages of one bus: which way each went, which key fits it, what it answers, what
// stands in it.
//
// As in the plugin digests have the first word, evidence (protocol/evidence.h) the second, and what
// the capture claims the last. Where the plugin shows its best guess, this is careful: what is not
// certain is sealed, and what an answer belongs to is unknown rather than likely.
//
// Captures. To be added here: another way in which messages are protected.
// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <vector>

#include "captures/key_file.h"
#include "captures/tls_listener.h"
#include "protocol/digest.h"
#include "protocol/message.h"
#include "protocol/types.h"
#include "system/pcapng_writer.h"

namespace mep::captures {

using system::WallTime;

inline constexpr std::size_t nobody = std::numeric_limits<std::size_t>::max();

struct Opened {
  enum class Kind : std::uint8_t {
    alert,
    request,
    answer,
    echo,    // of the request `partner`, on the other line
    sealed,  // nobody knows what it is
    part,    // of a message, or something that is too long for one
  };
  Kind kind = Kind::sealed;
  Direction direction = Direction::unknown;
  bool encrypted = false;             // with RC4
  bool from_tls = false;              // it came in TLS, and stands here as it would come without
  bool proven = false;                // its digest is right
  std::optional<std::size_t> key;     // of the keys that were given; of an answer its question's
  std::vector<std::uint8_t> message;  // in clear, its digest behind it as it came
  Request request;                    // of requests
  Response response;                  // of answers
  Answers answers = Answers::unknown;
  std::size_t partner = nobody;  // the question of an answer, in the list of all

  bool is_tls() const;
};

class Conversation {
 public:
  // `keys` and `all`, to which what is opened has been added by the caller before the next message
  // comes, must outlive this.
  Conversation(std::span<const KnownKey> keys, const std::vector<Opened>& all)
      : keys_(keys), all_(all), tls_(keys) {}

  // Whether its messages have been clear so far.
  bool seems_clear() const { return lean_ > 1; }

  // A whole message, without its length field, as it came.
  Opened open(Bytes message, Direction claimed, WallTime time);

 private:
  struct Question {
    std::size_t index;  // in all_
    std::vector<std::uint8_t> wire;
    WallTime time;
    Direction claimed;
    DigestState state;  // behind the request, where it is proven
    Key exchange_key;   // likewise, where it is encrypted
    int bits;           // how much speaks for its being clear
    bool answered;
    bool tls;
  };

  const Opened& opened(const Question& question) const { return all_[question.index]; }
  Question* latest() { return recent_.empty() ? nullptr : &recent_.back(); }
  std::optional<Opened> prove_request(Bytes message, Question& question) const;
  std::optional<Opened> prove_answer(Bytes message) const;
  Opened answer_to(const Question* question, std::vector<std::uint8_t> plain) const;
  Opened unproven_answer(Bytes message, bool claimed);
  Opened tls_answer(const Question& question, Bytes message);
  void open_tls_request(Opened& request, Question& question);
  void remember(Question question);
  void lean(bool clear);

  std::span<const KnownKey> keys_;
  const std::vector<Opened>& all_;
  std::vector<Question> recent_;  // the last few, the latest at the end
  std::optional<std::size_t> last_key_;
  int lean_ = 0;  // how clear the bus has been
  TlsListener tls_;
  std::uint32_t tls_requests_ = 0;  // written in clear, which have a sequence number then
};

}  // namespace mep::captures
