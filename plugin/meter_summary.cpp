// SPDX-License-Identifier: GPL-2.0-or-later
#include "plugin/meter_summary.h"

#include <algorithm>
#include <cstdio>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <epan/funnel.h>

#include "plugin/analysis.h"
#include "plugin/cli_tap.h"
#include "plugin/findings.h"
#include "plugin/message_tree.h"
#include "plugin/readings.h"
#include "plugin/tapped.h"
#include "protocol/names.h"

namespace mep::plugin {
namespace {

constexpr double ns_in_s = 1e9;

double in_seconds(const nstime_t& time) {
  return static_cast<double>(time.secs) + static_cast<double>(time.nsecs) / ns_in_s;
}

// One line of the bus: what one of the two sends.
struct LineUse {
  unsigned frames = 0;
  std::uint64_t bytes = 0;
  double busy = 0;                 // seconds, at the line's speed
  std::set<std::uint32_t> speeds;  // bit/s, as far as they are known
};

struct AlertSeen {
  std::uint32_t frame = 0;  // the first that nothing was done about; 0: none is open
  unsigned times = 0;
};

struct BusSummary {
  LineUse lines[2];  // the client's, the meter's
  std::optional<double> begin;
  double end = 0;
  std::map<std::string, std::string> identity;
  std::map<std::string, unsigned> security, digests, keys, problems;
  std::set<std::uint32_t> open;  // frames of requests without an answer so far
  unsigned alerts = 0;
  AlertSeen alert;
  std::optional<Dimensions> dimensions;
};

struct Summary {
  std::map<std::uint16_t, BusSummary> buses;
  Readings readings;
};

// A summary and where it is shown. It is what one tap knows its listener by; to the other the
// pointer in it serves for that.
struct Listing {
  Summary summary;
  Summary* of_tables = &summary;
  funnel_text_window_t* window = nullptr;  // null: standard output
};

// --- Frames --------------------------------------------------------------------------------------

void measure(BusSummary& bus, const packet_info* pinfo, const Tapped& tapped) {
  constexpr double bits_in_byte = 10;  // with start and stop
  constexpr double us_in_s = 1e6;
  LineUse& line = bus.lines[tapped.from_client ? 0 : 1];
  ++line.frames;
  line.bytes += tapped.size;
  const double at = in_seconds(pinfo->abs_ts);
  if (tapped.baud_rate != 0) {
    line.speeds.insert(tapped.baud_rate);
    line.busy += tapped.size * bits_in_byte / tapped.baud_rate;
  }
  bus.begin = std::min(bus.begin.value_or(at), at);
  bus.end = std::max(bus.end, at + tapped.duration_us / us_in_s);
}

const char* security_of(const Tapped& tapped) {
  const Cover cover = tapped.facts->cover;
  if (cover == Cover::opened) return "RC4, opened";
  if (cover == Cover::sealed) return "encrypted, no key opens it";
  if (tapped.request && is_tls(static_cast<RequestCode>(tapped.request->code))) return "TLS";
  return tapped.digest ? "in clear, with a digest" : "in clear, without a digest";
}

void count_security(BusSummary& bus, const Tapped& tapped) {
  constexpr const char* words[] = {"bad", "good", "unverified"};
  ++bus.security[security_of(tapped)];
  if (tapped.digest) ++bus.digests[words[static_cast<unsigned>(*tapped.digest)]];
  if (tapped.key) ++bus.keys[tapped.key];
}

void count_problems(BusSummary& bus, const Tapped& tapped) {
  const Exchange* exchange = tapped.facts->exchange;
  for_each_finding(tapped, [&bus](const char* abbrev) { ++bus.problems[abbrev]; });
  if (tapped.from_client && exchange && exchange->repeats)
    ++bus.problems["mep.analysis.retransmission"];
  const bool rejected =
      tapped.response_code && *tapped.response_code != 0 &&
      static_cast<ResponseCode>(*tapped.response_code) != ResponseCode::invalid_sequence_number;
  if (rejected)
    ++bus.problems[std::string("answered: ") + std::string(response_name(*tapped.response_code))];
}

// Also of frames that the filter hides: a request is answered by a hidden answer, too.
void follow_requests(BusSummary& bus, const packet_info* pinfo, const Tapped& tapped, bool hidden) {
  const Exchange* exchange = tapped.facts->exchange;
  if (tapped.kind != Tapped::Kind::message || tapped.inside || !exchange) return;
  if (!tapped.from_client) {
    bus.open.erase(exchange->request_frame);
  } else if (!hidden && exchange->answer_frame == 0) {
    bus.open.insert(pinfo->num);
  }
}

void follow_alerts(BusSummary& bus, const packet_info* pinfo, const Tapped& tapped, bool hidden) {
  if (tapped.kind == Tapped::Kind::alert && !hidden) {
    ++bus.alerts;
    if (bus.alert.frame == 0) bus.alert = {pinfo->num, 0};
    ++bus.alert.times;
  }
  for (const Finding* finding = tapped.facts->findings; finding; finding = finding->next)
    if (finding->what == &hf_alert_serviced) bus.alert = {};
}

tap_packet_status take_frame(void* data, packet_info* pinfo, epan_dissect_t*, const void* record,
                             tap_flags_t flags) {
  const auto& tapped = *static_cast<const Tapped*>(record);
  if (tapped.facts->bus == no_bus) return TAP_PACKET_DONT_REDRAW;
  BusSummary& bus = static_cast<Listing*>(data)->summary.buses[tapped.facts->bus];
  const bool hidden = (flags & TL_DISPLAY_FILTER_IGNORED) != 0;
  follow_requests(bus, pinfo, tapped, hidden);
  follow_alerts(bus, pinfo, tapped, hidden);
  if (hidden) return TAP_PACKET_DONT_REDRAW;
  if (tapped.facts->dimensions) bus.dimensions = *tapped.facts->dimensions;
  if (!tapped.inside) {
    measure(bus, pinfo, tapped);
    if (tapped.kind == Tapped::Kind::message) count_security(bus, tapped);
    if (tapped.kind == Tapped::Kind::noise) ++bus.problems[hf_noise.info().abbrev];
    if (tapped.kind == Tapped::Kind::echo) ++bus.problems["mep.analysis.echo"];
    if (tapped.kind == Tapped::Kind::part) ++bus.problems["frames that are not whole"];
    count_problems(bus, tapped);
  } else if (tapped.response_code && *tapped.response_code != 0) {
    ++bus.problems["answered: " + std::string(response_name(*tapped.response_code))];
  }
  return TAP_PACKET_REDRAW;
}

// --- Tables --------------------------------------------------------------------------------------

// Up to the first byte that is none; without spaces at the end.
std::string printable(Bytes bytes) {
  std::string text;
  for (const std::uint8_t byte : bytes) {
    if (byte == 0) break;
    text += byte >= ' ' && byte <= '~' ? static_cast<char>(byte) : '?';
  }
  while (!text.empty() && text.back() == ' ') text.pop_back();
  return text;
}

// BT01, page 199, and ET03, page 56: what is written there in letters, and the firmware's version.
void identify(BusSummary& bus, packet_info* pinfo, const TappedTable& tapped) {
  if (tapped.table->number != BT(1) && tapped.table->number != ET(3)) return;
  const Findings findings =
      find(pinfo->pool, tapped.table->root, tapped.stretch, *tapped.dimensions);
  const Found* before = nullptr;
  for (unsigned i = 0; i < findings.count(); ++i) {
    const Found& found = findings[i];
    if (found.what != Found::What::leaf || !found.complete) continue;
    const std::string name = table_label(tapped.table->number) + " " + found.node->name;
    if (found.node->type() == Type::chars)
      bus.identity[name] = printable(bytes_of(found, tapped.stretch));
    // The upper byte stands right before.
    if (found.node->field().format == Format::firmware_version && before)
      bus.identity["Firmware"] =
          firmware_version_text(static_cast<std::uint8_t>(value_of(*before, tapped.stretch)),
                                static_cast<std::uint8_t>(value_of(found, tapped.stretch)));
    before =
        found.has_value && found.position + found.size == found.visible_from + found.visible_size
            ? &found
            : nullptr;
  }
}

tap_packet_status take_table(void* data, packet_info* pinfo, epan_dissect_t*, const void* record,
                             tap_flags_t) {
  const auto& tapped = *static_cast<const TappedTable*>(record);
  auto& summary = **static_cast<Summary**>(data);
  if (tapped.bus != no_bus) identify(summary.buses[tapped.bus], pinfo, tapped);
  summary.readings.take(pinfo, tapped);
  return TAP_PACKET_REDRAW;
}

// --- As text -------------------------------------------------------------------------------------

void write_counts(GString* page, const char* heading,
                  const std::map<std::string, unsigned>& counts) {
  if (counts.empty()) return;
  g_string_append_printf(page, "  %s\n", heading);
  for (const auto& [name, count] : counts)
    g_string_append_printf(page, "    %6u  %s\n", count, name.c_str());
}

void write_line(GString* page, const char* who, const LineUse& line, double span) {
  g_string_append_printf(page, "    %-7s %6u frames %9" G_GUINT64_FORMAT " bytes", who, line.frames,
                         static_cast<guint64>(line.bytes));
  if (line.speeds.empty()) {
    g_string_append_printf(page, ", speed not known");
  } else {
    for (const std::uint32_t speed : line.speeds) g_string_append_printf(page, ", %u bit/s", speed);
    constexpr double percent = 100;
    if (span > 0) g_string_append_printf(page, ", busy %.1f %%", line.busy * percent / span);
  }
  g_string_append_printf(page, "\n");
}

void write_dimensions(GString* page, const Dimensions& dimensions) {
  for (std::size_t i = 0; i < dim_count(); ++i) {
    const auto dim = static_cast<Dim>(i);
    const DimInfo& info = dim_info(dim);
    if (info.kind != DimKind::number) continue;
    std::string values;
    for (std::size_t slot = 0; slot < info.slots; ++slot)
      if (const auto value = dimensions.learned(dim, slot))
        values += (values.empty() ? "" : " ") + std::to_string(*value);
    if (!values.empty())
      g_string_append_printf(page, "    %s (%s) = %s\n", std::string(info.name).c_str(),
                             std::string(info.origin).c_str(), values.c_str());
  }
}

void write_readings(GString* page, const Readings& readings, std::uint16_t bus) {
  constexpr std::uint16_t tables[] = {BT(23), BT(28), BT(64), BT(65), BT(66), BT(67), ET(16)};
  constexpr std::size_t most = 12;  // of a table: its totals come first
  bool any = false;
  for (const std::uint16_t table : tables) {
    const std::vector<ReadingRow> rows = readings.latest(bus, table);
    for (std::size_t i = 0; i < std::min(rows.size(), most); ++i) {
      if (!std::exchange(any, true)) g_string_append_printf(page, "  Last readings\n");
      g_string_append_printf(
          page, "    %s  %s = %s%s%s (%s)\n", table_label(table).c_str(), rows[i].name.c_str(),
          rows[i].value.empty() ? "-" : rows[i].value.c_str(), rows[i].unit.empty() ? "" : " ",
          rows[i].unit.c_str(),
          meter_time(rows[i]).empty() ? "time not known" : meter_time(rows[i]).c_str());
    }
    if (rows.size() > most)
      g_string_append_printf(page, "    %s  and %u more: -z mep,readings\n",
                             table_label(table).c_str(), static_cast<unsigned>(rows.size() - most));
  }
}

void write_bus(GString* page, const Summary& summary, std::uint16_t number, const BusSummary& bus) {
  const double span = bus.begin ? bus.end - *bus.begin : 0;
  g_string_append_printf(page, "\nBus %u\n", number);
  g_string_append_printf(page, "  Identity\n");
  if (bus.identity.empty()) g_string_append_printf(page, "    not in the capture: BT01, ET03\n");
  for (const auto& [name, text] : bus.identity)
    g_string_append_printf(page, "    %s: %s\n", name.c_str(), text.c_str());
  g_string_append_printf(page, "  Lines, in %.3f s\n", span);
  write_line(page, "client", bus.lines[0], span);
  write_line(page, "meter", bus.lines[1], span);
  write_counts(page, "Messages", bus.security);
  write_counts(page, "Digests", bus.digests);
  write_counts(page, "Keys, by label", bus.keys);
  g_string_append_printf(page, "  Problems and findings\n");
  g_string_append_printf(page,
                         "    %6u  requests not answered at the end of the capture or before\n",
                         static_cast<unsigned>(bus.open.size()));
  for (const auto& [name, count] : bus.problems)
    g_string_append_printf(page, "    %6u  %s\n", count, name.c_str());
  if (bus.alerts > 0) g_string_append_printf(page, "    %6u  alerts\n", bus.alerts);
  if (bus.alert.frame != 0)
    g_string_append_printf(page,
                           "    the alert of frame %u was never serviced; it was sent %u time%s\n",
                           bus.alert.frame, bus.alert.times, bus.alert.times == 1 ? "" : "s");
  write_readings(page, summary.readings, number);
  if (!bus.dimensions) return;
  g_string_append_printf(page, "  Dimensions that are known\n");
  write_dimensions(page, *bus.dimensions);
}

using Page = std::unique_ptr<GString, void (*)(GString*)>;

Page page_of(const Summary& summary) {
  Page page(g_string_new(nullptr), [](GString* text) { g_string_free(text, TRUE); });
  for (const auto& [number, bus] : summary.buses) write_bus(page.get(), summary, number, bus);
  return page;
}

void forget(void* data) {
  static_cast<Listing*>(data)->summary = {};
}

// --- On the command line -------------------------------------------------------------------------

void print(void* data) {
  const char* const line =
      "===========================================================================\n";
  std::printf("\n%sMEP meters\n%s%s", line,
              page_of(static_cast<const Listing*>(data)->summary)->str, line);
}

// The listeners live until the program ends.
compat::tap_begun begin(const char* argument, void*) {
  const char* filter = behind_name(argument, "mep,meter");
  auto* listing = new Listing;
  listen_or_exit("mep_tables", &listing->of_tables, filter, TL_REQUIRES_NOTHING, nullptr,
                 take_table, nullptr);
  listen_or_exit("mep", listing, filter, TL_IGNORE_DISPLAY_FILTER, forget, take_frame, print);
  return static_cast<compat::tap_begun>(true);
}

// --- In a window ---------------------------------------------------------------------------------

void show(void* data) {
  const auto* listing = static_cast<const Listing*>(data);
  const Page page = page_of(listing->summary);
  const funnel_ops_t* wireshark = funnel_get_funnel_ops();
  // Inserted, not set: what stands in it came from outside, and is never taken for HTML.
  wireshark->clear_text(listing->window);
  wireshark->append_text(listing->window,
                         page->len > 0 ? page->str : "No meter in these frames.\n");
}

void close(void* data) {
  auto* listing = static_cast<Listing*>(data);
  remove_tap_listener(&listing->of_tables);
  remove_tap_listener(listing);
  delete listing;
}

// Of the frames that the display filter shows when it is opened.
void open(void*) {
  const funnel_ops_t* wireshark = funnel_get_funnel_ops();
  const char* filter = wireshark->get_filter(wireshark->ops_id);
  const bool filtered = filter && *filter != '\0';
  const std::string title = filtered ? std::string("MEP Meters: ") + filter : "MEP Meters";
  auto* listing = new Listing;
  listing->window = wireshark->new_text_window(wireshark->ops_id, title.c_str());
  wireshark->set_close_cb(listing->window, close, listing);
  GString* error =
      register_tap_listener("mep_tables", &listing->of_tables, filter, TL_REQUIRES_NOTHING, nullptr,
                            take_table, nullptr, nullptr);
  if (!error)
    error = register_tap_listener("mep", listing, filter, TL_IGNORE_DISPLAY_FILTER, forget,
                                  take_frame, show, nullptr);
  if (error) {
    wireshark->append_text(listing->window, error->str);
    g_string_free(error, TRUE);
    return;
  }
  wireshark->retap_packets(wireshark->ops_id);
}

}  // namespace

void register_meter_summary() {
  static stat_tap_ui ui = {
      REGISTER_STAT_GROUP_GENERIC, "MEP meter", "mep,meter", begin, 0, nullptr};
  register_stat_tap_ui(&ui, nullptr);
  // For Wireshark's window alone: nothing else asks for what is registered.
  funnel_register_menu("MEP Meters", REGISTER_PACKET_STAT_GROUP_UNSORTED, open, nullptr, nullptr,
                       TRUE);
}

}  // namespace mep::plugin
