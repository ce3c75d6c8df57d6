// SPDX-License-Identifier: GPL-2.0-or-later
#include "plugin/keys.h"

#include <cstring>
#include <string>
#include <vector>

#include <epan/prefs.h>
#include <epan/uat.h>

#include "protocol/keys.h"
#include "protocol/rc4.h"

namespace mep::plugin {
namespace {

// A row of the table, as Wireshark's UAT code allocates, copies and frees it.
struct Row {
  char* label;
  int kind;
  char* key;
  ws_bool enabled;
};

Row* rows = nullptr;
unsigned row_count = 0;
ws_bool try_default_key = TRUE;
ws_bool try_sharing_keys = TRUE;

std::vector<KeyEntry>& entries() {
  static std::vector<KeyEntry> active;
  return active;
}

constexpr value_string kinds[] = {{static_cast<guint32>(AccessLevel::basic), "MBK"},
                                  {static_cast<guint32>(AccessLevel::advanced), "MAK"},
                                  {0, nullptr}};

// Wireshark's macros define the functions that read and write a column. They were written for C.
UAT_CSTRING_CB_DEF(mep_keys, label, Row)
UAT_VS_DEF(mep_keys, kind, Row, int, static_cast<int>(AccessLevel::basic), "MBK")
UAT_CSTRING_CB_DEF(mep_keys, key, Row)
UAT_BOOL_CB_DEF(mep_keys, enabled, Row)

// A row that the dialog's "+" makes has empty texts set in all of its columns, and nothing else
// does: a key that was just entered is meant to be tried.
void set_enabled(void* row, const char* text, unsigned length, const void* set_data,
                 const void* field_data) {
  mep_keys_enabled_set_cb(row, length == 0 ? "TRUE" : text, length == 0 ? 4 : length, set_data,
                          field_data);
}

void* copy_row(void* to, const void* from, size_t /*size*/) {
  auto* copy = static_cast<Row*>(to);
  const auto* original = static_cast<const Row*>(from);
  copy->label = g_strdup(original->label);
  copy->kind = original->kind;
  copy->key = g_strdup(original->key);
  copy->enabled = original->enabled;
  return copy;
}

void free_row(void* row) {
  auto* gone = static_cast<Row*>(row);
  g_free(gone->label);
  if (gone->key) std::memset(gone->key, 0, std::strlen(gone->key));
  g_free(gone->key);
}

uat_bool update_row(void* row, char** error) {
  const auto* updated = static_cast<const Row*>(row);
  const std::string label = updated->label ? updated->label : "";
  if (label.find_first_not_of(" \t") == std::string::npos) {
    *error = g_strdup("A key needs a label: it is what the packets show in the key's place.");
    return FALSE;
  }
  std::string reason;
  if (!parse_key(updated->key ? updated->key : "", &reason)) {
    *error = g_strdup_printf("The key \"%s\" %s.", label.c_str(), reason.c_str());
    return FALSE;
  }
  return TRUE;
}

uat_bool check_key(void*, const char* text, unsigned length, const void*, const void*,
                   char** error) {
  std::string reason;
  *error = nullptr;
  if (parse_key({text, length}, &reason)) return TRUE;
  *error = g_strdup_printf("The key %s.", reason.c_str());
  return FALSE;
}

void reset_rows() {
  entries().clear();
}

void add_active(const char* label, AccessLevel kind, const Key& key) {
  entries().push_back({label, kind, key, rc4_constant_under(key)});
}

}  // namespace

const KeyEntry* keep(wmem_allocator_t* scope, const KeyEntry& entry) {
  auto* copy = wmem_new(scope, KeyEntry);
  *copy = entry;
  copy->label = wmem_strdup(scope, entry.label);
  return copy;
}

std::span<const KeyEntry> active_keys() {
  return entries();
}

void rebuild_keys() {
  entries().clear();
  for (unsigned i = 0; i < row_count; ++i) {
    if (!rows[i].enabled || !rows[i].key) continue;
    if (const auto key = parse_key(rows[i].key, nullptr))
      add_active(rows[i].label, static_cast<AccessLevel>(rows[i].kind), *key);
  }
  if (try_default_key) add_active("factory default", AccessLevel::advanced, factory_default_key);
  if (try_sharing_keys) {
    add_active("shared capture", AccessLevel::advanced, sharing_key);
    add_active("shared capture", AccessLevel::basic, sharing_basic_key);
    add_active("shared capture", AccessLevel::advanced, sharing_advanced_key);
  }
}

void register_keys(module_t* module) {
  static uat_field_t columns[] = {
      UAT_FLD_CSTRING(mep_keys, label, "Label",
                      "A name of your choice. It is shown where a key fits; the key never is."),
      UAT_FLD_VS(mep_keys, kind, "Kind", kinds,
                 "MBK, the MEP Basic Key, or MAK, the MEP Advanced Key"),
      {"key",
       "Key",
       PT_TXTMOD_STRING,
       {check_key, mep_keys_key_set_cb, mep_keys_key_tostr_cb},
       {nullptr, nullptr, nullptr},
       nullptr,
       "As your utility gave it: 16 to 20 characters, or 32 to 40 hexadecimal digits, with \"0x\", "
       "separators and quotes or without. Only the first 16 bytes count.",
       FLDFILL},
      {"enabled",
       "Enabled",
       PT_TXTMOD_BOOL,
       {uat_fld_chk_bool, set_enabled, mep_keys_enabled_tostr_cb},
       {nullptr, nullptr, nullptr},
       nullptr,
       "Whether the key is tried",
       FLDFILL},
      UAT_END_FIELDS};
  uat_t* table =
      uat_new("MEP keys", sizeof(Row), "mep_keys", TRUE, &rows, &row_count, UAT_AFFECTS_DISSECTION,
              nullptr, copy_row, update_row, free_row, rebuild_keys, reset_rows, columns);
  // What a row without its last column means: label, kind and key have to be there.
  static const char* defaults[] = {nullptr, nullptr, nullptr, "TRUE", nullptr};
  uat_set_default_values(table, defaults);
  prefs_register_uat_preference(
      module, "keys", "Keys",
      "The keys of the meters in your captures. The utility that owns the meter gives them out; a "
      "key is the 16 to 20 characters that it printed, or the same as 32 to 40 hexadecimal digits.",
      table);
  // A text of several lines is refused, so each line is a preference.
  static const struct {
    const char* name;
    const char* line;
  } help[] = {
      {"keys_help_1",
       "Keys come from the utility that owns the meter: MBK (basic), MAK (advanced)."},
      {"keys_help_2", "20 characters are 20 characters even if they look like hexadecimal digits."},
      {"keys_help_3", "Only the first 16 characters, or the first 32 of 32 to 40 digits, count."},
      {"keys_help_4",
       "Blanks and quotes around a key are not part of it; 0x, \\x, blanks, brackets"},
      {"keys_help_5", "and any of , ; : - . may stand between hexadecimal digits."},
      {"keys_help_6", "They open digests, RC4 and TLS, and are never shown: their labels are."}};
  for (const auto& each : help)
    prefs_register_static_text_preference(module, each.name, each.line, nullptr);
  prefs_register_bool_preference(module, "try_default_key", "Also try the factory default key",
                                 "Meters leave the factory with sixteen bytes of 0x01 as their "
                                 "keys. Frames that this key fits "
                                 "are labelled \"factory default\".",
                                 &try_default_key);
  prefs_register_bool_preference(module, "try_sharing_keys", "Also try the keys of shared captures",
                                 "Captures that mepshare made to be published have the keys that "
                                 "are published with it. Frames that these fit are labelled "
                                 "\"shared capture\".",
                                 &try_sharing_keys);
  rebuild_keys();
}

}  // namespace mep::plugin
