// Serial ports: which there are, and one that taps a line, opened to read and never written to.
//
// Extcap. To be added here: what a tapped port brings beside bytes.
// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "extcap/line_receiver.h"
#include "system/serial_device.h"

namespace mep::extcap {

struct ListedPort {
  std::string path;         // /dev/ttyUSB0
  std::string description;  // of the USB adapter, with maker and serial number; may be empty
  bool is_usb = false;
  std::string product = {};  // the adapter's own name alone; may be empty
  std::string usb = {};      // "USB 0403:6001, FTDI, serial number A50285BI"; empty: no USB adapter
};

// What libserialport finds, USB adapters first: nobody taps a meter with a motherboard's port
// when an adapter is plugged in.
std::vector<ListedPort> list_ports();

// An open port.
class SerialPort {
 public:
  // Opens `path`, for this process alone unless sharing is allowed, raw, 8N1, at `baud_rate` (one
  // of baud_rates()). `name` is what error messages call the line. Throws a Problem that says what
  // to do about it.
  SerialPort(std::string name, std::string path, unsigned baud_rate,
             const system::Sharing& sharing);

  int fd() const { return device_.fd(); }
  const std::string& path() const { return device_.path(); }
  const std::string& name() const { return device_.name(); }

  // Whether the driver marks errors in what it hands over; see MarkedInput.
  bool marks_errors() const { return device_.marks_errors(); }

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
  system::SerialDevice device_;
  TroubleCount counted_;
  bool gone_ = false;
};

}  // namespace mep::extcap
