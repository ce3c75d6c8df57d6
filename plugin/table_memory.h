// What table bytes tell about other frames: dimensions, procedure calls and their results,
// transactions. First pass only.
//
// Plugin, learning. To be added here: what a table tells of later frames.
// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "plugin/bus.h"

namespace mep::plugin {

// A write, before its answer is known. `facts`: the request's.
void learn_from_write(Bus& bus, const packet_info* pinfo, Exchange& exchange, FrameFacts& facts);
// The answer to `exchange`; `plain` is its message in clear, `response` the same taken apart.
void learn_from_answer(Bus& bus, const packet_info* pinfo, Exchange& exchange, Bytes plain,
                       const Response& response, FrameFacts& facts);

}  // namespace mep::plugin
