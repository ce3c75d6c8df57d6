// Captures of serial lines (RTAC, usbmon, pieces): as of logs, all bytes are accounted for.
// SPDX-License-Identifier: GPL-2.0-or-later
#include "captures/assembler.h"
#include "captures/serial_capture.h"
#include "system/problem.h"
#include "tests/fuzz/fuzz.h"

namespace mep {

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  captures::CaptureFile file;
  try {
    file = captures::read_capture({data, size}, "input");
  } catch (const system::Problem&) {
    return 0;
  }
  const captures::LogContents contents = captures::serial_bytes(file);
  std::size_t there = 0;
  for (const auto& each : contents.logged) there += each.bytes.size();
  const captures::Assembled made = captures::assemble(contents.logged);
  std::size_t used = made.unused_bytes;
  for (const auto& each : made.frames) used += each.bytes.size();
  fuzz::must(used == there, "frames and unused bytes are all bytes");
  return 0;
}

}  // namespace mep
