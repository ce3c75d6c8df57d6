// Reads captures: pcapng and the older pcap, in either byte order, from any machine.
//
// A reader of its own beside the writer, since libpcap leaves out options (directions, comments)
// and libwiretap would tie these tools to one Wireshark. It takes what records say and counts what
// else there is: a capture that is to be shared must be known to the last block.
//
// Captures. To be added here: a block or an option of pcapng that somebody has to know of.
// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "protocol/types.h"
#include "system/pcapng_writer.h"

namespace mep::captures {

using system::WallTime;

struct ReadInterface {
  std::uint16_t link_type = 0;
  std::uint64_t bits_per_second = 0;  // 0: unknown
};

struct ReadRecord {
  std::size_t interface = 0;  // through all sections of the file
  Direction direction = Direction::unknown;
  WallTime time = 0;
  std::vector<std::uint8_t> bytes;
  std::size_t original_size = 0;  // more than there are bytes where a snapshot length cut
};

struct ReadStatistics {
  std::size_t interface = 0;
  WallTime time = 0;
  std::optional<WallTime> start;
  bool ended = false;
  std::uint64_t received = 0;
  std::uint64_t dropped = 0;
};

struct CaptureFile {
  std::vector<ReadInterface> interfaces;
  std::vector<ReadRecord> records;
  std::vector<ReadStatistics> statistics;
  // What the file says besides: comments, names of hosts, programs, ports, users; in words.
  std::vector<std::string> texts;
  // Blocks and options that are none of the above, by what they are: "embedded secrets" -> 1.
  std::map<std::string, std::size_t> others;
  std::string damage;  // how the file ends before it should; empty: it does not
};

// Throws a Problem that names the file and says what to do: it cannot be read, or is no capture. A
// file that is damaged further on is read as far as that.
CaptureFile read_capture(const std::string& path);

// The same of bytes. `name` is for messages.
CaptureFile read_capture(Bytes file, const std::string& name);

// All bytes of a file; throws a Problem.
std::vector<std::uint8_t> read_file(const std::string& path);

}  // namespace mep::captures
