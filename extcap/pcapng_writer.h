// Writes captures as pcapng, through Wireshark's own writer.
// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "protocol/types.h"
#include "system/file_descriptor.h"

struct wtap_dumper;

namespace mep::extcap {

// A moment as pcapng has it: nanoseconds since 1970.
using WallTime = std::int64_t;

// What the Section Header Block says; what is empty is left out.
struct Section {
  std::string hardware;
  std::string operating_system;
  std::string comment;
};

// The machine that this runs on.
Section this_machine();

// What an Interface Description Block says.
struct Interface {
  std::string name;         // the port
  std::string description;  // its role
  std::string filter;       // the capture filter, or empty
  std::uint64_t bits_per_second;
};

struct Record {
  std::uint32_t interface;
  Direction direction;
  WallTime time;
  Bytes bytes;  // tap header and frame
};

// What an Interface Statistics Block says.
struct Statistics {
  WallTime start;
  WallTime end;
  std::uint64_t received = 0;
  std::uint64_t dropped = 0;   // at least: how often bytes were lost
  std::uint64_t accepted = 0;  // by the capture filter
};

// Throughout: throws a Problem that names `path` if it cannot write, and ReaderGone if a pipe has
// lost its reader. What write() and the constructor wrote is with the reader when they return.
class PcapngWriter {
 public:
  // Writes the section header and the interface descriptions. `fd` stays the caller's.
  PcapngWriter(int fd, std::string path, const Section& section, std::vector<Interface> interfaces);

  void write(const Record& record);

  // Writes a statistics block for each interface, in their order, and ends the file.
  void close(std::span<const Statistics> statistics);

 private:
  struct Close {
    void operator()(wtap_dumper* dumper) const;
  };

  std::string path_;
  std::vector<Interface> interfaces_;
  system::FileDescriptor fd_;  // of the file that the dumper writes to
  std::unique_ptr<wtap_dumper, Close> dumper_;
};

}  // namespace mep::extcap
