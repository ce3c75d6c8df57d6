// SPDX-License-Identifier: GPL-2.0-or-later
#include "captures/capture_writer.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "system/problem.h"

namespace mep::captures {

TemporaryFile::TemporaryFile(std::string path)
    : path_(std::move(path)), temporary_(path_ + ".XXXXXX") {
  fd_ = system::FileDescriptor(mkstemp(temporary_.data()));
  if (!fd_) throw system::Problem("cannot write " + path_ + ": " + std::strerror(errno));
  // mkstemp() makes files for their owner alone; others may read what any program writes.
  const mode_t mask = umask(0);
  umask(mask);
  static_cast<void>(fchmod(fd_.get(), 0666 & ~mask));
}

TemporaryFile::~TemporaryFile() {
  if (!kept_) unlink(temporary_.c_str());
}

void TemporaryFile::write(Bytes bytes) const {
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd_.get(), bytes.data(), bytes.size());
    if (written >= 0)
      bytes = bytes.subspan(static_cast<std::size_t>(written));
    else if (errno != EINTR)
      throw system::Problem("cannot write " + path_ + ": " + std::strerror(errno));
  }
}

void TemporaryFile::keep() {
  if (std::rename(temporary_.c_str(), path_.c_str()) != 0)
    throw system::Problem("cannot write " + path_ + ": " + std::strerror(errno));
  kept_ = true;
}

void write_shared(const system::PcapngWriter::Sink& sink, const Shared& shared) {
  std::vector<system::Interface> interfaces;
  for (const ReadInterface& each : shared.interfaces)
    interfaces.push_back({{}, {}, {}, each.bits_per_second, each.link_type});
  system::PcapngWriter writer(sink, {{}, {}, {}, sharing_application}, interfaces);
  for (const SharedRecord& each : shared.records)
    writer.write(
        {static_cast<std::uint32_t>(each.interface), each.direction, each.time, each.bytes});
  for (const ReadStatistics& each : shared.statistics)
    writer.write(
        static_cast<std::uint32_t>(each.interface),
        {each.start.value_or(each.time), each.time, each.ended, each.received, each.dropped});
}

}  // namespace mep::captures
