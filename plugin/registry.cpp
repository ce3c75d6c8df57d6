// SPDX-License-Identifier: GPL-2.0-or-later
#include "plugin/registry.h"

#include <cstdarg>
#include <map>
#include <string>

namespace mep::plugin {

int proto_mep = -1;
int proto_mep_tap = -1;

namespace {

// Filter names of both begin with "mep.", as they always did.
int protocol_of(const Field& field) {
  return std::string_view(field.info().abbrev).starts_with("mep.tap.") ? proto_mep_tap : proto_mep;
}

}  // namespace

Field::Field(const char* name, const char* abbrev, ftenum type, int display, Strings strings,
             std::uint64_t mask, const char* blurb) noexcept
    : strings_(strings),
      registered_{&id_, {name, abbrev, type, display, nullptr, mask, blurb, HFILL}} {}

void Field::register_as_part_of(int protocol) const {
  registered_.hfinfo.strings = strings_.get();
  proto_register_field_array(protocol, &registered_, 1);
}

Note::Note(const char* abbrev, int group, int severity, const char* text) noexcept
    : registered_{&id_, {abbrev, group, severity, text, EXPFILL}} {}

void Note::register_with(expert_module_t* module) const {
  expert_register_field_array(module, &registered_, 1);
}

void Note::add(packet_info* pinfo, proto_item* item) const {
  expert_add_info(pinfo, item, &id_);
}

void Note::add(packet_info* pinfo, proto_item* item, const char* format, ...) const {
  va_list arguments;
  va_start(arguments, format);
  const char* text = wmem_strdup_vprintf(pinfo->pool, format, arguments);
  va_end(arguments);
  expert_add_info_format(pinfo, item, &id_, "%s", text);
}

NotedField::NotedField(const char* name, const char* abbrev, ftenum type, int display,
                       Strings strings, const char* blurb, int group, int severity,
                       const char* text) noexcept
    : Field(name, abbrev, type, display, strings, 0, blurb),
      note(g_strconcat(abbrev, ".expert", nullptr), group, severity, text) {}

proto_item* add_generated(proto_tree* tree, const Field& field, tvbuff_t* tvb,
                          std::uint32_t value) {
  proto_item* item = proto_tree_add_uint(tree, field, tvb, 0, 0, value);
  proto_item_set_generated(item);
  return item;
}

proto_item* add_generated(proto_tree* tree, const Field& field, tvbuff_t* tvb, const char* text) {
  proto_item* item = proto_tree_add_string(tree, field, tvb, 0, 0, text);
  proto_item_set_generated(item);
  return item;
}

proto_item* add_generated_flag(proto_tree* tree, const Field& field, tvbuff_t* tvb) {
  proto_item* item = proto_tree_add_boolean(tree, field, tvb, 0, 0, TRUE);
  proto_item_set_generated(item);
  return item;
}

const char* kept(std::string_view text) {
  return g_strndup(text.data(), text.size());
}

const unit_name_string* unit(std::string_view text) {
  static std::map<std::string, const unit_name_string*, std::less<>> units;
  auto found = units.find(text);
  if (found == units.end()) {
    // "0.1 mA" is a factor: 69 × 0.1 mA.
    const bool factor = !text.empty() && text[0] >= '0' && text[0] <= '9';
    char* spaced = g_strdup_printf(" %s%.*s", factor ? "\u00d7 " : "",
                                   static_cast<int>(text.size()), text.data());
    found = units.emplace(std::string(text), new unit_name_string{spaced, nullptr}).first;
  }
  return found->second;
}

void register_all() {
  proto_mep =
      proto_register_protocol("Multipurpose Expansion Port (OSGP smart meter)", "MEP", "mep");
  proto_mep_tap = proto_register_protocol("MEP Tap", "MEP Tap", "mep_tap");
  Field::for_each([](const Field& field) { field.register_as_part_of(protocol_of(field)); });
  Subtree::for_each([](const Subtree& subtree) {
    int* const address = subtree.address();
    proto_register_subtree_array(&address, 1);
  });
  expert_module_t* module = expert_register_protocol(proto_mep);
  Note::for_each([module](const Note& note) { note.register_with(module); });
}

}  // namespace mep::plugin
