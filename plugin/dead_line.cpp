// SPDX-License-Identifier: GPL-2.0-or-later
#include "plugin/dead_line.h"

#include "plugin/registry.h"

namespace mep::plugin {
namespace {

const NotedField hf_dead_line(
    "Line holds at zero", "mep.analysis.dead_line", FT_BOOLEAN, BASE_NONE, nullptr,
    "Zeros without end, in place of the rest level", PI_SEQUENCE, PI_WARN,
    "The line holds at zero: no level converter, or the wire is at ground");

// A meter sends one alert a second (page 17), and none for a second after a frame (page 21). What
// hands the bytes on can squeeze two of them together by its own delays, though not like this.
constexpr int closest_alerts_ms = 100;
// Once the line is known to be held, delays of that kind are no sign of life.
constexpr int same_stretch_ms = 500;
// As much as two alerts.
constexpr std::uint32_t certain_bytes = 4;

bool within(const nstime_t& earlier, const nstime_t& later, int milliseconds) {
  nstime_t gap;
  nstime_delta(&gap, &later, &earlier);
  const double ms = nstime_to_msec(&gap);
  return ms < milliseconds && ms > -milliseconds;
}

}  // namespace

Zeros judge_zeros(Line& line, const packet_info* pinfo, std::size_t size) {
  ZeroStretch& stretch = line.zeros;
  const bool goes_on =
      stretch.bytes > 0 &&
      within(stretch.latest, pinfo->abs_ts, stretch.held ? same_stretch_ms : closest_alerts_ms);
  if (!goes_on) stretch = {};
  stretch.latest = pinfo->abs_ts;
  stretch.bytes += static_cast<std::uint32_t>(size);
  stretch.held = goes_on || size > length_field_size;
  if (!stretch.held) return Zeros::alert;
  if (stretch.told || stretch.bytes < certain_bytes) return Zeros::held;
  stretch.told = true;
  return Zeros::held_found;
}

void zeros_end(Line& line) {
  line.zeros = {};
}

int dissect_held_line(const Arrived& zeros, Zeros verdict) {
  const unsigned size = tvb_reported_length(zeros.tvb);
  const char* info = wmem_strdup_printf(zeros.pinfo->pool, "Line holds at zero, %u byte%s", size,
                                        size == 1 ? "" : "s");
  proto_tree* tree = begin_item(zeros, "Line holds at zero", info);
  proto_tree_add_item(tree, hf_noise, zeros.tvb, 0, -1, ENC_NA);
  proto_item* item = add_generated_flag(tree, hf_dead_line, zeros.tvb);
  if (verdict == Zeros::held_found) hf_dead_line.note.add(zeros.pinfo, item);
  return static_cast<int>(size);
}

bool dissect_if_held(const Arrived& record, Line* (*line)(packet_info*, Direction)) {
  packet_info* pinfo = record.pinfo;
  auto* verdict = static_cast<Zeros*>(recall(record, Kept::zeros));
  if (!verdict && !pinfo->fd->visited) {
    Line& its = *line(pinfo, record.direction);
    const unsigned size = tvb_captured_length(record.tvb);
    bool zeros = size >= length_field_size && size == tvb_reported_length(record.tvb);
    for (unsigned at = 0; zeros && at < size; ++at)
      zeros = tvb_get_uint8(record.tvb, static_cast<int>(at)) == 0;
    if (!zeros) {
      zeros_end(its);
      return false;
    }
    verdict = wmem_new(wmem_file_scope(), Zeros);
    *verdict = judge_zeros(its, pinfo, size);
    keep(record, Kept::zeros, verdict);
  }
  if (!verdict || *verdict == Zeros::alert) return false;
  dissect_held_line(record, *verdict);
  return true;
}

}  // namespace mep::plugin
