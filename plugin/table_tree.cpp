// SPDX-License-Identifier: GPL-2.0-or-later
#include "plugin/table_tree.h"

#include <algorithm>
#include <string>
#include <string_view>

#include "plugin/findings.h"
#include "plugin/interval_view.h"
#include "plugin/mbus_tree.h"
#include "plugin/reading_fields.h"
#include "plugin/registry.h"
#include "plugin/table_fields.h"
#include "plugin/text.h"
#include "protocol/bytes.h"
#include "protocol/catalog.h"
#include "protocol/device_source.h"
#include "protocol/names.h"
#include "protocol/procedure.h"
#include "protocol/quantity.h"
#include "protocol/tables/procedures.h"
#include "protocol/tables/tables.h"
#include "protocol/times.h"

namespace mep::plugin {
namespace {

const Field hf_cut("cut", "mep.cut", FT_BYTES, BASE_NONE, nullptr, 0,
                   "A part of a field, or a value of an interval of which a part is not in this "
                   "frame");
const Field hf_undecoded("Not decoded", "mep.undecoded", FT_BYTES, BASE_NONE, nullptr, 0,
                         "Table bytes that no description covers");
const Field hf_not_a_time("no date and time", "mep.not_a_time", FT_BYTES, BASE_NONE, nullptr, 0,
                          "A date and time that is not set or out of bounds");
const Field hf_assumed("Assumed dimensions", "mep.assumed", FT_STRING, BASE_NONE, nullptr, 0,
                       "Dimensions that were not seen in the capture before this frame");
const Field hf_from_size("Dimensions from the answer's size", "mep.from_size", FT_STRING, BASE_NONE,
                         nullptr, 0,
                         "Dimensions that were not seen in the capture before this frame, but are "
                         "the only known ones that explain how long this answer is");
const Note ei_size_unexplained(
    "mep.assumed.contradicted", PI_UNDECODED, PI_NOTE,
    "The answer's size contradicts the assumed dimensions, and no others "
    "that are known explain it: its fields may be wrong");
const Subtree ett_branch;
const Subtree ett_leaf;

struct IntervalEnd : Field {
  explicit IntervalEnd(const char* abbrev)
      : Field("Interval end time", abbrev, FT_ABSOLUTE_TIME, ABSOLUTE_TIME_UTC, nullptr, 0,
              "From the block's end time, the interval time of BT61 and the order; as many in a "
              "frame "
              "as values of each channel") {}
};
// Of BT64 to BT67.
const IntervalEnd hf_interval_end[load_profile_sets] = {
    IntervalEnd("mep.bt64.interval_end_time"), IntervalEnd("mep.bt65.interval_end_time"),
    IntervalEnd("mep.bt66.interval_end_time"), IntervalEnd("mep.bt67.interval_end_time")};

// --- The tree

// What stands around a register.
struct Around {
  std::int32_t tier = -1;              // BT23's; -1: in total
  std::int32_t demand = -1;            // in BT22's Demand Select
  const char* assumed = "";            // "[assumed ET55, BT27]"
  const char* assumed_of_others = "";  // of what is no energy: "[assumed BT27]"
};

// Shows findings one after the other; holds nothing that would have to be destroyed.
struct Display {
  const TableBytes& shown;
  ProfilePlace* profile;  // null for tables that are no load profile
  DevicePlace* device;
  const Dimensions& dimensions;

  Bytes bytes_of(const Found& found) const { return plugin::bytes_of(found, shown.stretch); }
  std::int64_t value_of(const Found& found) const { return plugin::value_of(found, shown.stretch); }
  int offset_of(std::uint64_t position) const {
    const std::uint64_t from = std::max(position, shown.stretch.offset);
    return shown.offset + static_cast<int>(from - shown.stretch.offset);
  }
  const char* kept(const std::string& text) const {
    return wmem_strdup(shown.pinfo->pool, text.c_str());
  }

  // An array of a plain type: its elements need no subtree.
  static bool is_plain_array(const Node& node) {
    return node.is_plain_array() && node.children()[0].kind() == Kind::leaf;
  }

