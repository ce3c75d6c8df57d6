// SPDX-License-Identifier: GPL-2.0-or-later
#include "captures/conversation.h"

#include <algorithm>

#include "protocol/bytes.h"
#include "protocol/evidence.h"
#include "protocol/rc4.h"

namespace mep::captures {
namespace {

using Buffer = std::vector<std::uint8_t>;

constexpr std::size_t questions_kept = 4;
constexpr int strongest_lean = 4;
constexpr int lean_bits = 2;                      // each
constexpr int claim_bits = 8;                     // what the capture says of the direction
constexpr int clear_enough = 6;                   // less is sealed
constexpr int question_bits = 8;                  // an answer to a clear question is clear
constexpr std::int64_t patience = 2'000'000'000;  // ns; later nobody waits for an answer

Digest closing_digest(Bytes message) {
  Digest digest;
  std::copy_n(message.end() - digest_size, digest_size, digest.begin());
  return digest;
}

Bytes without_digest(Bytes message) {
  return message.first(message.size() - digest_size);
}

Buffer decrypted(Bytes message, const Key& exchange_key, std::size_t skip) {
  Buffer plain(message.begin(), message.end());
  if (!rc4_apply(exchange_key, skip, std::span(plain).first(plain.size() - digest_size)))
    plain.clear();
  return plain;
}

bool authentic(const DigestState& state, const Key& key, Bytes plain) {
  return plain.size() > digest_size &&
         digest_matches(digest_update(state, key, without_digest(plain)), key,
                        closing_digest(plain));
}

Answers answers_to(const Request& request) {
  const auto code = static_cast<RequestCode>(request.code);
  if (is_tls(code)) return Answers::tls;
  if (is_write(code)) return Answers::write;
  return is_read(code) || code == RequestCode::default_read ? Answers::read : Answers::unknown;
}

}  // namespace

bool Opened::is_tls() const {
  if (kind == Kind::answer) return answers == Answers::tls;
  return kind == Kind::request && mep::is_tls(static_cast<RequestCode>(request.code));
}

std::optional<Opened> Conversation::prove_request(Bytes message, Question& question) const {
  if (message.size() < smallest_secured_request) return std::nullopt;
  const auto fits = [&](std::size_t number) -> std::optional<Opened> {
    const Key& key = keys_[number].key;
    Buffer plain(message.begin(), message.end());
    bool encrypted = false;
    if (!authentic({}, key, plain)) {
      question.exchange_key = rc4_exchange_key(key, closing_digest(message));
      plain = decrypted(message, question.exchange_key, 0);
      encrypted = true;
      if (!authentic({}, key, plain)) return std::nullopt;
    }
    question.state = digest_update({}, key, without_digest(plain));
    Opened made;
    made.kind = Opened::Kind::request;
    made.encrypted = encrypted;
    made.proven = true;
    made.key = number;
    made.request = parse_request(plain, Trailer::present);
    made.message = std::move(plain);
    return made;
  };
  if (last_key_)
    if (auto made = fits(*last_key_)) return made;
  for (std::size_t i = 0; i < keys_.size(); ++i)
    if (auto made = fits(i)) return made;
  return std::nullopt;
}

Opened Conversation::answer_to(const Question* question, Buffer plain) const {
  Opened made;
  made.kind = Opened::Kind::answer;
  if (question) {
    made.partner = question->index;
    made.key = opened(*question).key;
    made.answers = answers_to(opened(*question).request);
  }
  made.response = parse_response(plain, made.answers,
                                 made.answers == Answers::tls ? Trailer::absent : Trailer::present);
  made.message = std::move(plain);
  return made;
}

std::optional<Opened> Conversation::prove_answer(Bytes message) const {
  if (message.size() < smallest_secured_response) return std::nullopt;
  for (std::size_t i = recent_.size(); i-- > 0;) {
    const Question& question = recent_[i];
    const Opened& request = opened(question);
    if (!request.proven || !request.key) continue;
    const Key& key = keys_[*request.key].key;
    Buffer plain(message.begin(), message.end());
    bool encrypted = false;
    if (request.encrypted) {
      Buffer other =
          decrypted(message, question.exchange_key, request.message.size() - digest_size);
      encrypted = authentic(question.state, key, other);
      if (encrypted) plain = std::move(other);
    }
    if (!encrypted && !authentic(question.state, key, plain)) continue;
    Opened made = answer_to(&question, std::move(plain));
    made.encrypted = encrypted;
    made.proven = true;
    return made;
  }
  return std::nullopt;
}

// What cannot be proven answers the latest request if nothing else can be meant: it is waiting
// for an answer, and it alone.
Opened Conversation::unproven_answer(Bytes message, bool claimed) {
  Question* question = latest();
  const bool others_wait = std::any_of(recent_.begin(), recent_.end(), [&](const Question& other) {
    return &other != question && !other.answered && question &&
           question->time - other.time < patience;
  });
  if (question && (question->answered || others_wait)) question = nullptr;
  if (question && opened(*question).encrypted && message.size() > digest_size) {
    Buffer plain =
        decrypted(message, question->exchange_key, opened(*question).message.size() - digest_size);
    const Request& request = opened(*question).request;
    if (!plain.empty() && clear_response_bits(plain, &request) > clear_enough &&
        clear_response_bits(plain, &request) > clear_response_bits(message, &request)) {
      Opened made = answer_to(question, std::move(plain));
      made.encrypted = true;
      return made;
    }
  }
  const bool clear_question =
      question && opened(*question).kind == Opened::Kind::request && !opened(*question).encrypted;
  const Request* request = question && opened(*question).kind == Opened::Kind::request
                               ? &opened(*question).request
                               : nullptr;
  const int bits = clear_response_bits(message, request) + lean_bits * lean_ +
                   (clear_question ? question_bits : 0);
  Opened made;
  made.kind = Opened::Kind::sealed;
  if (bits >= clear_enough)
    made = answer_to(request ? question : nullptr, {message.begin(), message.end()});
  if (!claimed && bits < clear_enough) made.direction = Direction::unknown;
  return made;
}

// A request out of TLS, as it would be without: with a sequence number of its own, and room for a
// digest.
void Conversation::open_tls_request(Opened& made, Question& question) {
  question.tls = true;
  auto plain = tls_.take(Direction::client_to_meter, made.request.data.of(made.message));
  if (!plain || plain->empty() || !tls_.key() ||
      plain->size() + sequence_size + digest_size > max_message_size)
    return;
  plain->resize(plain->size() + sequence_size + digest_size);
  // What is repeated has the number that it had.
  const Question* before = latest();
  const bool repeated = before && before->tls && before->wire == question.wire;
  if (!repeated) ++tls_requests_;
  write_be(*plain, plain->size() - sequence_size - digest_size, sequence_size, tls_requests_);
  made.from_tls = true;
  made.proven = true;
  made.key = tls_.key();
  made.request = parse_request(*plain, Trailer::present);
  made.message = std::move(*plain);
}

Opened Conversation::tls_answer(const Question& question, Bytes message) {
  const Response response = parse_response(message, Answers::tls, Trailer::absent);
  const Opened& request = opened(question);
  Opened made;
  made.kind = Opened::Kind::answer;
  made.answers = Answers::tls;
  made.partner = question.index;
  made.response = response;
  made.message.assign(message.begin(), message.end());
  auto plain = tls_.take(Direction::meter_to_client, response.data.of(message));
  if (!plain || plain->empty() || !request.from_tls ||
      plain->size() + digest_size > max_message_size)
    return made;
  plain->resize(plain->size() + digest_size);
  made.from_tls = true;
  made.proven = true;
  made.key = request.key;
  made.answers = answers_to(request.request);
  made.response = parse_response(*plain, made.answers, Trailer::present);
  made.message = std::move(*plain);
  return made;
}

void Conversation::remember(Question question) {
  if (recent_.size() == questions_kept) recent_.erase(recent_.begin());
  recent_.push_back(std::move(question));
}

void Conversation::lean(bool clear) {
  lean_ = std::clamp(lean_ + (clear ? 1 : -1), -strongest_lean, strongest_lean);
}

Opened Conversation::open(Bytes message, Direction claimed, WallTime time) {
  Opened made;
  if (message.empty()) {
    made.kind = Opened::Kind::alert;
    made.direction = Direction::meter_to_client;
    return made;
  }
  const Question* before = latest();
  if (before && !before->answered && before->claimed != claimed && claimed != Direction::unknown &&
      time - before->time < patience &&
      std::equal(message.begin(), message.end(), before->wire.begin(), before->wire.end())) {
    made.kind = Opened::Kind::echo;
    made.direction = claimed;
    made.partner = before->index;
    return made;
  }
  Question question{all_.size(), {message.begin(), message.end()}, time, claimed, {}, {}, 0, false,
                    false};
  const bool tls = fits(message, message.size(), Direction::client_to_meter) == Fit::yes &&
                   is_tls(static_cast<RequestCode>(message[0]));
  if (!tls && before && before->tls && !before->answered && claimed != Direction::client_to_meter) {
    made = tls_answer(*before, message);
    made.direction = Direction::meter_to_client;
    latest()->answered = true;
    return made;
  }
  if (!tls) {
    if (auto proven = prove_request(message, question)) {
      proven->direction = Direction::client_to_meter;
      last_key_ = proven->key;
      lean(!proven->encrypted);
      remember(std::move(question));
      return std::move(*proven);
    }
    if (auto proven = prove_answer(message)) {
      proven->direction = Direction::meter_to_client;
      for (Question& each : recent_) each.answered |= each.index == proven->partner;
      return std::move(*proven);
    }
  }
  const bool as_request = claimed != Direction::meter_to_client;
  int for_request = clear_request_bits(message);
  const Request clear_request = parse_request(message, Trailer::present);
  if (before && clear_request.sequence && opened(*before).request.sequence)
    for_request += sequence_bits(*opened(*before).request.sequence, *clear_request.sequence);
  const Request* asked =
      before && opened(*before).kind == Opened::Kind::request ? &opened(*before).request : nullptr;
  const int for_answer = clear_response_bits(message, asked);
  const int claim = claimed == Direction::unknown           ? (before && !before->answered ? -2 : 2)
                    : claimed == Direction::client_to_meter ? claim_bits
                                                            : -claim_bits;
  if (for_request + claim >= for_answer) {
    made.direction = Direction::client_to_meter;
    question.bits = for_request + lean_bits * lean_;
    if (tls || question.bits >= clear_enough) {
      made.kind = Opened::Kind::request;
      made.message.assign(message.begin(), message.end());
      made.request = clear_request;
      if (tls) open_tls_request(made, question);
      lean(true);
    } else {
      lean(false);
    }
    remember(std::move(question));
    return made;
  }
  made = unproven_answer(message, !as_request);
  made.direction = Direction::meter_to_client;
  if (Question* asked_last = latest()) asked_last->answered = true;
  return made;
}

}  // namespace mep::captures
