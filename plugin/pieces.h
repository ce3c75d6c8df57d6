// Records that were not cut where frames end, put together with Wireshark's own reassembly.
//
// Plugin, ways in. To be added here: how a record is cut; what bytes alone tell goes into
// protocol/pieces.
// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "plugin/frame_tree.h"
#include "plugin/lines.h"

namespace mep::plugin {

// A record of bytes as they came on a line: whole frames, parts of them, or both. `line` is asked
// for on the first pass only; `record.direction` may be unknown.
int dissect_pieces(const Arrived& record, Line* (*line)(packet_info*, Direction));

void register_pieces();

}  // namespace mep::plugin
