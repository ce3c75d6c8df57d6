// SPDX-License-Identifier: GPL-2.0-or-later
#include "plugin/tapped.h"

#include <new>

#include <epan/tap.h>

#include "plugin/tls_session.h"
#include "protocol/bytes.h"
#include "protocol/tap.h"

namespace mep::plugin {
namespace {

int tap_id = -1;
int tables_tap_id = -1;

Tapped::Kind kind_of(const Arrived& frame, const FrameFacts& facts, Bytes message) {
  const bool harmed = (frame.tap_status & tap::truncated) != 0;
  if ((frame.tap_status & tap::noise) != 0) return Tapped::Kind::noise;
  if (facts.echoes) return Tapped::Kind::echo;
  if (!message.empty()) return Tapped::Kind::message;
  // An alert is a length field of zero, and nothing else is.
  const bool has_length = tvb_captured_length(frame.tvb) >= length_field_size;
  return has_length && !harmed && tvb_get_ntohs(frame.tvb, 0) == 0 ? Tapped::Kind::alert
                                                                   : Tapped::Kind::part;
}

Tapped* new_tapped(packet_info* pinfo, const FrameFacts& facts) {
  auto* tapped = new (wmem_alloc(pinfo->pool, sizeof(Tapped))) Tapped{};
  tapped->from_client = facts.direction == Direction::client_to_meter;
  tapped->from = pinfo->src;
  tapped->to = pinfo->dst;
  tapped->facts = &facts;
  return tapped;
}

void read_request(Tapped& tapped, Bytes message) {
  const Exchange* exchange = tapped.facts->exchange;
  tapped.request = exchange && exchange->cover != Cover::sealed ? &exchange->request : nullptr;
  if (tapped.request && tapped.request->digest) tapped.digest = tapped.facts->digest;
  if (tapped.request) tapped.message = message;
}

void read_answer(Tapped& tapped, Bytes message, Trailer trailer) {
  const Exchange* exchange = tapped.facts->exchange;
  tapped.request = asked(exchange);
  tapped.message = message;
  const Response response = parse_response(message, answers_to(exchange), trailer);
  if (response.digest) tapped.digest = tapped.facts->digest;
  if (response.problem != Problem::unknown_code) tapped.response_code = response.code;
}

}  // namespace

void tap_frame(const Arrived& frame, const FrameFacts& facts, Bytes message, Bytes plain) {
  if (!have_tap_listener(tap_id)) return;
  packet_info* pinfo = frame.pinfo;
  Tapped* tapped = new_tapped(pinfo, facts);
  tapped->kind = kind_of(frame, facts, message);
  tapped->size = tvb_reported_length(frame.tvb);
  tapped->baud_rate = frame.baud_rate;
  tapped->duration_us = frame.duration_us;
  if (tapped->kind == Tapped::Kind::message) {
    const Exchange* exchange = facts.exchange;
    if (facts.cover == Cover::sealed) {
      tapped->request = tapped->from_client ? nullptr : asked(exchange);
      if (message.size() > digest_size) tapped->digest = facts.digest;
    } else if (tapped->from_client) {
      read_request(*tapped, plain);
    } else {
      read_answer(*tapped, plain, frame.trailer);
    }
    tapped->bytes = tapped->message.empty() ? message : tapped->message;
    if (tapped->digest && exchange && exchange->key) tapped->key = exchange->key->label;
    if (facts.tls && facts.tls->key) tapped->key = facts.tls->key->label;
    if (!tapped->from_client && exchange) tapped->asked = end_of_request(*exchange);
  }
  tap_queue_packet(tap_id, pinfo, tapped);
}

void tap_inside(packet_info* pinfo, const FrameFacts& outer, const FrameFacts& facts,
                Bytes message) {
  if (!have_tap_listener(tap_id) || message.empty()) return;
  Tapped* tapped = new_tapped(pinfo, facts);
  tapped->kind = Tapped::Kind::message;
  tapped->inside = true;
  if (!tapped->from_client) {
    read_answer(*tapped, message, Trailer::absent);
    if (outer.exchange && facts.exchange) tapped->asked = end_of_request(*outer.exchange);
  } else {
    read_request(*tapped, message);
  }
  tapped->bytes = message;
  tap_queue_packet(tap_id, pinfo, tapped);
}

void tap_table(packet_info* pinfo, const Table& table, const Stretch& stretch,
               const Dimensions& dimensions, const FrameFacts& facts) {
  if (!have_tap_listener(tables_tap_id) || facts.direction != Direction::meter_to_client) return;
  const auto* kept = new (wmem_alloc(pinfo->pool, sizeof(Dimensions))) Dimensions(dimensions);
  auto* tapped = new (wmem_alloc(pinfo->pool, sizeof(TappedTable)))
      TappedTable{&table, stretch, kept, facts.bus};
  tap_queue_packet(tables_tap_id, pinfo, tapped);
}

void register_taps() {
  tap_id = register_tap("mep");
  tables_tap_id = register_tap("mep_tables");
}

}  // namespace mep::plugin
