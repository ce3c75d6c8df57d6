// SPDX-License-Identifier: GPL-2.0-or-later
#include "simulator/contents/values.h"

#include <set>
#include <stdexcept>
#include <utility>

#include "protocol/catalog.h"

namespace mep::simulator {
namespace {

bool is_described(std::string_view name) {
  static const auto names = [] {
    std::set<std::string_view> all;
    for (const FieldInfo& field : catalog().fields) all.insert(field.name);
    return all;
  }();
  return names.contains(name);
}

}  // namespace

std::string_view field_name(const Asked& asked) {
  const std::uint32_t id = asked.bits ? asked.bits->id : field_of(*asked.node, asked.source);
  return catalog().fields[id].name;
}

void require_described(std::string_view name) {
  if (!is_described(name)) throw std::invalid_argument("no table has a field " + std::string(name));
}

void Values::set(std::string_view name, Value value, Indices indices) {
  require_described(name);
  values_[std::string(name)][std::move(indices)] = std::move(value);
}

const Value* Values::find(std::string_view name, std::span<const std::uint32_t> indices) const {
  const auto field = values_.find(name);
  if (field == values_.end()) return nullptr;
  Indices wanted(indices.begin(), indices.end());
  while (true) {
    if (const auto found = field->second.find(wanted); found != field->second.end())
      return &found->second;
    if (wanted.empty()) return nullptr;
    wanted.pop_back();
  }
}

}  // namespace mep::simulator
