// pcapng and pcap: it reads or says why not, and nothing comes out that was not in the file.
// SPDX-License-Identifier: GPL-2.0-or-later
#include "captures/capture_reader.h"
#include "system/problem.h"
#include "tests/fuzz/fuzz.h"

namespace mep {

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    const captures::CaptureFile file = captures::read_capture({data, size}, "input");
    std::size_t bytes = 0;
    for (const auto& each : file.records) {
      bytes += each.bytes.size();
      fuzz::must(each.interface < file.interfaces.size(), "a record has an interface");
    }
    for (const auto& each : file.texts) bytes += each.size();
    fuzz::must(bytes <= size, "no more bytes than the file has");
    for (const auto& each : file.statistics)
      fuzz::must(each.interface < file.interfaces.size(), "statistics have an interface");
  } catch (const system::Problem&) {
  }
  return 0;
}

}  // namespace mep
