// SPDX-License-Identifier: GPL-2.0-or-later
#include "simulator/client/client.h"

#include <algorithm>
#include <utility>

#include "protocol/names.h"
#include "protocol/procedure.h"
#include "protocol/tables/tables.h"
#include "protocol/walker.h"

namespace mep::simulator {
namespace {

using Buffer = std::vector<std::uint8_t>;

// Pieces of a long read: what fits under every security.
constexpr std::uint16_t piece_size = 440;
constexpr std::size_t tls_bytes_at_most = max_message_size - 1;
// How often a request is made anew with the number that an answer 0x0C told.
constexpr int sequence_tries = 4;
// How often the meter is asked for the rest of its TLS bytes.
constexpr int tls_continuations = 40;
constexpr Instant line_silence = std::chrono::milliseconds(200);
constexpr Instant thinking = std::chrono::milliseconds(10);
// Page 52: BT07, numbers of MEP clients.
constexpr std::uint8_t first_procedure_sequence = 5;
constexpr std::uint8_t last_procedure_sequence = 9;
constexpr std::uint16_t result_size = 16;

Buffer message_with(RequestCode code, Bytes bytes) {
  Buffer message(1 + bytes.size(), static_cast<std::uint8_t>(code));
  std::ranges::copy(bytes, message.begin() + 1);
  return message;
}

Outcome outcome_of(Bytes request, Bytes answer) {
  Outcome outcome;
  if (answer.empty()) return outcome;
  const auto code = static_cast<RequestCode>(request[0]);
  const Answers kind = is_read(code) ? Answers::read : Answers::write;
  const Response response = parse_response(answer, kind, Trailer::absent);
  outcome.code = response.code;
  const Bytes data = response.data.of(answer);
  outcome.data.assign(data.begin(), data.end());
  return outcome;
}

}  // namespace

Client::Client(ClientOptions options)
    : options_(std::move(options)),
      splitter_(Direction::meter_to_client, line_silence,
                [this](const LineRecord& record) { take(record); }),
      sequence_(options_.first_sequence) {}

// --- Time and bytes

void Client::run(const std::function<Task<>(Client&)>& script) {
  // A lambda's captures must live as long as the coroutine that it has made.
  source_ = script;
  task_.emplace(source_(*this));
  until_ = Instant(0);
  waits_for_ = Wait::time;
}

bool Client::finished() const {
  if (!task_ || !task_->done()) return false;
  task_->result();
  return true;
}

void Client::receive(Bytes bytes, Instant now) {
  now_ = std::max(now_, now);
  for (const std::uint8_t byte : bytes) splitter_.push(byte, now_);
  go_on();
}

void Client::advance(Instant now) {
  now_ = std::max(now_, now);
  splitter_.advance(now_);
  go_on();
}

std::optional<Instant> Client::deadline() const {
  std::optional<Instant> due = splitter_.deadline();
  if (waits_for_ != Wait::nothing && (!due || until_ < *due)) due = until_;
  return due;
}

void Client::take(const LineRecord& record) {
  if (record.status != 0) return;
  if (record.bytes.size() == length_field_size) {
    ++alerts_;
    unseen_alert_ = true;
    return;
  }
  if (waits_for_ != Wait::answer || answer_) return;
  const Bytes message = record.bytes.subspan(length_field_size);
  answer_.emplace(message.begin(), message.end());
}

// Resumes the script where what it waits for has happened, or the time is over.
void Client::go_on() {
  if (waits_for_ == Wait::nothing) return;
  bool due = until_ <= now_;
  if (waits_for_ == Wait::answer) {
    // An answer that has begun is waited for, page 21.
    if (due && splitter_.deadline()) {
      until_ = *splitter_.deadline();
      due = until_ <= now_;
    }
    due = due || answer_;
  }
  if (waits_for_ == Wait::alert) due = due || unseen_alert_;
  if (!due) return;
  waits_for_ = Wait::nothing;
  if (const auto script = std::exchange(script_, nullptr))
    script.resume();
  else if (task_)
    task_->start();
}

// --- Frames

Task<std::optional<Buffer>> Client::send_frame(Buffer bytes) {
  if (now_ < may_ask_at_) co_await Waiting{*this, Wait::time, may_ask_at_};
  const Instant asked = now_;
  answer_.reset();
  unseen_alert_ = false;
  send(bytes, baud_rate_);
  const Instant sent = now_ + byte_time(baud_rate_) * bytes.size();
  co_await Waiting{*this, Wait::answer, sent + answer_timeout};
  may_ask_at_ = std::max(asked + options_.between_requests, now_ + thinking);
  co_return std::exchange(answer_, std::nullopt);
}

// The same bytes again where no answer comes, page 21.
Task<std::optional<Buffer>> Client::send_and_repeat(Buffer bytes) {
  for (unsigned sent = 0; sent < options_.tries; ++sent) {
    auto answer = co_await send_frame(bytes);
    if (answer) co_return answer;
  }
  co_return std::nullopt;
}

// --- Requests

Task<Outcome> Client::exchange(Buffer request) {
  // In two statements: GCC 12 destroys what ?: with co_await gives twice.
  std::optional<Buffer> answer;
  if (options_.security == Security::tls)
    answer = co_await exchange_tls(request);
  else
    answer = co_await exchange_rc4(request);
  Outcome outcome = answer ? outcome_of(request, *answer) : Outcome();
  learn_from(request, outcome);
  co_return outcome;
}

std::optional<Buffer> Client::sealed(Bytes request) {
  if (options_.security != Security::tls)
    return frame(
        seal_request(request, sequence_++, options_.key, options_.security == Security::rc4)
            .message);
  if (!tls_) return std::nullopt;
  tls_->write(request);
  const Buffer bytes = std::exchange(tls_->outgoing, {});
  if (bytes.size() > tls_bytes_at_most) return std::nullopt;
  return frame(message_with(RequestCode::tls_table, bytes));
}

Task<std::optional<Buffer>> Client::exchange_rc4(Bytes request) {
  for (int tries = 0; tries < sequence_tries; ++tries) {
    const Rc4Request sealed =
        seal_request(request, sequence_++, options_.key, options_.security == Security::rc4);
    const Instant asked = now_;
    const auto answer = co_await send_and_repeat(frame(sealed.message));
    auto opened = answer ? open_answer(*answer, sealed.exchange) : std::nullopt;
    if (observer_)
      observer_({asked, now_, {request.begin(), request.end()}, opened.value_or(Buffer())});
    if (!opened) co_return std::nullopt;
    const Response response = parse_response(*opened, Answers::unknown, Trailer::absent);
    if (!response.is(ResponseCode::invalid_sequence_number) || !response.sequence) co_return opened;
    // The number to be used next; or the one used last, as page 16 has it: then it is refused when
    // it comes again.
    sequence_ = *response.sequence == sequence_ - 1 ? sequence_ : *response.sequence;
  }
  co_return Buffer{static_cast<std::uint8_t>(ResponseCode::invalid_sequence_number)};
}

void Client::learn_from(Bytes request, const Outcome& outcome) {
  const Request asked = parse_request(request, Trailer::absent);
  if (!asked.table || !outcome.ok() || outcome.data.empty()) return;
  if (const Table* table = find_table(*asked.table))
    learn(*table, {asked.offset, outcome.data}, dimensions_);
}

Task<Outcome> Client::read(std::uint16_t table, std::uint32_t offset, std::uint16_t count) {
  return exchange(encode_request(RequestCode::partial_read, table, offset, count, {}));
}

Task<Outcome> Client::read_all(std::uint16_t table, std::uint16_t count) {
  return exchange(encode_request(RequestCode::full_read, table, 0, count, {}));
}

Task<Buffer> Client::read_long(std::uint16_t table, std::uint32_t offset, std::uint32_t count) {
  Buffer data;
  while (data.size() < count) {
    const auto piece =
        static_cast<std::uint16_t>(std::min<std::size_t>(piece_size, count - data.size()));
    const auto from = static_cast<std::uint32_t>(offset + data.size());
    const Outcome outcome = co_await read(table, from, piece);
    if (!outcome.ok() || outcome.data.empty()) break;
    data.insert(data.end(), outcome.data.begin(), outcome.data.end());
  }
  co_return data;
}

Task<Outcome> Client::write(std::uint16_t table, std::uint32_t offset, Buffer data) {
  return exchange(encode_request(RequestCode::partial_write, table, offset,
                                 static_cast<std::uint16_t>(data.size()), data));
}

Task<CallOutcome> Client::call(std::uint16_t procedure, Buffer parameters, std::uint16_t results) {
  procedure_sequence_ = procedure_sequence_ >= last_procedure_sequence
                            ? first_procedure_sequence
                            : static_cast<std::uint8_t>(procedure_sequence_ + 1);
  Buffer data = procedure::encode_call({procedure, 0, procedure_sequence_}, parameters);
  CallOutcome outcome;
  const Outcome written = co_await write(BT(7), 0, std::move(data));
  outcome.initiated = written.code;
  if (outcome.initiated != static_cast<std::uint8_t>(ResponseCode::ok)) co_return outcome;
  // How long the response is depends on the procedure: first its header, then the rest.
  const Outcome answer = co_await read_all(results, result_size);
  const auto header = answer.ok() ? procedure::parse_result(answer.data) : std::nullopt;
  if (!header || header->sequence != procedure_sequence_) co_return outcome;
  outcome.result = header->code;
  outcome.data.assign(answer.data.begin() + procedure::result_header_size, answer.data.end());
  co_return outcome;
}

// --- TLS, pages 8, 9 and 18

// Carries the client's TLS bytes to the meter and the meter's back. The code of the last answer.
Task<std::optional<std::uint8_t>> Client::carry_tls(RequestCode first, RequestCode next) {
  RequestCode code = first;
  std::optional<std::uint8_t> result;
  do {
    Buffer& bytes = tls_->outgoing;
    const auto size = std::min(bytes.size(), tls_bytes_at_most);
    const Buffer message = message_with(code, Bytes(bytes).first(size));
    bytes.erase(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size));
    const auto answer = co_await send_and_repeat(frame(message));
    if (!answer || answer->empty()) co_return std::nullopt;
    result = answer->front();
    tls_->incoming.insert(tls_->incoming.end(), answer->begin() + 1, answer->end());
    if (*result != static_cast<std::uint8_t>(ResponseCode::ok)) break;
    code = next;
  } while (!tls_->outgoing.empty());
  co_return result;
}

