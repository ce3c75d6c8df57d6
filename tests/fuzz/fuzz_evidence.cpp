// What a message's bytes say: any bytes, and never more than a message can say.
// SPDX-License-Identifier: GPL-2.0-or-later
#include "protocol/evidence.h"
#include "tests/fuzz/fuzz.h"

namespace mep {

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Feed feed(data, size);
  const auto before = static_cast<std::uint32_t>(feed.number(4));
  const auto after = static_cast<std::uint32_t>(feed.number(4));
  const fuzz::Buffer question = fuzz::copy(feed.some(feed.byte()));
  const fuzz::Buffer message = fuzz::copy(feed.rest());
  const Request request = parse_request(question, Trailer::present);
  constexpr int most = 1000;
  for (const int bits : {clear_request_bits(message), clear_response_bits(message, nullptr),
                         clear_response_bits(message, &request), sequence_bits(before, after)})
    fuzz::must(bits > -most && bits < most, "evidence is a number of bits");
  return 0;
}

}  // namespace mep
