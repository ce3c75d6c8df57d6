// Lines that are no ports: a named pipe that another program writes a line's bytes into, and a file
// that one has written them into.
//
// Extcap. To be added here: another kind of file that holds a line's bytes.
// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>
#include <vector>

#include "extcap/line_source.h"
#include "system/file_descriptor.h"

namespace mep::extcap {

class FileSource : public LineSource {
 public:
  // Opens a named pipe, which is a line as a port is one, or a file, which is a recording: its
  // bytes have no times. Throws a Problem that says what to do about it.
  FileSource(std::string name, std::string path, const std::string& file);

  const std::string& name() const override { return name_; }
  const std::string& path() const override { return path_; }
  system::WaitHandle fd() const override { return fd_.get(); }
  void take(Bytes raw, std::vector<std::uint8_t>& bytes) override;
  // A pipe has no end while somebody could write into it: this program could, so its writers may
  // come and go.
  void end(int /*error*/) override { gone_ = true; }
  bool is_recording() const override { return is_recording_; }
  bool gone() const override { return gone_; }
  std::string what_happened() const override { return "it cannot be read any more"; }
  std::string remedy() const override { return "see that it is there"; }
  void close() override { fd_.reset(); }
  bool may_come_back() const override { return false; }
  bool come_back() override { return false; }

 private:
  const std::string name_;
  const std::string path_;
  system::FileDescriptor fd_;
  system::FileDescriptor writing_end_;  // of a pipe, held and never written to: see end()
  bool is_recording_ = false;
  bool gone_ = false;
};

}  // namespace mep::extcap
