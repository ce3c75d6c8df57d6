// File > Export PDUs to File…: what was said, in clear, under a tap of Wireshark's own kind.
//
// A record is a tap header and a frame, with direction, line speed, status and the number of the
// bus as they were found out; in front of it Wireshark puts which dissector reads it, and the
// number of the frame that it came from. What RC4 hid is in clear, and what a key opens of a TLS
// session is replaced by the messages that it carried.
//
// Plugin, showing. To be added here: what else of a frame goes into such a record.
// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "plugin/frame_tree.h"

namespace mep::plugin {

// Reads a record of a frame, and one of a message that TLS carried.
inline constexpr char tap_dissector[] = "mep.tap";
inline constexpr char tap_of_tls_dissector[] = "mep.tap.tls";

// Of a frame, or noise, of which all has been shown. `message`: as it was sent; empty where there
// is none that is whole; `plain`: in clear.
void export_frame(const Arrived& frame, const FrameFacts& facts, Bytes message, Bytes plain);
// Of a message that TLS decrypted to: goes with its frame.
void export_inside(packet_info* pinfo, Bytes message);

void register_export();

}  // namespace mep::plugin
