// SPDX-License-Identifier: GPL-2.0-or-later
#include "plugin/layout_cache.h"

#include <array>
#include <cstring>
#include <new>

#include "plugin/wireshark.h"
#include "protocol/names.h"
#include "protocol/walker.h"

namespace mep::plugin {

// File scope.
struct LaidOut {
  // What the layout depends on; the table is null where the place is free.
  const Table* table;
  std::uint32_t layout;  // what its bus had learned: Dimensions::layout_changes()
  std::uint16_t bus;
  std::uint32_t offset;
  std::uint32_t size;
  std::uint8_t judged;  // Reach, or that no answer is judged

  SizeVerdict verdict;
  Found* items;  // null: not walked yet, or they depend on the table's contents
  std::size_t count;
  char* assumed;

  bool is_of(const LaidOut& other) const {
    return table == other.table && layout == other.layout && bus == other.bus &&
           offset == other.offset && size == other.size && judged == other.judged;
  }
};

namespace {

constexpr std::uint8_t not_judged = 0xFF;

// As many tables, and parts of tables, as clients read in turn; others take their places. So the
// memory does not grow with the capture.
constexpr std::size_t in_a_row = 4;
constexpr std::size_t rows = 32;
struct Row {
  std::array<LaidOut, in_a_row> places;
  std::size_t next;  // that is given to another
};
std::array<Row, rows> cache;

void forget() {
  cache = {};
}

void clear(LaidOut& place) {
  wmem_free(wmem_file_scope(), place.items);
  wmem_free(wmem_file_scope(), place.assumed);
  place = {};
}

Row& row_of(const LaidOut& wanted) {
  constexpr std::uint64_t spread = 0x9E3779B97F4A7C15U;
  std::uint64_t hash = wanted.table->number;
  for (const std::uint32_t part : {wanted.offset, wanted.size, wanted.layout})
    hash = (hash ^ part) * spread;
  return cache[(hash >> 32U) % rows];
}

// Where it is, or a place that was freed for it.
LaidOut& place_of(const LaidOut& wanted) {
  Row& row = row_of(wanted);
  for (LaidOut& place : row.places)
    if (place.table && place.is_of(wanted)) return place;
  LaidOut& place = row.places[row.next];
  row.next = (row.next + 1) % in_a_row;
  clear(place);
  return place;
}

std::uint8_t judged(const Request& request, std::size_t size) {
  const bool read = is_read(static_cast<RequestCode>(request.code));
  const bool pending = (*request.table & pending_flag) != 0;
  return read && !pending ? static_cast<std::uint8_t>(reach_of(request, size)) : not_judged;
}

Dimensions* copy(wmem_allocator_t* scope, const Dimensions& dimensions) {
  return new (wmem_alloc(scope, sizeof(Dimensions))) Dimensions(dimensions);
}

}  // namespace

Layout layout_of(packet_info* pinfo, const Table& table, const Request& request, std::size_t size,
                 const FrameFacts& facts) {
  Layout layout{{}, facts.dimensions, &table, facts.bus, nullptr};
  // What is learned of a frame alone is gone with its packet.
  if (facts.alone) {
    layout.verdict = judge_answer(request, size, *facts.dimensions);
  } else {
    LaidOut wanted{};
    wanted.table = &table;
    wanted.layout = facts.dimensions->layout_changes();
    wanted.bus = facts.bus;
    wanted.offset = request.offset;
    wanted.size = static_cast<std::uint32_t>(size);
    wanted.judged = judged(request, size);
    LaidOut& place = place_of(wanted);
    if (!place.table) {
      wanted.verdict = judge_answer(request, size, *facts.dimensions);
      place = wanted;
    }
    layout.verdict = place.verdict;
    layout.kept = &place;
  }
  if (!layout.verdict.found().empty())
    layout.dimensions = copy(pinfo->pool, with_found(layout.verdict, *facts.dimensions));
  return layout;
}

Findings findings_in(packet_info* pinfo, const Layout& layout, const Stretch& stretch) {
  LaidOut* place = layout.kept;
  const bool still_there = place && place->table == layout.table && place->bus == layout.bus &&
                           place->offset == stretch.offset && place->size == stretch.bytes.size();
  if (!still_there || layout.table->root.looks_at_fields)
    return find(pinfo->pool, layout.table->root, stretch, *layout.dimensions);
  if (!place->items) {
    const Findings findings = find(pinfo->pool, layout.table->root, stretch, *layout.dimensions);
    place->count = findings.count();
    place->items = static_cast<Found*>(
        wmem_memdup(wmem_file_scope(), findings.items.data(), findings.items.size_bytes()));
    place->assumed = findings.assumed ? wmem_strdup(wmem_file_scope(), findings.assumed) : nullptr;
  }
  return {{place->items, place->count}, place->assumed};
}

void register_layout_cache() {
  register_init_routine(forget);
}

}  // namespace mep::plugin
