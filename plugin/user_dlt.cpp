// SPDX-License-Identifier: GPL-2.0-or-later
#include "plugin/user_dlt.h"

#include <cstdio>
#include <cstring>

#include <epan/uat.h>
// How a table's records are read is not said anywhere else.
#include <epan/uat-int.h>

namespace mep::plugin {

bool user_has_set(int dlt) {
  const uat_t* table = uat_get_table_by_name("User DLTs Table");
  if (!table || !table->user_data || !table->fields) return false;
  // The table's first column, as the user reads it: "User 13 (DLT=160)".
  const uat_field_t& column = table->fields[0];
  char wanted[32];
  std::snprintf(wanted, sizeof wanted, "(DLT=%d)", dlt);
  for (guint i = 0; i < table->user_data->len; ++i) {
    char* text = nullptr;
    unsigned size = 0;
    column.cb.tostr(table->user_data->data + i * table->record_size, &text, &size,
                    column.cbdata.tostr, column.fld_data);
    const bool found = text && std::strstr(text, wanted);
    g_free(text);
    if (found) return true;
  }
  return false;
}

int dissect_as_user_says(tvbuff_t* tvb, packet_info* pinfo, proto_tree* tree) {
  static const dissector_handle_t user_dlt = find_dissector("user_dlt");
  if (!user_dlt) return call_data_dissector(tvb, pinfo, tree);
  return call_dissector(user_dlt, tvb, pinfo, tree);
}

}  // namespace mep::plugin
