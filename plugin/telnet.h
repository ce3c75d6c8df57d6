// A port server's TCP stream that is Telnet: RFC 2217, or ser2net's accepter telnet(…).
//
// Plugin, ways in. To be added here: what concerns port servers that speak Telnet.
// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "plugin/wireshark.h"

namespace mep::plugin {

// Whether the connection has negotiated up to and including this packet; either side's negotiation
// counts for both. `tvb` begins where a frame of the stream may begin.
bool is_telnet(tvbuff_t* tvb, packet_info* pinfo);

// Whether too little has come to tell; the next segment will.
bool may_become_telnet(tvbuff_t* tvb, packet_info* pinfo);

// Takes the stream's bytes out of Telnet and hands each frame to `dissect`, as
// tcp_dissect_pdus() does for a stream without it.
int dissect_telnet(tvbuff_t* tvb, packet_info* pinfo, proto_tree* tree, dissector_t dissect);

void register_telnet();

}  // namespace mep::plugin
