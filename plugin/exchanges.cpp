// SPDX-License-Identifier: GPL-2.0-or-later
#include "plugin/exchanges.h"

#include <algorithm>
#include <array>
#include <optional>

#include <epan/conversation.h>

#include "plugin/fields.h"

namespace mep::plugin {

namespace {

// How many requests back an answer may reach. The protocol has one open request at a time; more
// than one lies open only after losses and repetitions.
constexpr std::size_t remembered = 8;

// A client gives up after 500 ms (page 21). Long after that an answer without a good digest is
// rather one to a request that was lost.
constexpr int believable_seconds = 10;

}  // namespace

struct Bus {
  std::uint16_t number;
  std::array<Exchange*, remembered> recent;  // latest first; null where there is none
  const KeyEntry* last_key;                  // that fitted
};

namespace {

// The buses of one capture file: wmem's file scope, found anew for each file.
wmem_map_t* lines = nullptr;  // interface -> Bus, of interfaces on which clients speak
std::uint16_t bus_count = 0;

Bus* new_bus() {
  Bus* bus = wmem_new0(wmem_file_scope(), Bus);
  bus->number = bus_count++;
  return bus;
}

// Captures are read from the start: nothing is known.
void forget() { bus_count = 0; }

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

std::uint16_t bus_number(const Bus* bus) { return bus->number; }

bool answer_expected(const Bus* bus) {
  return bus->recent[0] && bus->recent[0]->answer_frame == 0;
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

void remember(Bus& bus, Exchange* exchange) {
  std::copy_backward(bus.recent.begin(), bus.recent.end() - 1, bus.recent.end());
  bus.recent[0] = exchange;
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

}  // namespace

FrameFacts* learn_request(Bus* bus, packet_info* pinfo, Bytes message, const Request& request) {
  Exchange* exchange = wmem_new0(wmem_file_scope(), Exchange);
  exchange->request_frame = pinfo->num;
  exchange->request_time = pinfo->abs_ts;
  exchange->request = request;
  exchange->size = static_cast<std::uint16_t>(message.size());
  exchange->hash = wmem_strong_hash(message.data(), message.size());
  find_key(*bus, message, *exchange);

  const Exchange* previous = bus->recent[0];
  if (previous && previous->size == exchange->size && previous->hash == exchange->hash)
    exchange->repeats = previous;
  remember(*bus, exchange);

  FrameFacts* facts = new_facts(bus, Direction::client_to_meter);
  facts->exchange = exchange;
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
  return facts;
}

FrameFacts* learn_other(Bus* bus, Direction direction) { return new_facts(bus, direction); }

void register_exchanges() {
  lines = wmem_map_new_autoreset(wmem_epan_scope(), wmem_file_scope(), g_direct_hash,
                                 g_direct_equal);
  register_init_routine(forget);
}

}  // namespace mep::plugin
