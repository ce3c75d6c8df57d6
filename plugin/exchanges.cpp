// SPDX-License-Identifier: GPL-2.0-or-later
#include "plugin/exchanges.h"

#include <algorithm>

#include "plugin/bus.h"
#include "plugin/security.h"
#include "plugin/table_memory.h"
#include "plugin/tls_session.h"
#include "protocol/evidence.h"
#include "protocol/names.h"

namespace mep::plugin {
namespace {

// A client gives up after 500 ms (page 21), and a procedure takes up to a second (page 52). After
// that an answer without a good digest is rather one to a request that was lost.
constexpr int believable_seconds = 2;

// More than all other evidence together.
constexpr int proven_bits = 100;

nstime_t time_since(const nstime_t& before, const packet_info* pinfo) {
  nstime_t passed;
  nstime_delta(&passed, &pinfo->abs_ts, &before);
  return passed;
}

FrameFacts* new_facts(const Bus& bus, Direction direction) {
  FrameFacts* facts = wmem_new0(bus.scope, FrameFacts);
  facts->direction = direction;
  facts->alone = bus.passing();
  facts->bus = bus.number;
  facts->digest = DigestStatus::unverified;
  facts->dimensions = bus.dimensions;
  return facts;
}

Response response_to(const Exchange& exchange, Bytes plain) {
  return parse_response(plain, answers_to(&exchange), exchange.trailer);
}

// --- Clear or encrypted -----------------------------------------------------------------------

// A request alone, before its answer. What it was before counts twice: the answer will tell.
bool seems_clear(const Bus& bus, const Exchange& exchange) {
  constexpr int enough = 6;
  return exchange.size < smallest_secured_request || exchange.bits + 2 * bus.lean >= enough;
}

// With all the evidence that there will be.
bool is_clear(const Bus& bus, const Exchange& exchange, int bits_of_answer) {
  return exchange.size < smallest_secured_request || exchange.bits + bits_of_answer + bus.lean >= 0;
}

// An answer to nothing that was heard: among encrypted requests one that happens to fit is no less
// encrypted.
bool is_clear_alone(const Bus& bus, int bits) {
  constexpr int of_the_latest = 6;
  const Exchange* latest = bus.recent[0];
  if (latest) bits += latest->cover == Cover::clear ? of_the_latest : -of_the_latest;
  return bits + 2 * bus.lean >= 0;
}

// A single exchange moves the bus's lean a little, and a doubtful one not at all.
void lean(Bus& bus, const Exchange& exchange) {
  constexpr int certainly_clear = 16;
  constexpr int certainly_encrypted = -12;
  int way = 0;
  if (exchange.key) {
    way = exchange.cover == Cover::clear ? 1 : -1;
  } else {
    way =
        (exchange.bits >= certainly_clear ? 1 : 0) - (exchange.bits <= certainly_encrypted ? 1 : 0);
  }
  bus.lean = std::clamp(bus.lean + way, -strongest_lean, strongest_lean);
}

void learn_written(Bus& bus, packet_info* pinfo, Exchange& exchange, FrameFacts& facts) {
  if (exchange.written && exchange.cover != Cover::sealed)
    learn_from_write(bus, pinfo, exchange, facts);
}

// Later evidence settles a request that no key opens, its frame included.
void settle(Bus& bus, packet_info* pinfo, Exchange& exchange, Cover cover) {
  if (exchange.key || exchange.cover == cover) return;
  exchange.cover = cover;
  exchange.asking->cover = cover;
  if (exchange.answer) exchange.answer->cover = cover;
  learn_written(bus, pinfo, exchange, *exchange.asking);
}

// While a TLS session goes on nothing is encrypted otherwise (page 8), and a part of a record looks
// like anything.
int bits_of_session(const Bus& bus, const Exchange& exchange) {
  constexpr int more_than_a_wrong_size = 14;
  const bool goes_on = bus.tls && is_tls(static_cast<RequestCode>(exchange.request.code));
  return goes_on ? more_than_a_wrong_size : 0;
}

// --- Sequence numbers -------------------------------------------------------------------------

// Whether two requests count on; a repetition of the same bytes tells nothing.
bool count_on(const Exchange& before, const Exchange& after) {
  return before.request.sequence && after.request.sequence && before.hash != after.hash &&
         sequence_bits(*before.request.sequence, *after.request.sequence) > 0;
}

int bits_of_sequence(const Bus& bus, const Exchange& exchange) {
  const std::uint32_t number = exchange.request.sequence.value_or(0);
  if (!exchange.request.sequence) return 0;
  for (const Exchange* before : bus.recent)
    if (before && count_on(*before, exchange))
      return sequence_bits(*before->request.sequence, number);
  return bus.expected ? sequence_bits(*bus.expected, number) : 0;
}

// What was doubtful before becomes clear by a request that counts on from it.
void settle_earlier(Bus& bus, packet_info* pinfo, const Exchange& exchange) {
  if (exchange.key) return;
  for (Exchange* before : bus.recent) {
    if (!before || before->cover != Cover::sealed || !count_on(*before, exchange)) continue;
    before->bits += sequence_bits(*before->request.sequence, *exchange.request.sequence);
    if (is_clear(bus, *before, 0)) settle(bus, pinfo, *before, Cover::clear);
  }
}

// Only requests that a key has proved: noise has numbers, too.
void find_same_sequence(Bus& bus, Exchange& exchange) {
  if (!exchange.key || !exchange.request.sequence) return;
  void* number = GUINT_TO_POINTER(*exchange.request.sequence);
  const auto* before = static_cast<const Exchange*>(wmem_map_lookup(bus.sequences, number));
  if (!before) {
    wmem_map_insert(bus.sequences, number, &exchange);
  } else if (before->hash != exchange.hash || before->size != exchange.size) {
    exchange.same_sequence = before;
  }
}

// --- Which request an answer is to --------------------------------------------------------------

// The latest request that had begun when the answer began, if it is open: frames stand in the order
// in which they ended, and a long answer may end behind the next request.
Exchange* open_request(const Bus& bus, const packet_info* pinfo) {
  for (Exchange* exchange : bus.recent) {
    if (!exchange) return nullptr;
    if (nstime_cmp(&exchange->request_time, &pinfo->abs_ts) > 0) continue;
    return exchange->answer_frame == 0 ? exchange : nullptr;
  }
  return nullptr;
}

// Whether the answer could be one to this request as far as form and time go. A well-formed one
// that does not suit the request was made for another; a damaged one has to be let through.
bool believable(const Exchange& exchange, const packet_info* pinfo, const AsAnswer& answer) {
  if (time_since(exchange.request_time, pinfo).secs >= believable_seconds) return false;
  const bool well_formed =
      fits(answer.plain, answer.plain.size(), Direction::meter_to_client) == Fit::yes;
  if (answer.cover == Cover::sealed || exchange.request.problem != Problem::none || !well_formed)
    return true;
  const Response response = response_to(exchange, answer.plain);
  return response.problem == Problem::none &&
         (!response.count || !exchange.request.count || *response.count <= *exchange.request.count);
}

// 0x0B stays in clear even after an encrypted request (page 256). An encrypted answer may begin
// with that byte, too: so only where no key opens it.
bool is_refusal(Bytes message) {
  return static_cast<ResponseCode>(message[0]) == ResponseCode::authentication_failure &&
         fits(message, message.size(), Direction::meter_to_client) == Fit::yes;
}

// What a wrong digest makes of an encrypted answer's bytes is noise.
Cover cover_as_answer(const Bus& bus, const Exchange& exchange, Bytes message, int bits) {
  if (message.size() < smallest_secured_response || is_refusal(message)) return Cover::clear;
  const bool clear = exchange.key ? exchange.cover == Cover::clear : is_clear(bus, exchange, bits);
  return clear ? Cover::clear : Cover::sealed;
}

}  // namespace

// --- Reading ------------------------------------------------------------------------------------

AsRequest read_as_request(Bus& bus, packet_info* pinfo, Bytes message) {
  AsRequest read{};
  Exchange& exchange = read.exchange;
  exchange.trailer = Trailer::present;
  exchange.request_frame = pinfo->num;
  exchange.request_time = pinfo->abs_ts;
  exchange.size = static_cast<std::uint16_t>(message.size());
  exchange.hash = wmem_strong_hash(message.data(), message.size());
  if (const auto plain = prove_request(bus, pinfo, message, exchange)) {
    read.plain = *plain;
    read.bits = proven_bits;
    return read;
  }
  read.plain = message;
  exchange.request = parse_request(message, Trailer::present);
  exchange.bits = clear_request_bits(message) + bits_of_sequence(bus, exchange) +
                  bits_of_session(bus, exchange);
  exchange.cover = seems_clear(bus, exchange) ? Cover::clear : Cover::sealed;
  // An encrypted one looks like noise.
  read.bits =
      message.size() < smallest_secured_request ? exchange.bits : std::max(exchange.bits, 0);
  return read;
}

AsAnswer read_as_answer(Bus& bus, packet_info* pinfo, Bytes message) {
  for (Exchange* exchange : bus.recent) {
    if (!exchange || exchange->answer_frame != 0) continue;
    if (const auto plain = prove_answer(pinfo, *exchange, message)) {
      const bool as_it_came = plain->data() == message.data();
      return {exchange, *plain, as_it_came ? Cover::clear : Cover::opened, true, 0, proven_bits};
    }
  }
  AsAnswer read{open_request(bus, pinfo), message, Cover::clear, false, 0, 0};
  if (read.question) {
    read.clear_bits = clear_response_bits(message, &read.question->request);
    read.cover = cover_as_answer(bus, *read.question, message, read.clear_bits);
    if (!believable(*read.question, pinfo, read)) read.question = nullptr;
  }
  if (!read.question) {
    read.clear_bits = clear_response_bits(message, nullptr);
    read.cover = is_clear_alone(bus, read.clear_bits) ? Cover::clear : Cover::sealed;
  }
  // An encrypted one looks like noise.
  read.bits =
      message.size() < smallest_secured_response ? read.clear_bits : std::max(read.clear_bits, 0);
  return read;
}

AsRequest read_plain_request(packet_info* pinfo, Bytes message) {
  AsRequest read{};
  Exchange& exchange = read.exchange;
  exchange.request_frame = pinfo->num;
  exchange.request_time = pinfo->abs_ts;
  exchange.size = static_cast<std::uint16_t>(message.size());
  exchange.request = parse_request(message, Trailer::absent);
  exchange.bits = read.bits = proven_bits;
  read.plain = message;
  return read;
}

AsAnswer read_plain_answer(Bus& bus, packet_info* pinfo, Bytes message) {
  Exchange* question = open_request(bus, pinfo);
  for (Exchange* earlier : bus.recent) {
    if (!question || !earlier) break;
    const bool same_moment = nstime_cmp(&earlier->request_time, &question->request_time) == 0;
    if (same_moment && earlier->answer_frame == 0) question = earlier;
  }
  return {question, message, Cover::clear, false, proven_bits, proven_bits};
}

// --- Learning -----------------------------------------------------------------------------------

FrameFacts* learn_request(Bus& bus, packet_info* pinfo, Bytes message, const AsRequest& read) {
  Exchange* exchange = wmem_new(bus.scope, Exchange);
  *exchange = read.exchange;
  Exchange* previous = bus.recent[0];
  // A bare code (a client that polls for TLS records) says nothing that could be repeated, and
  // without a sequence number every read looks like the one before.
  const bool tells = exchange->size > 1 && exchange->trailer == Trailer::present;
  if (previous && tells && previous->size == exchange->size && previous->hash == exchange->hash) {
    exchange->repeats = previous;
    exchange->first = previous->first ? previous->first : previous;
  }
  find_same_sequence(bus, *exchange);
  settle_earlier(bus, pinfo, *exchange);
  push_front(bus.recent, exchange);

  FrameFacts* facts = new_facts(bus, Direction::client_to_meter);
  facts->exchange = exchange;
  facts->cover = exchange->cover;
  facts->digest = exchange->key ? DigestStatus::good : DigestStatus::unverified;
  exchange->asking = facts;
  const Request& request = exchange->request;
  const auto code = static_cast<RequestCode>(request.code);
  if (is_write(code) && request.data.size > 0) {
    const Bytes written = request.data.of(read.plain);
    exchange->written =
        static_cast<const std::uint8_t*>(wmem_memdup(bus.scope, written.data(), written.size()));
    learn_written(bus, pinfo, *exchange, *facts);
  }
  if (exchange->cover == Cover::clear && is_tls(code) && !bus.passing())
    learn_tls_request(bus, pinfo, *exchange, request.data.of(message), *facts);
  return facts;
}

FrameFacts* learn_answer(Bus& bus, packet_info* pinfo, const AsAnswer& read) {
  FrameFacts* facts = new_facts(bus, Direction::meter_to_client);
  facts->cover = read.cover;
  if (!read.question) return facts;
  Exchange& exchange = *read.question;
  exchange.answer_frame = pinfo->num;
  exchange.answer_time = pinfo->abs_ts;
  if (!exchange.key) {
    exchange.bits += read.clear_bits;
    settle(bus, pinfo, exchange, is_clear(bus, exchange, 0) ? Cover::clear : Cover::sealed);
  }
  exchange.answer = facts;
  lean(bus, exchange);

  facts->exchange = &exchange;
  const Response response = response_to(exchange, read.plain);
  if (exchange.key && (response.digest || read.cover == Cover::sealed))
    facts->digest = read.proven ? DigestStatus::good : DigestStatus::bad;
  const bool believed = facts->digest != DigestStatus::bad && read.cover != Cover::sealed;
  if (believed && response.sequence) {
    bus.expected = response.sequence;
    facts->rejected = true;
    facts->rejected_with = *response.sequence;
  }
  facts->misfit = believed && response.count && exchange.request.count &&
                  exchange.request.is(RequestCode::partial_read) &&
                  *response.count > *exchange.request.count;
  const bool readable = believed && response.problem == Problem::none;
  facts->refused = readable && !response.sequence && !response.is(ResponseCode::ok) &&
                   answers_to(&exchange) != Answers::tls;
  if (answers_to(&exchange) == Answers::tls) {
    learn_tls_response(bus, pinfo, exchange, response.data.of(read.plain), *facts);
  } else if (believed) {
    learn_from_answer(bus, pinfo, exchange, read.plain, response, *facts);
  }
  return facts;
}

FrameFacts* learn_other(Bus* bus, Direction direction) {
  return new_facts(*bus, direction);
}

const Exchange* echoed(const Bus& bus, const packet_info* pinfo, Bytes message, Direction claimed) {
  const Exchange* latest = bus.recent[0];
  // No answer has its request's bytes. On the line where they were sent they are a repetition.
  const bool other_line = latest && claimed != Direction::unknown &&
                          latest->claimed != Direction::unknown && claimed != latest->claimed;
  if (!other_line || latest->answer_frame != 0 || latest->size != message.size() ||
      latest->hash != wmem_strong_hash(message.data(), message.size()) ||
      time_since(latest->request_time, pinfo).secs >= believable_seconds)
    return nullptr;
  return latest;
}

bool answer_expected(const Bus* bus) {
  return bus->recent[0] && bus->recent[0]->answer_frame == 0;
}

// --- Any pass -----------------------------------------------------------------------------------

bool holds_procedure_results(std::uint16_t table) {
  return table == BT(8) || table == ET(59) || table == ET(85);
}

const Request* asked(const Exchange* exchange) {
  return exchange && exchange->cover != Cover::sealed ? &exchange->request : nullptr;
}

nstime_t from_microseconds(std::uint32_t us) {
  constexpr int ns_in_us = 1000;
  constexpr std::uint32_t us_in_s = 1000000;
  return {static_cast<time_t>(us / us_in_s), static_cast<int>(us % us_in_s) * ns_in_us};
}

nstime_t end_of_request(const Exchange& exchange) {
  const nstime_t sending = from_microseconds(exchange.request_duration_us);
  nstime_t end = exchange.request_time;
  nstime_add(&end, &sending);
  return end;
}

Answers answers_to(const Exchange* exchange) {
  const Request* request = asked(exchange);
  if (!request) return Answers::unknown;
  const auto code = static_cast<RequestCode>(request->code);
  if (is_tls(code)) return Answers::tls;
  if (is_read(code)) return Answers::read;
  return is_write(code) ? Answers::write : Answers::unknown;
}

}  // namespace mep::plugin
