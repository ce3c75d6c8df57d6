// SPDX-License-Identifier: GPL-2.0-or-later
#include "plugin/telnet.h"

#include <epan/conversation.h>
#include <epan/dissectors/packet-tcp.h>

#include "plugin/line_item.h"
#include "plugin/registry.h"
#include "protocol/bytes.h"
#include "protocol/telnet.h"

namespace mep::plugin {
namespace {

const NotedField hf_telnet(
    "Telnet negotiation", "mep.telnet", FT_BYTES, BASE_NONE, nullptr,
    "What the port server and its client say to each other, not to the meter", PI_PROTOCOL, PI_NOTE,
    "This stream is Telnet. Its commands and the doubling of FF are taken out here; where "
    "frames look wrong nevertheless, let the port server send the bytes as they are (ser2net: "
    "an accepter tcp,PORT in place of telnet(…),tcp,PORT; formerly raw in place of telnet)");
const Field hf_command("Telnet command", "mep.telnet.command", FT_STRING, BASE_NONE, nullptr, 0,
                       nullptr);
const Subtree ett_telnet;

// Connection -> the first packet that negotiated, as a pointer's value.
wmem_map_t* since = nullptr;

struct Stretch {
  std::uint32_t at;
  std::uint32_t size;
  unsigned commands;  // of a stretch of negotiation
};

// What a stretch of the stream holds. Packet scope.
struct Taken {
  wmem_array_t* negotiation;  // of Stretch, in the stream
  wmem_array_t* frames;       // of Stretch, in `bytes`
  std::uint8_t* bytes;        // of the serial port
  std::uint32_t count;
  std::uint32_t taken;  // of the stream: what stands behind that waits for the next segment
};

// Goes from frame to frame until one does not begin with a length.
bool negotiates_between_frames(Bytes stream) {
  while (stream.size() > length_field_size) {
    if (telnet::negotiates(stream)) return true;
    const std::size_t size = length_field_size + read_be(stream, 0, length_field_size);
    if (size > max_frame_size || size > stream.size()) return false;
    stream = stream.subspan(size);
  }
  return false;
}

void add_command(wmem_array_t* negotiation, std::uint32_t at, std::uint32_t size) {
  const unsigned count = wmem_array_get_count(negotiation);
  if (count > 0) {
    auto* last = static_cast<Stretch*>(wmem_array_index(negotiation, count - 1));
    if (last->at + last->size == at) {
      last->size += size;
      ++last->commands;
      return;
    }
  }
  const Stretch stretch{at, size, 1};
  wmem_array_append_one(negotiation, stretch);
}

Taken take_out(wmem_allocator_t* pool, Bytes stream) {
  Taken out{wmem_array_new(pool, sizeof(Stretch)), wmem_array_new(pool, sizeof(Stretch)),
            static_cast<std::uint8_t*>(wmem_alloc(pool, stream.size() + 1)), 0, 0};
  Stretch frame{0, 0, 0};
  std::uint32_t at = 0;
  while (at < stream.size()) {
    const telnet::Taken step = telnet::take(stream.subspan(at));
    const auto size = static_cast<std::uint32_t>(step.size);
    if (step.step == telnet::Step::cut) break;
    if (step.step == telnet::Step::command) {
      add_command(out.negotiation, at, size);
      at += size;
      if (frame.size == 0) out.taken = at;
      continue;
    }
    out.bytes[out.count++] = stream[at];
    at += size;
    ++frame.size;
    if (frame.size < length_field_size) continue;
    const std::size_t whole =
        length_field_size + read_be({out.bytes, out.count}, frame.at, length_field_size);
    // A length out of range: out of step, so all of the segment is one frame that is none.
    if (frame.size < whole && (whole <= max_frame_size || at < stream.size())) continue;
    wmem_array_append_one(out.frames, frame);
    frame = {out.count, 0, 0};
    out.taken = at;
  }
  return out;
}

// What is left over and will not be completed, because Wireshark may not put segments together.
void take_the_rest(Taken& out, std::size_t size) {
  std::uint32_t used = 0;
  const unsigned count = wmem_array_get_count(out.frames);
  if (count > 0) {
    const auto* last = static_cast<const Stretch*>(wmem_array_index(out.frames, count - 1));
    used = last->at + last->size;
  }
  out.taken = static_cast<std::uint32_t>(size);
  if (used == out.count) return;
  const Stretch rest{used, out.count - used, 0};
  wmem_array_append_one(out.frames, rest);
}

void show_commands(tvbuff_t* tvb, wmem_allocator_t* pool, proto_tree* tree, const Stretch& stretch,
                   Bytes stream) {
  std::uint32_t at = stretch.at;
  while (at < stretch.at + stretch.size) {
    const auto size = static_cast<std::uint32_t>(telnet::take(stream.subspan(at)).size);
    const std::uint8_t command = stream[at + 1];
    const std::string_view name = telnet::command_name(command);
    const char* text = name.empty() ? wmem_strdup_printf(pool, "command %u", command)
                                    : wmem_strndup(pool, name.data(), name.size());
    if (size > 2) {
      const std::uint8_t option = stream[at + 2];
      const std::string_view option_name = telnet::option_name(option);
      text = option_name.empty()
                 ? wmem_strdup_printf(pool, "%s option %u", text, option)
                 : wmem_strdup_printf(pool, "%s %.*s", text, static_cast<int>(option_name.size()),
                                      option_name.data());
    }
    proto_tree_add_string(tree, hf_command, tvb, static_cast<int>(at), static_cast<int>(size),
                          text);
    at += size;
  }
}

void show_negotiation(tvbuff_t* tvb, packet_info* pinfo, proto_tree* tree, const Stretch& stretch,
                      Bytes stream, bool first) {
  const char* text = wmem_strdup_printf(pinfo->pool, "Telnet negotiation: %u command%s",
                                        stretch.commands, stretch.commands == 1 ? "" : "s");
  next_in_info(pinfo);
  col_set_str(pinfo->cinfo, COL_PROTOCOL, "MEP");
  col_clear(pinfo->cinfo, COL_INFO);
  col_add_str(pinfo->cinfo, COL_INFO, text);
  proto_item* item =
      proto_tree_add_bytes_format(tree, hf_telnet, tvb, static_cast<int>(stretch.at),
                                  static_cast<int>(stretch.size), nullptr, "%s", text);
  proto_tree* subtree = proto_item_add_subtree(item, ett_telnet);
  show_commands(tvb, pinfo->pool, subtree, stretch, stream);
  if (first) hf_telnet.note.add(pinfo, item);
}

}  // namespace

bool is_telnet(tvbuff_t* tvb, packet_info* pinfo) {
  conversation_t* conversation = find_or_create_conversation(pinfo);
  const unsigned found = GPOINTER_TO_UINT(wmem_map_lookup(since, conversation));
  if (found != 0) return found <= pinfo->num;
  if (pinfo->fd->visited || !negotiates_between_frames(captured_bytes(pinfo, tvb))) return false;
  wmem_map_insert(since, conversation, GUINT_TO_POINTER(pinfo->num));
  return true;
}

bool may_become_telnet(tvbuff_t* tvb, packet_info* pinfo) {
  return pinfo->can_desegment && telnet::may_negotiate(captured_bytes(pinfo, tvb));
}

int dissect_telnet(tvbuff_t* tvb, packet_info* pinfo, proto_tree* tree, dissector_t dissect) {
  const Bytes stream = captured_bytes(pinfo, tvb);
  Taken out = take_out(pinfo->pool, stream);
  if (out.taken < stream.size()) {
    if (pinfo->can_desegment) {
      pinfo->desegment_offset = static_cast<int>(out.taken);
      pinfo->desegment_len = DESEGMENT_ONE_MORE_SEGMENT;
    } else {
      take_the_rest(out, stream.size());
    }
  }

  const conversation_t* conversation = find_or_create_conversation(pinfo);
  bool first = GPOINTER_TO_UINT(wmem_map_lookup(since, conversation)) == pinfo->num;
  for (unsigned i = 0; i < wmem_array_get_count(out.negotiation); ++i) {
    const auto& stretch = *static_cast<const Stretch*>(wmem_array_index(out.negotiation, i));
    if (stretch.at >= out.taken) break;
    show_negotiation(tvb, pinfo, tree, stretch, stream, first);
    first = false;
  }
  if (wmem_array_get_count(out.frames) == 0) return static_cast<int>(stream.size());
  tvbuff_t* plain = tvb_new_child_real_data(tvb, out.bytes, out.count, static_cast<int>(out.count));
  add_new_data_source(pinfo, plain, "MEP without Telnet");
  for (unsigned i = 0; i < wmem_array_get_count(out.frames); ++i) {
    const auto& frame = *static_cast<const Stretch*>(wmem_array_index(out.frames, i));
    dissect(tvb_new_subset_length(plain, static_cast<int>(frame.at), static_cast<int>(frame.size)),
            pinfo, tree, nullptr);
  }
  return static_cast<int>(stream.size());
}

void register_telnet() {
  since =
      wmem_map_new_autoreset(wmem_epan_scope(), wmem_file_scope(), g_direct_hash, g_direct_equal);
}

}  // namespace mep::plugin