  void show_all(const Findings& findings) const {
    const wmem_array_t* intervals =
        profile ? seen_intervals(shown.pinfo->pool, *profile, findings, shown.stretch) : nullptr;
    unsigned next_interval = 0;
    // Descriptions nest a few levels deep; deeper ones would end up in the innermost subtree.
    constexpr unsigned deepest = 16;
    proto_tree* trees[deepest] = {shown.tree};
    proto_item* items[deepest] = {};
    unsigned depth = 0;
    Around around;
    around.assumed = assumed_mark(shown.pinfo->pool, findings.assumed);
    around.assumed_of_others =
        assumed_mark(shown.pinfo->pool, findings.assumed, Dim::energy_register_unit);
    std::int32_t index = -1;  // in a plain array, of that node
    const Node* plain = nullptr;
    for (unsigned i = 0; i < findings.count(); ++i) {
      const Found& found = findings[i];
      switch (found.what) {
        case Found::What::enter:
          device->enter(found);
          if (found.node->role == Role::tier) around.tier = found.index;
          if (found.node->role == Role::demands) around.demand = found.index;
          if (profile && is_interval(found))
            profile->now = static_cast<const SeenInterval*>(
                wmem_array_index(const_cast<wmem_array_t*>(intervals), next_interval++));
          if (i + 1 < findings.count() && findings[i + 1].what == Found::What::leave) {
            ++i;  // nothing of it is visible
            break;
          }
          index = -1;
          if (is_plain_array(*found.node)) {
            index = found.index;
            plain = found.node;
            break;
          }
          if (depth + 1 < deepest) {
            ++depth;
            trees[depth] = enter(trees[depth - 1], found, &items[depth]);
            if (profile) enter_profile(trees[depth], items[depth], found);
          }
          break;
        case Found::What::leave:
          if (profile && profile->now && found.node->role == Role::interval) profile->now = nullptr;
          if (found.node->role == Role::tier) around.tier = -1;
          index = -1;
          if (is_plain_array(*found.node)) break;
          if (depth > 0) {
            proto_item_set_len(items[depth], end_before(findings, i) - start_of(findings, i));
            --depth;
          }
          break;
        case Found::What::leaf:
          device->leaf(found, shown.stretch);
          show_leaf(trees[depth], found, index < 0 ? "" : in_brackets(*plain, index), index,
                    around);
          if (profile && found.complete) profile->leaf(found, bytes_of(found));
          break;
        case Found::What::undecoded:
          show_undecoded(trees[depth], found);
          break;
      }
    }
  }

  // Where the visible bytes of the branch that ends at finding `leave` begin and end.
  int start_of(const Findings& findings, unsigned leave) const {
    return offset_of(findings[leave].position);
  }
  int end_before(const Findings& findings, unsigned leave) const {
    for (unsigned i = leave; i-- > 0;) {
      const Found& found = findings[i];
      if (found.what == Found::What::leaf || found.what == Found::What::undecoded)
        return offset_of(found.visible_from) + static_cast<int>(found.visible_size);
    }
    return start_of(findings, leave);
  }

  proto_tree* enter(proto_tree* tree, const Found& found, proto_item** item) const {
    const char* name = found.node->name.c_str();
    if (found.index < 0) {
      return proto_tree_add_subtree(tree, shown.tvb, offset_of(found.position), 0, ett_branch, item,
                                    name);
    }
    const char* called = element_name(*found.node, found.index);
    return proto_tree_add_subtree_format(tree, shown.tvb, offset_of(found.position), 0, ett_branch,
                                         item, "%s [%d]%s%s", name, found.index,
                                         called[0] ? ": " : "", called);
  }

  // What that element of an array is; "" where it has an index only.
  const char* element_name(const Node& array, std::int32_t index) const {
    return kept(array.array()->element_name(static_cast<std::uint32_t>(index)));
  }

