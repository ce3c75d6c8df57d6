// What the plugin registers with Wireshark: fields, subtrees, expert notes. Each stands as a
// constant in the file that shows it, and nowhere else:
//
//   const Field hf_sequence("Sequence number", "mep.sequence", FT_UINT32, BASE_HEX, nullptr, 0,
//                           "Of a request; in an answer 0x0c: the one that the meter expects
//                           next");
//   const Subtree ett_digest;
//   const Note ei_digest_bad("mep.digest.bad", PI_CHECKSUM, PI_ERROR, "Bad digest: …");
//   …
//   proto_tree_add_item(tree, hf_sequence, tvb, at, sequence_size, ENC_BIG_ENDIAN);
//   ei_digest_bad.add(pinfo, item);
//
// Its constructor enters it into a list that register_all() goes through; docs/filter-names.md is
// made from the same list. The fields of tables come from their descriptions: table_fields.h.
//
// Plugin, all of it. To be added here: another kind of thing that is registered.
// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <string_view>
#include <utility>

#include "plugin/wireshark.h"

namespace mep::plugin {

// Wireshark's numbers of the protocols "mep" and "mep_tap", the header that the capture tool puts
// before each frame.
extern int proto_mep;
extern int proto_mep_tap;

// Registers the protocols, and all that is in the lists. Once, from plugin_register, before
// anything else.
void register_all();

// All constants of a kind in the plugin, linked to each other. Each lives as long as the plugin.
template <typename T>
class Listed {
 public:
  Listed(const Listed&) = delete;
  Listed& operator=(const Listed&) = delete;

  // Calls visit(const T&) for each.
  template <typename Visit>
  static void for_each(Visit visit) {
    for (const Listed* each = first; each; each = each->next_) visit(static_cast<const T&>(*each));
  }

 protected:
  Listed() noexcept : next_(std::exchange(first, this)) {}
  ~Listed() = default;

 private:
  inline static constinit const Listed* first = nullptr;
  const Listed* next_;
};

// The names of a field's values, or whatever else its type wants there: given, or made when the
// field is registered.
class Strings {
 public:
  using Make = const void* (*)();
  struct Made {
    Make make;
  };
  constexpr Strings(const void* given) noexcept : given_(given) {}
  constexpr Strings(Made made) noexcept : make_(made.make) {}
  const void* get() const { return make_ ? make_() : given_; }

 private:
  const void* given_ = nullptr;
  Make make_ = nullptr;
};

// A field, described as in Wireshark's header_field_info. All texts are literals, or live for ever.
// Stands for its number wherever Wireshark wants one.
class Field : public Listed<Field> {
 public:
  Field(const char* name, const char* abbrev, ftenum type, int display, Strings strings,
        std::uint64_t mask, const char* blurb) noexcept;

  operator int() const { return id_; }
  // For Wireshark's lists of pointers to such numbers.
  int* address() const { return &id_; }
  const header_field_info& info() const { return registered_.hfinfo; }
  void register_as_part_of(int protocol) const;

 private:
  mutable int id_ = -1;
  Strings strings_;
  mutable hf_register_info registered_;
};

class Subtree : public Listed<Subtree> {
 public:
  Subtree() noexcept = default;
  operator int() const { return id_; }
  int* address() const { return &id_; }

 private:
  mutable int id_ = -1;
};

// An expert note: its name as a filter, group (PI_…), severity, and what it says where add() is not
// told something more exact.
class Note : public Listed<Note> {
 public:
  Note(const char* abbrev, int group, int severity, const char* text) noexcept;

  void add(packet_info* pinfo, proto_item* item) const;
  void add(packet_info* pinfo, proto_item* item, const char* format, ...) const
      __attribute__((format(printf, 4, 5)));

  const char* abbrev() const { return registered_.eiinfo.name; }
  int severity() const { return registered_.eiinfo.severity; }
  const char* text() const { return registered_.eiinfo.summary; }
  void register_with(expert_module_t* module) const;

 private:
  mutable expert_field id_ = EI_INIT;
  mutable ei_register_info registered_;
};

// A field that may have a note on it, which is called as the field with ".expert" behind.
class NotedField : public Field {
 public:
  NotedField(const char* name, const char* abbrev, ftenum type, int display, Strings strings,
             const char* blurb, int group, int severity, const char* text) noexcept;

  const Note note;
};

// --- Fields whose value is not in the bytes, but was found out: in brackets, without bytes ---

proto_item* add_generated(proto_tree* tree, const Field& field, tvbuff_t* tvb, std::uint32_t value);
proto_item* add_generated(proto_tree* tree, const Field& field, tvbuff_t* tvb, const char* text);
// Of a field that is true wherever it stands.
proto_item* add_generated_flag(proto_tree* tree, const Field& field, tvbuff_t* tvb);

// --- What fields show their values with; lives for ever ---

const char* kept(std::string_view text);
// `names`: pairs of a number and its name.
template <typename Names>
const value_string* value_strings(const Names& names) {
  auto* strings = new value_string[names.size() + 1]();
  value_string* next = strings;
  for (const auto& [number, name] : names)
    *next++ = {static_cast<std::uint32_t>(number), kept(name)};
  return strings;
}
// A unit to be shown behind a number, with a space between: "230412 mV".
const unit_name_string* unit(std::string_view text);

}  // namespace mep::plugin
