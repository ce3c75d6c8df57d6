// Port servers' connections: whatever the packets are, frames stand in them, and nothing else
// stays. SPDX-License-Identifier: GPL-2.0-or-later
#include "captures/network_capture.h"
#include "protocol/tap.h"
#include "system/problem.h"
#include "tests/fuzz/fuzz.h"

namespace mep::captures {

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  CaptureFile capture;
  try {
    capture = read_capture({data, size}, "input");
  } catch (const system::Problem&) {
    return 0;
  }
  std::size_t there = 0;
  for (const ReadRecord& each : capture.records) there += each.bytes.size();
  for (const Connection& each : connections_of(capture).connections) {
    std::size_t bytes = 0;
    for (const Logged& piece : each.logged) {
      fuzz::must(each.packets.contains(piece.line), "bytes come from a packet of the connection");
      bytes += piece.bytes.size();
    }
    fuzz::must(bytes <= there, "no byte comes twice");
    const Assembled made = assemble(each.logged);
    std::size_t used = made.unused_bytes;
    for (const ImportedFrame& frame : made.frames) used += frame.bytes.size();
    fuzz::must(used == bytes, "frames and unused bytes are all bytes");
  }
  std::map<std::string, std::size_t> taken;
  std::map<std::string, std::size_t> dropped;
  const CaptureFile made = as_tapped(capture, {}, {4001}, taken, dropped);
  for (const ReadInterface& each : made.interfaces)
    fuzz::must(!is_network(each.link_type), "no network stays");
  for (const ReadRecord& each : made.records)
    fuzz::must(each.interface < made.interfaces.size(), "a record has an interface");
  return 0;
}

}  // namespace mep::captures