  void enter_profile(proto_tree* tree, proto_item* item, const Found& found) const {
    if (found.index < 0) return;
    profile->enter(*found.node, static_cast<std::uint32_t>(found.index));
    if (!is_interval(found)) return;
    const SeenInterval& seen = *profile->now;
    if (!seen.processed) {
      proto_item_append_text(item, ", not processed");
      return;
    }
    if (seen.end) {
      const char* text = kept(date_time_text(date_time(*seen.end), false));
      proto_item_append_text(item, ", ended %s UTC", text);
      if (seen.whole) add_interval_end(tree, *seen.end, text);
    }
    if (!seen.whole) proto_item_append_text(item, ", cut by the read");
  }

  void add_interval_end(proto_tree* tree, std::int64_t end, const char* text) const {
    nstime_t time = {static_cast<time_t>(end), 0};
    proto_item* generated = proto_tree_add_time_format_value(
        tree, hf_interval_end[profile->set], shown.tvb, 0, 0, &time, "%s UTC", text);
    proto_item_set_generated(generated);
  }

  // Which channel a part of an interval's status belongs to.
  void name_channel(proto_item* item, const BitField& field) const {
    const auto channel = profile->channel_of(field);
    if (!channel) return;
    if (*channel >= profile->channels()) {
      proto_item_append_text(item, " [no channel]");
      return;
    }
    const auto source = profile->source(*channel);
    const Source* known = source ? find_source(*source) : nullptr;
    const char* name = source ? device_channel(*source) : nullptr;
    if (!name && known) name = kept(std::string(known->name));
    proto_item_append_text(item, " [channel %u%s%s]", *channel, name ? ": " : "", name ? name : "");
  }

  void show_undecoded(proto_tree* tree, const Found& found) const {
    proto_item* item =
        proto_tree_add_item(tree, hf_undecoded, shown.tvb, offset_of(found.visible_from),
                            static_cast<int>(found.visible_size), ENC_NA);
    proto_item_append_text(item, " (%s)", found.why);
  }

  // " [2]", " [2: L3]"
  const char* in_brackets(const Node& array, std::int32_t index) const {
    const char* called = element_name(array, index);
    return wmem_strdup_printf(shown.pinfo->pool, " [%d%s%s]", index, called[0] ? ": " : "", called);
  }

  const char* name_of(const Found& found) const {
    const Node& node = *found.node;
    if (found.source >= 0) {
      if (const SourceName* own = node.registers()->own_name(found.source))
        return kept(std::string(own->name));
      if (const Source* source = find_source(static_cast<std::uint16_t>(found.source)))
        return kept(std::string(source->name));
      if (const char* channel = device_channel(static_cast<std::uint16_t>(found.source)))
        return channel;
      return kept(node.name + ", source " + std::to_string(found.source));
    }
    if (!node.name.empty()) return node.name.c_str();
    return "Flags";
  }

  // `element`: behind the name, where the field is one of a plain array; there with its index.
  void show_leaf(proto_tree* tree, const Found& found, const char* element, std::int32_t index,
                 const Around& around) const {
    if (!found.complete) {
      show_cut(tree, found, element);
      return;
    }
    if (profile && !profile->values_are_readings()) {
      show_no_reading(tree, found);
      return;
    }
    proto_item* item = add_field(tree, found);
    if (holds_records(found)) show_records(shown, item, found, *device);
    LabelText tail;
    tail.add(element);
    add_meaning(tail, found);
    if (const std::int32_t source = source_of_device(found, index); source >= 0) {
      put_behind(item, tail);
      show_channel(item, found, static_cast<std::uint16_t>(source));
      return;
    }
    const Source* source = found.node->kind() == Kind::registers && found.source >= 0
                               ? find_source(static_cast<std::uint16_t>(found.source))
                               : nullptr;
    if (source) add_scale(tail, *source);
    const NamedReading reading = reading_of(tree, found, around);
    if (found.unit_of < 0 && !reading.field) add_amount(tail, found, source);
    const bool named_in_text =
        found.node->kind() == Kind::registers &&
        (found.node->registers()->one_name || field_id(found) == found.node->field().id) &&
        found.source >= 0;
    if (named_in_text) {
      if (source && !source->unit.empty()) {
        tail.add(" ").add(source->unit);
      }
      tail.add(" (").add(name_of(found)).add(")");
    }
    if (found.node->kind() == Kind::registers && found.source < 0) {
      tail.add(" [").add(found.index).add("]");
    }
    if (is_shown(item)) finish_label(item, found, tail);
    if (reading.field) show_reading(tree, found, reading, around);
  }

