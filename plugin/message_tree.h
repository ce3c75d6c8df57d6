// Shows requests and responses: the tree, the Info column.
//
// Plugin, showing. To be added here: fields and notes of messages; what is inside a table goes into
// table_tree.
// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "plugin/exchanges.h"
#include "plugin/registry.h"
#include "plugin/text.h"
#include "plugin/wireshark.h"
#include "protocol/message.h"

namespace mep::plugin {

struct ReadInside;

// A message that lies in `tvb` at `offset`; `bytes` is a copy of it (packet scope).
struct Shown {
  tvbuff_t* tvb;
  int offset;  // of the message's code, after the length field
  Bytes bytes;
  proto_tree* tree;  // the message's subtree; null when nobody looks
  packet_info* pinfo;
  Trailer trailer = Trailer::present;
  // Inside of TLS or a transaction: who answers whom is told outside.
  bool paired_outside = false;
  ReadInside* read_inside = nullptr;  // of a transaction
};

// Under the line that stands for MEP in a packet's tree.
extern const Subtree ett_message;
// What of a message cannot be taken apart, and that it is so.
extern const Field hf_unknown_data;
extern const Note ei_malformed;
// Of an answer whose request was not seen.
extern const Note ei_answers_nothing;

// Adds to what is told of a message in a line: in the Info column, and in the tree behind `top`,
// the line that stands for the message. Whoever looks at one of them alone reads the same.
void tell(packet_info* pinfo, proto_item* top, const char* format, ...)
    __attribute__((format(printf, 3, 4)));
void tell(packet_info* pinfo, proto_item* top, const InfoText& text);
// Whether anybody would read it.
bool is_told(const packet_info* pinfo, proto_item* top);
inline proto_item* top_of(const Shown& shown) {
  return proto_tree_get_parent(shown.tree);
}

// The label of the key that fits the frame; nothing for null.
void show_key(const Shown& shown, const KeyEntry* key, const FrameFacts& facts);
// That the message is encrypted, where it is.
void show_cover(const Shown& shown, const FrameFacts& facts);
// A message that cannot be read: nothing is decoded from noise.
void show_sealed(const Shown& shown, const FrameFacts& facts);
void show_request(const Shown& shown, const Request& request, const FrameFacts& facts);
void show_response(const Shown& shown, const FrameFacts& facts);
// A message of which only a part is there.
void show_part(const Shown& shown, Direction direction, unsigned declared_size);

}  // namespace mep::plugin
