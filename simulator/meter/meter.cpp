// SPDX-License-Identifier: GPL-2.0-or-later
#include "simulator/meter/meter.h"

#include <algorithm>
#include <array>

#include "protocol/bytes.h"
#include "protocol/names.h"
#include "protocol/procedure.h"
#include "protocol/transaction.h"
#include "simulator/contents/living.h"
#include "simulator/contents/table_bytes.h"
#include "simulator/meter/procedures.h"

namespace mep::simulator {
namespace {

using Buffer = std::vector<std::uint8_t>;

// Sequence numbers that tell MEP clients from others, page 52.
constexpr std::uint8_t first_client_sequence = 5;
constexpr std::uint8_t last_client_sequence = 9;
constexpr std::uint64_t baud_rate_in_et13 = 6;  // of a device's entry, page 81

Buffer bare(ResponseCode code) {
  return {static_cast<std::uint8_t>(code)};
}

}  // namespace

Meter::Meter(const MeterOptions& options) {
  state_.options = options;
  state_.now = options.start;
  furnish(state_);
}

void Meter::advance(Instant now) {
  state_.now = std::max(state_.now, now);
  live_on(state_);
}

std::vector<std::uint8_t> Meter::execute(Bytes message, const Caller& caller) {
  state_.asking = caller.client;
  const Request request = parse_request(message, Trailer::absent);
  const auto code = static_cast<RequestCode>(request.code);
  if (is_tls(code)) return bare(ResponseCode::unsupported_request);
  if (!is_read(code) && !is_write(code)) return bare(ResponseCode::unrecognized_request);
  if (request.problem == Problem::too_short) return bare(ResponseCode::unrecognized_request);
  if (request.problem == Problem::count_mismatch) return bare(ResponseCode::operation_not_possible);
  if (is_read(code)) return read(request, caller);
  return bare(write(request, request.data.of(message), caller));
}

std::vector<std::uint8_t> Meter::read(const Request& request, const Caller& caller) const {
  const std::uint16_t table = *request.table;
  if (!tables_.has(table)) return bare(ResponseCode::table_operation_not_possible);
  const std::uint64_t size = tables_.size(table);
  std::uint64_t count = request.count.value_or(static_cast<std::uint16_t>(
      std::min<std::uint64_t>(size - std::min<std::uint64_t>(size, request.offset), 0xFFFF)));
  // Real meters answer a full read of more than there is with the whole table. Of a part behind the
  // table's end the guide says nothing: it is refused as a whole.
  if (static_cast<RequestCode>(request.code) == RequestCode::full_read)
    count = std::min(count, size);
  if (request.offset + count > size || count == 0)
    return bare(ResponseCode::table_operation_not_possible);
  if (count > caller.room) return bare(ResponseCode::operation_not_possible);
  const Buffer data = tables_.read(table, request.offset, static_cast<std::size_t>(count));
  Buffer answer = bare(ResponseCode::ok);
  answer.push_back(static_cast<std::uint8_t>(data.size() >> 8));
  answer.push_back(static_cast<std::uint8_t>(data.size()));
  append(answer, data);
  return answer;
}

ResponseCode Meter::write(const Request& request, Bytes data, const Caller& caller) {
  const std::uint16_t table = *request.table;
  if (!tables_.has(table)) return ResponseCode::table_operation_not_possible;
  if (may_write(caller.access, table) != Permission::granted) return ResponseCode::no_permission;
  if (table == BT(7)) {
    if (request.offset != 0) return ResponseCode::operation_not_possible;
    return initiate(data, caller);
  }
  if (table == ET(52)) return write_transaction(request, data, caller);
  if (request.offset >= tables_.size(table)) return ResponseCode::table_operation_not_possible;
  tables_.write(table, request.offset, data);
  return ResponseCode::ok;
}

// --- Procedures, page 52

ResponseCode Meter::initiate(Bytes data, const Caller& caller) {
  const auto header = procedure::parse_call(data);
  if (!header) return ResponseCode::operation_not_possible;
  ProcedureResult& last = state_.results[caller.client];
  if (header->sequence < first_client_sequence || header->sequence > last_client_sequence ||
      header->sequence == last.sequence)
    return ResponseCode::operation_not_possible;
  last = run_procedure(state_, header->number, data.subspan(procedure::call_header_size), caller);
  last.sequence = header->sequence;
  return ResponseCode::ok;
}

// --- Transactions, pages 43 to 50

ResponseCode Meter::write_transaction(const Request& request, Bytes data, const Caller& caller) {
  const bool locked = state_.transaction_lock && state_.now < state_.transaction_lock_until &&
                      *state_.transaction_lock != caller.client;
  if (in_transaction_ || locked) return ResponseCode::operation_not_possible;
  Buffer& requests = state_.transaction_requests;
  if (request.offset == 0) requests.clear();
  const auto room =
      static_cast<std::size_t>(state_.tables.dimensions().get(Dim::transaction_request_length));
  if (request.offset != requests.size() || data.size() > room - requests.size())
    return ResponseCode::operation_not_possible;
  append(requests, data);

  const auto header = parse_transaction_header(requests);
  if (!header || requests.size() < header->size) return ResponseCode::ok;
  if (closing_transaction_number(requests) == header->number) run_transaction(caller);
  return ResponseCode::ok;
}

void Meter::run_transaction(const Caller& caller) {
  const Buffer& requests = state_.transaction_requests;
  // The same one is not executed twice in a row, page 50.
  if (requests == last_transaction_) return;
  last_transaction_ = requests;
  const auto limit =
      static_cast<std::size_t>(state_.tables.dimensions().get(Dim::transaction_response_length));

  Buffer responses(transaction_header_size);
  auto type = TransactionType::responses;
  in_transaction_ = true;
  TransactionRecords records(requests);
  while (const auto record = records.next()) {
    Caller inside = caller;
    inside.room = limit;
    const Buffer answer = execute(record->of(requests), inside);
    if (responses.size() + 2 + answer.size() + transaction_number_size > limit) {
      type = TransactionType::partial_responses;
      break;
    }
    append_number(responses, answer.size(), 2);
    append(responses, answer);
  }
  in_transaction_ = false;

  const std::uint16_t number = parse_transaction_header(requests)->number;
  append_number(responses, number, 2);
  write_le(responses, 0, 2, responses.size());
  responses[2] = static_cast<std::uint8_t>(type);
  write_le(responses, 3, 2, number);
  state_.transaction_responses = responses;
}

// --- The port

bool Meter::alerts(unsigned client) const {
  // Not to clients that have not registered, page 36.
  return state_.alerts[client] != 0 && has_flag(state_, client, registered);
}

void Meter::ask_for_data(unsigned client) {
  if (!has_flag(state_, client, registered)) {
    const auto flags = static_cast<std::uint8_t>(client_flags(state_, client) | registered);
    state_.tables.write(ET(50), client_entry(state_, client) + client_flags_at,
                        std::array<std::uint8_t, 1>{flags});
    live_on(state_);
  }
  state_.alerts[client] |= Alert::scheduled_read;
}

unsigned Meter::baud_rate(unsigned client) const {
  // The codes of page 81; 0 is the default.
  constexpr std::array<unsigned, 13> rates = {9600,  300,   600,   1200,  2400,  4800,  9600,
                                              14400, 19200, 28800, 38400, 57600, 115200};
  const auto entry_size =
      static_cast<std::uint64_t>(state_.tables.dimensions().get(Dim::device_config_size));
  const Buffer code =
      state_.tables.read(ET(13), device_entry(client) * entry_size + baud_rate_in_et13, 1);
  if (code.empty() || code[0] >= rates.size()) return default_baud_rate;
  const unsigned rate = rates[code[0]];
  // Faster than 9600 from generation 4 on only, page 20.
  return rate > default_baud_rate && state_.options.generation == Generation::gen3
             ? default_baud_rate
             : rate;
}

}  // namespace mep::simulator