  // " = 230.512 V": what the number is in a unit that people use, where the meter's is another.
  void add_amount(LabelText& tail, const Found& found, const Source* source) const {
    if (!found.has_value || found.unused) return;
    if (name_of_value(found.node->value_names(), value_of(found))) return;
    const CommonUnit common = common_unit(source ? source->unit : found.node->field().unit_text);
    const std::int64_t scale = source ? scale_of(*source) : 1;
    if (common.divisor == 1 && scale == 1) return;
    tail.add(" = ").add(amount_with_unit(value_of(found) * scale, common));
  }

  // What a register has, and of which source; nothing where that is not certain.
  std::optional<DemandOf> taken_by(const Found& found, const Around& around) const {
    const auto selected = static_cast<std::uint16_t>(found.source);
    const std::uint16_t source = mapped_source(selected, dimensions).value_or(selected);
    if (found.node->role == Role::demand) {
      constexpr std::int32_t flags = 24;
      const auto maxima = dimensions.learned(Dim::demand_maxima);
      if (!maxima || around.demand < 0 || around.demand >= flags) return std::nullopt;
      const bool largest = (*maxima >> around.demand & 1) != 0;
      return DemandOf{source, largest ? Taken::max_demand : Taken::min_demand};
    }
    const bool present_demand = found.node->role == Role::present_demand;
    if (found.node->registers()->one_name && !present_demand) return std::nullopt;
    if (const auto demand = demand_of(source, dimensions)) return demand;
    return DemandOf{source, present_demand ? Taken::demand : Taken::value};
  }

  // A number under a name that tables and meters share.
  struct NamedReading {
    const ReadingField* field = nullptr;  // null: the number is no reading, or nobody asks for it
    std::uint16_t source = 0;
  };
  NamedReading reading_of(proto_tree* tree, const Found& found, const Around& around) const {
    const RegistersPart* row = found.node->registers();
    if (!row || !found.has_value || found.source < 0) return {};
    if (profile && profile->now && !profile->has_value(static_cast<std::uint32_t>(found.index)))
      return {};
    const auto taken = taken_by(found, around);
    if (!taken) return {};
    const ReadingField* field =
        reading_field(taken->source, around.tier, taken->taken, shown.measured);
    if (!field || !is_asked_for(tree, *field)) return {};
    return {field, taken->source};
  }
  void show_reading(proto_tree* tree, const Found& found, const NamedReading& reading,
                    const Around& around) const {
    const Source* source = find_source(reading.source);
    const CommonUnit common = common_unit(
        source ? source->unit : found.node->registers()->own_name(reading.source)->unit);
    const std::int64_t scale = source ? scale_of(*source) : 1;
    const std::int64_t value = value_of(found) * scale;
    // Where the line before has the unit, too.
    const bool same = !common.is_other() && scale == 1 && found.source == reading.source;
    const bool counts = source && source->measure == Measure::energy;
    add_reading(tree, *reading.field, shown.tvb, amount(value, common),
                same ? nullptr : kept(amount_text(value, common)),
                counts ? around.assumed : around.assumed_of_others);
  }

  // What other tables and fields make of the value.
  void add_meaning(LabelText& tail, const Found& found) const {
    if (!found.has_value) return;
    for (const FieldPart::Meaning& meaning : found.node->field().details.get().meanings) {
      const auto name = name_of_value(meaning.names, value_of(found));
      if (!name || dimensions.learned(meaning.dim) != meaning.value) continue;
      tail.add(" (").add(*name).add(")");
    }
    const Source* source =
        found.unit_of >= 0 ? find_source(static_cast<std::uint16_t>(found.unit_of)) : nullptr;
    if (!source || source->unit.empty()) return;
    tail.add(" ").add(source->unit);
    add_scale(tail, *source);
    add_amount(tail, found, source);
  }

