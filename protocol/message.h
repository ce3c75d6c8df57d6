// C12.18 messages as MEP carries them: requests and responses, tables 2.1 to 2.7, pages 8 to 12.
//
// A *message* is what stands in a frame after the length field. Under RC4 security it ends with an
// authentication trailer (sequence number and digest on requests, digest on responses); the inner
// messages of a transaction and what TLS decrypts to have none.
//
// Protocol. To be added here: codes and layouts of C12.18; what a code means in a conversation is
// its users'.
// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "protocol/types.h"

namespace mep {

enum class RequestCode : std::uint8_t {
  identify = 0x20,   // this one and those below marked so are C12.18's; the guide has no use for
  terminate = 0x21,  // them, but clients send them
  full_read = 0x30,
  default_read = 0x3E,  // C12.18
  partial_read = 0x3F,
  full_write = 0x40,
  partial_write = 0x4F,
  log_on = 0x50,    // C12.18
  security = 0x51,  // C12.18
  log_off = 0x52,   // C12.18
  tls_terminate = 0x57,
  tls_handshake = 0x58,
  tls_handshake_cont = 0x59,
  negotiate = 0x60,  // C12.18; to 0x6F, with as many baud rates as the low digit says
  wait = 0x70,       // C12.18
  tls_table = 0x80,
};

enum class ResponseCode : std::uint8_t {
  ok = 0x00,
  unrecognized_request = 0x01,  // under TLS: TLS error
  unsupported_request = 0x02,
  no_permission = 0x03,  // under TLS: invalid identity or key
  operation_not_possible = 0x04,
  table_operation_not_possible = 0x05,
  device_busy = 0x06,  // C12.18, as the next three: the guide has no use for them
  data_not_ready = 0x07,
  data_locked = 0x08,
  renegotiate_request = 0x09,
  invalid_service_sequence_state = 0x0A,
  authentication_failure = 0x0B,
  invalid_sequence_number = 0x0C,
};

// The name of a code for people, empty where neither the guide nor C12.18 has one.
std::string_view request_name(std::uint8_t code);
std::string_view response_name(std::uint8_t code);
// The same for the answer to a TLS request, page 9.
std::string_view tls_response_name(std::uint8_t code);

constexpr bool is_read(RequestCode code) {
  return code == RequestCode::full_read || code == RequestCode::partial_read;
}
constexpr bool is_write(RequestCode code) {
  return code == RequestCode::full_write || code == RequestCode::partial_write;
}
constexpr bool is_tls(RequestCode code) {
  return code == RequestCode::tls_terminate || code == RequestCode::tls_handshake ||
         code == RequestCode::tls_handshake_cont || code == RequestCode::tls_table;
}

// Whether an authentication trailer ends the message.
enum class Trailer : std::uint8_t { absent, present };

// What is wrong with a message, in the order of severity. A parsed message carries the first.
enum class Problem : std::uint8_t {
  none,
  empty,           // not even a code
  unknown_code,    // a code that neither the guide nor C12.18 has
  too_short,       // ends before its own fixed fields do
  no_trailer,      // a trailer was expected and does not fit
  count_mismatch,  // the count field and the bytes present disagree
  excess,          // bytes after the last field
};
std::string_view describe(Problem problem);

// A stretch of the message: offset from its code byte, length in bytes.
struct Extent {
  std::uint16_t offset = 0;
  std::uint16_t size = 0;
  constexpr Bytes of(Bytes message) const { return message.subspan(offset, size); }
};

struct Request {
  std::uint8_t code = 0;               // RequestCode, or another where problem says unknown_code
  std::optional<std::uint16_t> table;  // as on the wire
  std::uint32_t offset = 0;            // 0 for full reads and writes
  std::optional<std::uint16_t> count;  // a full read may go without (page 12)
  Extent data;                         // table bytes of a write, TLS records
  std::optional<std::uint32_t> sequence;
  std::optional<Extent> digest;
  Problem problem = Problem::none;

  constexpr bool is(RequestCode other) const { return code == static_cast<std::uint8_t>(other); }
};

struct Response {
  std::uint8_t code = 0;                  // ResponseCode
  std::optional<std::uint16_t> count;     // of a read's answer
  Extent data;                            // table bytes, TLS records
  std::optional<std::uint32_t> sequence;  // in a 0x0C answer
  std::optional<Extent> digest;
  Problem problem = Problem::none;

  constexpr bool is(ResponseCode other) const { return code == static_cast<std::uint8_t>(other); }
};

// Takes a request message apart. Never fails: what cannot be read stays empty, and `problem` says
// why. TLS requests have no trailer whatever `trailer` says. What a code means that is not a
// table's does not matter: its bytes are `data`, and it has its trailer like any other.
Request parse_request(Bytes message, Trailer trailer);

// What a response answers decides how its bytes are to be read: a bare "ok" has no count after a
// write and one after a read. `unknown` guesses by the lengths.
enum class Answers : std::uint8_t { unknown, read, write, tls };

Response parse_response(Bytes message, Answers answers, Trailer trailer);

// How well a message fits the grammar, without any key. RC4 encrypted messages fit no better than
// noise does.
enum class Fit : std::uint8_t {
  no,      // it is not a clear message of this direction
  prefix,  // too few bytes yet to tell
  yes,     // code, counts and total size agree
};

// Judges the first `available.size()` bytes of a message that is `size` bytes long in all.
// Direction::unknown accepts either.
Fit fits(Bytes available, std::size_t size, Direction direction);

// Whether these bytes begin like a TLS 1.x record.
bool looks_like_tls_record(Bytes bytes);

// A request message for the wire: code, table, offset, count and, for writes, `data`; TLS codes
// take `data` alone. Without a trailer: that needs a key (see seal()).
std::vector<std::uint8_t> encode_request(RequestCode code, std::uint16_t table,
                                         std::uint32_t offset, std::uint16_t count, Bytes data);

// A frame: length field, then the message.
std::vector<std::uint8_t> frame(Bytes message);

}  // namespace mep
