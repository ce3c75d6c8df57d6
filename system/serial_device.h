// A serial port in the hands of this program alone: opened, locked, set, and put back as it was.
// What opens it stands behind this: serial_termios.cpp, which is Linux's, or
// serial_libserialport.cpp for other systems. The build chooses: MEP_SERIAL.
//
// System. To be added here: what a serial port can tell or be set to.
// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "protocol/types.h"
#include "system/event_loop.h"
#include "system/trouble_count.h"

namespace mep::system {

// Whether anything can be written to a port. What taps a line only listens: the kernel then refuses
// every write.
enum class PortUse : std::uint8_t { listen, speak };

// Whether others may have the port open at the same time. Each then gets a part of what arrives.
struct Sharing {
  bool allowed = false;
  std::string how = {};  // what a user does to allow it, for error messages; empty: nothing
};

struct PortRequest {
  std::string name;  // what error messages call the port ("client line")
  std::string path;
  unsigned baud_rate = 0;
  PortUse use = PortUse::listen;
  std::string (*ports_there_are)() = nullptr;  // what they say where there is no such port
  Sharing sharing = {};
};

// Whether a port that was asked for one speed and does another will do: a UART still reads bytes
// that come some 4 % too fast or too slowly.
constexpr bool speed_serves(unsigned asked, unsigned got) {
  constexpr unsigned percent = 2;
  return (got > asked ? got - asked : asked - got) <= asked / 100 * percent;
}

// Modem lines stay as they are, as far as the system lets one: docs/platforms.md.
class SerialDevice {
 public:
  // Opens the port, for this process alone unless sharing is allowed, raw, with 8N1 and no flow
  // control. To listen, the driver is asked to mark and to count errors, and to hand over what has
  // come at once, where it has a mode for that. Throws a Problem that says what to do about it.
  static std::unique_ptr<SerialDevice> open(PortRequest request);

  SerialDevice(const SerialDevice&) = delete;
  SerialDevice& operator=(const SerialDevice&) = delete;
  // Puts the settings back, unless the port is gone.
  virtual ~SerialDevice() = default;

  const std::string& name() const { return request_.name; }
  const std::string& path() const { return request_.path; }
  // What the event loop waits for.
  virtual WaitHandle handle() const = 0;

  // Reads what there is, without waiting. Returns how many bytes; 0 if there is nothing more at
  // present, or if the port is gone.
  virtual std::size_t read(std::span<std::uint8_t> buffer) = 0;
  // Writes what finds room, without waiting; the rest is lost.
  virtual void write(Bytes bytes) = 0;
  // Forgets what has arrived and was not read.
  virtual void discard_input() = 0;
  // Once everything has left. Throws a Problem where the port does not do that speed.
  virtual void set_speed(unsigned baud_rate) = 0;

  // Whether the driver marks errors in what is read: FF 00 before a byte that came with one,
  // FF 00 00 for a break, FF FF for a byte FF.
  virtual bool marks_errors() const { return false; }
  // What the driver has counted since some time before; nothing where it does not count.
  virtual std::optional<TroubleCount> trouble() const { return std::nullopt; }
  // The port has been unplugged; also if that is what whoever read from handle() has found.
  bool gone() const { return gone_; }
  void note_gone() { gone_ = true; }

 protected:
  // Refuses a port that somebody else has, unless sharing is allowed: before it is touched, since
  // opening it can already disturb who has it.
  explicit SerialDevice(PortRequest request);

  const PortRequest& request() const { return request_; }
  bool listens() const { return request_.use == PortUse::listen; }
  // To be called once it is open, and before it is closed.
  void take() const;
  void let_go() const;

  [[noreturn]] void fail(const std::string& reason) const;
  // `error`: as errno has it.
  [[noreturn]] void fail_to_open(int error) const;
  [[noreturn]] void fail_as_unable(unsigned baud_rate) const;

 private:
  [[noreturn]] void fail_as_busy(const std::string& why) const;

  PortRequest request_;
  bool gone_ = false;
};

}  // namespace mep::system
