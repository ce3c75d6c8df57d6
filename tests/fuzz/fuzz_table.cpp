// Tables, with any dimensions: nothing outside of the data, every byte once; what is encoded from
// the fields' bytes is those bytes.
//
// Input: which table (1), where the bytes begin (3), how many dimensions are told (1), and of each
// which (1), its slot (1) and its value (2); then the bytes.
// SPDX-License-Identifier: GPL-2.0-or-later
#include "protocol/catalog.h"
#include "protocol/encoder.h"
#include "protocol/size_evidence.h"
#include "tests/fuzz/fuzz.h"
#include "tests/unit/walk_record.h"

namespace mep {

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Feed feed(data, size);
  const auto& all = catalog().tables;
  const Table& table = all[feed.byte() % all.size()];
  const std::uint64_t offset = feed.number(3);
  Dimensions dimensions;
  for (unsigned i = feed.byte() % 32; i > 0; --i) {
    const auto dim = static_cast<Dim>(feed.byte() % dim_count());
    const std::size_t slot = feed.byte() % dim_info(dim).slots;
    dimensions.learn(dim, slot, static_cast<std::int32_t>(feed.number(2)));
  }
  const fuzz::Buffer bytes = fuzz::copy(feed.rest());
  const Stretch stretch{offset, bytes};
  test::WalkRecord seen(stretch);
  walk(table, stretch, dimensions, seen);
  if (!seen.consistent()) fuzz::must(false, seen.broken);

  Dimensions learned = dimensions;
  learn(table, stretch, dimensions, learned);
  static_cast<void>(size_of(table, learned));
  static_cast<void>(judge_size(table, offset, bytes.size(), Reach::whole, dimensions));

  if (offset != 0 || bytes.empty()) return 0;
  const auto as_it_was = [&bytes](const Asked& asked) -> Value {
    if (asked.bits || asked.position >= bytes.size()) return {};
    const Bytes there = Bytes(bytes).subspan(asked.position);
    const Bytes value = there.first(std::min<std::uint64_t>(asked.size, there.size()));
    return fuzz::copy(value);
  };
  const Encoded again = encode(table, dimensions, as_it_was, bytes.size());
  fuzz::must(again.refused.empty(), "bytes always fit into the field that they came from");
  // What is left over in a record, no field has.
  fuzz::Buffer wanted = bytes;
  for (const test::SeenGap& gap : seen.gaps)
    std::fill(wanted.begin() + static_cast<std::ptrdiff_t>(gap.from),
              wanted.begin() + static_cast<std::ptrdiff_t>(gap.to), std::uint8_t{0});
  fuzz::must(again.bytes.size() <= wanted.size() &&
                 fuzz::same(again.bytes, Bytes(wanted).first(again.bytes.size())),
             "a table is encoded as it was");
  return 0;
}

}  // namespace mep
