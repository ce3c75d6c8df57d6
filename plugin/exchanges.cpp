// SPDX-License-Identifier: GPL-2.0-or-later
#include "plugin/exchanges.h"

#include <algorithm>
#include <array>
#include <new>
#include <optional>

#include <epan/conversation.h>

#include "plugin/fields.h"
#include "protocol/bytes.h"
#include "protocol/names.h"
#include "protocol/tables/tables.h"
#include "protocol/transaction.h"
#include "protocol/walker.h"

namespace mep::plugin {

namespace {

// How many requests back an answer may reach. The protocol has one open request at a time; more
// than one lies open only after losses and repetitions.
constexpr std::size_t remembered = 8;

// A client gives up after 500 ms (page 21). Long after that an answer without a good digest is
// rather one to a request that was lost.
constexpr int believable_seconds = 10;

}  // namespace

// The pieces of a transaction as they come in. File scope.
struct Assembly {
  std::uint8_t bytes[max_transaction_size];
  std::size_t filled;
  unsigned pieces;
};

struct Bus {
  std::uint16_t number;
  std::array<Exchange*, remembered> recent;  // latest first; null where there is none
  const KeyEntry* last_key;                  // that fitted
  const Dimensions* dimensions;              // learned so far; never null
  std::array<Call*, remembered> calls;       // latest first
  Assembly requests, responses;              // ET52, ET53
  Transaction* last_requests;
};

namespace {

// The buses of one capture file: wmem's file scope, found anew for each file.
wmem_map_t* lines = nullptr;  // interface -> Bus, of interfaces on which clients speak
std::uint16_t bus_count = 0;

const Dimensions nothing_known;

Bus* new_bus() {
  Bus* bus = wmem_new0(wmem_file_scope(), Bus);
  bus->number = bus_count++;
  bus->dimensions = &nothing_known;
  return bus;
}

// Captures are read from the start: nothing is known.
void forget() {
  bus_count = 0;
}

std::uint32_t interface_of(const packet_info* pinfo) {
  if (!(pinfo->rec->presence_flags & WTAP_HAS_INTERFACE_ID)) return 0;
  const std::uint32_t section =
      pinfo->rec->presence_flags & WTAP_HAS_SECTION_NUMBER ? pinfo->rec->section_number : 0;
  return section << 16 | (pinfo->rec->rec_header.packet_header.interface_id & 0xFFFF);
}

Bus* known_line(std::uint32_t interface) {
  return static_cast<Bus*>(wmem_map_lookup(lines, GUINT_TO_POINTER(interface)));
}

Bus* line(std::uint32_t interface) {
  if (Bus* bus = known_line(interface)) return bus;
  Bus* bus = new_bus();
  wmem_map_insert(lines, GUINT_TO_POINTER(interface), bus);
  return bus;
}

}  // namespace

Bus* bus_of_line(packet_info* pinfo, Direction direction) {
  const std::uint32_t interface = interface_of(pinfo);
  if (Bus* bus = known_line(interface)) return bus;
  // The other line of the same tap: 0 and 1, 2 and 3. A capture on one interface has no other.
  Bus* partner = known_line(interface ^ 1U);
  if (!partner) return line(interface);
  if (direction == Direction::meter_to_client) {
    wmem_map_insert(lines, GUINT_TO_POINTER(interface), partner);
    return partner;
  }
  // A client on a line of its own: the same bus unless the partner has a client already.
  if (partner->recent[0]) return line(interface);
  wmem_map_insert(lines, GUINT_TO_POINTER(interface), partner);
  return partner;
}

Bus* bus_of_connection(packet_info* pinfo) {
  conversation_t* conversation = find_or_create_conversation(pinfo);
  auto* bus = static_cast<Bus*>(conversation_get_proto_data(conversation, mep_.proto));
  if (!bus) {
    bus = new_bus();
    conversation_add_proto_data(conversation, mep_.proto, bus);
  }
  return bus;
}

std::uint16_t bus_number(const Bus* bus) {
  return bus->number;
}

bool answer_expected(const Bus* bus) {
  return bus->recent[0] && bus->recent[0]->answer_frame == 0;
}

bool holds_procedure_results(std::uint16_t table) {
  return table == BT(8) || table == ET(59) || table == ET(85);
}

Answers answers_to(const Exchange* exchange) {
  if (!exchange) return Answers::unknown;
  const auto code = static_cast<RequestCode>(exchange->request.code);
  if (is_tls(code)) return Answers::tls;
  if (is_read(code)) return Answers::read;
  return is_write(code) ? Answers::write : Answers::unknown;
}

namespace {

// --- Learning ---------------------------------------------------------------------------------

FrameFacts* new_facts(const Bus* bus, Direction direction) {
  FrameFacts* facts = wmem_new0(wmem_file_scope(), FrameFacts);
  facts->direction = direction;
  facts->bus = bus->number;
  facts->digest = DigestStatus::unverified;
  facts->dimensions = bus->dimensions;
  return facts;
}

Digest digest_in(Bytes message, const Extent& extent) {
  Digest digest;
  const Bytes bytes = extent.of(message);
  std::copy(bytes.begin(), bytes.end(), digest.begin());
  return digest;
}

// Tries one key on a request; keeps what the answer will need if it fits.
bool fits(const KeyEntry& entry, Bytes authenticated, const Digest& digest, Exchange& exchange) {
  const DigestState state = digest_update({}, entry.key, authenticated);
  if (!digest_matches(state, entry.key, digest)) return false;
  // The table may change while the capture is open; what was found out with it must not.
  auto* kept = wmem_new(wmem_file_scope(), KeyEntry);
  *kept = entry;
  kept->label = wmem_strdup(wmem_file_scope(), entry.label);
  exchange.key = kept;
  exchange.digest = state;
  return true;
}

void find_key(Bus& bus, Bytes message, Exchange& exchange) {
  if (!exchange.request.digest) return;
  const Digest digest = digest_in(message, *exchange.request.digest);
  const Bytes authenticated = message.first(message.size() - digest_size);
  if (bus.last_key) {
    const DigestState state = digest_update({}, bus.last_key->key, authenticated);
    if (digest_matches(state, bus.last_key->key, digest)) {
      exchange.key = bus.last_key;
      exchange.digest = state;
      return;
    }
  }
  for (const KeyEntry& entry : active_keys()) {
    if (!fits(entry, authenticated, digest, exchange)) continue;
    bus.last_key = exchange.key;
    return;
  }
}

template <typename T>
void push_front(std::array<T*, remembered>& latest_first, T* newest) {
  std::copy_backward(latest_first.begin(), latest_first.end() - 1, latest_first.end());
  latest_first[0] = newest;
}

// Whether the answer's digest continues the request's.
bool continues(const Exchange& exchange, Bytes message, const Response& response) {
  if (!exchange.key || !response.digest) return false;
  const DigestState state = digest_update(exchange.digest, exchange.key->key,
                                          message.first(message.size() - digest_size));
  return digest_matches(state, exchange.key->key, digest_in(message, *response.digest));
}

// Whether the answer could be one to this request as far as form and time go.
bool believable(const Exchange& exchange, const packet_info* pinfo, const Response& response,
                bool form_matters) {
  nstime_t waited;
  nstime_delta(&waited, &pinfo->abs_ts, &exchange.request_time);
  if (waited.secs > believable_seconds || waited.secs < -1) return false;
  if (!form_matters) return true;
  return response.problem == Problem::none &&
         (!response.count || !exchange.request.count || *response.count <= *exchange.request.count);
}

Response read_as_answer(const Exchange& exchange, Bytes message) {
  return parse_response(message, answers_to(&exchange), Trailer::present);
}

Exchange* find_question(Bus& bus, packet_info* pinfo, Bytes message) {
  for (Exchange* exchange : bus.recent) {
    if (exchange && exchange->answer_frame == 0 &&
        continues(*exchange, message, read_as_answer(*exchange, message)))
      return exchange;
  }
  Exchange* latest = bus.recent[0];
  if (!latest || latest->answer_frame != 0) return nullptr;
  const bool form_matters = latest->request.problem == Problem::none;
  return believable(*latest, pinfo, read_as_answer(*latest, message), form_matters) ? latest
                                                                                    : nullptr;
}

// --- Procedures

constexpr std::size_t call_header_size = 3;    // BT07: number and handling, sequence number
constexpr std::size_t result_header_size = 4;  // the same and the result code

void learn_call(Bus& bus, const packet_info* pinfo, Bytes message, Exchange& exchange) {
  const Bytes data = exchange.request.data.of(message);
  if (exchange.request.table != BT(7) || exchange.request.offset != 0 ||
      data.size() < call_header_size)
    return;
  auto* call = wmem_new0(wmem_file_scope(), Call);
  call->number = static_cast<std::uint16_t>(read_le(data, 0, 2) & 0x0FFF);
  call->sequence = data[2];
  call->call_frame = pinfo->num;
  exchange.call = call;
  push_front(bus.calls, call);
}

// A result names its procedure and the sequence number; a part of one belongs to the last call.
void learn_result(Bus& bus, const packet_info* pinfo, Exchange& exchange, Bytes data) {
  const bool has_header = exchange.request.offset == 0 && data.size() >= result_header_size;
  for (Call* call : bus.calls) {
    if (!call) return;
    if (has_header && (call->number != (read_le(data, 0, 2) & 0x0FFF) || call->sequence != data[2]))
      continue;
    exchange.call = call;
    call->result_frame = pinfo->num;
    return;
  }
}

// --- Transactions

// Takes in a piece; the whole transaction if this piece completes it.
Transaction* assemble(Assembly& assembly, const packet_info* pinfo, std::size_t offset,
                      Bytes piece) {
  if (offset == 0) assembly = {};
  const bool fits = offset == assembly.filled && piece.size() <= max_transaction_size - offset;
  if (!fits) {
    assembly = {};
    return nullptr;
  }
  std::copy(piece.begin(), piece.end(), assembly.bytes + offset);
  assembly.filled += piece.size();
  ++assembly.pieces;
  const Bytes bytes(assembly.bytes, assembly.filled);
  const auto header = parse_transaction_header(bytes);
  constexpr std::size_t smallest = transaction_header_size + transaction_number_size;
  if (!header || header->size < smallest || header->size > bytes.size()) return nullptr;

  auto* whole = wmem_new0(wmem_file_scope(), Transaction);
  whole->bytes =
      static_cast<const std::uint8_t*>(wmem_memdup(wmem_file_scope(), bytes.data(), header->size));
  whole->size = header->size;
  whole->number = header->number;
  whole->frame = pinfo->num;
  whole->time = pinfo->abs_ts;
  whole->in_pieces = assembly.pieces > 1;
  assembly = {};
  return whole;
}

Transaction* learn_transaction_requests(Bus& bus, const packet_info* pinfo, Bytes message,
                                        const Request& request) {
  const bool concerned = request.table == ET(52) &&
                         is_write(static_cast<RequestCode>(request.code)) &&
                         request.problem == Problem::none;
  if (!concerned) return nullptr;
  Transaction* whole = assemble(bus.requests, pinfo, request.offset, request.data.of(message));
  if (whole) bus.last_requests = whole;
  return whole;
}

Transaction* learn_transaction_responses(Bus& bus, const packet_info* pinfo,
                                         const Exchange& exchange, Bytes data) {
  Transaction* whole = assemble(bus.responses, pinfo, exchange.request.offset, data);
  Transaction* requests = bus.last_requests;
  if (!whole || !requests || requests->number != whole->number) return whole;
  whole->partner = requests;
  if (!requests->partner) requests->partner = whole;
  return whole;
}

// --- Dimensions

// Takes in what table bytes tell about the layout of others; valid from this frame on.
void learn_dimensions(Bus& bus, const Request& request, Bytes data) {
  const Table* table = request.table ? find_table(*request.table) : nullptr;
  if (!table || data.empty()) return;
  Dimensions known = *bus.dimensions;
  if (!learn(*table, {request.offset, data}, known)) return;
  auto* kept = static_cast<Dimensions*>(wmem_alloc(wmem_file_scope(), sizeof(Dimensions)));
  bus.dimensions = new (kept) Dimensions(known);
}

// What a transaction's responses tell counts like any other response.
void learn_from_transaction(Bus& bus, const Transaction& responses) {
  if (!responses.partner) return;
  const Bytes asked(responses.partner->bytes, responses.partner->size);
  const Bytes answered(responses.bytes, responses.size);
  TransactionRecords requests(asked);
  TransactionRecords records(answered);
  while (const auto request_at = requests.next()) {
    const auto response_at = records.next();
    if (!response_at) return;
    const Request request = parse_request(request_at->of(asked), Trailer::absent);
    if (!is_read(static_cast<RequestCode>(request.code))) continue;
    const Bytes message = response_at->of(answered);
    const Response response = parse_response(message, Answers::read, Trailer::absent);
    if (response.is(ResponseCode::ok)) learn_dimensions(bus, request, response.data.of(message));
  }
}

void learn_from_answer(Bus& bus, const packet_info* pinfo, Exchange& exchange, Bytes message,
                       const Response& response, FrameFacts& facts) {
  if (!response.is(ResponseCode::ok) || !exchange.request.table) return;
  if (answers_to(&exchange) == Answers::write) {
    learn_dimensions(bus, exchange.request, {exchange.written, exchange.request.data.size});
  } else if (answers_to(&exchange) == Answers::read) {
    const Bytes data = response.data.of(message);
    learn_dimensions(bus, exchange.request, data);
    if (holds_procedure_results(*exchange.request.table)) learn_result(bus, pinfo, exchange, data);
    if (exchange.request.table == ET(53)) {
      facts.transaction = learn_transaction_responses(bus, pinfo, exchange, data);
      if (facts.transaction) learn_from_transaction(bus, *facts.transaction);
    }
  }
  facts.dimensions = bus.dimensions;
}

}  // namespace

FrameFacts* learn_request(Bus* bus, packet_info* pinfo, Bytes message, const Request& request) {
  Exchange* exchange = wmem_new0(wmem_file_scope(), Exchange);
  exchange->request_frame = pinfo->num;
  exchange->request_time = pinfo->abs_ts;
  exchange->request = request;
  exchange->size = static_cast<std::uint16_t>(message.size());
  exchange->hash = wmem_strong_hash(message.data(), message.size());
  if (is_write(static_cast<RequestCode>(request.code)) && request.data.size > 0) {
    exchange->written = static_cast<const std::uint8_t*>(
        wmem_memdup(wmem_file_scope(), message.data() + request.data.offset, request.data.size));
  }
  find_key(*bus, message, *exchange);

  const Exchange* previous = bus->recent[0];
  if (previous && previous->size == exchange->size && previous->hash == exchange->hash)
    exchange->repeats = previous;
  push_front(bus->recent, exchange);

  FrameFacts* facts = new_facts(bus, Direction::client_to_meter);
  facts->exchange = exchange;
  if (is_write(static_cast<RequestCode>(request.code))) learn_call(*bus, pinfo, message, *exchange);
  facts->transaction = learn_transaction_requests(*bus, pinfo, message, request);
  facts->digest = exchange->key ? DigestStatus::good : DigestStatus::unverified;
  return facts;
}

FrameFacts* learn_response(Bus* bus, packet_info* pinfo, Bytes message) {
  FrameFacts* facts = new_facts(bus, Direction::meter_to_client);
  Exchange* exchange = find_question(*bus, pinfo, message);
  if (!exchange) return facts;
  exchange->answer_frame = pinfo->num;
  exchange->answer_time = pinfo->abs_ts;
  facts->exchange = exchange;
  const Response response = read_as_answer(*exchange, message);
  if (exchange->key && response.digest) {
    facts->digest =
        continues(*exchange, message, response) ? DigestStatus::good : DigestStatus::bad;
  }
  if (facts->digest != DigestStatus::bad)
    learn_from_answer(*bus, pinfo, *exchange, message, response, *facts);
  return facts;
}

FrameFacts* learn_other(Bus* bus, Direction direction) {
  return new_facts(bus, direction);
}

void register_exchanges() {
  lines =
      wmem_map_new_autoreset(wmem_epan_scope(), wmem_file_scope(), g_direct_hash, g_direct_equal);
  register_init_routine(forget);
}

}  // namespace mep::plugin
