// SPDX-License-Identifier: GPL-2.0-or-later
#include "plugin/fields.h"

#include <map>
#include <string>
#include <vector>

#include "protocol/access.h"
#include "protocol/message.h"
#include "protocol/names.h"
#include "protocol/tap.h"
#include "protocol/types.h"

namespace mep::plugin {

Registered mep_;

namespace {

// Value strings live as long as Wireshark: built once and never freed.
const value_string* value_strings(const std::vector<std::pair<std::uint32_t, std::string>>& names) {
  auto* strings = new value_string[names.size() + 1]();
  for (std::size_t i = 0; i < names.size(); ++i)
    strings[i] = {names[i].first, g_strdup(names[i].second.c_str())};
  return strings;
}

template <typename Name>
const value_string* code_names(Name name) {
  std::vector<std::pair<std::uint32_t, std::string>> names;
  for (unsigned code = 0; code < 256; ++code) {
    const auto text = name(static_cast<std::uint8_t>(code));
    if (!text.empty()) names.emplace_back(code, std::string(text));
  }
  return value_strings(names);
}

// What a person would type into a filter: "BT28", "BT1" for BT01, "pending BT28", and the whole
// title, which comes first since the first is shown.
const value_string* table_names() {
  std::vector<std::pair<std::uint32_t, std::string>> names;
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

constexpr value_string directions[] = {
    {static_cast<guint32>(Direction::unknown), "Unknown"},
    {static_cast<guint32>(Direction::client_to_meter), "Client to meter"},
    {static_cast<guint32>(Direction::meter_to_client), "Meter to client"},
    {0, nullptr}};

constexpr value_string access_levels[] = {
    {static_cast<guint32>(AccessLevel::basic), "Basic (MBK)"},
    {static_cast<guint32>(AccessLevel::advanced), "Advanced (MAK)"},
    {0, nullptr}};

hf_register_info field(int* id, const char* name, const char* abbrev, ftenum type, int display,
                       const void* strings, std::uint64_t mask, const char* blurb) {
  *id = -1;
  return {id, {name, abbrev, type, display, strings, mask, blurb, HFILL}};
}

void register_header_fields() {
  Fields& hf = mep_.hf;
  const auto tap_bit = [](int* id, const char* name, const char* abbrev, tap::Status bit,
                          const char* blurb) {
    return field(id, name, abbrev, FT_BOOLEAN, 8, nullptr, bit, blurb);
  };
  // Wireshark keeps pointers into the array.
  static hf_register_info fields[] = {
      field(&hf.tap_version, "Version", "mep.tap.version", FT_UINT8, BASE_DEC, nullptr, 0, nullptr),
      field(&hf.tap_header_length, "Header length", "mep.tap.header_length", FT_UINT8,
            BASE_DEC | BASE_UNIT_STRING, &units_byte_bytes, 0, nullptr),
      field(&hf.tap_direction, "Direction", "mep.tap.direction", FT_UINT8, BASE_DEC,
            VALS(directions), 0, "Who spoke on the tapped line"),
      field(&hf.tap_status, "Status", "mep.tap.status", FT_UINT8, BASE_HEX, nullptr, 0,
            "What the capture tool noticed about these bytes"),
      tap_bit(&hf.tap_truncated, "Cut short", "mep.tap.status.truncated", tap::truncated,
              "The rest of the frame never came"),
      tap_bit(&hf.tap_noise, "Noise", "mep.tap.status.noise", tap::noise,
              "The bytes form no frame"),
      tap_bit(&hf.tap_framing_error, "UART framing error", "mep.tap.status.framing_error",
              tap::framing_error, "A byte lacked its stop bit: wrong line speed, or interference"),
      tap_bit(&hf.tap_parity_error, "Parity error", "mep.tap.status.parity_error",
              tap::parity_error, nullptr),
      tap_bit(&hf.tap_break, "Break", "mep.tap.status.break", tap::break_seen,
              "The line was held low for longer than a byte"),
      tap_bit(&hf.tap_lost, "Bytes lost before", "mep.tap.status.lost", tap::lost,
              "The capturing machine lost bytes before this record"),
      field(&hf.tap_baud_rate, "Line speed", "mep.tap.baud_rate", FT_UINT32,
            BASE_DEC | BASE_UNIT_STRING, unit("bit/s"), 0, nullptr),
      field(&hf.tap_duration, "Duration", "mep.tap.duration", FT_UINT32,
            BASE_DEC | BASE_UNIT_STRING, unit("µs"), 0, "From the first byte to the last"),
      field(&hf.tap_id, "Tap", "mep.tap.id", FT_UINT32, BASE_HEX, nullptr, 0,
            "All lines of one tap have this number; 0 is unknown"),

      field(&hf.length, "Length", "mep.length", FT_UINT16, BASE_DEC | BASE_UNIT_STRING,
            &units_byte_bytes, 0, "Of the message that follows"),
      field(&hf.alert, "Alert", "mep.alert", FT_NONE, BASE_NONE, nullptr, 0,
            "The meter asks the client to read the alert flags in ET13"),
      field(&hf.noise, "Noise", "mep.noise", FT_BYTES, BASE_NONE, nullptr, 0,
            "Bytes that form no frame"),
      field(&hf.request_code, "Request", "mep.request_code", FT_UINT8, BASE_HEX,
            VALS(code_names(request_name)), 0, nullptr),
      field(&hf.response_code, "Response", "mep.response_code", FT_UINT8, BASE_HEX,
            VALS(code_names(response_name)), 0, nullptr),
      field(&hf.table, "Table", "mep.table", FT_UINT16, BASE_HEX, VALS(table_names()), 0,
            "Table number as on the wire: ET50 is 0x0832"),
      field(&hf.offset, "Offset", "mep.offset", FT_UINT24, BASE_DEC, nullptr, 0,
            "Of the first byte, from the start of the table"),
      field(&hf.count, "Count", "mep.count", FT_UINT16, BASE_DEC | BASE_UNIT_STRING,
            &units_byte_bytes, 0, "Of table bytes"),
      field(&hf.data, "Table data", "mep.data", FT_BYTES, BASE_NONE, nullptr, 0, nullptr),
      field(&hf.tls_data, "TLS records", "mep.tls_data", FT_BYTES, BASE_NONE, nullptr, 0, nullptr),
      field(&hf.unknown_data, "Message", "mep.unknown_data", FT_BYTES, BASE_NONE, nullptr, 0,
            "Message bytes that could not be decoded"),
      field(&hf.sequence, "Sequence number", "mep.sequence", FT_UINT32, BASE_HEX, nullptr, 0,
            "Of a request; in an answer 0x0c: the one that the meter expects next"),
      field(&hf.digest, "Digest", "mep.digest", FT_BYTES, BASE_NONE, nullptr, 0,
            "Authentication digest over the message, and over the request in an answer"),
      field(&hf.digest_status, "Digest status", "mep.digest.status", FT_UINT8, BASE_NONE,
            VALS(proto_checksum_vals), 0, nullptr),
      field(&hf.key, "Key", "mep.key", FT_STRING, BASE_NONE, nullptr, 0,
            "Label of the key that fits"),
      field(&hf.access_level, "Access level", "mep.access_level", FT_UINT8, BASE_DEC,
            VALS(access_levels), 0, "What the key that fits permits"),
      field(&hf.encrypted, "Encrypted", "mep.encrypted", FT_BOOLEAN, BASE_NONE, nullptr, 0,
            "RC4 encrypted, with or without a key that opens it"),
      field(&hf.request_in, "Request in", "mep.request_in", FT_FRAMENUM, BASE_NONE,
            FRAMENUM_TYPE(FT_FRAMENUM_REQUEST), 0, "The request that this answers"),
      field(&hf.response_in, "Response in", "mep.response_in", FT_FRAMENUM, BASE_NONE,
            FRAMENUM_TYPE(FT_FRAMENUM_RESPONSE), 0, "The answer to this request"),
      field(&hf.response_time, "Response time", "mep.response_time", FT_RELATIVE_TIME, BASE_NONE,
            nullptr, 0, "From the first byte of the request to the first byte of the answer"),
      field(&hf.repeat_of, "Repeats the frame", "mep.analysis.retransmission", FT_FRAMENUM,
            BASE_NONE, FRAMENUM_TYPE(FT_FRAMENUM_RETRANS_PREV), 0,
            "The same bytes were sent in this frame"),
  };
  proto_register_field_array(mep_.proto, fields, G_N_ELEMENTS(fields));
}

void register_subtrees() {
  Subtrees& ett = mep_.ett;
  static int* const subtrees[] = {&ett.tap, &ett.tap_status, &ett.message, &ett.table, &ett.digest};
  for (int* subtree : subtrees) *subtree = -1;
  proto_register_subtree_array(subtrees, G_N_ELEMENTS(subtrees));
}

ei_register_info expert(expert_field* id, const char* abbrev, int group, int severity,
                        const char* text) {
  *id = EI_INIT;
  return {id, {abbrev, group, severity, text, EXPFILL}};
}

void register_experts() {
  Experts& ei = mep_.ei;
  static ei_register_info entries[] = {
      expert(&ei.tap_header, "mep.tap.malformed", PI_MALFORMED, PI_ERROR, "Bad tap header"),
      expert(&ei.cut_short, "mep.cut_short", PI_SEQUENCE, PI_WARN,
             "Frame cut short: the rest never came"),
      expert(&ei.noise, "mep.noise.expert", PI_PROTOCOL, PI_NOTE, "Bytes that form no frame"),
      expert(&ei.line_trouble, "mep.line_trouble", PI_CHECKSUM, PI_WARN,
             "The UART reported errors in these bytes"),
      expert(&ei.length_out_of_range, "mep.length.invalid", PI_MALFORMED, PI_ERROR,
             "Length out of range"),
      expert(&ei.longer_than_length, "mep.length.excess", PI_MALFORMED, PI_WARN,
             "Bytes after the end of the frame"),
      expert(&ei.message, "mep.malformed", PI_MALFORMED, PI_ERROR, "Malformed message"),
      expert(&ei.unknown_code, "mep.unknown_code", PI_UNDECODED, PI_WARN, "Unknown code"),
      expert(&ei.sealed, "mep.sealed", PI_UNDECODED, PI_WARN,
             "No clear message begins or is built like this, so it is probably encrypted; no key "
             "in the key table opens it"),
      expert(&ei.rc4, "mep.security.rc4", PI_SECURITY, PI_NOTE,
             "RC4 encryption: cipher and digest are publicly broken (Jovanovic and Neves, FSE "
             "2015), and the guide advises against them"),
      expert(&ei.factory_key, "mep.security.factory_key", PI_SECURITY, PI_NOTE,
             "The factory default key is in use: everybody knows it"),
      expert(&ei.bare_answer, "mep.security.bare_answer", PI_SECURITY, PI_CHAT,
             "A bare answer repeats its request's own digest: it proves nothing about the meter"),
      expert(&ei.sequence_reused, "mep.security.sequence_reused", PI_SECURITY, PI_WARN,
             "This sequence number was used before for another request"),
      expert(&ei.not_permitted, "mep.security.not_permitted", PI_SECURITY, PI_NOTE,
             "This key does not permit that (the guide's Appendix C)"),
      expert(&ei.digest_bad, "mep.digest.bad", PI_CHECKSUM, PI_ERROR,
             "Bad digest: the answer was damaged, forged, or made for another request"),
      expert(&ei.no_key_fits, "mep.digest.no_key", PI_SECURITY, PI_NOTE,
             "No key fits: it is missing from the key table, or the frame is damaged"),
      expert(&ei.rejected, "mep.analysis.rejected", PI_RESPONSE_CODE, PI_NOTE,
             "The meter rejected the request"),
      expert(&ei.sequence_invalid, "mep.analysis.sequence_invalid", PI_SEQUENCE, PI_NOTE,
             "The meter expected another sequence number"),
      expert(&ei.repeated, "mep.analysis.retransmission.expert", PI_SEQUENCE, PI_NOTE,
             "Request repeated byte for byte"),
      expert(&ei.answers_nothing, "mep.analysis.answers_nothing", PI_SEQUENCE, PI_NOTE,
             "The request that this answers is not in the capture"),
  };
  mep_.experts = expert_register_protocol(mep_.proto);
  expert_register_field_array(mep_.experts, entries, G_N_ELEMENTS(entries));
}

}  // namespace

const unit_name_string* unit(std::string_view text) {
  static std::map<std::string, const unit_name_string*, std::less<>> units;
  auto found = units.find(text);
  if (found == units.end()) {
    // "0.1 mA" is a factor: 69 × 0.1 mA.
    const bool factor = !text.empty() && text[0] >= '0' && text[0] <= '9';
    char* spaced = g_strdup_printf(" %s%.*s", factor ? "\u00d7 " : "",
                                   static_cast<int>(text.size()), text.data());
    found = units.emplace(std::string(text), new unit_name_string{spaced, nullptr}).first;
  }
  return found->second;
}

void register_fields() {
  mep_.proto =
      proto_register_protocol("Multipurpose Expansion Port (OSGP smart meter)", "MEP", "mep");
  register_header_fields();
  register_subtrees();
  register_experts();
}

}  // namespace mep::plugin
