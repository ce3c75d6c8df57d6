// Which key fits a message, and what stands in an encrypted one.
//
// Frames do not say whether they are encrypted or with which key: each key is tried, on the bytes
// as they are and decrypted, and the digest decides. Where no key fits, evidence does
// (protocol/evidence.h), and that is not this file's business.
//
// Plugin, learning. To be added here: another cipher or digest; keys are tried here and nowhere
// else.
// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <optional>

#include "plugin/bus.h"

namespace mep::plugin {

// First pass: tries all keys on a request. Where one fits, the exchange has its key, digest, cover
// and request, and the result is the message in clear (packet scope, or `message` itself).
std::optional<Bytes> prove_request(Bus& bus, packet_info* pinfo, Bytes message, Exchange& exchange);

// The message in clear as the answer to an exchange whose key is known, if its digest continues the
// request's; nothing if not. Packet scope, or `message` itself.
std::optional<Bytes> prove_answer(packet_info* pinfo, const Exchange& exchange, Bytes message);

// Any pass: the frame's message in clear. Packet scope, or `message` itself.
Bytes plain_message(packet_info* pinfo, Bytes message, const FrameFacts& facts);

}  // namespace mep::plugin
