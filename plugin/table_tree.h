// Shows the contents of tables, from their descriptions.
//
// Plugin, showing. To be added here: how a type of field is shown; what a field is called or means
// is its description's.
// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>

#include "plugin/findings.h"
#include "plugin/wireshark.h"
#include "protocol/dimensions.h"
#include "protocol/schema.h"
#include "protocol/size_evidence.h"
#include "protocol/walker.h"

namespace mep::plugin {

// What the numbers in a table's bytes are besides numbers.
enum class Measured : std::uint8_t {
  none,     // nobody knows, or ever measured them
  present,  // what was measured when the meter was asked
  past,     // what it kept
};

// What is told of a transaction's records together, in the lines that stand for all of it.
struct ReadInside {
  proto_item* top;
  bool column;             // whether the Info column takes it in
  const char* table = "";  // whose reading was told last
  unsigned pieces = 0;     // told so far
  unsigned left_out = 0;
};

// Bytes of a table in a packet.
struct TableBytes {
  tvbuff_t* tvb;
  int offset;       // of the first byte in tvb
  Stretch stretch;  // the same bytes, and where in the table they belong
  packet_info* pinfo;
  proto_tree* tree;
  Measured measured = Measured::none;
  proto_item* top = nullptr;     // the line that stands for the message, to tell() with
  ReadInside* inside = nullptr;  // of a transaction's record
  const char* label = "";        // "BT23"
};

// Adds what `root` describes under `tree`. `dimensions`: what was known when the frame was
// captured.
void show_table(const TableBytes& shown, const Node& root, const Dimensions& dimensions);
// The same of what a walk found already.
void show_table(const TableBytes& shown, const Node& root, const Dimensions& dimensions,
                const Findings& findings);

// Adds what the answer's size says of dimensions.
void show_verdict(const TableBytes& shown, const SizeVerdict& verdict);

}  // namespace mep::plugin
