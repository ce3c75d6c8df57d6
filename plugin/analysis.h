// What went wrong in a conversation, as tcp.analysis does it for TCP: each finding is a field of
// its own and a note that says what it means and what usually causes it.
//
// Everything is found on the first pass, in the order of the frames, behind what was learned of the
// frame; a frame keeps its findings, so that it says the same on every pass.
//
// Plugin, learning. To be added here: what all findings share. A finding is a NotedField in the
// file that finds it: analysis_exchanges (time, sequence numbers, keys), analysis_service (alerts,
// procedures, transactions, writes).
// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <epan/prefs.h>

#include "plugin/frame_tree.h"

namespace mep::plugin {

// File scope, as what it belongs to.
struct Finding {
  Finding* next;
  const NotedField* what;
  std::uint32_t value;  // a frame's number, a number, or microseconds, by the field's type
  const char* text;     // the note's sentence; null: the field's own
};

// Of a request: that it services the meter's alert.
extern const NotedField hf_alert_serviced;

// First pass, of a frame or noise on a bus's line. `size`: of the frame, its length field included.
// `message`: in the frame, empty where there is none that is whole; `alert`: it has none.
void analyse(Bus& bus, const Arrived& frame, Bytes message, bool alert, std::size_t size,
             FrameFacts& facts);

// Shows what was found, on any pass.
void show_findings(const Arrived& frame, proto_tree* tree, const FrameFacts& facts);

// The thresholds.
void register_analysis(module_t* module);

}  // namespace mep::plugin
