// SPDX-License-Identifier: GPL-2.0-or-later
#include "plugin/tls_session.h"

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include <epan/secrets.h>
#include <wiretap/secrets-types.h>

#include "plugin/export_pdus.h"
#include "plugin/guarded.h"
#include "plugin/line_item.h"
#include "plugin/registry.h"
#include "plugin/table_memory.h"
#include "plugin/tapped.h"
#include "protocol/tls_psk.h"

extern "C" {
#include <epan/dissectors/packet-tls-utils.h>
}

namespace mep::plugin {

// A session from its 0x58 on. Lives until the next capture is opened; first pass only.
struct TlsSession {
  std::uint32_t number;
  bool headless = false;
  bool secret_sought = false;
  const KeyEntry* key = nullptr;
  tls::Handshake handshake;
  std::vector<std::uint8_t> pending[3];  // by direction: the beginning of a record
  Exchange* asked = nullptr;             // the latest request, or the first of several in a frame
};

namespace {

constexpr value_string key_ids[] = {{0, "MEP Basic Key"}, {1, "MEP Advanced Key"}, {0, nullptr}};

const Field hf_tls_data("TLS records", "mep.tls_data", FT_BYTES, BASE_NONE, nullptr, 0, nullptr);

const Field hf_session("TLS session", "mep.tls.session", FT_UINT32, BASE_DEC, nullptr, 0,
                       "Counted through the capture");
const Field hf_steps("TLS", "mep.tls.steps", FT_STRING, BASE_NONE, nullptr, 0,
                     "What the records are in the TLS handshake");
const Field hf_client_id("Client ID", "mep.tls.client_id", FT_UINT16, BASE_DEC, nullptr, 0,
                         "From the PSK identity; the meter writes it into its event log");
const Field hf_key_id("Key ID", "mep.tls.key_id", FT_UINT8, BASE_DEC, VALS(key_ids), 0,
                      "From the PSK identity");
const Note ei_headless(
    "mep.tls.headless", PI_DECRYPTION, PI_NOTE,
    "The TLS session began before the capture: what it was encrypted with is not known");
const Note ei_no_key("mep.tls.no_key", PI_DECRYPTION, PI_NOTE,
                     "No key in the key table fits this TLS session");
const Note ei_out_of_order("mep.tls.out_of_order", PI_PROTOCOL, PI_WARN,
                           "No TLS session has such bytes here: not given to TLS");
const Note ei_repeated("mep.tls.repeated", PI_SEQUENCE, PI_NOTE,
                       "The same bytes were sent before: not given to TLS a second time");

dissector_handle_t tls_handle;
dissector_handle_t payload_handle;

std::vector<std::unique_ptr<TlsSession>>& sessions() {
  static std::vector<std::unique_ptr<TlsSession>> all;
  return all;
}

void forget() {
  sessions().clear();
}

TlsSession* new_session(bool headless) {
  auto session = std::make_unique<TlsSession>();
  session->number = static_cast<std::uint32_t>(sessions().size());
  session->headless = headless;
  sessions().push_back(std::move(session));
  return sessions().back().get();
}

// --- The master secret ------------------------------------------------------------------------

// As a line of a TLS key log: the form in which Wireshark takes secrets at run time.
void hand_over(const tls::Random& client_random, const tls::MasterSecret& secret) {
  const std::string line = tls::key_log_line(client_random, secret) + "\n";
  secrets_wtap_callback(SECRETS_TYPE_TLS, line.data(), static_cast<unsigned>(line.size()));
}

bool concerns(const KeyEntry& entry, const std::optional<tls::Identity>& identity) {
  if (!identity || identity->key > 1) return true;
  // Some stand for either key.
  return is_either_key(entry.key) || (identity->key == 1) == (entry.kind == AccessLevel::advanced);
}

// Finds the key by the client's Finished. Of other cipher suites than the guide's it cannot be
// checked: a key is not handed over on trust, since a wrong secret would take the place of a right
// one from a key log.
void find_secret(TlsSession& session, Bytes finished) {
  const tls::Handshake& handshake = session.handshake;
  if (session.secret_sought || !handshake.can_verify() || finished.empty()) return;
  session.secret_sought = true;
  for (const KeyEntry& entry : active_keys()) {
    if (!concerns(entry, handshake.identity())) continue;
    const auto secret = handshake.master_secret(entry.key);
    if (!secret || !handshake.verifies(*secret, finished)) continue;
    hand_over(*handshake.client_random(), *secret);
    session.key = keep(wmem_file_scope(), entry);
    return;
  }
}

// --- Records ------------------------------------------------------------------------------------

// Cuts whole records off the front of the direction's stream. Bytes that are no record end it:
// nothing tells where the next one begins. `damaged` says so. A ChangeCipherSpec waits for the
// record behind it: by the Finished the key is found, and Wireshark wants the key at the
// ChangeCipherSpec.
std::vector<std::uint8_t> whole_records(std::vector<std::uint8_t>& stream, bool& damaged) {
  std::size_t at = 0;
  std::size_t last = 0;
  while (const auto size = tls::record_size(Bytes(stream).subspan(at))) {
    damaged = *size == 0;
    if (damaged || at + *size > stream.size()) break;
    last = at;
    at += *size;
  }
  const bool changes = last < at && static_cast<tls::ContentType>(stream[last]) ==
                                        tls::ContentType::change_cipher_spec;
  if (changes && !damaged) at = last;
  std::vector<std::uint8_t> whole(stream.begin(), stream.begin() + static_cast<std::ptrdiff_t>(at));
  if (damaged) at = stream.size();
  stream.erase(stream.begin(), stream.begin() + static_cast<std::ptrdiff_t>(at));
  return whole;
}

template <typename Visit>
void for_each_record(Bytes records, Visit visit) {
  while (const auto size = tls::record_size(records)) {
    if (*size == 0 || *size > records.size()) return;
    visit(records.first(*size));
    records = records.subspan(*size);
  }
}

// The client's Finished: the encrypted handshake record behind its ChangeCipherSpec.
Bytes finished_in(Bytes records) {
  bool changed = false;
  Bytes finished;
  for_each_record(records, [&](Bytes record) {
    const auto type = static_cast<tls::ContentType>(record[0]);
    if (type == tls::ContentType::change_cipher_spec) changed = true;
    if (changed && finished.empty() && type == tls::ContentType::handshake) finished = record;
  });
  return finished;
}

TlsFacts* new_facts(Bus& bus, const TlsSession& session) {
  auto* facts = wmem_new0(wmem_file_scope(), TlsFacts);
  facts->bus = &bus;
  facts->session = session.number;
  facts->headless = session.headless;
  facts->steps = "";
  return facts;
}

void feed(Bus& bus, TlsSession& session, Direction direction, Bytes data, FrameFacts& facts) {
  TlsFacts* learned = new_facts(bus, session);
  facts.tls = learned;
  auto& stream = session.pending[static_cast<std::size_t>(direction)];
  learned->in_pieces = !stream.empty();
  stream.insert(stream.end(), data.begin(), data.end());
  bool damaged = false;
  const std::vector<std::uint8_t> records = whole_records(stream, damaged);
  const bool identity_known = session.handshake.identity().has_value();
  std::string steps;
  bool in_order = true;
  for_each_record(records, [&](Bytes record) {
    in_order = in_order && session.handshake.absorb(direction, record);
    if (!steps.empty()) steps += ", ";
    steps += session.handshake.last_names();
  });
  if (const auto identity = session.handshake.identity(); identity && !identity_known) {
    learned->has_identity = true;
    learned->identity = *identity;
  }
  learned->out_of_order = !in_order || damaged;
  if (!records.empty() && in_order) {
    learned->records = static_cast<const std::uint8_t*>(
        wmem_memdup(wmem_file_scope(), records.data(), records.size()));
    learned->size = static_cast<std::uint32_t>(records.size());
  }
  if (direction == Direction::client_to_meter) find_secret(session, finished_in(records));
  learned->steps = wmem_strdup(wmem_file_scope(), steps.c_str());
  learned->key = session.key;
  learned->key_missing = session.secret_sought && !session.key;
}

void repeat(Bus& bus, const TlsSession& session, FrameFacts& facts) {
  TlsFacts* learned = new_facts(bus, session);
  learned->repeated = true;
  facts.tls = learned;
}

// Whether the request, or one that it repeats, was answered with these bytes before; remembers
// them. However often a client repeats itself, and whatever it is told, this is one look-up.
bool answered_before(Exchange& exchange, std::uint32_t hash) {
  exchange.answer_hash = hash;
  if (!exchange.first) return false;
  Exchange& first = *exchange.first;
  if (!first.answer_hashes) {
    first.answer_hashes = wmem_map_new(wmem_file_scope(), g_direct_hash, g_direct_equal);
    if (first.answer_frame != 0)
      wmem_map_insert(first.answer_hashes, GUINT_TO_POINTER(first.answer_hash), &first);
  }
  const bool known = wmem_map_contains(first.answer_hashes, GUINT_TO_POINTER(hash));
  if (!known) wmem_map_insert(first.answer_hashes, GUINT_TO_POINTER(hash), &exchange);
  return known;
}

}  // namespace

void learn_tls_request(Bus& bus, packet_info*, Exchange& exchange, Bytes data, FrameFacts& facts) {
  const bool first = exchange.request.is(RequestCode::tls_handshake);
  if (first && !exchange.repeats) bus.tls = new_session(false);
  if (!bus.tls) bus.tls = new_session(true);
  exchange.tls = bus.tls;
  if (exchange.request.is(RequestCode::tls_terminate)) {
    bus.tls = nullptr;
  } else if (exchange.repeats && !data.empty()) {
    repeat(bus, *bus.tls, facts);
  } else {
    feed(bus, *bus.tls, Direction::client_to_meter, data, facts);
  }
}

void learn_tls_response(Bus& bus, packet_info*, Exchange& exchange, Bytes data, FrameFacts& facts) {
  if (!exchange.tls || data.empty()) return;
  // The repetition of a request that had been answered is answered with the same bytes. A request
  // without bytes of its own asks for more of an answer.
  const bool asks = exchange.request.data.size > 0;
  if (asks && answered_before(exchange, wmem_strong_hash(data.data(), data.size()))) {
    repeat(bus, *exchange.tls, facts);
  } else {
    feed(bus, *exchange.tls, Direction::meter_to_client, data, facts);
  }
}

// --- Showing ------------------------------------------------------------------------------------

namespace {

// The frame whose records are at the TLS dissector, which calls dissect_payload() for what it
// decrypts. Packet scope.
struct AtTls {
  const FrameFacts* facts;  // null: none is
  TlsPayload** next;        // where the facts of its next payload are, or will be
  unsigned payloads;        // so far
};

AtTls& at_tls(packet_info* pinfo) {
  const auto key = static_cast<std::uint32_t>(InPacket::at_tls);
  auto* at = static_cast<AtTls*>(p_get_proto_data(pinfo->pool, pinfo, proto_mep, key));
  if (!at) {
    at = wmem_new0(pinfo->pool, AtTls);
    p_add_proto_data(pinfo->pool, pinfo, proto_mep, key, at);
  }
  return *at;
}

// The request that the frame's answer number `n` (from 0) is to; null where none is known. The end
// of an answer that spans frames answers a frame that asks for nothing but that.
Exchange* question_inside(const Exchange& outer, unsigned n) {
  Exchange* inner = outer.inner ? outer.inner : outer.tls->asked;
  while (inner && n-- > 0) inner = inner->inner;
  return inner && inner->answer_frame == 0 ? inner : nullptr;
}

// What is known of a payload by its frame alone.
FrameFacts* facts_of_payload(wmem_allocator_t* scope, const FrameFacts& frame) {
  auto* facts = wmem_new0(scope, FrameFacts);
  *facts = frame;
  facts->tls = nullptr;
  facts->transaction = nullptr;
  facts->exchange = nullptr;
  facts->cover = Cover::clear;
  return facts;
}

FrameFacts* learn_payload(packet_info* pinfo, const AtTls& at, Bytes message) {
  FrameFacts* facts = facts_of_payload(wmem_file_scope(), *at.facts);
  Exchange* outer = at.facts->exchange;
  if (!outer || message.empty()) return facts;
  Bus& bus = *at.facts->tls->bus;
  if (facts->direction == Direction::client_to_meter) {
    auto* inner = wmem_new0(wmem_file_scope(), Exchange);
    inner->request_frame = outer->request_frame;
    inner->request_time = outer->request_time;
    inner->request = parse_request(message, Trailer::absent);
    // Several in one frame are answered in their order.
    Exchange* last = outer;
    while (last->inner) last = last->inner;
    last->inner = facts->exchange = inner;
    outer->tls->asked = outer->inner;
    const Request& request = inner->request;
    if (is_write(static_cast<RequestCode>(request.code)) && request.data.size > 0) {
      inner->written = static_cast<const std::uint8_t*>(
          wmem_memdup(wmem_file_scope(), message.data() + request.data.offset, request.data.size));
      learn_from_write(bus, pinfo, *inner, *facts);
    }
  } else if (Exchange* inner = question_inside(*outer, at.payloads)) {
    inner->answer_frame = outer->answer_frame;
    inner->answer_time = outer->answer_time;
    facts->exchange = inner;
    learn_from_answer(bus, pinfo, *inner, message,
                      parse_response(message, answers_to(inner), Trailer::absent), *facts);
  }
  return facts;
}

// Learned when it is seen on the first pass.
FrameFacts* facts_of_next_payload(packet_info* pinfo, AtTls& at, Bytes message) {
  FrameFacts* facts;
  if (*at.next) {
    facts = (*at.next)->facts;
  } else if (pinfo->fd->visited) {
    facts = facts_of_payload(pinfo->pool, *at.facts);
    facts->alone = true;
    return facts;
  } else {
    facts = learn_payload(pinfo, at, message);
    *at.next = wmem_new0(wmem_file_scope(), TlsPayload);
    (*at.next)->facts = facts;
  }
  at.next = &(*at.next)->next;
  return facts;
}

// One decrypted message: C12.18 without an authentication trailer.
int dissect_payload(tvbuff_t* tvb, packet_info* pinfo, proto_tree* tree, void*) {
  AtTls& at = at_tls(pinfo);
  if (!at.facts) return 0;
  const Bytes message = captured_bytes(pinfo, tvb);
  FrameFacts* facts = facts_of_next_payload(pinfo, at, message);
  ++at.payloads;
  tap_inside(pinfo, *at.facts, *facts, message);
  export_inside(pinfo, message);

  proto_item* item = proto_tree_add_protocol_format(
      tree, proto_mep, tvb, 0, -1, "Multipurpose Expansion Port, inside TLS%s",
      facts->direction == Direction::client_to_meter ? ", Request" : ", Response");
  const Shown shown{
      tvb, 0, message, proto_item_add_subtree(item, ett_message), pinfo, Trailer::absent, true};
  // The story of what was inside replaces that of the wrapping.
  with_column_open(pinfo, COL_INFO, [&] {
    if (message.empty()) {
      col_set_str(pinfo->cinfo, COL_INFO, "Empty TLS record");
    } else if (facts->direction == Direction::client_to_meter) {
      show_request(shown, parse_request(message, Trailer::absent), *facts);
    } else {
      show_response(shown, *facts);
    }
  });
  return static_cast<int>(message.size());
}

// Each session is a conversation of its own to Wireshark, by ports that no real connection has. The
// meter's is registered as a TLS server's, so that TLS knows who is who even where the beginning of
// the session was not captured.
constexpr std::uint32_t meter_port = 1U << 16;
constexpr std::uint32_t first_client_port = meter_port + 1;

// Takes TLS out of the packet's list of protocols: Wireshark would offer to follow its stream, and
// can do so on TCP only. Follow > MEP Stream has what was in it.
void leave_no_stream_to_follow(packet_info* pinfo) {
  const int tls = dissector_handle_get_protocol_index(tls_handle);
  for (wmem_list_frame_t* at = wmem_list_head(pinfo->layers); at;) {
    wmem_list_frame_t* next = wmem_list_frame_next(at);
    if (GPOINTER_TO_INT(wmem_list_frame_data(at)) == tls) wmem_list_remove_frame(pinfo->layers, at);
    at = next;
  }
}

// What is wrong with the records is shown as Wireshark shows it, and ends with them: the frame
// around them, and the frames behind it in the packet, go on as if nothing had been.
void call_tls(tvbuff_t* tvb, packet_info* pinfo, proto_tree* tree, const FrameFacts& facts) {
  const PacketState before(*pinfo);
  const bool from_client = facts.direction == Direction::client_to_meter;
  const std::uint32_t client_port = first_client_port + facts.tls->session;
  pinfo->ptype = PT_TCP;
  pinfo->srcport = from_client ? client_port : meter_port;
  pinfo->destport = from_client ? meter_port : client_port;
  pinfo->can_desegment = 0;
  at_tls(pinfo) = {&facts, &facts.tls->payloads, 0};
  guarded(
      [&] {
        tls_set_appdata_dissector(tls_handle, pinfo, payload_handle);
        contained(tvb, pinfo, tree, [&] {
          // TLS would put its own words into the packet list.
          with_column_closed(pinfo, COL_PROTOCOL, [&] {
            with_column_closed(pinfo, COL_INFO,
                               [&] { call_dissector(tls_handle, tvb, pinfo, tree); });
          });
        });
      },
      [&] {
        at_tls(pinfo) = {};
        before.restore(*pinfo);
        leave_no_stream_to_follow(pinfo);
      });
}

void show_session(const Shown& shown, const FrameFacts& frame) {
  const TlsFacts& facts = *frame.tls;
  proto_item* parent = proto_tree_get_parent(shown.tree);
  add_generated(shown.tree, hf_session, shown.tvb, facts.session);
  if (facts.steps[0] != '\0') {
    add_generated(shown.tree, hf_steps, shown.tvb, facts.steps);
    col_append_fstr(shown.pinfo->cinfo, COL_INFO, ": %s", facts.steps);
  }
  if (facts.has_identity) {
    add_generated(shown.tree, hf_client_id, shown.tvb, facts.identity.client);
    add_generated(shown.tree, hf_key_id, shown.tvb, facts.identity.key);
  }
  show_key(shown, facts.key, frame);
  if (facts.headless) ei_headless.add(shown.pinfo, parent);
  if (facts.key_missing) ei_no_key.add(shown.pinfo, parent);
  if (facts.out_of_order) ei_out_of_order.add(shown.pinfo, parent);
  if (facts.repeated) ei_repeated.add(shown.pinfo, parent);
}

}  // namespace

bool is_opened_tls(const FrameFacts& facts) {
  if (!facts.tls) return false;
  if (facts.tls->key || facts.tls->payloads) return true;
  // What is repeated is not decrypted a second time.
  const Exchange* first = facts.exchange ? facts.exchange->first : nullptr;
  return facts.tls->repeated && first && is_opened_tls(*first->asking);
}

void show_tls(const Shown& shown, const Extent& data, const FrameFacts& facts) {
  if (data.size > 0) {
    proto_tree_add_item(shown.tree, hf_tls_data, shown.tvb, shown.offset + data.offset, data.size,
                        ENC_NA);
  }
  if (!facts.tls) return;
  show_session(shown, facts);
  if (!facts.tls->records) return;
  tvbuff_t* records;
  if (facts.tls->in_pieces || facts.tls->size != data.size) {
    records = tvb_new_child_real_data(shown.tvb, facts.tls->records, facts.tls->size,
                                      static_cast<int>(facts.tls->size));
    add_new_data_source(shown.pinfo, records, "Reassembled TLS records");
  } else {
    records = tvb_new_subset_length(shown.tvb, shown.offset + data.offset, data.size);
  }
  call_tls(records, shown.pinfo, proto_tree_get_root(shown.tree), facts);
}

void register_tls() {
  payload_handle = register_dissector("mep.tls_payload", dissect_payload, proto_mep);
  register_init_routine(forget);
}

void hand_off_tls() {
  tls_handle = find_dissector("tls");
  dissector_add_uint("tls.port", meter_port, payload_handle);
}

}  // namespace mep::plugin
