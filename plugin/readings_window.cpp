// SPDX-License-Identifier: GPL-2.0-or-later
#include "plugin/readings_window.h"

#include <cstddef>
#include <iterator>
#include <map>
#include <string>
#include <unordered_set>
#include <vector>

#include <epan/packet.h>
#include <epan/stat_tap_ui.h>

#include "plugin/readings.h"
#include "plugin/tapped.h"
#include "protocol/names.h"

namespace mep::plugin {
namespace {

enum Column : std::size_t {
  when,
  clock_of,
  frame,
  bus,
  table,
  reading,
  value,
  unit,
  note,
  columns
};

constexpr char title[] = "MEP Readings";

using Cell = stat_tap_table_item_type;

// Wireshark asks for a table's rows when it likes, and has no call for "now all is there": they are
// kept as they have to be shown. It also keeps pointers to rows for as long as a window is open,
// and all windows share one table; so a row once made is used again and never freed before the
// table is.
struct Contents {
  Readings readings;
  std::map<const ReadingRow*, unsigned> place;  // in the table
  std::vector<Cell*> spare;
  std::unordered_set<std::string> texts;  // what cells point to
};

Contents& contents() {
  static Contents of_all_windows;
  return of_all_windows;
}

void set(Cell& cell, const std::string& text) {
  cell.type = TABLE_ITEM_STRING;
  cell.value.string_value = contents().texts.insert(text).first->c_str();
}

void set(Cell& cell, unsigned number) {
  cell.type = TABLE_ITEM_UINT;
  cell.value.uint_value = number;
}

void set_blank(Cell& cell) {
  cell.type = TABLE_ITEM_STRING;
  cell.value.string_value = "";
}

// A row at the end of the table.
Cell* new_row(stat_tap_table& rows) {
  auto& spare = contents().spare;
  Cell* cells = nullptr;
  if (spare.empty()) {
    cells = g_new0(Cell, columns);
  } else {
    cells = spare.back();
    spare.pop_back();
  }
  rows.elements = g_renew(Cell*, rows.elements, rows.num_elements + 1);
  rows.elements[rows.num_elements++] = cells;
  return cells;
}

void fill(Cell* cells, Readings::Rows::const_iterator at) {
  const Readings::Place place = Readings::place_of(at->first);
  const ReadingRow& row = at->second;
  set(cells[when], meter_time(row));
  set(cells[clock_of], clock_name(row));
  set(cells[frame], row.frame);
  set(cells[bus], place.bus);
  set(cells[table], table_label(place.table));
  set(cells[reading], row.name);
  set(cells[value], row.value);
  set(cells[unit], row.unit);
  std::string remark = row.note;
  if (const auto missing = contents().readings.missing_before(at))
    remark += (remark.empty() ? "" : "; ") + std::string("before it ") + std::to_string(missing) +
              (missing == 1 ? " interval is missing" : " intervals are missing");
  set(cells[note], remark);
}

void show(stat_tap_table& rows, Readings::Rows::const_iterator at) {
  auto& place = contents().place;
  const auto known = place.find(&at->second);
  if (known != place.end()) {
    fill(rows.elements[known->second], at);
    return;
  }
  place.emplace(&at->second, rows.num_elements);
  fill(new_row(rows), at);
}

void forget(stat_tap_table* rows) {
  Contents& all = contents();
  for (guint i = 0; i < rows->num_elements; ++i) {
    for (std::size_t column = 0; column < columns; ++column) set_blank(rows->elements[i][column]);
    all.spare.push_back(rows->elements[i]);
  }
  rows->num_elements = 0;
  all.readings = {};
  all.place.clear();
  all.texts.clear();
}

void begin(stat_tap_table_ui* ui) {
  if (stat_tap_table* rows = stat_tap_find_table(ui, title)) {
    forget(rows);
  } else {
    stat_tap_add_table(ui, stat_tap_init_table(title, columns, 0, nullptr));
  }
}

tap_packet_status take(void* data, packet_info* pinfo, epan_dissect_t*, const void* record,
                       tap_flags_t) {
  const auto* listener = static_cast<const stat_data_t*>(data);
  stat_tap_table* rows = stat_tap_find_table(listener->stat_tap_data, title);
  Readings& readings = contents().readings;
  const auto& changed = readings.take(pinfo, *static_cast<const TappedTable*>(record));
  for (const auto at : changed) {
    show(*rows, at);
    // A gap before the next one may be closed now, or be smaller.
    const auto next = std::next(at);
    if (next != readings.rows().end() && contents().place.count(&next->second) != 0)
      show(*rows, next);
  }
  return changed.empty() ? TAP_PACKET_DONT_REDRAW : TAP_PACKET_REDRAW;
}

// The last window was closed: Wireshark frees the rows that are in the table.
void freed(stat_tap_table*, guint row, guint column, Cell*) {
  if (row != 0 || column != 0) return;
  Contents& all = contents();
  for (Cell* cells : all.spare) g_free(cells);
  all = {};
}

}  // namespace

void register_readings_window() {
  static stat_tap_table_item fields[columns] = {
      {TABLE_ITEM_STRING, TAP_ALIGN_LEFT, "Time", "%-21s"},
      {TABLE_ITEM_STRING, TAP_ALIGN_LEFT, "Clock", "%-8s"},
      {TABLE_ITEM_UINT, TAP_ALIGN_RIGHT, "Frame", "%7u"},
      {TABLE_ITEM_UINT, TAP_ALIGN_RIGHT, "Bus", "%3u"},
      {TABLE_ITEM_STRING, TAP_ALIGN_LEFT, "Table", "%-5s"},
      {TABLE_ITEM_STRING, TAP_ALIGN_LEFT, "Register or channel", "%-32s"},
      {TABLE_ITEM_STRING, TAP_ALIGN_RIGHT, "Value", "%14s"},
      {TABLE_ITEM_STRING, TAP_ALIGN_LEFT, "Unit", "%-5s"},
      {TABLE_ITEM_STRING, TAP_ALIGN_LEFT, "Note", "%s"},
  };
  static stat_tap_table_ui ui{};
  ui.group = REGISTER_PACKET_STAT_GROUP_UNSORTED;
  ui.title = title;
  ui.tap_name = "mep_tables";
  ui.cli_string = "mep,readings_table";
  ui.stat_tap_init_cb = begin;
  ui.packet_func = take;
  ui.stat_tap_reset_table_cb = forget;
  ui.stat_tap_free_table_item_cb = freed;
  ui.nfields = columns;
  ui.fields = fields;
  register_stat_tap_table_ui(&ui);
}

}  // namespace mep::plugin