Task<bool> Client::begin_tls() {
  if (!options_.tls_random) co_return false;
  const tls::Identity identity{options_.number,
                               static_cast<std::uint8_t>(options_.access == AccessLevel::advanced)};
  tls_ = std::make_unique<TlsEnd>(TlsClientKey{identity, options_.key}, *options_.tls_random,
                                  options_.tls);
  RequestCode code = RequestCode::tls_handshake;
  for (int step = 0; step < tls_continuations; ++step) {
    bool failed = false;
    try {
      if (tls_->shake_hands()) co_return true;
    } catch (const TlsError&) {
      failed = true;
    }
    if (failed) break;
    const auto result = co_await carry_tls(code, RequestCode::tls_handshake_cont);
    if (result != static_cast<std::uint8_t>(ResponseCode::ok)) break;
    code = RequestCode::tls_handshake_cont;
  }
  tls_.reset();
  co_return false;
}

Task<> Client::end_tls() {
  if (!tls_) co_return;
  tls_.reset();
  // It takes a byte, whichever, page 8.
  const Buffer nothing = {0};
  co_await send_and_repeat(frame(message_with(RequestCode::tls_terminate, nothing)));
}

Task<std::optional<Buffer>> Client::exchange_tls(Bytes request) {
  const Instant asked = now_;
  if (!tls_) {
    const bool begun = co_await begin_tls();
    if (!begun) co_return std::nullopt;
  }
  std::optional<Buffer> answer;
  tls_->write(request);
  for (int step = 0; step < tls_continuations && !answer; ++step) {
    const auto result = co_await carry_tls(RequestCode::tls_table, RequestCode::tls_table);
    if (result != static_cast<std::uint8_t>(ResponseCode::ok)) break;
    try {
      answer = tls_->read();
    } catch (const TlsError&) {
      break;
    }
  }
  // Behind a failure both ends count differently: the next request begins anew.
  if (!answer) tls_.reset();
  if (observer_)
    observer_({asked, now_, {request.begin(), request.end()}, answer.value_or(Buffer())});
  co_return answer;
}

}  // namespace mep::simulator
