// A port that taps a line: opened to read, never written to.
// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <termios.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "extcap/file_descriptor.h"
#include "extcap/marked_input.h"

namespace mep::extcap {

class SerialPort {
 public:
  // Opens `path` for this process alone, raw, 8N1, at `baud_rate` (one of baud_rates()). `name` is
  // what error messages call the line. Throws a Problem that says what to do about it.
  SerialPort(std::string name, std::string path, unsigned baud_rate);
  SerialPort(const SerialPort&) = delete;
  SerialPort& operator=(const SerialPort&) = delete;
  ~SerialPort();

  int fd() const { return fd_.get(); }
  const std::string& path() const { return path_; }
  const std::string& name() const { return name_; }

  // Whether the driver marks errors in what it hands over; see MarkedInput.
  bool marks_errors() const { return marks_errors_; }

  // Forgets what has arrived until now: nobody knows when.
  void discard_backlog();

  // Reads what there is, without waiting. Returns how many bytes; 0 if there is nothing more at
  // present, or if the port is gone.
  std::size_t read(std::span<std::uint8_t> buffer);

  // Whether the port has been unplugged.
  bool gone() const { return gone_; }

  // What the driver has counted since the last call; zeros where it does not count.
  TroubleCount trouble();

 private:
  void configure(unsigned baud_rate);
  [[noreturn]] void fail(const std::string& reason) const;
  [[noreturn]] void fail_to_open(int error) const;

  std::string name_;
  std::string path_;
  FileDescriptor fd_;
  termios before_{};
  TroubleCount counted_;
  bool marks_errors_ = false;
  bool configured_ = false;
  bool gone_ = false;
};

}  // namespace mep::extcap
