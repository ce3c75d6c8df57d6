// SPDX-License-Identifier: GPL-2.0-or-later
#include "plugin/statistics.h"

#include <cstdio>
#include <string>

#include <epan/srt_table.h>
#include <epan/stats_tree.h>
#include <epan/tap.h>

#include "plugin/analysis.h"
#include "plugin/message_tree.h"
#include "plugin/registry.h"
#include "plugin/tapped.h"
#include "protocol/names.h"

namespace mep::plugin {
namespace {

std::string in_hex(unsigned number) {
  char text[16];
  std::snprintf(text, sizeof text, "0x%02x", number);
  return text;
}

std::string name_of_request(const Request& request) {
  const std::string_view name = request_name(request.code);
  return name.empty() ? "Unknown request " + in_hex(request.code) : std::string(name);
}

// --- Service response time -----------------------------------------------------------------------

// In the order in which they are made.
enum SrtTable : unsigned { by_table, by_procedure, by_kind, unreadable };

// Behind each filter stands " == " and the number of the row.
void make_srt_tables(register_srt_t*, GArray* tables) {
  init_srt_table("MEP: by table", "Tables", tables, 0, "Table", "mep.table", nullptr);
  init_srt_table("MEP: by procedure, answers to its call", "Procedures", tables, 0, "Procedure",
                 "mep.procedure", nullptr);
  init_srt_table("MEP: by kind of request", "Requests", tables, 0, "Request", "mep.request_code",
                 nullptr);
  init_srt_table("MEP: encrypted, and no key opens it", "Encrypted", tables, 0, "Request",
                 "mep.encrypted", nullptr);
}

void add_time(GArray* tables, SrtTable which, unsigned row, const std::string& name,
              const nstime_t& asked, packet_info* pinfo) {
  if (which >= tables->len) return;
  auto* table = g_array_index(tables, srt_stat_table*, which);
  const auto index = static_cast<int>(row);
  if (index >= table->num_procs || !table->procedures[index].procedure)
    init_srt_table_row(table, index, name.c_str());
  add_srt_table_data(table, index, &asked, pinfo);
}

tap_packet_status count_time(void* data, packet_info* pinfo, epan_dissect_t*, const void* record,
                             tap_flags_t) {
  const auto& tapped = *static_cast<const Tapped*>(record);
  // An answer that began before its request had ended was not waited for.
  if (tapped.from_client || !tapped.asked || nstime_cmp(&*tapped.asked, &pinfo->abs_ts) > 0)
    return TAP_PACKET_DONT_REDRAW;
  GArray* tables = static_cast<srt_data_t*>(data)->srt_array;
  const Request* request = tapped.request;
  if (!request) {
    add_time(tables, unreadable, 1, "Encrypted", *tapped.asked, pinfo);
    return TAP_PACKET_REDRAW;
  }
  if (!tapped.inside)
    add_time(tables, by_kind, request->code, name_of_request(*request), *tapped.asked, pinfo);
  if (request->table)
    add_time(tables, by_table, *request->table, table_title(*request->table), *tapped.asked, pinfo);
  const Call* call = tapped.facts->exchange->call;
  if (call && call->call_frame == tapped.facts->exchange->request_frame)
    add_time(tables, by_procedure, call->number, procedure_title(call->number), *tapped.asked,
             pinfo);
  return TAP_PACKET_REDRAW;
}

// --- The tree ------------------------------------------------------------------------------------

// Nodes are numbered in the order in which they are made: the same in every tree.
struct {
  int requests, answers, alerts, repeated, no_message, digests, keys, findings;
} node;

void make_tree(stats_tree* tree) {
  const auto make = [tree](const char* name) {
    return stats_tree_create_node(tree, name, 0, STAT_DT_INT, TRUE);
  };
  node.requests = make("Requests");
  node.answers = make("Answers");
  node.alerts = make("Alerts");
  node.repeated = make("Requests repeated byte for byte");
  node.no_message = make("No messages");
  node.digests = make("Digests");
  node.keys = make("Keys");
  node.findings = make("Findings");
}

// Counts up a node at the top. Its number is what it was made with.
void count(stats_tree* tree, const char* name) {
  tick_stat_node(tree, name, 0, TRUE);
}

void count_request(stats_tree* tree, const Tapped& tapped) {
  count(tree, "Requests");
  std::string kind = tapped.request ? name_of_request(*tapped.request) : "Encrypted";
  if (tapped.inside) kind += ", inside TLS";
  const int of_kind = tick_stat_node(tree, kind.c_str(), node.requests, TRUE);
  if (tapped.request && tapped.request->table)
    tick_stat_node(tree, table_title(*tapped.request->table).c_str(), of_kind, FALSE);
  const Exchange* exchange = tapped.facts->exchange;
  if (exchange && exchange->repeats) count(tree, "Requests repeated byte for byte");
}

void count_answer(stats_tree* tree, const Tapped& tapped) {
  count(tree, "Answers");
  std::string name = "Encrypted";
  if (tapped.response_code) {
    const bool tls = answers_to(tapped.facts->exchange) == Answers::tls;
    name = tls ? tls_response_name(*tapped.response_code) : response_name(*tapped.response_code);
  } else if (!tapped.message.empty()) {
    name = "Unknown code " + in_hex(tapped.message[0]);
  }
  if (tapped.inside) name += ", inside TLS";
  tick_stat_node(tree, name.c_str(), node.answers, FALSE);
}

void count_security(stats_tree* tree, const Tapped& tapped) {
  if (tapped.digest) {
    const char* const words[] = {"Bad", "Good", "Unverified"};
    count(tree, "Digests");
    tick_stat_node(tree, words[static_cast<unsigned>(*tapped.digest)], node.digests, FALSE);
  }
  if (!tapped.key) return;
  count(tree, "Keys");
  tick_stat_node(tree, tapped.key, node.keys, FALSE);
}

void count_findings(stats_tree* tree, const Tapped& tapped) {
  for_each_finding(tapped, [tree](const char* abbrev) {
    count(tree, "Findings");
    tick_stat_node(tree, abbrev, node.findings, FALSE);
  });
}

tap_packet_status count_frame(stats_tree* tree, packet_info*, epan_dissect_t*, const void* record,
                              tap_flags_t) {
  const auto& tapped = *static_cast<const Tapped*>(record);
  switch (tapped.kind) {
    case Tapped::Kind::message:
      tapped.from_client ? count_request(tree, tapped) : count_answer(tree, tapped);
      count_security(tree, tapped);
      break;
    case Tapped::Kind::alert:
      count(tree, "Alerts");
      break;
    case Tapped::Kind::echo:
    case Tapped::Kind::noise:
    case Tapped::Kind::part: {
      const char* name = tapped.kind == Tapped::Kind::echo    ? "Echoes of requests"
                         : tapped.kind == Tapped::Kind::noise ? "Noise"
                                                              : "Parts of frames";
      count(tree, "No messages");
      tick_stat_node(tree, name, node.no_message, FALSE);
      break;
    }
  }
  if (!tapped.inside) count_findings(tree, tapped);
  return TAP_PACKET_REDRAW;
}

}  // namespace

void register_statistics() {
  constexpr int srt_tables = 4;
  register_srt_table(proto_mep, "mep", srt_tables, count_time, make_srt_tables, nullptr);
  stats_tree_register_plugin("mep", "mep", "MEP Counts", 0, count_frame, make_tree, nullptr);
}

}  // namespace mep::plugin
