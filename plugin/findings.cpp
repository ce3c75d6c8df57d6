// SPDX-License-Identifier: GPL-2.0-or-later
#include "plugin/findings.h"

#include <algorithm>
#include <bitset>
#include <string>
#include <string_view>

namespace mep::plugin {
namespace {

class Collector : public Visitor {
 public:
  explicit Collector(wmem_array_t* items) : items_(items) {}

  void enter(const Branch& branch) override {
    Found found = place(Found::What::enter, branch.node, branch.position);
    if (branch.index) found.index = static_cast<std::int32_t>(*branch.index);
    add(found);
  }
  void leave(const Branch& branch) override {
    add(place(Found::What::leave, branch.node, branch.position));
  }
  void leaf(const Leaf& leaf) override {
    Found found = place(Found::What::leaf, leaf.node, leaf.position);
    found.size = leaf.size;
    found.visible_from = leaf.visible.offset;
    found.visible_size = static_cast<std::uint32_t>(leaf.visible.bytes.size());
    if (leaf.index) found.index = static_cast<std::int32_t>(*leaf.index);
    if (leaf.source) found.source = *leaf.source;
    if (leaf.unit_of) found.unit_of = *leaf.unit_of;
    found.unused = leaf.unused;
    found.complete = leaf.complete;
    found.has_value = leaf.value.has_value();
    if (leaf.source_assumed)
      assumed_.set(static_cast<std::size_t>(leaf.node->registers()->selection));
    add(found);
  }
  void undecoded(const Stretch& stretch, std::string_view why) override {
    Found found = place(Found::What::undecoded, nullptr, stretch.offset);
    found.visible_from = stretch.offset;
    found.visible_size = static_cast<std::uint32_t>(stretch.bytes.size());
    found.why = why.data();  // a literal
    add(found);
  }
  void relied_on(Dim dim, std::size_t, bool assumed) override {
    if (assumed) assumed_.set(static_cast<std::size_t>(dim));
  }

  // "BT21.3 = 11, BT21.7 = 4"
  std::string assumptions() const {
    std::string text;
    for (std::size_t i = 0; i < dim_count(); ++i) {
      if (!assumed_[i]) continue;
      if (!text.empty()) text += ", ";
      text += assumption_text(static_cast<Dim>(i));
    }
    return text;
  }

 private:
  static Found place(Found::What what, const Node* node, std::uint64_t position) {
    Found found{};
    found.what = what;
    found.node = node;
    found.position = position;
    found.index = -1;
    found.source = -1;
    found.unit_of = -1;
    return found;
  }
  void add(const Found& found) { wmem_array_append(items_, &found, 1); }

  wmem_array_t* items_;
  std::bitset<256> assumed_;
};

}  // namespace

Findings find(wmem_allocator_t* pool, const Node& root, const Stretch& stretch,
              const Dimensions& dimensions) {
  wmem_array_t* items = wmem_array_sized_new(pool, sizeof(Found), 64);
  Collector collector(items);
  walk(root, stretch, dimensions, collector);
  Findings findings{
      {static_cast<const Found*>(wmem_array_get_raw(items)), wmem_array_get_count(items)}, nullptr};
  const std::string assumed = collector.assumptions();
  if (!assumed.empty()) findings.assumed = wmem_strdup(pool, assumed.c_str());
  return findings;
}

const char* assumed_mark(wmem_allocator_t* pool, const char* assumed, std::optional<Dim> but) {
  if (!assumed) return "";
  constexpr unsigned most = 3;
  const std::string left_out = but ? assumption_text(*but) : "";
  std::string tables;
  unsigned count = 0;
  for (std::string_view rest = assumed; !rest.empty();) {
    const std::string_view entry = rest.substr(0, rest.find(", "));
    rest.remove_prefix(std::min(rest.size(), entry.size() + 2));
    if (entry == left_out) continue;
    const std::string table(entry.substr(0, entry.find_first_of(" .")));
    if (tables.find(table) != std::string::npos) continue;
    if (++count > most) {
      tables += " …";
      break;
    }
    tables += (tables.empty() ? "" : ", ") + table;
  }
  return tables.empty() ? "" : wmem_strdup_printf(pool, "[assumed %s]", tables.c_str());
}

}  // namespace mep::plugin
