// Transactions: messages lie within, one behind the other, whichever way they are asked for.
// SPDX-License-Identifier: GPL-2.0-or-later
#include "protocol/transaction.h"
#include "tests/fuzz/fuzz.h"

namespace mep {

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const fuzz::Buffer bytes(data, data + std::min<std::size_t>(size, 4096));
  const auto header = parse_transaction_header(bytes);
  fuzz::must(header.has_value() == (bytes.size() >= transaction_header_size),
             "a header is there where there is room for it");
  static_cast<void>(closing_transaction_number(bytes));
  if (!header) return 0;
  TransactionRecords records(bytes);
  std::size_t behind = transaction_header_size;
  for (unsigned index = 0; const auto record = records.next(); ++index) {
    fuzz::must(record->offset >= behind && record->offset + record->size <= bytes.size(),
               "records lie within, one behind the other");
    behind = std::size_t{record->offset} + record->size;
    const auto same = transaction_record(bytes, index);
    fuzz::must(same && same->offset == record->offset && same->size == record->size,
               "a record is where it is");
    const Request request = parse_request(record->of(bytes), Trailer::absent);
    fuzz::must(request.data.offset + request.data.size <= record->size, "data lie within");
  }
  return 0;
}

}  // namespace mep
