// One frame, whatever it came by: its direction, its partner, its tree.
//
// Plugin, showing. To be added here: what concerns every frame, whatever is in it.
// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>

#include "plugin/direction.h"
#include "plugin/exchanges.h"
#include "plugin/registry.h"
#include "plugin/wireshark.h"
#include "protocol/message.h"

namespace mep::plugin {

// A frame on its way into the dissector, whatever it came by.
struct Arrived {
  tvbuff_t* tvb;  // from the length field on
  packet_info* pinfo;
  proto_tree* tree;
  Direction direction;      // as far as the carrier knows
  std::uint8_t tap_status;  // tap::Status bits, 0 without a tap header
  bool connection;          // TCP or UDP; otherwise a line of the link layer
  std::uint32_t tap = 0;    // its number, where a tap header has one
  // From the first byte to the last, where a tap header tells it.
  std::uint32_t duration_us = 0;
  std::uint32_t baud_rate = 0;
  // Absent: of what TLS carried, as Export PDUs wrote it.
  Trailer trailer = Trailer::present;
};

// Bytes that are no frame, or no line's life.
extern const NotedField hf_noise;
// By this frame it was certain.
extern const NotedField hf_lines_swapped;

// From the length field to the last byte. Leaves by an exception where the frame is malformed or
// was not captured whole, after having shown what there is.
int dissect_frame(const Arrived& frame);

// Bytes that form no frame: as many as there are are taken.
int dissect_noise(const Arrived& frame);

// The bus that it belongs to, and what its carrier says of its direction.
Bus* bus_of(const Arrived& frame);
Claim claim_of(const Arrived& frame);

// Who sent it and for whom it is: the address columns, and generated fields in `tree`.
void show_participants(const Arrived& frame, proto_tree* tree, const FrameFacts& facts);

}  // namespace mep::plugin
