// SPDX-License-Identifier: GPL-2.0-or-later
#include "captures/bus_memory.h"

#include <utility>

#include "protocol/names.h"
#include "protocol/size_evidence.h"
#include "protocol/tables/tables.h"
#include "protocol/transaction.h"
#include "protocol/walker.h"

namespace mep::captures {
namespace {

bool reads(const Request& request) {
  const auto code = static_cast<RequestCode>(request.code);
  return is_read(code);
}
bool writes(const Request& request) {
  return is_write(static_cast<RequestCode>(request.code));
}

TableStretch stretch_of(const Request& request, bool read, Bytes message, Extent data,
                        std::size_t number) {
  TableStretch made;
  made.request = request;
  made.read = read;
  const Bytes bytes = data.of(message);
  made.bytes.assign(bytes.begin(), bytes.end());
  for (std::size_t i = 0; i < data.size; ++i) made.places.push_back({number, data.offset + i});
  return made;
}

// A part of an assembled transaction as a stretch of its own.
TableStretch inner(const TableStretch& whole, const Request& request, bool read,
                   std::size_t message_at, Extent data) {
  TableStretch made;
  made.request = request;
  made.read = read;
  const std::size_t from = message_at + data.offset;
  for (std::size_t i = from; i < from + data.size; ++i) {
    made.bytes.push_back(whole.bytes[i]);
    made.places.push_back(whole.places[i]);
  }
  return made;
}

}  // namespace

BusMemory::Layout BusMemory::layout_of(const TableStretch& stretch) const {
  const SizeVerdict verdict = stretch.read
                                  ? judge_answer(stretch.request, stretch.bytes.size(), dimensions_)
                                  : SizeVerdict();
  return {with_found(verdict, dimensions_), verdict.kind == SizeVerdict::Kind::contradicted};
}

void BusMemory::learn(const TableStretch& stretch) {
  const std::uint16_t number = stretch.request.table.value_or(pending_flag);
  const Table* table = (number & pending_flag) == 0 ? find_table(number) : nullptr;
  if (!table || stretch.bytes.empty()) return;
  const Layout layout = layout_of(stretch);
  if (layout.contradicted) return;
  mep::learn(*table, {stretch.request.offset, stretch.bytes}, layout.dimensions, dimensions_);
}

void BusMemory::stretches(const std::vector<Opened>& all, std::size_t number, const Use& use,
                          const Use& unfinished) {
  const Opened& opened = all[number];
  if (opened.kind == Opened::Kind::request) {
    if (!writes(opened.request) || !opened.request.table || opened.request.data.size == 0) return;
    TableStretch made =
        stretch_of(opened.request, false, opened.message, opened.request.data, number);
    if (opened.request.table == ET(52))
      return take_piece(requests_, std::move(made), use, unfinished);
    return use(made);
  }
  if (opened.kind != Opened::Kind::answer || opened.response.data.size == 0) return;
  Request request;
  if (opened.partner != nobody) request = all[opened.partner].request;
  if (!reads(request) || !opened.response.is(ResponseCode::ok)) request.table.reset();
  TableStretch made = stretch_of(request, true, opened.message, opened.response.data, number);
  if (request.table == ET(53)) return take_piece(responses_, std::move(made), use, unfinished);
  use(made);
}

void BusMemory::take_piece(Assembly& assembly, TableStretch piece, const Use& use,
                           const Use& unfinished) {
  const bool goes_on = assembly.begun && piece.request.offset == assembly.all.bytes.size() &&
                       piece.request.offset != 0 &&
                       assembly.all.bytes.size() + piece.bytes.size() <= max_transaction_size;
  if (!goes_on) {
    give_up(assembly, unfinished);
    if (piece.request.offset != 0) return unfinished(piece);
    assembly.all = std::move(piece);
    assembly.begun = true;
  } else {
    TableStretch& whole = assembly.all;
    whole.bytes.insert(whole.bytes.end(), piece.bytes.begin(), piece.bytes.end());
    whole.places.insert(whole.places.end(), piece.places.begin(), piece.places.end());
  }
  take_whole(assembly, use, unfinished);
}

void BusMemory::take_whole(Assembly& assembly, const Use& use, const Use& unfinished) {
  const TableStretch& whole = assembly.all;
  const auto header = parse_transaction_header(whole.bytes);
  if (!header) return;
  constexpr std::size_t smallest = transaction_header_size + transaction_number_size;
  if (header->size < smallest) return give_up(assembly, unfinished);
  if (header->size > whole.bytes.size()) return;
  const bool of_requests = &assembly == &requests_;
  if (of_requests) asked_.clear();
  // What no record's table data are stays as it is known: sizes, codes, numbers. All else goes.
  std::vector<bool> known(whole.bytes.size(), false);
  const auto mark = [&known](std::size_t from, std::size_t size) {
    for (std::size_t i = from; i < from + size && i < known.size(); ++i) known[i] = true;
  };
  mark(0, transaction_header_size);
  mark(header->size - transaction_number_size, transaction_number_size);
  const Bytes bytes = Bytes(whole.bytes).first(header->size);
  TransactionRecords records(bytes);
  constexpr std::size_t record_length_size = 2;
  for (std::size_t number = 0; const auto at = records.next(); ++number) {
    const Bytes message = at->of(bytes);
    mark(at->offset - record_length_size, record_length_size);
    if (of_requests) {
      const Request request = parse_request(message, Trailer::absent);
      asked_.push_back(request);
      const bool described = reads(request) || writes(request);
      const std::size_t head = request.data.size != 0 ? request.data.offset : message.size();
      mark(at->offset, described && request.problem == Problem::none ? head : 1);
      if (!writes(request) || !request.table || request.data.size == 0) continue;
      mark(at->offset + request.data.offset, request.data.size);
      use(inner(whole, request, false, at->offset, request.data));
    } else {
      Request request;
      if (number < asked_.size()) request = asked_[number];
      const Answers answers = reads(request)    ? Answers::read
                              : writes(request) ? Answers::write
                                                : Answers::unknown;
      const Response response = parse_response(message, answers, Trailer::absent);
      mark(at->offset, response.count ? 3 : 1);
      if (response.data.size == 0) continue;
      if (!reads(request) || !response.is(ResponseCode::ok)) request.table.reset();
      mark(at->offset + response.data.offset, response.data.size);
      use(inner(whole, request, true, at->offset, response.data));
    }
  }
  TableStretch rest;
  for (std::size_t i = 0; i < known.size(); ++i) {
    if (known[i]) continue;
    rest.bytes.push_back(whole.bytes[i]);
    rest.places.push_back(whole.places[i]);
  }
  if (!rest.bytes.empty()) unfinished(rest);
  assembly = {};
}

void BusMemory::give_up(Assembly& assembly, const Use& unfinished) {
  if (assembly.begun && !assembly.all.bytes.empty()) unfinished(assembly.all);
  assembly = {};
}

void BusMemory::finish(const Use& unfinished) {
  give_up(requests_, unfinished);
  give_up(responses_, unfinished);
  asked_.clear();
}

}  // namespace mep::captures
