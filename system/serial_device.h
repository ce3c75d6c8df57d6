// A serial port in the hands of this program alone: opened, locked, set, and put back as it was.
//
// System. To be added here: what a serial port can tell or be set to.
// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <termios.h>

#include <cstdint>
#include <string>

#include "system/file_descriptor.h"

namespace mep::system {

// Whether anything can be written to a port. What taps a line only listens: the kernel then refuses
// every write.
enum class PortUse : std::uint8_t { listen, speak };

// Whether others may have the port open at the same time. Each then gets a part of what arrives.
struct Sharing {
  bool allowed = false;
  std::string how = {};  // what a user does to allow it, for error messages; empty: nothing
};

// Modem lines: Linux itself raises DTR and RTS when a port is opened for the first time, and lowers
// them when it is closed for the last, unless HUPCL is off. The first cannot be prevented; here
// HUPCL goes off at once and stays off, and no speed in between is B0, which lowers them, too.
class SerialDevice {
 public:
  // Opens `path`, for this process alone unless sharing is allowed, raw, 8N1, at `baud_rate`.
  // `name` is what error messages call the port ("client line"), `ports_there_are` what they say
  // where there is no such port. To listen, the driver is asked to mark errors (INPCK, PARMRK), and
  // to hand over what has come at once, where it has a mode for that.
  // Throws a Problem that says what to do about it.
  SerialDevice(std::string name, std::string path, unsigned baud_rate, PortUse use,
               std::string (*ports_there_are)() = nullptr, Sharing sharing = {});
  SerialDevice(const SerialDevice&) = delete;
  SerialDevice& operator=(const SerialDevice&) = delete;
  ~SerialDevice();

  int fd() const { return fd_.get(); }
  const std::string& name() const { return name_; }
  const std::string& path() const { return path_; }

  // Once everything has left. Throws a Problem where the port does not do that speed.
  void set_speed(unsigned baud_rate);
  // Whether the driver marks errors in what it hands over.
  bool marks_errors() const { return marks_errors_; }
  // The port has been unplugged: its settings cannot be put back any more.
  void note_gone() { gone_ = true; }

 private:
  void refuse_if_in_use() const;
  void configure(unsigned baud_rate);
  void apply(termios settings, int when, unsigned baud_rate);
  void apply_any_speed(const termios& settings, int when, unsigned baud_rate);
  bool set_low_latency(bool on) const;
  [[noreturn]] void fail(const std::string& reason) const;
  [[noreturn]] void fail_to_open(int error) const;
  [[noreturn]] void fail_as_unable(unsigned baud_rate) const;
  [[noreturn]] void fail_as_busy(const std::string& why) const;

  std::string name_;
  std::string path_;
  PortUse use_;
  std::string (*ports_there_are_)();
  Sharing sharing_;
  FileDescriptor fd_;
  termios before_{};
  bool marks_errors_ = false;
  bool made_prompt_ = false;  // the driver's low-latency mode was off before
  bool configured_ = false;
  bool gone_ = false;
};

}  // namespace mep::system
