// Logs: all bytes that were found on lines are in a frame or told as unused, and none is told
// twice. SPDX-License-Identifier: GPL-2.0-or-later
#include "captures/assembler.h"
#include "captures/log_reader.h"
#include "tests/fuzz/fuzz.h"

namespace mep {

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const captures::LogContents log = captures::read_log({reinterpret_cast<const char*>(data), size});
  std::size_t there = 0;
  for (const auto& each : log.logged) {
    there += each.bytes.size();
    fuzz::must(each.line >= 1 && each.line <= log.lines, "bytes stand on a line");
  }
  for (const auto& each : log.unused)
    fuzz::must(each.line >= 1 && each.line <= log.lines && !each.why.empty(),
               "what is not used stands on a line, and has a reason");
  const captures::Assembled made = captures::assemble(log.logged);
  std::size_t used = made.unused_bytes;
  for (const auto& each : made.frames) {
    used += each.bytes.size();
    fuzz::must(each.bytes.size() >= length_field_size, "a frame has a length field");
  }
  fuzz::must(used == there, "frames and unused bytes are all bytes");
  return 0;
}

}  // namespace mep
