// SPDX-License-Identifier: GPL-2.0-or-later
#include "plugin/message_tree.h"

#include <algorithm>
#include <array>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "plugin/guarded.h"
#include "plugin/layout_cache.h"
#include "plugin/procedure_tree.h"
#include "plugin/reading.h"
#include "plugin/registry.h"
#include "plugin/table_fields.h"
#include "plugin/table_tree.h"
#include "plugin/tapped.h"
#include "plugin/tls_session.h"
#include "plugin/transaction_tree.h"
#include "protocol/bytes.h"
#include "protocol/names.h"
#include "protocol/procedure.h"
#include "protocol/size_evidence.h"
#include "protocol/tables/pending.h"
#include "protocol/tables/tables.h"

namespace mep::plugin {
namespace {

using Names = std::vector<std::pair<std::uint32_t, std::string>>;

const void* names_of_codes(std::string_view (*name)(std::uint8_t)) {
  Names names;
  for (unsigned code = 0; code < 256; ++code) {
    const std::string_view text = name(static_cast<std::uint8_t>(code));
    if (!text.empty()) names.emplace_back(code, text);
  }
  return value_strings(names);
}
const void* request_names() {
  return names_of_codes(request_name);
}
const void* response_names() {
  return names_of_codes(response_name);
}

// What a person would type into a filter: "BT28", "BT1" for BT01, "pending BT28", and the whole
// title, which comes first since the first is shown.
const void* table_names() {
  Names names;
  for (const std::uint16_t flags : {std::uint16_t{0}, pending_flag}) {
    for (unsigned number = 0; number <= (number_mask | manufacturer_flag); ++number) {
      const auto table = static_cast<std::uint16_t>(number | flags);
      if (table_name(table).empty()) continue;
      const std::string label = table_label(table);
      names.emplace_back(table, table_title(table));
      names.emplace_back(table, label);
      const std::size_t zero = label.size() - 2;
      if (label[zero] == '0') names.emplace_back(table, std::string(label).erase(zero, 1));
    }
  }
  return value_strings(names);
}

constexpr value_string access_levels[] = {
    {static_cast<guint32>(AccessLevel::basic), "Basic (MBK)"},
    {static_cast<guint32>(AccessLevel::advanced), "Advanced (MAK)"},
    {0, nullptr}};

const Field hf_request_code("Request", "mep.request_code", FT_UINT8, BASE_HEX,
                            Strings::Made{request_names}, 0, "C12.18 code of a request");
const Field hf_response_code("Response", "mep.response_code", FT_UINT8, BASE_HEX,
                             Strings::Made{response_names}, 0, "C12.18 code of an answer");
const Field hf_table(
    "Table", "mep.table", FT_UINT16, BASE_HEX, Strings::Made{table_names}, 0,
    "Number as on the wire (BT23 is 0x0017, ET50 is 0x0832), or name (mep.table == \"BT23\"); on "
    "the request, and on its answer");
const Field hf_offset("Offset", "mep.offset", FT_UINT24, BASE_DEC, nullptr, 0,
                      "Of the first byte, from the start of the table");
const Field hf_count("Count", "mep.count", FT_UINT16, BASE_DEC | BASE_UNIT_STRING,
                     &units_byte_bytes, 0, "Of table bytes");
const Field hf_data("Table data", "mep.data", FT_BYTES, BASE_NONE, nullptr, 0,
                    "Bytes that were read or are to be written");
const Field hf_sequence("Sequence number", "mep.sequence", FT_UINT32, BASE_HEX, nullptr, 0,
                        "Of a request; in an answer 0x0c: the one that the meter expects next");
const Field hf_digest("Digest", "mep.digest", FT_BYTES, BASE_NONE, nullptr, 0,
                      "Authentication digest over the message, and over the request in an answer");
const Field hf_digest_status("Digest status", "mep.digest.status", FT_UINT8, BASE_NONE,
                             VALS(proto_checksum_vals), 0, "0 is bad, 1 good, 2 unverified");
const Field hf_key("Key", "mep.key", FT_STRING, BASE_NONE, nullptr, 0,
                   "Label of the key that fits");
const Field hf_access_level("Access level", "mep.access_level", FT_UINT8, BASE_DEC,
                            VALS(access_levels), 0,
                            "What the key that fits permits: 1 is basic, 2 advanced");
const Field hf_encrypted("Encrypted", "mep.encrypted", FT_BOOLEAN, BASE_NONE, nullptr, 0,
                         "RC4 encrypted, with or without a key that opens it");
const Field hf_request_in("Request in", "mep.request_in", FT_FRAMENUM, BASE_NONE,
                          FRAMENUM_TYPE(FT_FRAMENUM_REQUEST), 0, "The request that this answers");
const Field hf_response_in("Response in", "mep.response_in", FT_FRAMENUM, BASE_NONE,
                           FRAMENUM_TYPE(FT_FRAMENUM_RESPONSE), 0, "The answer to this request");
const Field hf_response_time("Response time", "mep.response_time", FT_RELATIVE_TIME, BASE_NONE,
                             nullptr, 0,
                             "From the last byte of the request to the first byte of the answer; "
                             "where the capture does not tell how long the request took: from its "
                             "record's time");
const NotedField hf_retransmission("Repeats the frame", "mep.analysis.retransmission", FT_FRAMENUM,
                                   BASE_NONE, FRAMENUM_TYPE(FT_FRAMENUM_RETRANS_PREV),
                                   "The same bytes were sent in this frame", PI_SEQUENCE, PI_NOTE,
                                   "Request repeated byte for byte");
const Subtree ett_table;
const Subtree ett_digest;
const Note ei_unknown_code("mep.unknown_code", PI_UNDECODED, PI_WARN, "Unknown code");
const Note ei_sealed(
    "mep.sealed", PI_UNDECODED, PI_WARN,
    "No clear message begins or is built like this, so it is probably encrypted; no key "
    "in the key table opens it");
const Note ei_rc4("mep.security.rc4", PI_SECURITY, PI_NOTE,
                  "RC4 encryption: cipher and digest are publicly broken (Jovanovic and Neves, FSE "
                  "2015), and the guide advises against them");
const Note ei_factory_key("mep.security.factory_key", PI_SECURITY, PI_NOTE,
                          "The factory default key is in use: everybody knows it");
const Note ei_bare_answer(
    "mep.security.bare_answer", PI_SECURITY, PI_CHAT,
    "A bare answer repeats its request's own digest: it proves nothing about the meter");
const Note ei_sequence_reused("mep.security.sequence_reused", PI_SECURITY, PI_WARN,
                              "This sequence number was used before for another request");
const Note ei_not_permitted("mep.security.not_permitted", PI_SECURITY, PI_NOTE,
                            "This key does not permit that (the guide's Appendix C)");
const Note ei_digest_bad("mep.digest.bad", PI_CHECKSUM, PI_ERROR,
                         "Bad digest: the answer was damaged, forged, or made for another request");
const Note ei_no_key_fits("mep.digest.no_key", PI_SECURITY, PI_NOTE,
                          "No key fits: it is missing from the key table, or the frame is damaged");
const Note ei_rejected("mep.analysis.rejected", PI_RESPONSE_CODE, PI_NOTE,
                       "The meter rejected the request");

}  // namespace

const Subtree ett_message;
const Field hf_unknown_data("Message", "mep.unknown_data", FT_BYTES, BASE_NONE, nullptr, 0,
                            "Message bytes that could not be decoded");
const Note ei_malformed("mep.malformed", PI_MALFORMED, PI_ERROR, "Malformed message");
const Note ei_answers_nothing("mep.analysis.answers_nothing", PI_SEQUENCE, PI_NOTE,
                              "The request that this answers is not in the capture");

namespace {

void append(packet_info* pinfo, proto_item* top, const char* text) {
  // Cheaper than col_append_str(), which copies byte by byte.
  col_append_fstr(pinfo->cinfo, COL_INFO, "%s", text);
  if (is_shown(top)) proto_item_append_text(top, "%s", text);
}

}  // namespace

bool is_told(const packet_info* pinfo, proto_item* top) {
  return col_get_writable(pinfo->cinfo, COL_INFO) || is_shown(top);
}

void tell(packet_info* pinfo, proto_item* top, const char* format, ...) {
  if (!is_told(pinfo, top)) return;
  va_list arguments;
  va_start(arguments, format);
  char text[COL_MAX_INFO_LEN];
  std::vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  append(pinfo, top, text);
}

void tell(packet_info* pinfo, proto_item* top, const InfoText& text) {
  if (!text.empty()) append(pinfo, top, text.c_str());
}

void show_key(const Shown& shown, const KeyEntry* key, const FrameFacts& facts) {
  if (!key) return;
  proto_item* item = add_generated(shown.tree, hf_key, shown.tvb, key->label);
  if (is_either_key(key->key)) {
    // Both of a meter's keys are the same when it leaves the factory: which is meant, nobody knows.
    if (facts.factory_key_found) ei_factory_key.add(shown.pinfo, item);
    return;
  }
  add_generated(shown.tree, hf_access_level, shown.tvb, static_cast<guint32>(key->kind));
}

namespace {

// Strings for the packet: wmem frees them with it. The temporaries end before Wireshark is called
// with the result, which may leave by longjmp.
const char* for_packet(packet_info* pinfo, std::string_view text) {
  return wmem_strndup(pinfo->pool, text.data(), text.size());
}
// Of a table: made when it is first wanted, and kept for ever: each frame wants some of them
// several times. Numbers with bits that mean nothing have no names.
const char* kept_text(packet_info* pinfo, std::uint16_t table, std::string (*text)(std::uint16_t),
                      std::span<const char*> all) {
  if (table >= all.size()) return for_packet(pinfo, text(table));
  if (!all[table]) all[table] = kept(text(table));
  return all[table];
}
constexpr std::size_t all_tables_and_pending = std::size_t{2} * pending_flag;
const char* title_of(packet_info* pinfo, std::uint16_t table) {
  static std::array<const char*, all_tables_and_pending> all{};
  return kept_text(pinfo, table, table_title, all);
}
const char* label_of(packet_info* pinfo, std::uint16_t table) {
  static std::array<const char*, all_tables_and_pending> all{};
  return kept_text(pinfo, table, table_label, all);
}

const char* bytes_text(unsigned count) {
  return count == 1 ? "byte" : "bytes";
}

void show_table_number(const Shown& shown, int offset, int size, std::uint16_t table) {
  proto_item* item =
      proto_tree_add_uint_format_value(shown.tree, hf_table, shown.tvb, offset, size, table,
                                       "%s (0x%04x)", title_of(shown.pinfo, table), table);
  if (size == 0) proto_item_set_generated(item);
}

void show_digest(const Shown& shown, const Extent& digest, const FrameFacts& facts) {
  const DigestStatus status = facts.digest;
  const KeyEntry* key = facts.exchange ? facts.exchange->key : nullptr;
  const int at = shown.offset + digest.offset;
  proto_item* item = proto_tree_add_item(shown.tree, hf_digest, shown.tvb, at, digest.size, ENC_NA);
  const char* words = status == DigestStatus::good  ? "good"
                      : status == DigestStatus::bad ? "bad"
                                                    : "unverified";
  proto_item_append_text(item, " [%s%s%s]", words, key ? ", key: " : "", key ? key->label : "");
  proto_tree* tree = proto_item_add_subtree(item, ett_digest);
  proto_item* generated = proto_tree_add_uint(tree, hf_digest_status, shown.tvb, at, digest.size,
                                              static_cast<guint32>(status));
  proto_item_set_generated(generated);
  show_key(Shown{shown.tvb, shown.offset, shown.bytes, tree, shown.pinfo}, key, facts);
  if (status != DigestStatus::bad) return;
  ei_digest_bad.add(shown.pinfo, item);
  tell(shown.pinfo, top_of(shown), " [bad digest]");
}

void show_problem(const Shown& shown, Problem problem) {
  if (problem == Problem::none) return;
  proto_item* item = proto_tree_get_parent(shown.tree);
  if (problem == Problem::unknown_code) {
    ei_unknown_code.add(shown.pinfo, item);
    return;
  }
  ei_malformed.add(shown.pinfo, item, "%s", for_packet(shown.pinfo, describe(problem)));
}

void show_code(const Shown& shown, int hf) {
  proto_tree_add_item(shown.tree, hf, shown.tvb, shown.offset, 1, ENC_NA);
}

void show_bytes(const Shown& shown, int hf, const Extent& extent) {
  if (extent.size == 0) return;
  proto_tree_add_item(shown.tree, hf, shown.tvb, shown.offset + extent.offset, extent.size, ENC_NA);
}

// When a pending table becomes active stands before its bytes. Returns how many bytes that takes.
std::uint16_t show_pending_event(const Shown& shown, const Request& request, const Extent& data,
                                 const FrameFacts& facts) {
  const Bytes bytes = data.of(shown.bytes);
  if (!request.table || (*request.table & pending_flag) == 0 || !begins_with_pending_event(bytes))
    return 0;
  const char* text = for_packet(shown.pinfo, pending_event_text(bytes));
  const int at = shown.offset + data.offset;
  proto_tree* tree =
      proto_tree_add_subtree_format(shown.tree, shown.tvb, at, pending_event_size, ett_table,
                                    nullptr, "%s: %s", pending_event().name.c_str(), text);
  show_table({shown.tvb, at, {0, bytes.first(pending_event_size)}, shown.pinfo, tree},
             pending_event(), *facts.dimensions);
  if (facts.digest != DigestStatus::bad) tell(shown.pinfo, top_of(shown), ", %s", text);
  return pending_event_size;
}

// The table bytes of a read's answer or of a write, as bytes and taken apart.
void show_table_data(const Shown& shown, const Request& request, Extent data,
                     const FrameFacts& facts) {
  const std::uint16_t event = show_pending_event(shown, request, data, facts);
  data.offset = static_cast<std::uint16_t>(data.offset + event);
  data.size = static_cast<std::uint16_t>(data.size - event);
  if (data.size == 0) return;
  proto_item* item = proto_tree_add_item(shown.tree, hf_data, shown.tvb, shown.offset + data.offset,
                                         data.size, ENC_NA);
  const Table* table = request.table ? find_table(*request.table) : nullptr;
  if (!table) return;
  const Stretch stretch{request.offset, data.of(shown.bytes)};
  const char* label = label_of(shown.pinfo, *request.table);
  if (data.size == 1) {
    proto_item_append_text(item, " (byte %u of %s)", request.offset, label);
  } else {
    proto_item_append_text(item, " (bytes %u to %u of %s)", request.offset,
                           request.offset + data.size - 1U, label);
  }
  // Nobody knows what a meter said where the digest is wrong.
  const bool believed = facts.digest != DigestStatus::bad;
  const Layout layout = layout_of(shown.pinfo, *table, request, data.size, facts);
  const bool readable = layout.verdict.kind != SizeVerdict::Kind::contradicted;
  const bool pending = (*request.table & pending_flag) != 0;
  if (believed && readable && !pending)
    tap_table(shown.pinfo, *table, stretch, *layout.dimensions, facts);
  const bool measured =
      believed && readable && !pending && facts.direction == Direction::meter_to_client;
  const TableBytes bytes{shown.tvb,
                         shown.offset + data.offset,
                         stretch,
                         shown.pinfo,
                         proto_item_add_subtree(item, ett_table),
                         !measured     ? Measured::none
                         : table->past ? Measured::past
                                       : Measured::present,
                         top_of(shown),
                         shown.read_inside,
                         label};
  // Nearly all of the work: for those who look.
  const bool told = believed && readable && tells_reading(*table) &&
                    (shown.read_inside || is_told(shown.pinfo, bytes.top));
  const bool looked_at = wants_fields_of(bytes.tree, *table);
  if (told || looked_at) {
    const Findings findings = findings_in(shown.pinfo, layout, stretch);
    const auto tell_all = [&] { tell_reading(bytes, *table, *layout.dimensions, findings); };
    if (told && shown.read_inside) {
      with_column(shown.pinfo, COL_INFO, shown.read_inside->column, tell_all);
    } else if (told) {
      tell_all();
    }
    if (looked_at) show_table(bytes, table->root, *layout.dimensions, findings);
  }
  show_verdict(bytes, layout.verdict);
  const Call* call = facts.exchange ? facts.exchange->call : nullptr;
  if (*request.table == BT(7)) show_call(bytes, call, *facts.dimensions);
  if (holds_procedure_results(*request.table))
    show_result(bytes, call, *facts.dimensions, believed);
  if (facts.transaction)
    show_transaction(shown, shown.offset + data.offset, *facts.transaction, facts);
}

// "Read BT23 Current Register Data, 44 bytes at 100"
void tell_request(packet_info* pinfo, proto_item* top, const Request& request) {
  if (!is_told(pinfo, top)) return;
  const auto code = static_cast<RequestCode>(request.code);
  const bool read = is_read(code);
  const std::string_view name = request_name(request.code);
  const char* title = request.table ? title_of(pinfo, *request.table) : nullptr;
  if (!title || !(read || is_write(code))) {
    col_add_str(pinfo->cinfo, COL_INFO, for_packet(pinfo, name));
    if (is_shown(top))
      proto_item_append_text(top, ", %s%s%s", for_packet(pinfo, name), title ? ", " : "",
                             title ? title : "");
    return;
  }
  InfoText rest;
  if (request.count) rest.add(", ").add(*request.count).add(" ").add(bytes_text(*request.count));
  if (request.offset != 0) rest.add(" at ").add(request.offset);
  InfoText info;
  info.add(read ? "Read " : "Write ").add(title).add(rest.view());
  col_add_str(pinfo->cinfo, COL_INFO, info.c_str());
  if (is_shown(top))
    proto_item_append_text(top, ", %s, %s%s", for_packet(pinfo, name), title, rest.c_str());
}

const char* name_of(packet_info* pinfo, const Response& response, const Exchange* exchange) {
  const bool tls = answers_to(exchange) == Answers::tls;
  return for_packet(pinfo, tls ? tls_response_name(response.code) : response_name(response.code));
}

// ", the meter expects 0x00005d10, 1 ahead"
void tell_expected(packet_info* pinfo, proto_item* top, std::uint32_t expected,
                   const Request* request) {
  tell(pinfo, top, ", the meter expects 0x%08x", expected);
  if (!request || !request->sequence) return;
  const auto ahead = static_cast<std::int32_t>(expected - *request->sequence);
  constexpr std::int32_t telling = 1000;  // what is further off was not counted from the same start
  if (ahead == 0) {
    tell(pinfo, top, ", as was sent");
  } else if (std::abs(std::int64_t{ahead}) <= telling) {
    tell(pinfo, top, ", %d %s", std::abs(ahead), ahead < 0 ? "back" : "ahead");
  }
}

// "OK, BT23, 44 bytes"
void tell_response(packet_info* pinfo, proto_item* top, const Response& response,
                   const Exchange* exchange) {
  if (!is_told(pinfo, top)) return;
  const char* name = name_of(pinfo, response, exchange);
  const Request* request = asked(exchange);
  const bool of_table = request && request->table;
  InfoText rest;
  if (response.count) rest.add(", ").add(*response.count).add(" ").add(bytes_text(*response.count));
  InfoText info;
  info.add(name);
  if (of_table) {
    info.add(", ").add(label_of(pinfo, *request->table));
  } else if (request && !request_name(request->code).empty()) {
    info.add(", ").add(request_name(request->code));
  }
  info.add(rest.view());
  col_add_str(pinfo->cinfo, COL_INFO, info.c_str());
  if (is_shown(top))
    proto_item_append_text(top, ", %s%s%s%s", name, of_table ? ", " : "",
                           of_table ? title_of(pinfo, *request->table) : "", rest.c_str());
  if (response.sequence) tell_expected(pinfo, top, *response.sequence, request);
}

void tell_unknown(packet_info* pinfo, const char* what, std::uint8_t code) {
  col_add_fstr(pinfo->cinfo, COL_INFO, "%s with unknown code 0x%02x", what, code);
}

void show_repetition(const Shown& shown, const Exchange& exchange) {
  if (!exchange.repeats) return;
  proto_item* item =
      add_generated(shown.tree, hf_retransmission, shown.tvb, exchange.repeats->request_frame);
  hf_retransmission.note.add(shown.pinfo, item);
  tell(shown.pinfo, top_of(shown), " [repeated]");
}

// What the key that fits does not permit, by Appendix C. Of a request inside a transaction it is
// the key with which the transaction was written (page 130).
void show_permission(const Shown& shown, const Request& request, const KeyEntry* key) {
  if (!key || is_either_key(key->key) || !request.table ||
      !is_write(static_cast<RequestCode>(request.code)))
    return;
  const Bytes data = request.data.of(shown.bytes);
  Permission permission = may_write(key->kind, *request.table);
  const bool calls = *request.table == BT(7) && request.offset == 0;
  const auto called = calls ? procedure::parse_number(data) : std::nullopt;
  if (permission == Permission::granted && called) {
    const std::size_t header = std::min(data.size(), procedure::call_header_size);
    permission = may_call(key->kind, *called, data.subspan(header));
  }
  if (permission == Permission::denied)
    ei_not_permitted.add(shown.pinfo, proto_tree_get_parent(shown.tree));
}

void show_sequence(const Shown& shown, int at, const Exchange* same_sequence_as) {
  proto_item* item =
      proto_tree_add_item(shown.tree, hf_sequence, shown.tvb, at, sequence_size, ENC_BIG_ENDIAN);
  if (!same_sequence_as) return;
  ei_sequence_reused.add(shown.pinfo, item,
                         "This sequence number was used for another request in frame %u",
                         same_sequence_as->request_frame);
}

// Page 21: a client waits 500 ms from its last byte on.
void show_response_time(const Shown& shown, const Exchange& exchange) {
  const nstime_t asked = end_of_request(exchange);
  nstime_t waited;
  nstime_delta(&waited, &exchange.answer_time, &asked);
  proto_item* item = proto_tree_add_time(shown.tree, hf_response_time, shown.tvb, 0, 0, &waited);
  proto_item_set_generated(item);
  if (exchange.request_duration_us == 0)
    proto_item_append_text(item, " (from the time of the request's record)");
}

// Whom the frame answers or what answers it. A request's table is repeated on its answer: one
// filter finds both.
void show_exchange(const Shown& shown, const FrameFacts& facts) {
  const Exchange* exchange = facts.exchange;
  const bool is_request = facts.direction == Direction::client_to_meter;
  const Request* request = asked(exchange);
  if (request && !is_request && request->table) show_table_number(shown, 0, 0, *request->table);
  if (shown.paired_outside) return;
  if (!exchange) {
    if (!is_request && !facts.alone)
      ei_answers_nothing.add(shown.pinfo, proto_tree_get_parent(shown.tree));
  } else if (is_request) {
    if (exchange->answer_frame != 0)
      add_generated(shown.tree, hf_response_in, shown.tvb, exchange->answer_frame);
    show_repetition(shown, *exchange);
  } else {
    add_generated(shown.tree, hf_request_in, shown.tvb, exchange->request_frame);
    show_response_time(shown, *exchange);
  }
}

}  // namespace

void show_cover(const Shown& shown, const FrameFacts& facts) {
  if (facts.cover == Cover::clear) return;
  const int size = static_cast<int>(shown.bytes.size() - std::min(shown.bytes.size(), digest_size));
  proto_item* item =
      proto_tree_add_boolean(shown.tree, hf_encrypted, shown.tvb, shown.offset, size, TRUE);
  if (facts.cover == Cover::opened) ei_rc4.add(shown.pinfo, item);
}

void show_sealed(const Shown& shown, const FrameFacts& facts) {
  const bool is_request = facts.direction == Direction::client_to_meter;
  const char* what = is_request ? "request" : "response";
  col_add_fstr(shown.pinfo->cinfo, COL_INFO, "Encrypted %s, %u bytes", what,
               static_cast<unsigned>(shown.bytes.size()));
  proto_item* parent = proto_tree_get_parent(shown.tree);
  proto_item_append_text(parent, ", encrypted");
  const auto size = static_cast<std::uint16_t>(shown.bytes.size());
  const bool has_digest = size > digest_size;
  const auto sealed = static_cast<std::uint16_t>(has_digest ? size - digest_size : size);
  show_bytes(shown, hf_unknown_data, {0, sealed});
  if (has_digest) {
    show_digest(shown, {sealed, digest_size}, facts);
  }
  ei_sealed.add(shown.pinfo, parent);
  show_exchange(shown, facts);
}

void show_request(const Shown& shown, const Request& request, const FrameFacts& facts) {
  const bool unknown = request.problem == Problem::unknown_code;
  const bool tls = !unknown && is_tls(static_cast<RequestCode>(request.code));
  if (unknown) {
    tell_unknown(shown.pinfo, "Request", request.code);
  } else {
    tell_request(shown.pinfo, top_of(shown), request);
  }
  show_code(shown, hf_request_code);
  if (request.table) {
    show_table_number(shown, shown.offset + 1, 2, *request.table);
    const bool partial =
        request.is(RequestCode::partial_read) || request.is(RequestCode::partial_write);
    if (partial && shown.bytes.size() >= 6)
      proto_tree_add_item(shown.tree, hf_offset, shown.tvb, shown.offset + 3, 3, ENC_BIG_ENDIAN);
    if (request.count) {
      proto_tree_add_item(shown.tree, hf_count, shown.tvb, shown.offset + (partial ? 6 : 3), 2,
                          ENC_BIG_ENDIAN);
    }
  }
  if (request.table) {
    show_table_data(shown, request, request.data, facts);
  } else if (!tls) {
    show_bytes(shown, hf_unknown_data, request.data);
  }
  if (request.sequence) {
    show_sequence(shown, shown.offset + request.digest->offset - static_cast<int>(sequence_size),
                  facts.exchange ? facts.exchange->same_sequence : nullptr);
  }
  if (request.digest) {
    show_digest(shown, *request.digest, facts);
    if (facts.digest == DigestStatus::unverified)
      ei_no_key_fits.add(shown.pinfo, proto_tree_get_parent(shown.tree));
  }
  if (facts.exchange) show_permission(shown, request, facts.exchange->key);
  show_exchange(shown, facts);
  show_problem(shown, request.problem);
  if (tls) show_tls(shown, request.data, facts);
}

void show_response(const Shown& shown, const FrameFacts& facts) {
  const Exchange* exchange = facts.exchange;
  const Response response = parse_response(shown.bytes, answers_to(exchange), shown.trailer);
  proto_item* parent = proto_tree_get_parent(shown.tree);
  if (response.problem == Problem::unknown_code) {
    tell_unknown(shown.pinfo, "Response", response.code);
    show_bytes(shown, hf_unknown_data, {0, static_cast<std::uint16_t>(shown.bytes.size())});
  } else {
    tell_response(shown.pinfo, parent, response, exchange);
    const char* name = name_of(shown.pinfo, response, exchange);
    proto_item* code =
        proto_tree_add_uint_format_value(shown.tree, hf_response_code, shown.tvb, shown.offset, 1,
                                         response.code, "%s (0x%02x)", name, response.code);
    // What 0x0C tells is the analysis' business.
    if (!response.is(ResponseCode::ok) && !response.is(ResponseCode::invalid_sequence_number)) {
      ei_rejected.add(shown.pinfo, code, "Rejected: %s", name);
    }
  }
  const Request* request = asked(exchange);
  if (response.count) {
    proto_tree_add_item(shown.tree, hf_count, shown.tvb, shown.offset + 1, 2, ENC_BIG_ENDIAN);
  }
  std::optional<Extent> tls;
  if (response.count && request) {
    show_table_data(shown, *request, response.data, facts);
  } else if (answers_to(exchange) == Answers::tls) {
    tls = response.data;
  } else if (response.problem != Problem::unknown_code) {
    const bool counted = response.is(ResponseCode::ok) && response.count;
    show_bytes(shown, counted ? hf_data : hf_unknown_data, response.data);
  }
  if (response.sequence) show_sequence(shown, shown.offset + 1, nullptr);
  if (response.digest) {
    show_digest(shown, *response.digest, facts);
    const bool bare = response.is(ResponseCode::ok) && !response.count;
    if (bare && facts.digest == DigestStatus::good) ei_bare_answer.add(shown.pinfo, parent);
  }
  show_exchange(shown, facts);
  show_problem(shown, response.problem);
  // Last: what is inside has a tree of its own behind this one.
  if (tls) show_tls(shown, *tls, facts);
}

void show_part(const Shown& shown, Direction direction, unsigned declared_size) {
  const bool request = direction != Direction::meter_to_client;
  const char* what = request ? "Request" : "Response";
  const auto size = static_cast<unsigned>(shown.bytes.size());
  col_add_str(shown.pinfo->cinfo, COL_INFO, what);
  if (size == declared_size) {
    tell(shown.pinfo, top_of(shown), " too long: %u bytes", size);
  } else {
    tell(shown.pinfo, top_of(shown), " cut short: %u of %u bytes", size, declared_size);
  }
  if (shown.bytes.empty()) return;
  const std::string_view name =
      request ? request_name(shown.bytes[0]) : response_name(shown.bytes[0]);
  if (name.empty()) {
    show_bytes(shown, hf_unknown_data, {0, static_cast<std::uint16_t>(shown.bytes.size())});
    return;
  }
  col_append_fstr(shown.pinfo->cinfo, COL_INFO, " (%s", for_packet(shown.pinfo, name));
  show_code(shown, request ? hf_request_code : hf_response_code);
  std::uint16_t known = 1;
  if (request && !is_tls(static_cast<RequestCode>(shown.bytes[0])) && shown.bytes.size() >= 3) {
    const auto table = static_cast<std::uint16_t>(read_be(shown.bytes, 1, 2));
    show_table_number(shown, shown.offset + 1, 2, table);
    col_append_fstr(shown.pinfo->cinfo, COL_INFO, ", %s", label_of(shown.pinfo, table));
    known = 3;
  }
  col_append_str(shown.pinfo->cinfo, COL_INFO, ")");
  show_bytes(shown, hf_unknown_data,
             {known, static_cast<std::uint16_t>(shown.bytes.size() - known)});
}

}  // namespace mep::plugin