  // "Water (M-Bus device 2)"; null for sources that are no device's.
  const char* device_channel(std::uint16_t source) const {
    const auto read = channel_value(source, {}, dimensions);
    return read ? kept(read->channel) : nullptr;
  }
  // "Water (M-Bus device 2), 02318106 = Volume 2318.106 m³"; null likewise.
  const char* channel_text(const Found& found) const {
    if (found.source < 0) return nullptr;
    const auto read =
        channel_value(static_cast<std::uint16_t>(found.source), bytes_of(found), dimensions);
    return read ? kept(read->text()) : nullptr;
  }

  // A line of a plain number is put together at once: it is what most lines are. `tail`: behind it.
  void finish_label(proto_item* item, const Found& found, const LabelText& tail) const {
    const field_info* field = PITEM_FINFO(item);
    const header_field_info& info = *field->hfinfo;
    const bool with_unit = (info.display & BASE_UNIT_STRING) != 0;
    const Type type = found.node->type();
    const bool number = type == Type::signed_int || (type == Type::unsigned_int && found.size < 8);
    const bool plain = number && found.has_value && !field->rep &&
                       FIELD_DISPLAY(info.display) == BASE_DEC && (with_unit || !info.strings);
    if (!plain) {
      put_behind(item, tail);
      return;
    }
    LabelText label;
    label.add(info.name).add(": ").add(value_of(found));
    if (with_unit) label.add(static_cast<const unit_name_string*>(info.strings)->singular);
    set_label(item, label.add(tail.view()));
  }

  // The device's or client's source that a value is of, as load profiles have them; -1: another.
  std::int32_t source_of_device(const Found& found, std::int32_t element) const {
    std::int32_t source = found.node->kind() == Kind::registers ? found.source : -1;
    if (found.node->role == Role::channel_placeholder && element >= 0 && device->element >= 0) {
      const auto slot = static_cast<std::size_t>(device->element) * channels_per_set +
                        static_cast<std::size_t>(element);
      source = dimensions.learned(Dim::channel_source, slot).value_or(-1);
    }
    if (source < 0 || found.visible_size != channel_value_size) return -1;
    return device_source(static_cast<std::uint16_t>(source), dimensions) ? source : -1;
  }
  // What such a value means.
  void show_channel(proto_item* item, const Found& found, std::uint16_t source) const {
    const bool is_reading =
        !profile || !profile->now || profile->has_value(static_cast<std::uint32_t>(found.index));
    show_channel_value(shown, item, source, bytes_of(found), dimensions, is_reading);
  }

  // Of a field that names a source: what it stands for, where other tables tell that.
  proto_item* add_source(proto_tree* tree, int hf, int at, int size, const Found& found,
                         const char* title) const {
    const auto source = static_cast<std::uint32_t>(value_of(found));
    if (find_source(static_cast<std::uint16_t>(source)) == nullptr)
      return proto_tree_add_uint_format_value(tree, hf, shown.tvb, at, size, source, "%s (0x%04x)",
                                              title, source);
    proto_item* item = proto_tree_add_item(tree, hf, shown.tvb, at, size, ENC_LITTLE_ENDIAN);
    proto_item_append_text(item, " [%s]", title);
    return item;
  }

  void show_no_reading(proto_tree* tree, const Found& found) const {
    proto_item* item = proto_tree_add_item(tree, hf_cut, shown.tvb, offset_of(found.visible_from),
                                           static_cast<int>(found.visible_size), ENC_NA);
    proto_item_prepend_text(item, "%s, ", name_of(found));
    if (!found.has_value || found.node->kind() != Kind::registers) return;
    const Source* source =
        found.source >= 0 ? find_source(static_cast<std::uint16_t>(found.source)) : nullptr;
    const char* text = source && !source->unit.empty() ? kept(" " + std::string(source->unit)) : "";
    proto_item_append_text(item, " (%" G_GINT64_FORMAT "%s)", value_of(found), text);
    const char* meant = channel_text(found);
    if (meant) proto_item_append_text(item, " [%s]", meant);
  }

