// Files that are there as a whole or not at all, and captures in them.
//
// Captures. To be added here: what both programs write.
// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>

#include "captures/sharing.h"
#include "protocol/types.h"
#include "system/file_descriptor.h"
#include "system/pcapng_writer.h"

namespace mep::captures {

// A file beside `path` that takes its place when it is kept, and is gone otherwise.
class TemporaryFile {
 public:
  // Throws a Problem where it cannot be made.
  explicit TemporaryFile(std::string path);
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  ~TemporaryFile();

  int fd() const { return fd_.get(); }
  const std::string& path() const { return temporary_; }
  // Writes all of it at the end. Throws a Problem where that is not possible.
  void write(Bytes bytes) const;
  // Throws a Problem where it cannot take the place.
  void keep();

 private:
  std::string path_;
  std::string temporary_;
  system::FileDescriptor fd_;
  bool kept_ = false;
};

// Throws what `sink` does.
void write_shared(const system::PcapngWriter::Sink& sink, const Shared& shared);

}  // namespace mep::captures
