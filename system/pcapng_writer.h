// Writes captures as pcapng: four kinds of block and the options that this project has something to
// say in (draft-ietf-opsawg-pcapng; numbers of blocks and options are the draft's).
//
// System. To be added here: a block or an option of pcapng; what stands in it is its users'.
// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
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
  Bytes bytes;  // tap header and frame, or what the interface's link type says
  std::vector<std::string> comments = {};
  std::uint8_t status = 0;   // of the tap header
  std::uint64_t missed = 0;  // how many of its line were not written since the last one that was
};

// What an Interface Statistics Block says.
struct Statistics {
  WallTime start;
  WallTime now;        // until when there has been counted
  bool ended = false;  // and the capture has come to its end
  std::uint64_t received = 0;
  std::uint64_t dropped = 0;   // at least: how often bytes were lost
  std::uint64_t accepted = 0;  // by the capture filter
  std::vector<std::string> comments = {};
};

// Makes blocks in this machine's byte order, and hands over each of them whole.
class PcapngWriter {
 public:
  using Sink = std::function<void(std::vector<std::uint8_t> block)>;

  // Writes the section header and the interface descriptions. Throws what `sink` does, here and
  // below.
  PcapngWriter(Sink sink, const Section& section, std::vector<Interface> interfaces);

  void write(const Record& record);

  // Writes a statistics block for each interface, in their order. It may be called again and again:
  // each block tells of the time from the beginning on.
  void write(std::span<const Statistics> statistics);
  // The same of one interface.
  void write(std::uint32_t interface, const Statistics& statistics);

 private:
  Sink sink_;
  std::vector<Interface> interfaces_;
};

}  // namespace mep::system
