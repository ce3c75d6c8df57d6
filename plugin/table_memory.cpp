// SPDX-License-Identifier: GPL-2.0-or-later
#include "plugin/table_memory.h"

#include <new>
#include <optional>

#include "plugin/findings.h"
#include "protocol/names.h"
#include "protocol/procedure.h"
#include "protocol/size_evidence.h"
#include "protocol/tables/tables.h"
#include "protocol/walker.h"

namespace mep::plugin {
namespace {

// --- Procedures

// The call that a write of `data` makes; null: none.
const Call* learn_call(Bus& bus, const packet_info* pinfo, const Request& request, Bytes data) {
  if (request.table != BT(7) || request.offset != 0) return nullptr;
  const auto header = procedure::parse_call(data);
  if (!header) return nullptr;
  auto* call = wmem_new0(bus.scope, Call);
  call->number = header->number;
  call->sequence = header->sequence;
  call->call_frame = pinfo->num;
  push_front(bus.calls, call);
  return call;
}

// The call whose result was read; null: none. A result names its procedure and the sequence number;
// a part of one belongs to the last call.
const Call* learn_result(Bus& bus, const packet_info* pinfo, const Request& request, Bytes data) {
  if (!request.table || !holds_procedure_results(*request.table)) return nullptr;
  const auto header = request.offset == 0 ? procedure::parse_result(data) : std::nullopt;
  for (Call* call : bus.calls) {
    if (!call) return nullptr;
    if (header && (call->number != header->number || call->sequence != header->sequence)) continue;
    call->result_frame = pinfo->num;
    return call;
  }
  return nullptr;
}

// --- Transactions

void begin(Assembly& assembly) {
  assembly.filled = 0;
  assembly.pieces = 0;
}

// Takes in a piece; the whole transaction if this piece completes it.
Transaction* assemble(wmem_allocator_t* scope, Assembly*& in_progress, const packet_info* pinfo,
                      std::size_t offset, Bytes piece) {
  if (!in_progress) in_progress = wmem_new0(scope, Assembly);
  Assembly& assembly = *in_progress;
  if (offset == 0) begin(assembly);
  const bool fits = offset == assembly.filled && piece.size() <= max_transaction_size - offset;
  if (!fits) {
    begin(assembly);
    return nullptr;
  }
  std::copy(piece.begin(), piece.end(), assembly.bytes + offset);
  assembly.filled += piece.size();
  ++assembly.pieces;
  const Bytes bytes(assembly.bytes, assembly.filled);
  const auto header = parse_transaction_header(bytes);
  constexpr std::size_t smallest = transaction_header_size + transaction_number_size;
  if (!header || header->size < smallest || header->size > bytes.size()) return nullptr;

  auto* whole = wmem_new0(scope, Transaction);
  whole->bytes = static_cast<const std::uint8_t*>(wmem_memdup(scope, bytes.data(), header->size));
  whole->size = header->size;
  whole->number = header->number;
  whole->frame = pinfo->num;
  whole->time = pinfo->abs_ts;
  whole->in_pieces = assembly.pieces > 1;
  begin(assembly);
  return whole;
}

unsigned count_records(Bytes transaction) {
  TransactionRecords records(transaction);
  unsigned count = 0;
  while (records.next()) ++count;
  return count;
}

// Remembers the call that belongs to a record of a transaction.
void keep_call(wmem_allocator_t* scope, Transaction& transaction, unsigned record,
               const Call* call) {
  if (!call) return;
  if (!transaction.calls) {
    const unsigned records = count_records({transaction.bytes, transaction.size});
    transaction.calls = wmem_alloc0_array(scope, const Call*, records);
  }
  transaction.calls[record] = call;
}

// Procedures may be called from inside a transaction, too (page 51), which the meter executes once
// it has been written as a whole, its number at both ends (page 44).
void learn_calls(Bus& bus, const packet_info* pinfo, Transaction& transaction) {
  const Bytes bytes(transaction.bytes, transaction.size);
  if (closing_transaction_number(bytes) != transaction.number) return;
  TransactionRecords records(bytes);
  for (unsigned record = 0; const auto at = records.next(); ++record) {
    const Bytes message = at->of(bytes);
    const Request request = parse_request(message, Trailer::absent);
    if (!is_write(static_cast<RequestCode>(request.code)) || request.problem != Problem::none)
      continue;
    const Call* call = learn_call(bus, pinfo, request, request.data.of(message));
    keep_call(bus.scope, transaction, record, call);
  }
}

Transaction* learn_transaction_requests(Bus& bus, const packet_info* pinfo, Bytes data,
                                        const Request& request) {
  const bool concerned = request.table == ET(52) &&
                         is_write(static_cast<RequestCode>(request.code)) &&
                         request.problem == Problem::none;
  if (!concerned) return nullptr;
  Transaction* whole = assemble(bus.scope, bus.requests, pinfo, request.offset, data);
  if (whole) {
    bus.last_requests = whole;
    learn_calls(bus, pinfo, *whole);
  }
  return whole;
}

Transaction* learn_transaction_responses(Bus& bus, const packet_info* pinfo,
                                         const Exchange& exchange, Bytes data) {
  Transaction* whole = assemble(bus.scope, bus.responses, pinfo, exchange.request.offset, data);
  Transaction* requests = bus.last_requests;
  if (!whole || !requests || requests->number != whole->number) return whole;
  whole->partner = requests;
  if (!requests->partner) requests->partner = whole;
  return whole;
}

// --- Dimensions

// What a frame tells about the layout of tables, be it one answer or a transaction of many: in one
// copy of what is known, which is made when something is told, and kept once.
class Lesson {
 public:
  explicit Lesson(Bus& bus) : bus_(bus) {}

