// SPDX-License-Identifier: GPL-2.0-or-later
#include "plugin/lines.h"

#include <epan/conversation.h>

namespace mep::plugin {
namespace {

wmem_map_t* interface_lines = nullptr;
wmem_map_t* connection_lines = nullptr;

wmem_map_t* new_map() {
  return wmem_map_new_autoreset(wmem_epan_scope(), wmem_file_scope(), wmem_int64_hash,
                                g_int64_equal);
}

Line* line(wmem_map_t* lines, guint64 key) {
  if (auto* known = static_cast<Line*>(wmem_map_lookup(lines, &key))) return known;
  guint64* kept = wmem_new(wmem_file_scope(), guint64);
  *kept = key;
  Line* made = wmem_new0(wmem_file_scope(), Line);
  wmem_map_insert(lines, kept, made);
  return made;
}

bool sent_by_first(const packet_info* pinfo) {
  const int order = cmp_address(&pinfo->src, &pinfo->dst);
  return order != 0 ? order < 0 : pinfo->srcport < pinfo->destport;
}

}  // namespace

Line* line_of_interface(packet_info* pinfo, Direction direction) {
  const wtap_rec& record = *pinfo->rec;
  guint64 key = static_cast<guint64>(direction);
  if (record.presence_flags & WTAP_HAS_INTERFACE_ID)
    key |= guint64{record.rec_header.packet_header.interface_id & 0xFFFFFF} << 8;
  if (record.presence_flags & WTAP_HAS_SECTION_NUMBER) key |= guint64{record.section_number} << 32;
  return line(interface_lines, key);
}

Line* line_of_connection(packet_info* pinfo) {
  const conversation_t* conversation = find_or_create_conversation(pinfo);
  return line(connection_lines,
              guint64{conversation->conv_index} << 1 | (sent_by_first(pinfo) ? 1U : 0U));
}

void register_lines() {
  interface_lines = new_map();
  connection_lines = new_map();
}

}  // namespace mep::plugin
