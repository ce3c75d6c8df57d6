// What statistics are told of each frame.
//
// Plugin, showing. To be added here: what a statistic needs to know of a frame; what it makes of it
// is in its own file.
// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <optional>

#include "plugin/analysis.h"
#include "plugin/exchanges.h"
#include "plugin/frame_tree.h"
#include "plugin/message_tree.h"
#include "plugin/wireshark.h"
#include "protocol/schema.h"
#include "protocol/walker.h"

namespace mep::plugin {

// What a listener of the tap "mep" gets, in the order of the capture. Packet scope.
struct Tapped {
  enum class Kind : std::uint8_t {
    message,  // a request or an answer, whole
    alert,
    echo,   // of a request, on the other line
    noise,  // bytes that form no frame
    part,   // of a frame
  };
  Kind kind;
  // What TLS decrypted to: behind the record of its frame, and part of that. It has no size.
  bool inside;
  bool from_client;
  address from, to;  // their texts live as long as the packet
  unsigned size;     // of the frame, its length field included
  // As the capture tells it; 0: not known.
  std::uint32_t baud_rate, duration_us;
  const FrameFacts* facts;
  // Where it can be read: the message in clear, from its code on; otherwise empty.
  Bytes message;
  // The same, or the message as it was sent where it cannot be read. Empty where it is not whole.
  Bytes bytes;
  // Its request, or the one that it answers; null: none, or it cannot be read.
  const Request* request;
  // Of an answer that can be read, and has a code that is one.
  std::optional<std::uint8_t> response_code;
  // Of a message that has a digest.
  std::optional<DigestStatus> digest;
  const char* key;  // label of the key that fits; null: none
  // Of an answer to a request that was seen: when that ended; see end_of_request().
  std::optional<nstime_t> asked;

  // An answer whose request was not seen.
  bool answers_nothing() const {
    return kind == Kind::message && !from_client && !facts->exchange && !facts->alone;
  }
};

// Calls visit(filter name) for each thing that is to be said of the frame: that it answers nothing,
// that the lines are swapped, and what the analysis found.
template <typename Visit>
void for_each_finding(const Tapped& tapped, Visit visit) {
  if (tapped.answers_nothing()) visit(ei_answers_nothing.abbrev());
  if (tapped.facts->lines_swapped) visit(hf_lines_swapped.info().abbrev);
  for (const Finding* finding = tapped.facts->findings; finding; finding = finding->next)
    visit(finding->what->info().abbrev);
}

// Of a frame whose addresses are set. `message`: in the frame, as it was sent; empty where there is
// none that is whole. `plain`: the same in clear.
void tap_frame(const Arrived& frame, const FrameFacts& facts, Bytes message, Bytes plain);

// Of a message that TLS decrypted to. `outer`: of the frame that brought it.
void tap_inside(packet_info* pinfo, const FrameFacts& outer, const FrameFacts& facts,
                Bytes message);

// What a listener of the tap "mep_tables" gets: bytes of a table that the meter told, wherever they
// stood: in an answer of its own, inside of TLS, or in a transaction. Packet scope.
struct TappedTable {
  const Table* table;
  Stretch stretch;
  const Dimensions* dimensions;  // to read it with
  std::uint16_t bus;
};
void tap_table(packet_info* pinfo, const Table& table, const Stretch& stretch,
               const Dimensions& dimensions, const FrameFacts& facts);

void register_taps();

}  // namespace mep::plugin
