// SPDX-License-Identifier: GPL-2.0-or-later
#include "plugin/exchanges.h"

#include <epan/conversation.h>

#include "plugin/bus.h"
#include "plugin/fields.h"
#include "plugin/security.h"
#include "plugin/table_memory.h"
#include "plugin/tls_session.h"
#include "protocol/names.h"

namespace mep::plugin {
namespace {

// A client gives up after 500 ms (page 21), and a procedure takes up to a second (page 52). After
// that an answer without a good digest is rather one to a request that was lost.
constexpr int believable_seconds = 2;

// The buses of one capture file: wmem's file scope, found anew for each file.
wmem_map_t* lines = nullptr;  // interface -> Bus, of interfaces on which clients speak
std::uint16_t bus_count = 0;

const Dimensions nothing_known;

Bus* new_bus() {
  Bus* bus = wmem_new0(wmem_file_scope(), Bus);
  bus->number = bus_count++;
  bus->dimensions = &nothing_known;
  bus->sequences = wmem_map_new(wmem_file_scope(), g_direct_hash, g_direct_equal);
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

Response read_as_answer(const Exchange& exchange, const Answer& answer) {
  return parse_response(answer.plain, answers_to(&exchange), Trailer::present);
}

// --- Learning ---------------------------------------------------------------------------------

FrameFacts* new_facts(const Bus* bus, Direction direction) {
  FrameFacts* facts = wmem_new0(wmem_file_scope(), FrameFacts);
  facts->direction = direction;
  facts->bus = bus->number;
  facts->digest = DigestStatus::unverified;
  facts->dimensions = bus->dimensions;
  return facts;
}

// Whether the answer could be one to this request as far as form and time go. A well-formed one
// that does not suit the request was made for another; a damaged one has to be let through.
bool believable(const Exchange& exchange, const packet_info* pinfo, const Answer& answer) {
  nstime_t waited;
  nstime_delta(&waited, &pinfo->abs_ts, &exchange.request_time);
  if (waited.secs >= believable_seconds) return false;
  const bool well_formed =
      fits(answer.plain, answer.plain.size(), Direction::meter_to_client) == Fit::yes;
  if (answer.cover == Cover::sealed || exchange.request.problem != Problem::none || !well_formed)
    return true;
  const Response response = read_as_answer(exchange, answer);
  return response.problem == Problem::none &&
         (!response.count || !exchange.request.count || *response.count <= *exchange.request.count);
}

// The request that the message answers, and what it says as its answer.
Exchange* find_question(Bus& bus, packet_info* pinfo, Bytes message, Answer& answer) {
  for (Exchange* exchange : bus.recent) {
    if (!exchange || exchange->answer_frame != 0) continue;
    answer = open_answer(pinfo, *exchange, message);
    if (answer.proven) return exchange;
  }
  // The latest one that had begun when the answer began: frames stand in the order in which they
  // ended, and a long answer may end behind the next request.
  for (Exchange* exchange : bus.recent) {
    if (!exchange) return nullptr;
    if (nstime_cmp(&exchange->request_time, &pinfo->abs_ts) > 0) continue;
    if (exchange->answer_frame != 0) return nullptr;
    answer = open_answer(pinfo, *exchange, message);
    return believable(*exchange, pinfo, answer) ? exchange : nullptr;
  }
  return nullptr;
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

}  // namespace

FrameFacts* learn_request(Bus* bus, packet_info* pinfo, Bytes message) {
  Exchange* exchange = wmem_new0(wmem_file_scope(), Exchange);
  exchange->request_frame = pinfo->num;
  exchange->request_time = pinfo->abs_ts;
  exchange->size = static_cast<std::uint16_t>(message.size());
  exchange->hash = wmem_strong_hash(message.data(), message.size());
  const Bytes plain = open_request(*bus, pinfo, message, *exchange);

  const Exchange* previous = bus->recent[0];
  // A bare code (a client that polls for TLS records) says nothing that could be repeated.
  const bool tells = exchange->size > 1;
  if (previous && tells && previous->size == exchange->size && previous->hash == exchange->hash)
    exchange->repeats = previous;
  find_same_sequence(*bus, *exchange);
  push_front(bus->recent, exchange);

  FrameFacts* facts = new_facts(bus, Direction::client_to_meter);
  facts->exchange = exchange;
  facts->cover = exchange->cover;
  facts->digest = exchange->key ? DigestStatus::good : DigestStatus::unverified;
  const Request& request = exchange->request;
  if (is_write(static_cast<RequestCode>(request.code)) && request.data.size > 0) {
    exchange->written = static_cast<const std::uint8_t*>(
        wmem_memdup(wmem_file_scope(), plain.data() + request.data.offset, request.data.size));
    learn_from_write(*bus, pinfo, *exchange, plain, *facts);
  }
  if (exchange->cover == Cover::clear && is_tls(static_cast<RequestCode>(request.code)))
    learn_tls_request(*bus, pinfo, *exchange, request.data.of(plain), *facts);
  return facts;
}

FrameFacts* learn_response(Bus* bus, packet_info* pinfo, Bytes message) {
  FrameFacts* facts = new_facts(bus, Direction::meter_to_client);
  Answer answer{};
  Exchange* exchange = find_question(*bus, pinfo, message, answer);
  if (!exchange) {
    // Among encrypted requests an answer that happens to fit is no less encrypted.
    const bool readable = fits(message, message.size(), Direction::meter_to_client) == Fit::yes;
    const Exchange* latest = bus->recent[0];
    const bool clear = latest ? latest->cover == Cover::clear : readable;
    facts->cover = clear ? Cover::clear : Cover::sealed;
    return facts;
  }
  exchange->answer_frame = pinfo->num;
  exchange->answer_time = pinfo->abs_ts;
  facts->exchange = exchange;
  facts->cover = answer.cover;
  const Response response = read_as_answer(*exchange, answer);
  if (exchange->key && (response.digest || answer.cover == Cover::sealed))
    facts->digest = answer.proven ? DigestStatus::good : DigestStatus::bad;
  if (answers_to(exchange) == Answers::tls) {
    learn_tls_response(*bus, pinfo, *exchange, response.data.of(answer.plain), *facts);
  } else if (facts->digest != DigestStatus::bad && answer.cover != Cover::sealed)
    learn_from_answer(*bus, pinfo, *exchange, answer.plain, response, *facts);
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
