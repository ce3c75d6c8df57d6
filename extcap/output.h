// Where a capture goes: a file, the FIFO that Wireshark reads, or standard output.
//
// Extcap. To be added here: another place to write to.
// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <functional>
#include <string>

#include "system/file_descriptor.h"

namespace mep::extcap {

class Output {
 public:
  // `may_overwrite`: a file that exists and is not empty may be lost.
  explicit Output(std::string path, bool may_overwrite = false)
      : path_(std::move(path)), may_overwrite_(may_overwrite) {}

  // Whether a FIFO stands at the path. It has to be opened before anything else can fail: its
  // reader waits until it has been opened and closed.
  bool is_fifo() const;

  // Opens it. A FIFO can only be opened once somebody reads it: `wait` is called in the meantime,
  // and returns false to give up. Returns whether it is open. Throws a Problem if it never will be.
  // A new file is for its owner alone (0600), one that exists keeps its mode; a link to a file is
  // not followed. The file is locked (flock(2)) against a second mepdump until this is destroyed.
  bool open(const std::function<bool()>& wait);

  // Whether a reader can go away.
  bool has_reader() const { return has_reader_; }
  int fd() const { return fd_.get(); }
  const std::string& path() const { return path_; }

 private:
  void open_file();

  std::string path_;
  bool may_overwrite_;
  system::FileDescriptor fd_;
  bool has_reader_ = false;
};

}  // namespace mep::extcap
