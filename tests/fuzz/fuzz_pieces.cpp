// Records of unknown cut: they are used up step by step, and joined or not without a care.
// SPDX-License-Identifier: GPL-2.0-or-later
#include "protocol/bytes.h"
#include "protocol/pieces.h"
#include "tests/fuzz/fuzz.h"

namespace mep {

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Feed feed(data, size);
  const auto direction = static_cast<Direction>(feed.byte() % 3);
  const fuzz::Buffer waiting = fuzz::copy(feed.some(feed.number(2)));
  const fuzz::Buffer record = fuzz::copy(feed.rest());
  if (waiting.size() >= length_field_size && !record.empty())
    static_cast<void>(goes_on(waiting, record, direction));
  Bytes left = record;
  for (bool first = true; !left.empty(); first = false) {
    const Part part = first_part(left, first, direction);
    fuzz::must(part.size >= 1 && part.size <= left.size(), "a part is some of the record");
    if (part.kind == PartKind::frame)
      fuzz::must(part.size == length_field_size + read_be(left, 0, length_field_size),
                 "a frame is as long as it says");
    left = left.subspan(part.size);
  }
  return 0;
}

}  // namespace mep
