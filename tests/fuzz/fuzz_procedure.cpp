// Procedures: headers that are encoded as they were, parameters and responses walked over.
//
// Input: which procedure (1), call or response (1), then BT07's bytes or those of a response.
// SPDX-License-Identifier: GPL-2.0-or-later
#include "protocol/catalog.h"
#include "protocol/procedure.h"
#include "tests/fuzz/fuzz.h"
#include "tests/unit/walk_record.h"

namespace mep {

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Feed feed(data, size);
  const auto& all = catalog().procedures;
  const Procedure& procedure = all[feed.byte() % all.size()];
  const bool call = (feed.byte() & 1U) != 0;
  const fuzz::Buffer bytes = fuzz::copy(feed.rest());
  if (const auto header = procedure::parse_call(bytes)) {
    const fuzz::Buffer again =
        procedure::encode_call(*header, Bytes(bytes).subspan(procedure::call_header_size));
    const auto twice = procedure::parse_call(again);
    fuzz::must(again.size() == bytes.size() && twice && twice->number == header->number &&
                   twice->handling == header->handling && twice->sequence == header->sequence &&
                   fuzz::same(Bytes(again).subspan(procedure::call_header_size),
                              Bytes(bytes).subspan(procedure::call_header_size)),
               "a call is encoded as it was");
    fuzz::must(procedure::parse_number(bytes) == header->number, "a call has one number");
  }
  static_cast<void>(procedure::parse_result(bytes));
  const Stretch stretch{0, bytes};
  test::WalkRecord seen(stretch);
  walk(call ? procedure.parameters : procedure.response, stretch, {}, seen);
  if (!seen.consistent()) fuzz::must(false, seen.broken);
  return 0;
}

}  // namespace mep