  // CT meters may count energy in tens or hundreds (page 158): the number stays as it came.
  std::int64_t scale_of(const Source& source) const {
    if (source.measure != Measure::energy) return 1;
    return std::max<std::int64_t>(dimensions.get(Dim::energy_register_unit), 1);
  }
  void add_scale(LabelText& tail, const Source& source) const {
    const std::int64_t scale = scale_of(source);
    if (scale == 1) return;
    tail.add(" × ").add(scale);
  }

  void show_cut(proto_tree* tree, const Found& found, const char* element) const {
    const auto first = found.visible_from - found.position;
    proto_item* item = proto_tree_add_item(tree, hf_cut, shown.tvb, offset_of(found.visible_from),
                                           static_cast<int>(found.visible_size), ENC_NA);
    proto_item_prepend_text(item, "%s%s, ", name_of(found), element);
    proto_item_append_text(item, " (bytes %u to %u of %u)", static_cast<unsigned>(first),
                           static_cast<unsigned>(first + found.visible_size - 1),
                           static_cast<unsigned>(found.size));
    if (holds_records(found)) show_records(shown, item, found, *device);
  }

  static std::uint32_t field_id(const Found& found) {
    if (found.source < 0) return found.node->field().id;
    return field_of(*found.node, static_cast<std::uint16_t>(found.source));
  }

  proto_item* add_field(proto_tree* tree, const Found& found) const {
    const Node& node = *found.node;
    const int at = offset_of(found.visible_from);
    const int size = static_cast<int>(found.visible_size);
    const std::uint32_t id = field_id(found);
    const int hf = id == 0 ? -1 : table_field(id);
    switch (node.type()) {
      case Type::unsigned_int:
        return add_unsigned(tree, hf, at, size, found);
      case Type::signed_int:
      case Type::float32:
        return proto_tree_add_item(tree, hf, shown.tvb, at, size, ENC_LITTLE_ENDIAN);
      case Type::bits:
        return add_bits(tree, hf, at, size, found);
      case Type::set:
        return add_set(tree, hf, at, size, found);
      case Type::bytes:
      case Type::fill:
        return proto_tree_add_item(tree, hf, shown.tvb, at, size, ENC_NA);
      case Type::chars:
        return proto_tree_add_item(tree, hf, shown.tvb, at, size, ENC_ASCII);
      case Type::ltime_date:
      case Type::stime_date:
        return add_date_time(tree, hf, at, size, found);
      case Type::time:
      case Type::rdate:
      case Type::ansi_date:
      case Type::bcd: {
        const char* text = text_of(found);
        return proto_tree_add_string(tree, hf, shown.tvb, at, size, text);
      }
    }
    return nullptr;
  }

  std::uint16_t word_of(const Found& found) const {
    return static_cast<std::uint16_t>(read_le(bytes_of(found), 0, 2));
  }

  const char* text_of(const Found& found) const {
    switch (found.node->type()) {
      case Type::time:
        return kept(time_text(bytes_of(found)).value_or("out of bounds"));
      case Type::rdate:
        return kept(rdate_text(word_of(found)));
      case Type::ansi_date:
        return kept(ansi_date_text(word_of(found)).value_or("not set, or out of bounds"));
      case Type::bcd:
        return kept(bcd_digits(bytes_of(found)));
      default:
        return "";
    }
  }

  // A number of up to 4 bytes, as its format has it and with its unit.
  const char* number_text(const FieldPart& field, int size, std::uint32_t value) const {
    const char* text = field.format == Format::hex
                           ? wmem_strdup_printf(shown.pinfo->pool, "0x%0*x", size * 2, value)
                           : wmem_strdup_printf(shown.pinfo->pool, "%u", value);
    if (field.unit_text.empty()) return text;
    return wmem_strdup_printf(shown.pinfo->pool, "%s%s", text, unit(field.unit_text)->singular);
  }

