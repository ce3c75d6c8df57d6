// The protocol's header fields, subtrees and expert entries (docs/filter-names.md). The fields of
// tables are generated from their descriptions: table_fields.h.
// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string_view>

#include "plugin/wireshark.h"

namespace mep::plugin {

// Wireshark gives out the numbers at registration; the names are those of the filters.
struct Fields {
  int tap_version, tap_header_length, tap_direction, tap_status, tap_truncated, tap_noise,
      tap_framing_error, tap_parity_error, tap_break, tap_lost, tap_baud_rate, tap_duration, tap_id;
  int length, alert, noise;
  int request_code, response_code, table, offset, count, data, tls_data, unknown_data;
  int sequence, digest, digest_status, key, access_level, encrypted;
  int request_in, response_in, response_time, repeat_of;
};

struct Subtrees {
  int tap, tap_status, message, table, digest;
};

struct Experts {
  expert_field tap_header, cut_short, noise, length_out_of_range, longer_than_length, message,
      unknown_code, sealed, rc4, factory_key, bare_answer, sequence_reused, not_permitted,
      digest_bad, no_key_fits, rejected, repeated, answers_nothing, sequence_invalid, line_trouble;
};

struct Registered {
  int proto;  // "mep"
  expert_module_t* experts;
  Fields hf;
  Subtrees ett;
  Experts ei;
};

extern Registered mep_;

// A unit to be shown behind a number, with a space between: "230412 mV". Lives for ever.
const unit_name_string* unit(std::string_view text);

// Registers the protocol and all of the above. Once, from plugin_register.
void register_fields();

}  // namespace mep::plugin
