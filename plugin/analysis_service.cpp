// What client and meter do for each other: alerts, procedures, transactions, writes.
// SPDX-License-Identifier: GPL-2.0-or-later
#include <algorithm>
#include <optional>
#include <utility>

#include "plugin/analysis_watch.h"
#include "protocol/names.h"
#include "protocol/procedure.h"
#include "protocol/tables/mbus.h"
#include "protocol/tables/tables.h"
#include "protocol/walker.h"

namespace mep::plugin {
namespace {

const NotedField hf_alert_raised("Alert raised", "mep.analysis.alert", FT_BOOLEAN, BASE_NONE,
                                 nullptr, "The first since the last one was serviced", PI_SEQUENCE,
                                 PI_CHAT,
                                 "The meter has something for the client, which should read the "
                                 "alert flags in ET13 and do what they ask for");
const NotedField hf_alert_repeated("Alert repeated since", "mep.analysis.alert_repeated",
                                   FT_FRAMENUM, BASE_NONE, FRAMENUM_TYPE(FT_FRAMENUM_NONE),
                                   "The first alert that has not been serviced", PI_SEQUENCE,
                                   PI_NOTE, "The client has not serviced the alert");
const NotedField hf_alert_soon(
    "Alert soon after", "mep.analysis.alert_soon", FT_RELATIVE_TIME, BASE_NONE, nullptr,
    "The client's last frame or the alert before", PI_SEQUENCE, PI_NOTE,
    "An alert within a second: the guide's meters wait for one after each frame of the client");
const NotedField hf_alert_flags("Alert flags", "mep.analysis.alert_flags", FT_UINT32, BASE_HEX,
                                nullptr, "Of the alert that was serviced", PI_SEQUENCE, PI_CHAT,
                                "What the meter raised its alert for");
const NotedField hf_number_not_a_clients(
    "Procedure sequence number", "mep.analysis.procedure_number", FT_UINT32, BASE_DEC, nullptr,
    "Outside of 5 to 9", PI_SEQUENCE, PI_WARN,
    "MEP clients have to number their procedures 5 to 9; the meter refuses others");
const NotedField hf_number_repeated(
    "Procedure number as in", "mep.analysis.procedure_repeated", FT_FRAMENUM, BASE_NONE,
    FRAMENUM_TYPE(FT_FRAMENUM_REQUEST), "The call before", PI_SEQUENCE, PI_WARN,
    "Two calls, one after the other, with the same procedure sequence number: the meter refuses "
    "the second with 0x04");
const NotedField hf_result_of_another(
    "Not the result of the call in", "mep.analysis.result_of_another", FT_FRAMENUM, BASE_NONE,
    FRAMENUM_TYPE(FT_FRAMENUM_REQUEST), "The latest call", PI_SEQUENCE, PI_WARN,
    "The result of another call: it was read too early, or from another table than the meter uses "
    "(BT08, ET59 or ET85, see \"ET59 Response\" in ET50)");
const NotedField hf_overwritten(
    "Overwrites the transaction in", "mep.analysis.transaction_overwritten", FT_FRAMENUM, BASE_NONE,
    FRAMENUM_TYPE(FT_FRAMENUM_REQUEST), "Whose answers were not read", PI_SEQUENCE, PI_WARN,
    "A new transaction before the answers to the one before were read from ET53");
const NotedField hf_not_locked("Transaction without lock", "mep.analysis.transaction_unlocked",
                               FT_BOOLEAN, BASE_NONE, nullptr, "Of a meter with several MEP ports",
                               PI_SEQUENCE, PI_NOTE,
                               "Two clients share ET52 and ET53: without the lock of EP61, which "
                               "lasts for 10 s, the other one "
                               "may overwrite the answers");
const NotedField hf_many_writes(
    "Writes so far", "mep.analysis.many_writes", FT_UINT32, BASE_DEC, nullptr,
    "Since the first in the capture", PI_SEQUENCE, PI_WARN,
    "More writes than the meter's memory bears: the guide permits 4 an hour and 100 a day on "
    "average, to tables and by procedures (before firmware 3.40) and in transactions");
const NotedField hf_beyond_end("Bytes in the table", "mep.analysis.beyond_end", FT_UINT32, BASE_DEC,
                               nullptr, "By the dimensions that are known", PI_SEQUENCE, PI_NOTE,
                               "The request reaches beyond the end of the table");

const NotedField hf_client_down(
    "Silent for", "mep.analysis.client_down", FT_RELATIVE_TIME, BASE_NONE, nullptr,
    "Since the client's frame before", PI_SEQUENCE, PI_WARN,
    "The client was silent for longer than the MEP Health Timeout of ET51: the meter has taken it "
    "to be down, and may have reset it");
const NotedField hf_speed_told(
    "Line speed in ET13", "mep.analysis.speed_told", FT_UINT32, BASE_DEC | BASE_UNIT_STRING,
    unit("bit/s"), "Of the MEP client, where it differs from the line's", PI_SEQUENCE, PI_NOTE,
    "ET13 tells the client another speed than the line has: both go on with that one");
const NotedField hf_speed_changed("Line speed before", "mep.analysis.speed_changed", FT_UINT32,
                                  BASE_DEC | BASE_UNIT_STRING, unit("bit/s"),
                                  "This frame came at another speed", PI_SEQUENCE, PI_NOTE,
                                  "The line's speed changed");

constexpr std::int64_t us_in_s = 1000000;
constexpr std::int64_t us_in_ms = 1000;

// --- Alerts --------------------------------------------------------------------------------------

void analyse_alert_service(const Analysed& in, const Request& request) {
  Alert* alert = in.watch.alert;
  if (!alert) return;
  const Call* call = in.facts.exchange->call;
  const bool reads_flags =
      request.table == ET(13) && is_read(static_cast<RequestCode>(request.code));
  if (!reads_flags && !(call && call->number == EP(39))) return;
  found(in, hf_alert_serviced, alert->frame,
        "The client services the alert of frame %u, %.3f s later; it was sent %u time%s",
        alert->frame, in_seconds(microseconds(alert->time, in.time())), alert->count,
        alert->count == 1 ? "" : "s");
  if (reads_flags) in.watch.asked_about = alert;
  in.watch.alert = nullptr;
}

void analyse_alert_flags(const Analysed& in) {
  const AlertFlags* flags = in.facts.alert_flags;
  if (!flags || !in.watch.asked_about) return;
  const Alert* alert = std::exchange(in.watch.asked_about, nullptr);
  if (flags->names) {
    found(in, hf_alert_flags, flags->bits, "The alert of frame %u was raised for: %s", alert->frame,
          flags->names);
  } else {
    found(in, hf_alert_flags, flags->bits,
          "No flag is set any more that the alert of frame %u may have been raised for",
          alert->frame);
  }
}

// --- Procedures ----------------------------------------------------------------------------------

void analyse_lock(const Analysed& in, const Exchange& exchange) {
  const Bytes written(exchange.written, exchange.request.data.size);
  if (written.size() <= procedure::call_header_size) return;
  in.watch.is_locked = written[procedure::call_header_size] == 1;
  in.watch.locked = in.time();
}

void analyse_call(const Analysed& in, const Exchange& exchange) {
  const Call* call = exchange.call;
  const bool is_call = call && call->call_frame == in.pinfo()->num;
  if (!is_call) return;
  constexpr unsigned first_of_clients = 5;
  constexpr unsigned last_of_clients = 9;
  if (call->sequence < first_of_clients || call->sequence > last_of_clients)
    found(in, hf_number_not_a_clients, call->sequence);
  const Call* before = std::exchange(in.watch.call, call);
  if (before && before->sequence == call->sequence && !exchange.repeats)
    found(in, hf_number_repeated, before->call_frame);
  if (call->number == EP(61)) analyse_lock(in, exchange);
}

// --- Transactions --------------------------------------------------------------------------------

void analyse_transaction(const Analysed& in, const Transaction* transaction) {
  if (!transaction) return;
  if (in.facts.direction == Direction::meter_to_client) {
    in.watch.executed = nullptr;
    return;
  }
  if (in.watch.executed && in.watch.executed->number != transaction->number)
    found(in, hf_overwritten, in.watch.executed_frame);
  in.watch.executed = transaction;
  in.watch.executed_frame = in.pinfo()->num;
  constexpr std::int64_t lock_lasts = 10 * us_in_s;
  const bool shared = in.bus.dimensions->learned(Dim::mep_channels).value_or(0) > 1;
  const bool locked = in.watch.is_locked && microseconds(in.watch.locked, in.time()) < lock_lasts;
  if (shared && !locked) found(in, hf_not_locked, 1);
}

// --- Time and speed ------------------------------------------------------------------------------

// Pages 128 and 129. The port's number is not known: the shorter of two counts.
void analyse_silence(const Analysed& in) {
  if (in.watch.last_of_client == 0) return;
  std::optional<std::int64_t> timeout;
  for (std::size_t port = 0; port < dim_info(Dim::mep_health_timeout).slots; ++port) {
    const auto seconds = in.bus.dimensions->learned(Dim::mep_health_timeout, port);
    if (!seconds || in.bus.dimensions->learned(Dim::mep_health_monitored, port) != 1) continue;
    timeout = std::min(timeout.value_or(*seconds), std::int64_t{*seconds});
  }
  const std::int64_t silent = microseconds(in.watch.last_of_client_time, in.time());
  if (timeout && *timeout > 0 && silent > *timeout * us_in_s)
    found(
        in, hf_client_down, as_value(silent),
        "The client was silent for %.1f s, longer than the MEP Health Timeout of ET51 (%d s): the "
        "meter has taken it to be down, and may have reset it",
        in_seconds(silent), static_cast<int>(*timeout));
}

// Page 81. Of the MEP clients, which are the fifth device and the sixth.
void analyse_told_speed(const Analysed& in, const Request& request) {
  const auto speeds = tables::line_speeds();
  constexpr std::size_t first_client = 4;
  if (request.table != ET(13)) return;
  const auto code = in.bus.dimensions->learned(Dim::device_baud_rate, first_client);
  if (!code || std::exchange(in.watch.told_baud_rate, code) == code) return;
  const auto place = static_cast<std::size_t>(*code);
  if (place >= speeds.size()) return;
  const std::uint32_t rate = speeds[place].bits_per_second;
  if (in.frame.baud_rate != 0 && rate != in.frame.baud_rate)
    found(in, hf_speed_told, rate,
          "ET13 tells the client %u bit/s, and the line has %u: both go on with that one", rate,
          in.frame.baud_rate);
}

void analyse_speed(const Analysed& in) {
  if (in.frame.baud_rate == 0) return;
  const std::uint32_t before = std::exchange(in.watch.baud_rate, in.frame.baud_rate);
  if (before != 0 && before != in.frame.baud_rate)
    found(in, hf_speed_changed, before, "The line's speed changed from %u to %u bit/s", before,
          in.frame.baud_rate);
}

// --- Tables --------------------------------------------------------------------------------------

// On average: a client that sets up a meter may write a lot at once.
void analyse_write(const Analysed& in) {
  constexpr unsigned an_hour = 4;
  constexpr std::int64_t hour = 3600 * us_in_s;
  if (in.watch.writes++ == 0) in.watch.first_write = in.time();
  const std::int64_t since = microseconds(in.watch.first_write, in.time());
  const bool many = since >= hour && in.watch.writes * hour > an_hour * (since + hour);
  if (many && !in.watch.writes_told)
    found(
        in, hf_many_writes, in.watch.writes,
        "%u writes in %.1f hours: more than the meter's memory bears (the guide permits 4 an hour "
        "and 100 a day on average)",
        in.watch.writes, static_cast<double>(since) / hour);
  in.watch.writes_told = many;
}

void analyse_refusal(const Analysed& in, const Request& request) {
  if (!in.facts.refused || !request.count || !request.table) return;
  const Table* table = find_table(*request.table);
  if (!table) return;
  const auto size = size_of(*table, *in.bus.dimensions);
  if (size && std::uint64_t{request.offset} + *request.count > *size)
    found(in, hf_beyond_end, static_cast<std::uint32_t>(*size),
          "The request reaches to byte %u; by the dimensions that are known the table has %u bytes",
          request.offset + *request.count - 1U, static_cast<unsigned>(*size));
}

}  // namespace

const NotedField hf_alert_serviced("Services the alert in", "mep.analysis.alert_serviced",
                                   FT_FRAMENUM, BASE_NONE, FRAMENUM_TYPE(FT_FRAMENUM_NONE),
                                   "By reading ET13 or posting with EP39", PI_SEQUENCE, PI_CHAT,
                                   "The client services the meter's alert");

void analyse_service(const Analysed& in) {
  analyse_speed(in);
  if (in.facts.direction == Direction::client_to_meter) analyse_silence(in);
  const Exchange* exchange = in.facts.exchange;
  const Request* request = asked(exchange);
  if (!request || request->problem != Problem::none) return;
  if (in.facts.direction == Direction::client_to_meter) {
    analyse_alert_service(in, *request);
    analyse_call(in, *exchange);
    if (is_write(static_cast<RequestCode>(request->code)) && !exchange->repeats) analyse_write(in);
  } else {
    if (in.facts.foreign_result && in.watch.call)
      found(in, hf_result_of_another, in.watch.call->call_frame);
    analyse_alert_flags(in);
    analyse_refusal(in, *request);
    analyse_told_speed(in, *request);
  }
  analyse_transaction(in, in.facts.transaction);
}

void analyse_alert(const Analysed& in) {
  Watch& watch = in.watch;
  const bool after_alert =
      watch.alert &&
      (watch.last_of_client == 0 || nstime_cmp(&watch.alert_time, &watch.last_of_client_time) > 0);
  if (after_alert || watch.last_of_client != 0) {
    const std::int64_t since =
        microseconds(after_alert ? watch.alert_time : watch.last_of_client_time, in.time());
    if (since >= 0 && since < thresholds.alert_ms * us_in_ms)
      found(in, hf_alert_soon, static_cast<std::uint32_t>(since));
  }
  watch.alert_time = in.time();
  if (!watch.alert) {
    watch.alert = wmem_new0(in.bus.scope, Alert);
    watch.alert->frame = in.pinfo()->num;
    watch.alert->time = in.time();
    watch.alert->count = 1;
    found(in, hf_alert_raised, 1);
    return;
  }
  ++watch.alert->count;
  found(in, hf_alert_repeated, watch.alert->frame,
        "The client has not serviced the alert of frame %u: sent %u times in %.1f s",
        watch.alert->frame, watch.alert->count,
        in_seconds(microseconds(watch.alert->time, in.time())));
}

}  // namespace mep::plugin