  // Where codes are a procedure's own, page 53, they are told beside its number only.
  bool told_by_procedure(const Found& found) const {
    if (found.node->role != Role::result_code || shown.stretch.offset != 0) return false;
    const auto header = procedure::parse_result(shown.stretch.bytes);
    const Procedure* called = header ? find_procedure(header->number) : nullptr;
    return called && name_of_value(called->results, header->code);
  }

  static int encoding_of(const Node& node) {
    return node.field().big_endian ? ENC_BIG_ENDIAN : ENC_LITTLE_ENDIAN;
  }

  proto_item* add_unsigned(proto_tree* tree, int hf, int at, int size, const Found& found) const {
    const FieldPart& field = found.node->field();
    const auto value = static_cast<std::uint32_t>(value_of(found));
    if (found.unused && size <= 4) {
      return proto_tree_add_uint_format_value(tree, hf, shown.tvb, at, size, value, "%u (unused)",
                                              value);
    }
    if (field.format == Format::source_id) {
      const char* title =
          kept(source_title(static_cast<std::uint16_t>(value_of(found)), dimensions));
      if (title[0]) return add_source(tree, hf, at, size, found, title);
    }
    // Many lists of value names are not complete: what is not in them is a plain number.
    const ValueNames& names = found.node->value_names();
    const bool nameless = !names.empty() && field.format != Format::source_id &&
                          !name_of_value(names, value_of(found));
    if (size <= 4 && (nameless || told_by_procedure(found))) {
      return proto_tree_add_uint_format_value(tree, hf, shown.tvb, at, size, value, "%s",
                                              number_text(field, size, value));
    }
    proto_item* item = proto_tree_add_item(tree, hf, shown.tvb, at, size, encoding_of(*found.node));
    const auto id = static_cast<std::uint16_t>(value_of(found));
    switch (field.format) {
      case Format::table_id:
        proto_item_append_text(item, " (%s)", kept(table_title(id)));
        break;
      case Format::group_ids:
        proto_item_append_text(item, " (%s)", kept(group_id_text(id)));
        break;
      case Format::mbus_manufacturer: {
        const auto letter = [id](int shift) {
          return static_cast<char>('@' + ((id >> shift) & 0x1F));
        };
        proto_item_append_text(item, " (%c%c%c)", letter(10), letter(5), letter(0));
        break;
      }
      default:
        break;
    }
    return item;
  }

  proto_item* add_bits(proto_tree* tree, int hf, int at, int size, const Found& found) const {
    proto_tree* bits = tree;
    proto_item* word = nullptr;
    // A word with a name holds its bits; without one, the bits stand among the other fields.
    const auto whole = static_cast<std::uint32_t>(value_of(found));
    const int encoding = encoding_of(*found.node);
    if (hf > 0) {
      const ValueNames& names = found.node->value_names();
      if (names.empty() || name_of_value(names, value_of(found))) {
        word = proto_tree_add_item(tree, hf, shown.tvb, at, size, encoding);
      } else {
        word = proto_tree_add_uint_format_value(tree, hf, shown.tvb, at, size, whole, "0x%0*x",
                                                size * 2, whole);
      }
      bits = proto_item_add_subtree(word, ett_leaf);
    }
    for (const BitField& field : found.node->bit_fields()) {
      const std::int64_t value = bits_value(field, value_of(found));
      proto_item* item;
      if (field.single() || field.values.empty() || name_of_value(field.values, value)) {
        item = proto_tree_add_item(bits, table_field(field.id), shown.tvb, at, size, encoding);
      } else {
        item = proto_tree_add_uint_format_value(bits, table_field(field.id), shown.tvb, at, size,
                                                whole, "%u", static_cast<unsigned>(value));
      }
      if (profile) name_channel(item, field);
      if (field.format == Format::procedure_id || field.format == Format::table_id) {
        const auto number = static_cast<std::uint16_t>(value);
        const bool table = field.format == Format::table_id;
        const char* title = kept(table ? table_title(number) : procedure_title(number));
        proto_item_append_text(item, " (%s)", title);
      }
      if (word && field.single() && value) proto_item_append_text(word, ", %s", field.name.c_str());
    }
    if (word && found.node->field().format == Format::firmware_version) tell_version(word, found);
    return word;
  }

