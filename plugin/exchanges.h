// Who answers whom: requests and their responses, per meter.
//
// Everything here is found out on the first pass over the capture, in the order of the frames, and
// only looked up afterwards; so a frame says the same on every pass and in any order of clicking.
//
// Plugin, learning. To be added here: what is found out about requests and answers; what concerns
// tables goes into table_memory.
// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>

#include "plugin/keys.h"
#include "plugin/wireshark.h"
#include "protocol/digest.h"
#include "protocol/dimensions.h"
#include "protocol/message.h"
#include "protocol/types.h"

namespace mep::plugin {

// As Wireshark's proto_checksum_vals.
enum class DigestStatus : std::uint8_t { bad = 0, good = 1, unverified = 2 };

// What a message is wrapped in.
enum class Cover : std::uint8_t {
  clear,   // as it is, or TLS
  opened,  // RC4, and a key opens it
  sealed,  // by all evidence RC4, and no key opens it
};

// A procedure that was called by writing BT07, and where its result was read. File scope.
struct Call {
  std::uint16_t number;
  std::uint8_t sequence;
  std::uint32_t call_frame;
  std::uint32_t result_frame;  // the last that told it; 0: none seen
};

// A whole transaction, however many frames it took. File scope.
struct Transaction {
  const std::uint8_t* bytes;
  std::uint16_t size;
  std::uint16_t number;
  std::uint32_t frame;  // that completed it
  nstime_t time;
  bool in_pieces;
  // Of each record the call that it makes, or whose result it tells; null: none. As many as there
  // are records; itself null where no record has one.
  const Call** calls;
  Transaction* partner;  // the requests that these responses answer, and the other way round
};

struct FrameFacts;
struct TlsFacts;
struct Finding;
struct TlsSession;

// One request and its answer. File scope.
struct Exchange {
  std::uint32_t request_frame;
  std::uint32_t answer_frame;  // 0: none seen
  nstime_t request_time;       // of its first byte
  nstime_t answer_time;
  std::uint32_t request_duration_us;  // from its first byte to its last; 0: not known
  Request request;                    // read as a clear one, where no key opens it; see asked()
  Trailer trailer;                    // of both messages
  FrameFacts* asking;                 // of the request's frame
  FrameFacts* answer;                 // of the answer's; null: none seen
  int bits;             // that speak for the request being clear (protocol/evidence.h), so far
  Direction claimed;    // which way the carrier says that the request went
  const KeyEntry* key;  // that fits the request; null: none
  DigestState digest;   // after the request, where a key fits
  Cover cover;
  Key exchange_key;               // RC4, where a key opens it
  std::uint32_t hash;             // of the message's bytes
  std::uint16_t size;             // of the message
  const std::uint8_t* written;    // table bytes of a write, request.data.size of them
  const Call* call;               // BT07: the call; BT08, ET59, ET85: whose result that is
  const Exchange* repeats;        // the one before it, if its bytes were the same
  Exchange* first;                // of a repetition: the one that began it; null: none
  const Exchange* same_sequence;  // an earlier request with its sequence number and other bytes
  TlsSession* tls;                // first pass only
  std::uint32_t answer_hash;      // of a TLS answer
  wmem_map_t* answer_hashes;      // of all of a TLS request's and of its repetitions; null: one
  Exchange* inner;                // what TLS decrypted to
};

// What the meter raised alerts for, in ET13, page 82: of all clients in the answer. File scope.
struct AlertFlags {
  std::uint32_t bits;
  const char* names;  // of those that are set
};

// What the first pass found out about one frame. File scope.
struct FrameFacts {
  Direction direction;     // the true one, as far as evidence goes
  bool reversed;           // the carrier recorded it the other way
  bool lines_swapped;      // by this frame that was certain of the bus's lines
  bool echo_heard;         // the first echo on its bus
  bool factory_key_found;  // the first frame of its bus that the factory default key fits
  bool alone;              // nothing is known of the frames around it
  std::uint16_t bus;       // see Bus::number
  const Exchange* echoes;  // whose request's bytes came back; null: none
  Exchange* exchange;      // of a request its own, of a response the one it answers; or null
  DigestStatus digest;
  Cover cover;
  const TlsFacts* tls;
  Finding* findings;               // of the analysis; null: none
  std::uint32_t rejected_with;     // of an answer 0x0C: the meter's number
  bool rejected;                   // whether it is one
  bool refused;                    // another answer than OK and 0x0C, or TLS
  bool misfit;                     // an answer of more bytes than were asked for
  bool foreign_result;             // a procedure's, and none of the calls that were seen
  const Transaction* transaction;  // that this frame completes
  const AlertFlags* alert_flags;   // of an answer that tells them; null: another
  const Dimensions* dimensions;    // what was known of the meter's tables, this frame included
};

// One meter and whoever talks to it: two tapped lines, or one TCP connection. File scope.
struct Bus;
// In place of a bus's number, where it has none.
constexpr std::uint16_t no_bus = 0xFFFF;

// Whether a request is waiting for its answer: helps where nothing else tells the direction.
bool answer_expected(const Bus* bus);

// --- First pass

// A message read as a request and as an answer, before either is believed. Packet scope.
struct AsRequest {
  Exchange exchange;
  Bytes plain;  // the message in clear, or as it came
  // How much speaks for it: a key that fits settles it.
  int bits;
};
struct AsAnswer {
  Exchange* question;  // null: none
  Bytes plain;
  Cover cover;
  bool proven;     // its digest continues the request's
  int clear_bits;  // for a clear answer to the question
  int bits;        // how much speaks for an answer at all
};
AsRequest read_as_request(Bus& bus, packet_info* pinfo, Bytes message);
AsAnswer read_as_answer(Bus& bus, packet_info* pinfo, Bytes message);

// The same of what TLS carried: in clear without doubt, and without a trailer. Several requests of
// one moment are answered in their order.
AsRequest read_plain_request(packet_info* pinfo, Bytes message);
AsAnswer read_plain_answer(Bus& bus, packet_info* pinfo, Bytes message);

// Believes the reading.
FrameFacts* learn_request(Bus& bus, packet_info* pinfo, Bytes message, const AsRequest& request);
FrameFacts* learn_answer(Bus& bus, packet_info* pinfo, const AsAnswer& answer);
// For what has no partner: alerts, noise, frames cut short.
FrameFacts* learn_other(Bus* bus, Direction direction);
// The request whose very bytes came back; null: none. `claimed`: as the carrier says.
const Exchange* echoed(const Bus& bus, const packet_info* pinfo, Bytes message, Direction claimed);

// --- Any pass

// What an exchange asked for, where its request can be read; null where it cannot, or for null.
const Request* asked(const Exchange* exchange);

// BT08, ET59 and ET85: where the results of procedures are read.
bool holds_procedure_results(std::uint16_t table);

nstime_t from_microseconds(std::uint32_t us);

// When its last byte came, from where the response time counts (page 21). Where the capture does
// not tell how long the request took: its record's time.
nstime_t end_of_request(const Exchange& exchange);

// What a response to this request has to be read as.
Answers answers_to(const Exchange* exchange);

}  // namespace mep::plugin
