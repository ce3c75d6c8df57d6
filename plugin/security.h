// Which key fits a message, and what stands in an encrypted one.
//
// Frames do not say whether they are encrypted or with which key: each key is tried, on the bytes
// as they are and decrypted, and the digest decides.
// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "plugin/bus.h"

namespace mep::plugin {

// First pass: fills in what the exchange's request says and how it is secured. Gives its message
// in clear (packet scope), or `message` itself where it is clear or cannot be opened.
Bytes open_request(Bus& bus, packet_info* pinfo, Bytes message, Exchange& exchange);

// A message read as the answer to an exchange.
struct Answer {
  Bytes plain;  // as far as it could be opened; packet scope
  Cover cover;
  bool proven;  // its digest continues the request's
};
Answer open_answer(packet_info* pinfo, const Exchange& exchange, Bytes message);

// Any pass: the frame's message in clear. Packet scope, or `message` itself.
Bytes plain_message(packet_info* pinfo, Bytes message, const FrameFacts& facts);

}  // namespace mep::plugin