  // The upper byte stands right before.
  void tell_version(proto_item* word, const Found& found) const {
    if (found.position == shown.stretch.offset) return;
    const Bytes lower = bytes_of(found);
    const Bytes upper = shown.stretch.bytes.subspan(found.position - shown.stretch.offset - 1, 1);
    proto_item_append_text(word, " (firmware %s)", kept(firmware_version_text(upper[0], lower[0])));
  }

  proto_item* add_set(proto_tree* tree, int hf, int at, int size, const Found& found) const {
    proto_item* item = proto_tree_add_item(tree, hf, shown.tvb, at, size, ENC_NA);
    const Bytes bytes = bytes_of(found);
    // "set: 0-11, 13"
    const auto is_set = [bytes](std::size_t bit) {
      return bit < bytes.size() * 8 && ((bytes[bit / 8] >> (bit % 8)) & 1) != 0;
    };
    bool first = true;
    for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
      if (!is_set(bit)) continue;
      proto_item_append_text(item, "%s%u", first ? ", set: " : ", ", static_cast<unsigned>(bit));
      first = false;
      std::size_t last = bit;
      while (is_set(last + 1)) ++last;
      if (last > bit) proto_item_append_text(item, "-%u", static_cast<unsigned>(last));
      bit = last;
    }
    return item;
  }

  proto_item* add_date_time(proto_tree* tree, int hf, int at, int size, const Found& found) const {
    const auto when = parse_date_time(bytes_of(found));
    if (!when) {
      proto_item* item = proto_tree_add_item(tree, hf_not_a_time, shown.tvb, at, size, ENC_NA);
      const Bytes bytes = bytes_of(found);
      const bool zero =
          std::all_of(bytes.begin(), bytes.end(), [](std::uint8_t b) { return b == 0; });
      proto_item_prepend_text(item, "%s, ", found.node->name.c_str());
      proto_item_append_text(item, " (%s)", zero ? "never set" : "out of bounds");
      return item;
    }
    nstime_t time = {static_cast<time_t>(seconds_since_1970(*when)), 0};
    const char* text = kept(date_time_text(*when, found.node->type() == Type::ltime_date));
    const char* clock = found.node->field().clock == Clock::utc     ? " UTC"
                        : found.node->field().clock == Clock::local ? " (meter's local time)"
                                                                    : "";
    return proto_tree_add_time_format_value(tree, hf, shown.tvb, at, size, &time, "%s%s", text,
                                            clock);
  }
};

}  // namespace

void show_table(const TableBytes& shown, const Node& root, const Dimensions& dimensions) {
  if (!shown.tree || shown.stretch.bytes.empty()) return;
  show_table(shown, root, dimensions, find(shown.pinfo->pool, root, shown.stretch, dimensions));
}

void show_table(const TableBytes& shown, const Node& root, const Dimensions& dimensions,
                const Findings& findings) {
  auto profile = profile_place(root, dimensions);
  DevicePlace device;
  Display{shown, profile ? &*profile : nullptr, &device, dimensions}.show_all(findings);
  if (findings.assumed) add_generated(shown.tree, hf_assumed, shown.tvb, findings.assumed);
}

void show_verdict(const TableBytes& shown, const SizeVerdict& verdict) {
  if (!verdict.found().empty()) {
    const char* text = wmem_strdup(shown.pinfo->pool, found_text(verdict).c_str());
    add_generated(shown.tree, hf_from_size, shown.tvb, text);
  }
  if (verdict.kind == SizeVerdict::Kind::contradicted)
    ei_size_unexplained.add(shown.pinfo, proto_tree_get_parent(shown.tree));
}

}  // namespace mep::plugin
