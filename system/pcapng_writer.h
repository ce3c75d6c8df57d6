// Writes captures as pcapng: four kinds of block and the options that this project has something to
// say in (draft-ietf-opsawg-pcapng; numbers of blocks and options are the draft's).
//
// System. To be added here: a block or an option of pcapng; what stands in it is its users'.
// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/tap.h"
#include "protocol/types.h"

namespace mep::system {

// A moment as pcapng has it: nanoseconds since 1970.
using WallTime = std::int64_t;

// What the Section Header Block says. Here and below, what is empty is left out; what is no UTF-8
// is made some, and what is longer than an option can be (65,535 bytes) is cut off.
struct Section {
  std::string hardware;
  std::string operating_system;
  std::string comment;
  std::string application = "mepdump " MEP_VERSION;
};

// What an Interface Description Block says.
struct Interface {
  std::string name;               // the port
  std::string description;        // its role
  std::string filter;             // the capture filter, or empty
  std::uint64_t bits_per_second;  // 0: unknown
  std::uint16_t link_type = tap::link_type;
};

struct Record {
  std::uint32_t interface;
  Direction direction;
  WallTime time;
  Bytes bytes;                    // tap header and frame, or what the interface's link type says
  std::string_view comment = {};  // empty: none
};

// What an Interface Statistics Block says.
struct Statistics {
  WallTime start;
  WallTime now;        // until when there has been counted
  bool ended = false;  // and the capture has come to its end
  std::uint64_t received = 0;
  std::uint64_t dropped = 0;   // at least: how often bytes were lost
  std::uint64_t accepted = 0;  // by the capture filter
};

// In this machine's byte order, each block with one write(2): what a killed capture leaves behind
// is readable. Throughout: throws a Problem that names `path` if it cannot write, and ReaderGone if
// a pipe has lost its reader. What was written is with the reader when a call returns.
class PcapngWriter {
 public:
  // Writes the section header and the interface descriptions. `fd` stays the caller's, and open for
  // as long as this lives.
  PcapngWriter(int fd, std::string path, const Section& section, std::vector<Interface> interfaces);

  void write(const Record& record);

  // Writes a statistics block for each interface, in their order. It may be called again and again:
  // each block tells of the time from the beginning on.
  void write(std::span<const Statistics> statistics);
  // The same of one interface.
  void write(std::uint32_t interface, const Statistics& statistics);

 private:
  int fd_;
  std::string path_;
  std::vector<Interface> interfaces_;
};

}  // namespace mep::system
