// TLS: the records inside codes 0x58, 0x59 and 0x80 and their responses go to Wireshark's own TLS
// dissector; what it decrypts comes back as plain C12.18. The master secret is computed from the
// same key table that serves digests and RC4.
//
// Plugin, learning and showing. To be added here: what concerns TLS; its cryptography is
// protocol/tls_psk.
// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "plugin/bus.h"
#include "plugin/message_tree.h"
#include "protocol/tls_psk.h"

namespace mep::plugin {

// What is known of a message that TLS decrypted to, and of those behind it in the frame. File
// scope.
struct TlsPayload {
  FrameFacts* facts;
  TlsPayload* next;
};

// What a frame holds of a TLS session. File scope.
struct TlsFacts {
  Bus* bus;                     // that the session is on
  std::uint32_t session;        // a number of its own for each session in the capture
  const std::uint8_t* records;  // the records that the frame completes; null: none
  std::uint32_t size;
  bool in_pieces;     // they began in an earlier frame
  bool repeated;      // the bytes were sent before, and fed then
  bool out_of_order;  // records that have no business here: not fed
  bool headless;      // the capture began in mid-session
  bool has_identity;  // the client's, told in this frame
  tls::Identity identity;
  const char* steps;    // "Client Hello"; "" where there is nothing to tell
  const KeyEntry* key;  // that fits the session; null: none, or not known yet
  bool key_missing;     // the handshake is complete, and no key fits
  // What they decrypted to, when that was seen first.
  mutable TlsPayload* payloads;
};

// First pass. `data`: the TLS bytes of the message.
void learn_tls_request(Bus& bus, packet_info* pinfo, Exchange& exchange, Bytes data,
                       FrameFacts& facts);
void learn_tls_response(Bus& bus, packet_info* pinfo, Exchange& exchange, Bytes data,
                        FrameFacts& facts);

// Whether what the frame has of TLS is known in clear, by a key or by Wireshark's own means.
bool is_opened_tls(const FrameFacts& facts);

// Shows the records that lie at `data` in the message, and what is inside them.
void show_tls(const Shown& shown, const Extent& data, const FrameFacts& facts);

void register_tls();
void hand_off_tls();

}  // namespace mep::plugin
