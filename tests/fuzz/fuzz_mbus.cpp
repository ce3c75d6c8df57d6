// M-Bus records: one after the other, and all of the telegram.
// SPDX-License-Identifier: GPL-2.0-or-later
#include "protocol/mbus_record.h"
#include "tests/fuzz/fuzz.h"

namespace mep {

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Feed feed(data, size);
  const auto order = (feed.byte() & 1U) != 0 ? mbus::Order::most_first : mbus::Order::least_first;
  const fuzz::Buffer bytes = fuzz::copy(feed.rest());
  std::size_t at = 0;
  mbus::Records records(bytes, order);
  while (const auto record = records.next()) {
    fuzz::must(record->offset == at && record->size >= 1, "records follow one another");
    fuzz::must(record->size <= bytes.size() - at, "a record lies within the data");
    at += record->size;
    fuzz::must(!mbus::line_of(*record).empty(), "a record can be told");
    fuzz::must(record->kind != mbus::Record::Kind::malformed || !record->problem.empty(),
               "what is malformed has a reason");
    if (record->kind != mbus::Record::Kind::value) continue;
    fuzz::must(record->value_offset <= record->size, "a value lies within its record");
    static_cast<void>(mbus::circumstances(record->header));
    const Bytes value = Bytes(bytes).subspan(record->offset + record->value_offset,
                                             record->size - record->value_offset);
    static_cast<void>(mbus::digits_of(record->header, value, order));
    static_cast<void>(mbus::is_main_reading(*record));
  }
  fuzz::must(at == bytes.size(), "every byte is in a record");
  if (const auto header = mbus::parse_long_header(bytes)) {
    const Bytes behind = Bytes(bytes).subspan(mbus::long_header_size);
    static_cast<void>(mbus::encrypted_size(header->signature, behind));
    static_cast<void>(mbus::encryption_mode(header->signature));
  }
  return 0;
}

}  // namespace mep
