// The splitter of a line: every byte in exactly one record, in order; frames are what they say.
//
// Input: direction; how many pauses, and each: where (2) and how long (1, in ms); the line's bytes.
// SPDX-License-Identifier: GPL-2.0-or-later
#include <map>

#include "protocol/bytes.h"
#include "protocol/frame.h"
#include "protocol/tap.h"
#include "tests/fuzz/fuzz.h"

namespace mep {
using std::chrono::microseconds;
using std::chrono::milliseconds;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Feed feed(data, size);
  const std::uint8_t settings = feed.byte();
  std::map<std::size_t, unsigned> pauses;
  for (unsigned i = settings >> 4U; i > 0; --i) {
    const auto at = feed.number(2);
    pauses[at] = feed.byte();
  }
  const fuzz::Buffer line = fuzz::copy(feed.rest());
  fuzz::Buffer out;
  Instant last{0};
  FrameSplitter splitter(
      static_cast<Direction>(settings % 3), milliseconds(500), [&](const LineRecord& record) {
        fuzz::must(!record.bytes.empty(), "a record has bytes");
        fuzz::must(record.first <= record.last && record.first >= last, "records come in order");
        last = record.first;
        if (record.status == 0)
          fuzz::must(record.bytes.size() ==
                         length_field_size + read_be(record.bytes, 0, length_field_size),
                     "a frame is as long as it says");
        out.insert(out.end(), record.bytes.begin(), record.bytes.end());
      });
  Instant now{0};
  std::size_t place = 0;
  for (const std::uint8_t byte : line) {
    const auto pause = pauses.find(place++);
    now += microseconds(1042) + milliseconds(pause == pauses.end() ? 0 : pause->second);
    while (const auto deadline = splitter.deadline()) {
      if (*deadline > now) break;
      splitter.advance(*deadline);
    }
    splitter.push(byte, now);
  }
  splitter.finish();
  fuzz::must(fuzz::same(out, line), "every byte is in exactly one record");
  return 0;
}

}  // namespace mep
