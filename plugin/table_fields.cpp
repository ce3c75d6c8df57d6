// SPDX-License-Identifier: GPL-2.0-or-later
#include "plugin/table_fields.h"

#include <algorithm>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "plugin/registry.h"
#include "protocol/catalog.h"

namespace mep::plugin {
namespace {

// Wireshark keeps pointers to all of this until the program ends.
std::vector<int>& numbers() {
  static std::vector<int> all;
  return all;
}

// BT22's list; what a field calls some of the numbers itself comes first.
const value_string* names_of_sources(const ValueNames& own) {
  ValueNames names = own;
  for (const Source& source : sources())
    if (!name_of_value(own, source.id)) names.emplace_back(source.id, source.name);
  return value_strings(names);
}

const true_false_string* names_of_bit(const ValueNames& names) {
  auto* strings = new true_false_string{"True", "False"};
  for (const auto& [value, name] : names)
    (value ? strings->true_string : strings->false_string) = kept(name);
  return strings;
}

ftenum integer_type(bool is_signed, unsigned size) {
  switch (size) {
    case 1:
      return is_signed ? FT_INT8 : FT_UINT8;
    case 2:
      return is_signed ? FT_INT16 : FT_UINT16;
    case 3:
      return is_signed ? FT_INT24 : FT_UINT24;
    case 4:
      return is_signed ? FT_INT32 : FT_UINT32;
    case 5:
      return is_signed ? FT_INT40 : FT_UINT40;
    case 6:
      return is_signed ? FT_INT48 : FT_UINT48;
    default:
      return is_signed ? FT_INT64 : FT_UINT64;
  }
}

// A number's type, base and names.
void describe_integer(const FieldInfo& field, header_field_info& info) {
  const bool is_signed = field.kind == FieldKind::signed_int;
  info.type = integer_type(is_signed, field.size);
  const bool hexadecimal = field.format == Format::hex || field.format == Format::table_id ||
                           field.format == Format::group_ids ||
                           (field.node->type() == Type::bits && field.mask == 0);
  info.display = hexadecimal ? BASE_HEX : BASE_DEC;
  // Names of values beyond 32 bits would need another table type; no description has any.
  static const ValueNames none;
  const ValueNames& own = field.values && field.size <= 4 ? *field.values : none;
  if (field.format == Format::source_id) {
    static const value_string* const plain = names_of_sources(none);
    info.strings = VALS(own.empty() ? plain : names_of_sources(own));
  } else if (!own.empty()) {
    info.strings = VALS(value_strings(own));
  } else if (!field.unit.empty() && !hexadecimal) {
    info.display |= BASE_UNIT_STRING;
    info.strings = unit(field.unit);
  }
}

header_field_info describe(const FieldInfo& field) {
  header_field_info info = {kept(field.label), kept("mep." + field.name),
                            FT_BYTES,          BASE_NONE,
                            nullptr,           field.mask,
                            nullptr,           HFILL};
  if (!field.remark.empty()) info.blurb = kept(field.remark);
  switch (field.kind) {
    case FieldKind::boolean:
      info.type = FT_BOOLEAN;
      info.display = field.size * 8;
      if (field.values) info.strings = TFS(names_of_bit(*field.values));
      break;
    case FieldKind::unsigned_int:
    case FieldKind::signed_int:
      describe_integer(field, info);
      break;
    case FieldKind::real:
      info.type = FT_FLOAT;
      break;
    case FieldKind::text:
      info.type = field.node->type() == Type::chars ? FT_STRINGZTRUNC : FT_STRING;
      break;
    case FieldKind::date_and_time:
      info.type = FT_ABSOLUTE_TIME;
      info.display = ABSOLUTE_TIME_UTC;
      break;
    case FieldKind::bytes:
      break;
  }
  return info;
}

bool has(const Node& node, Role role) {
  return node.role == role || std::ranges::any_of(node.children(), [role](const Node& child) {
           return has(child, role);
         });
}

using Infos = std::vector<const header_field_info*>;

const header_field_info* info_of(int number) {
  return proto_registrar_get_nth(static_cast<unsigned>(number));
}

// All fields that bytes of a node can be shown as.
void gather(const Node& node, Infos& all) {
  const auto add = [&all](std::uint32_t id) {
    if (id != 0) all.push_back(info_of(numbers()[id]));
  };
  add(node.field().id);
  for (const BitField& bit : node.bit_fields()) add(bit.id);
  if (const RegistersPart* row = node.registers())
    for (const std::uint32_t id : row->source_ids) add(id);
  for (const Node& child : node.children()) gather(child, all);
}

// What a table may show beside its own: what cannot be decoded, times, and what a source's value or
// a record of a device means. `past`, `tiers`: whether the table has that.
bool may_show(std::string_view abbrev, bool past, bool tiers) {
  constexpr std::string_view others[] = {"mep.cut", "mep.undecoded", "mep.not_a_time",
                                         "mep.assumed"};
  if (abbrev.starts_with("mep.reading.")) {
    // "….t0" to "….t7"
    const bool of_tier = abbrev[abbrev.size() - 2] == 't' && abbrev[abbrev.size() - 3] == '.';
    return abbrev.starts_with("mep.reading.past.") == past && (tiers || !of_tier);
  }
  return abbrev.starts_with("mep.mbus.") || abbrev.ends_with(".interval_end_time") ||
         std::ranges::find(others, abbrev) != std::end(others);
}

struct Shows {
  Infos fields;
  bool records = false;  // of devices, about which there are notes whoever looks
};

Shows shown_by(const Table& table) {
  Shows shows;
  gather(table.root, shows.fields);
  const bool tiers = has(table.root, Role::tier);
  Field::for_each([&](const Field& field) {
    if (may_show(field.info().abbrev, table.past, tiers)) shows.fields.push_back(info_of(field));
  });
  shows.records = has(table.root, Role::device_records);
  return shows;
}

// Made when it is first asked for; lives as long as the program.
const Shows& shows(const Table& table) {
  static std::vector<std::optional<Shows>> all(all_tables().size());
  std::optional<Shows>& one = all[static_cast<std::size_t>(&table - all_tables().data())];
  if (!one) one = shown_by(table);
  return *one;
}

}  // namespace

int table_field(std::uint32_t id) {
  return numbers()[id];
}

bool wants_fields_of(proto_tree* tree, const Table& table) {
  if (!tree) return false;
  if (PTREE_DATA(tree)->visible) return true;
  const Shows& can_show = shows(table);
  // As proto_field_is_referenced(), for hundreds of fields at a time.
  return can_show.records ||
         std::ranges::any_of(can_show.fields, [](const header_field_info* field) {
           return field->ref_type != HF_REF_TYPE_NONE;
         });
}

void register_table_fields() {
  const std::vector<FieldInfo>& fields = catalog().fields;
  numbers().assign(fields.size(), -1);
  auto* infos = new std::vector<hf_register_info>;
  infos->reserve(fields.size());
  for (std::size_t id = 1; id < fields.size(); ++id)
    infos->push_back({&numbers()[id], describe(fields[id])});
  proto_register_field_array(proto_mep, infos->data(), static_cast<int>(infos->size()));
}

}  // namespace mep::plugin
