// SPDX-License-Identifier: GPL-2.0-or-later
#include "protocol/catalog.h"

#include <algorithm>
#include <cctype>
#include <iterator>
#include <map>

#include "protocol/names.h"
#include "protocol/tables/pending.h"
#include "protocol/walker.h"

namespace mep {

std::uint32_t field_of(const Node& node, std::optional<std::uint16_t> source) {
  const RegistersPart* row = node.registers();
  if (row && source && *source < row->source_ids.size() && row->source_ids[*source] != 0)
    return row->source_ids[*source];
  return node.field().id;
}

std::string field_slug(std::string_view name) {
  std::string slug;
  bool gap = false;
  for (const char c : name) {
    if (!std::isalnum(static_cast<unsigned char>(c))) {
      gap = !slug.empty();
      continue;
    }
    if (gap) slug += '_';
    gap = false;
    slug += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
  return slug;
}

namespace {

// Whether two fields that no group tells apart mean the same: one in two variants of a layout, a
// number that stands at both ends, reserved bits. Then they share a name.
bool same_meaning(const FieldInfo& a, const FieldInfo& b) {
  const bool same_values = a.values == b.values || (a.values && b.values && *a.values == *b.values);
  return a.label == b.label && a.kind == b.kind && a.unit == b.unit && a.format == b.format &&
         a.remark == b.remark && same_values;
}

// Gives names to the fields of one table in wire order.
class Namer {
 public:
  Namer(std::string_view prefix, std::vector<FieldInfo>& fields)
      : prefix_(prefix), fields_(fields) {}

  void visit(Node& node, std::uint16_t page) {
    if (node.page_number != 0) page = node.page_number;
    switch (node.kind()) {
      case Kind::leaf:
        name_leaf(node, page);
        return;
      case Kind::registers:
        name_registers(node, page);
        return;
      default:
        break;
    }
    // array_of() names its array like the element: that is no group around it.
    const bool is_group = !node.name.empty() && !node.is_plain_array();
    if (is_group) groups_.push_back(field_slug(node.name));
    for (Node& child : node.own_children()) visit(child, page);
    if (is_group) groups_.pop_back();
  }

 private:
  using Path = std::vector<std::string>;

  static FieldKind kind_of(Type type) {
    switch (type) {
      case Type::unsigned_int:
      case Type::bits:
        return FieldKind::unsigned_int;
      case Type::signed_int:
        return FieldKind::signed_int;
      case Type::float32:
        return FieldKind::real;
      case Type::ltime_date:
      case Type::stime_date:
        return FieldKind::date_and_time;
      case Type::chars:
      case Type::bcd:
      case Type::time:
      case Type::rdate:
      case Type::ansi_date:
        return FieldKind::text;
      default:
        return FieldKind::bytes;
    }
  }

  static FieldInfo info_of(const Node& node, std::string_view label, std::uint16_t page) {
    const FieldPart& field = node.field();
    FieldInfo info;
    info.label = label;
    info.kind = kind_of(field.type);
    if (info.kind == FieldKind::unsigned_int || info.kind == FieldKind::signed_int)
      info.size = static_cast<std::uint8_t>(field.size.constant().value_or(0));
    if (!node.value_names().empty()) info.values = &node.value_names();
    info.format = field.format;
    info.unit = field.unit_text;
    info.remark = node.remark;
    info.page = page;
    info.node = &node;
    return info;
  }

  void name_leaf(Node& node, std::uint16_t page) {
    if (!node.name.empty()) node.own_field().id = add(info_of(node, node.name, page));
    if (node.bit_fields().empty()) return;
    for (BitField& field : node.own_field().details.own().bit_fields) {
      FieldInfo info = info_of(node, field.name, page);
      info.kind = field.single() ? FieldKind::boolean : FieldKind::unsigned_int;
      info.mask = static_cast<std::uint32_t>(((std::uint64_t{2} << (field.last - field.first)) - 1)
                                             << field.first);
      info.values = field.values.empty() ? nullptr : &field.values;
      info.unit = {};
      info.format = field.format;
      const std::string group = field.in_group && !groups_.empty() ? groups_.back() + "." : "";
      field.id = add(std::move(info), -1, group);
    }
  }

  // A field for every source that the registers can hold: by the table's own name where it has
  // one, by BT22's otherwise. One more for a source that nobody knows.
  void name_registers(Node& node, std::uint16_t page) {
    RegistersPart& row = node.own_registers();
    row.number.id = add(info_of(node, node.name, page));
    if (row.one_name) return;
    row.source_ids.assign(highest_source(row) + 1U, 0);
    const auto add_source = [&](const SourceName& source, bool unlisted) {
      if (row.source_ids[source.source] != 0) return;
      FieldInfo info = info_of(node, source.name, page);
      info.unit = source.unit;
      info.mask = 0;
      if (!source.remark.empty()) info.remark = source.remark;
      info.unlisted_source = unlisted;
      row.source_ids[source.source] = add(std::move(info), source.source);
    };
    for (const SourceName& own : row.source_names) add_source(own, false);
    for (const Source& source : sources()) add_source({source.id, source.name, source.unit}, true);
  }

  static std::uint16_t highest_source(const RegistersPart& row) {
    std::uint16_t highest = sources().back().id;
    for (const SourceName& own : row.source_names) highest = std::max(highest, own.source);
    return highest;
  }

  std::uint32_t add(FieldInfo info, int source = -1, const std::string& group = {}) {
    info.name = prefix_ + "." + unique(group + field_slug(info.label), info, source);
    fields_.push_back(std::move(info));
    return static_cast<std::uint32_t>(fields_.size() - 1);
  }

  // The slug alone where it is the first of its kind; with the group that tells it from those
  // before it in front of it otherwise; a number behind that if the group does not.
  std::string unique(const std::string& slug, const FieldInfo& info, int source) {
    std::string name = slug;
    const auto taken = [&](const std::string& candidate) {
      const auto found = used_.find(candidate);
      if (found == used_.end()) return false;
      const Used& other = found->second;
      const bool no_group_tells =
          std::all_of(groups_.begin(), groups_.end(), [&other](const std::string& group) {
            return std::find(other.groups.begin(), other.groups.end(), group) != other.groups.end();
          });
      const bool alike = no_group_tells && other.source == source;
      const bool both_fill =
          other.info.node->type() == Type::fill && info.node->type() == Type::fill;
      return !(both_fill || (alike && same_meaning(other.info, info)));
    };
    if (taken(name)) {
      const Path& before = used_.at(slug).groups;
      for (auto group = groups_.rbegin(); group != groups_.rend() && taken(name); ++group) {
        if (std::find(before.begin(), before.end(), *group) == before.end())
          name = *group + "." + slug;
      }
    }
    const std::string base = name;
    for (int number = 2; taken(name); ++number) name = base + "_" + std::to_string(number);
    used_.emplace(name, Used{info, groups_, source});
    return name;
  }

  struct Used {
    FieldInfo info;
    Path groups;
    int source;
  };

  std::string prefix_;
  std::vector<FieldInfo>& fields_;
  Path groups_;
  std::map<std::string, Used> used_;
};

// What needs no decision of its own: times, bits, and numbers too small to name anybody.
Sensitive sensitivity_by_type(const Node& node) {
  constexpr std::int64_t names_nobody = 2;  // bytes
  switch (node.type()) {
    case Type::unsigned_int:
    case Type::signed_int:
      return node.field().size.constant().value_or(names_nobody + 1) <= names_nobody
                 ? Sensitive::none
                 : Sensitive::undecided;
    case Type::chars:
    case Type::bytes:
    case Type::bcd:
    case Type::float32:
      return Sensitive::undecided;
    case Type::fill:  // reserved by the guide, and used by somebody
      return Sensitive::identifier;
    default:
      return Sensitive::none;
  }
}

// Takes the decisions of groups down to their fields.
void settle_sensitivity(Node& node, Sensitive around) {
  if (node.sensitivity == Sensitive::undecided) node.sensitivity = around;
  if (node.kind() == Kind::leaf || node.kind() == Kind::registers) {
    if (node.sensitivity == Sensitive::undecided) node.sensitivity = sensitivity_by_type(node);
    return;
  }
  for (Node& child : node.own_children()) settle_sensitivity(child, node.sensitivity);
}

std::string prefix_of(const std::string& label) {
  return field_slug(label);
}

std::vector<Table> gather_tables() {
  std::vector<Table> gathered;
  for (const auto decade :
       {tables::bt00, tables::bt20, tables::bt30, tables::bt50, tables::bt60, tables::bt70,
        tables::et00, tables::et10, tables::et20, tables::et30, tables::et40, tables::et50,
        tables::et55, tables::et60, tables::et70, tables::et80, tables::et90}) {
    std::vector<Table> some = decade();
    std::move(some.begin(), some.end(), std::back_inserter(gathered));
  }
  std::sort(gathered.begin(), gathered.end(),
            [](const Table& a, const Table& b) { return a.number < b.number; });
  return gathered;
}

bool tells_moment(const Node& node) {
  return node.role == Role::moment || std::ranges::any_of(node.children(), tells_moment);
}

// What devices said last is what there is of them.
bool is_of_the_past(const Table& table) {
  if (table.story == Story::devices) return false;
  return table.story == Story::intervals || tells_moment(table.root);
}

Catalog build() {
  Catalog made;
  made.tables = gather_tables();
  for (Table& table : made.tables) {
    table.teaches = teaches(table.root);
    table.past = is_of_the_past(table);
  }
  made.procedures = tables::procedures();
  made.pending_event = tables::pending_event();
  for (Table& table : made.tables) settle_sensitivity(table.root, Sensitive::undecided);
  for (Procedure& procedure : made.procedures) {
    settle_sensitivity(procedure.parameters, Sensitive::undecided);
    settle_sensitivity(procedure.response, Sensitive::undecided);
  }
  settle_sensitivity(made.pending_event, Sensitive::undecided);
  made.fields.emplace_back();  // number 0 is no field
  return made;
}

void name_all(Catalog& made) {
  for (Table& table : made.tables)
    name_fields(table.root, prefix_of(table_label(table.number)), table.page, made.fields);
  for (Procedure& procedure : made.procedures) {
    const std::string prefix = prefix_of(procedure_label(procedure.number));
    name_fields(procedure.parameters, prefix, procedure.page, made.fields);
    name_fields(procedure.response, prefix + ".response", procedure.page, made.fields);
  }
  name_fields(made.pending_event, "pending", 0, made.fields);
}

template <typename T>
const T* find_numbered(const std::vector<T>& all, std::uint16_t wanted) {
  const auto found =
      std::lower_bound(all.begin(), all.end(), wanted,
                       [](const T& entry, std::uint16_t number) { return entry.number < number; });
  return found != all.end() && found->number == wanted ? &*found : nullptr;
}

}  // namespace

void name_fields(Node& root, std::string_view prefix, std::uint16_t page,
                 std::vector<FieldInfo>& fields) {
  Namer namer(prefix, fields);
  // The root's own name is the table's: no group.
  for (Node& child : root.own_children()) namer.visit(child, page);
}

const Catalog& catalog() {
  // Named in place: fields point to nodes.
  static Catalog all = build();
  static const bool named = (name_all(all), true);
  static_cast<void>(named);
  return all;
}

const std::vector<Table>& all_tables() {
  return catalog().tables;
}

const Table* find_table(std::uint16_t number) {
  return find_numbered(all_tables(), static_cast<std::uint16_t>(number & ~pending_flag));
}

const std::vector<Procedure>& all_procedures() {
  return catalog().procedures;
}

const Procedure* find_procedure(std::uint16_t number) {
  return find_numbered(all_procedures(), number);
}

}  // namespace mep
