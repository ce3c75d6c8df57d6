// Telnet around a serial port's bytes: it is used up step by step, and cut only at its end.
// SPDX-License-Identifier: GPL-2.0-or-later
#include "protocol/telnet.h"
#include "tests/fuzz/fuzz.h"

namespace mep {

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const fuzz::Buffer stream(data, data + size);
  Bytes left = stream;
  while (!left.empty()) {
    if (telnet::negotiates(left)) fuzz::must(left[0] == 0xFF, "negotiations begin with FF");
    static_cast<void>(telnet::may_negotiate(left));
    const telnet::Taken taken = telnet::take(left);
    if (taken.step == telnet::Step::cut) break;
    fuzz::must(taken.size >= 1 && taken.size <= left.size(), "a step is some of the stream");
    left = left.subspan(taken.size);
  }
  return 0;
}

}  // namespace mep