  // What is known with what the frame has told so far.
  const Dimensions& known() const { return learned_ ? *learned_ : *bus_.dimensions; }

  void take(const Request& request, Bytes data) {
    // What is pending does not count yet.
    const bool active = request.table && (*request.table & pending_flag) == 0;
    const Table* table = active ? find_table(*request.table) : nullptr;
    if (!table || !table->teaches || data.empty()) return;
    // Its own layout may be known from its size alone, or not at all.
    const SizeVerdict verdict = judge_answer(request, data.size(), known());
    if (verdict.kind == SizeVerdict::Kind::contradicted) return;
    const Dimensions layout = with_found(verdict, known());
    if (!learned_) learned_ = *bus_.dimensions;
    changed_ |= learn(*table, {request.offset, data}, layout, *learned_);
  }

  // Valid from this frame on.
  void keep() {
    if (!changed_) return;
    auto* kept = static_cast<Dimensions*>(wmem_alloc(bus_.scope, sizeof(Dimensions)));
    bus_.dimensions = new (kept) Dimensions(*learned_);
    changed_ = false;
  }

 private:
  Bus& bus_;
  std::optional<Dimensions> learned_;
  bool changed_ = false;
};

// --- Alerts

const AlertFlags* learn_alert_flags(const Bus& bus, const Dimensions& known,
                                    const packet_info* pinfo, const Request& request, Bytes data) {
  if (request.table != ET(13)) return nullptr;
  const Findings findings =
      find(pinfo->pool, find_table(ET(13))->root, {request.offset, data}, known);
  AlertFlags* flags = nullptr;
  for (unsigned i = 0; i < findings.count(); ++i) {
    const Found& found = findings[i];
    if (found.what != Found::What::leaf || !found.complete || found.node->role != Role::flags)
      continue;
    if (!flags) flags = wmem_new0(bus.scope, AlertFlags);
    const std::int64_t word = value_of(found, {request.offset, data});
    for (const BitField& field : found.node->bit_fields())
      if (field.single() && bits_value(field, word))
        flags->names =
            flags->names ? wmem_strdup_printf(bus.scope, "%s, %s", flags->names, field.name.c_str())
                         : wmem_strdup(bus.scope, field.name.c_str());
    flags->bits |= static_cast<std::uint32_t>(word);
  }
  return flags;
}

// What a transaction's responses tell counts like any other response.
void learn_from_transaction(Bus& bus, Lesson& lesson, const packet_info* pinfo,
                            Transaction& responses) {
  if (!responses.partner) return;
  const Bytes asked(responses.partner->bytes, responses.partner->size);
  const Bytes answered(responses.bytes, responses.size);
  TransactionRecords requests(asked);
  TransactionRecords records(answered);
  for (unsigned record = 0; const auto request_at = requests.next(); ++record) {
    const auto response_at = records.next();
    if (!response_at) return;
    const Bytes question = request_at->of(asked);
    const Request request = parse_request(question, Trailer::absent);
    const bool read = is_read(static_cast<RequestCode>(request.code));
    if (!read && !is_write(static_cast<RequestCode>(request.code))) continue;
    const Bytes message = response_at->of(answered);
    const Response response =
        parse_response(message, read ? Answers::read : Answers::write, Trailer::absent);
    if (!response.is(ResponseCode::ok)) continue;
    if (!read) {
      if (request.problem == Problem::none) lesson.take(request, request.data.of(question));
      continue;
    }
    const Bytes data = response.data.of(message);
    lesson.take(request, data);
    keep_call(bus.scope, responses, record, learn_result(bus, pinfo, request, data));
  }
}

}  // namespace

void learn_from_write(Bus& bus, const packet_info* pinfo, Exchange& exchange, FrameFacts& facts) {
  const Bytes data(exchange.written, exchange.request.data.size);
  exchange.call = learn_call(bus, pinfo, exchange.request, data);
  facts.transaction = learn_transaction_requests(bus, pinfo, data, exchange.request);
}

void learn_from_answer(Bus& bus, const packet_info* pinfo, Exchange& exchange, Bytes message,
                       const Response& response, FrameFacts& facts) {
  if (!response.is(ResponseCode::ok) || !exchange.request.table) return;
  Lesson lesson(bus);
  if (answers_to(&exchange) == Answers::write) {
    lesson.take(exchange.request, {exchange.written, exchange.request.data.size});
  } else if (answers_to(&exchange) == Answers::read) {
    const Bytes data = response.data.of(message);
    lesson.take(exchange.request, data);
    const Call* call = learn_result(bus, pinfo, exchange.request, data);
    if (call) exchange.call = call;
    facts.alert_flags = learn_alert_flags(bus, lesson.known(), pinfo, exchange.request, data);
    facts.foreign_result = !call && holds_procedure_results(*exchange.request.table) &&
                           exchange.request.offset == 0 && procedure::parse_result(data);
    if (exchange.request.table == ET(53)) {
      Transaction* transaction = learn_transaction_responses(bus, pinfo, exchange, data);
      facts.transaction = transaction;
      if (transaction) learn_from_transaction(bus, lesson, pinfo, *transaction);
    }
  }
  lesson.keep();
  facts.dimensions = bus.dimensions;
}

}  // namespace mep::plugin
