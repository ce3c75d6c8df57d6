// SPDX-License-Identifier: GPL-2.0-or-later
#include "plugin/analysis.h"

#include <algorithm>
#include <cstdarg>

#include "plugin/analysis_watch.h"

namespace mep::plugin {
namespace {

const Field hf_analysis("Analysis", "mep.analysis", FT_NONE, BASE_NONE, nullptr, 0,
                        "What was found about the frame; as a filter: frames with any finding");
const Subtree ett_analysis;

constexpr std::int64_t us_in_s = 1000000;
constexpr std::int64_t ns_in_us = 1000;

void add(const Analysed& in, const NotedField& what, std::uint32_t value, const char* text) {
  auto* finding = wmem_new0(in.bus.scope, Finding);
  finding->what = &what;
  finding->value = value;
  finding->text = text;
  // In the order in which they were found.
  Finding** end = &in.facts.findings;
  while (*end) end = &(*end)->next;
  *end = finding;
}

}  // namespace

Thresholds thresholds = {500, 100, 50, 8, 1000};

void found(const Analysed& in, const NotedField& what, std::uint32_t value) {
  add(in, what, value, nullptr);
}

void found(const Analysed& in, const NotedField& what, std::uint32_t value, const char* format,
           ...) {
  std::va_list arguments;
  va_start(arguments, format);
  const char* text = wmem_strdup_vprintf(in.bus.scope, format, arguments);
  va_end(arguments);
  add(in, what, value, text);
}

std::int64_t microseconds(const nstime_t& before, const nstime_t& after) {
  nstime_t passed;
  nstime_delta(&passed, &after, &before);
  return static_cast<std::int64_t>(passed.secs) * us_in_s + passed.nsecs / ns_in_us;
}

std::uint32_t as_value(std::int64_t us) {
  return static_cast<std::uint32_t>(std::clamp<std::int64_t>(us, 0, UINT32_MAX));
}

double in_seconds(std::int64_t us) {
  return static_cast<double>(us) / us_in_s;
}

void analyse(Bus& bus, const Arrived& frame, Bytes message, bool alert, std::size_t size,
             FrameFacts& facts) {
  if (bus.passing()) return;
  if (!bus.watch) bus.watch = wmem_new0(bus.scope, Watch);
  const Analysed in{bus, *bus.watch, frame, message, size, facts};
  const bool from_client = facts.direction == Direction::client_to_meter;
  if (alert && !from_client) {
    analyse_alert(in);
  } else if (message.empty() || facts.echoes) {
    if (!from_client && !facts.echoes) bus.watch->unreadable_frame = frame.pinfo->num;
  } else if (from_client) {
    analyse_request(in);
    analyse_service(in);
  } else {
    analyse_answer(in);
    analyse_service(in);
  }
  if (from_client && !facts.echoes) {
    bus.watch->last_of_client = frame.pinfo->num;
    bus.watch->last_of_client_time = frame.pinfo->abs_ts;
  }
}

void show_findings(const Arrived& frame, proto_tree* message_tree, const FrameFacts& facts) {
  if (!facts.findings) return;
  proto_item* all = proto_tree_add_item(message_tree, hf_analysis, frame.tvb, 0, 0, ENC_NA);
  proto_item_set_generated(all);
  proto_tree* tree = proto_item_add_subtree(all, ett_analysis);
  for (const Finding* finding = facts.findings; finding; finding = finding->next) {
    const NotedField& what = *finding->what;
    proto_item* item;
    switch (what.info().type) {
      case FT_RELATIVE_TIME: {
        const nstime_t time = from_microseconds(finding->value);
        item = proto_tree_add_time(tree, what, frame.tvb, 0, 0, &time);
        proto_item_set_generated(item);
        break;
      }
      case FT_BOOLEAN:
        item = add_generated_flag(tree, what, frame.tvb);
        break;
      case FT_INT32:
        item = proto_tree_add_int(tree, what, frame.tvb, 0, 0,
                                  static_cast<std::int32_t>(finding->value));
        proto_item_set_generated(item);
        break;
      default:
        item = add_generated(tree, what, frame.tvb, finding->value);
    }
    if (finding->text) {
      what.note.add(frame.pinfo, item, "%s", finding->text);
    } else {
      what.note.add(frame.pinfo, item);
    }
  }
}

void register_analysis(module_t* module) {
  constexpr unsigned decimal = 10;
  prefs_register_uint_preference(module, "analysis_answer_ms", "Answers are late after (ms)",
                                 "From the last byte of a request; the guide's clients wait 500 ms",
                                 decimal, &thresholds.answer_ms);
  prefs_register_uint_preference(
      module, "analysis_spacing_ms", "Requests are too close within (ms)",
      "From the beginning of one to that of the next; the guide's meters take one each 100 ms",
      decimal, &thresholds.spacing_ms);
  prefs_register_uint_preference(
      module, "analysis_gap_ms", "Gaps within a request are too long after (ms)",
      "The guide's meters drop a request that pauses for more than 50 ms", decimal,
      &thresholds.gap_ms);
  prefs_register_uint_preference(
      module, "analysis_window", "Sequence numbers may run ahead by",
      "The guide's meters accept numbers up to 8 ahead of the one before", decimal,
      &thresholds.window);
  prefs_register_uint_preference(
      module, "analysis_alert_ms", "Alerts are too soon within (ms)",
      "Behind a request or another alert; the guide's meters wait 1000 ms", decimal,
      &thresholds.alert_ms);
}

}  // namespace mep::plugin
