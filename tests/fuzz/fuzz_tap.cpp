// The tap header: what was read is written as it was.
// SPDX-License-Identifier: GPL-2.0-or-later
#include "protocol/tap.h"
#include "tests/fuzz/fuzz.h"

namespace mep {

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const fuzz::Buffer record(data, data + size);
  const auto parsed = tap::parse(record);
  if (!parsed) return 0;
  fuzz::must(parsed->size >= tap::smallest_header_size && parsed->size <= size,
             "a header lies within the record");
  const auto again = tap::parse(tap::encode(parsed->header));
  fuzz::must(again && again->header.direction == parsed->header.direction &&
                 again->header.status == parsed->header.status &&
                 again->header.baud_rate == parsed->header.baud_rate &&
                 again->header.duration_us == parsed->header.duration_us &&
                 again->header.tap == parsed->header.tap,
             "a header is encoded as it was");
  return 0;
}

}  // namespace mep
