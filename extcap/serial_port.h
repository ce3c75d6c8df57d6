// Serial ports: which there are, and one that taps a line, opened to read and never written to.
//
// Extcap. To be added here: what a tapped port brings beside bytes.
// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "extcap/line_source.h"
#include "system/port_identity.h"
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

// A serial port that taps a line.
class SerialPort : public LineSource {
 public:
  // Opens `path`, for this process alone unless sharing is allowed, raw, 8N1, at `baud_rate` (one
  // of baud_rates()). `name` is what error messages call the line. Throws a Problem that says what
  // to do about it.
  SerialPort(std::string name, std::string path, unsigned baud_rate, system::Sharing sharing);

  const std::string& name() const override { return name_; }
  const std::string& path() const override { return path_; }
  system::WaitHandle fd() const override { return device_ ? device_->handle() : -1; }
  void take(Bytes raw, std::vector<std::uint8_t>& bytes) override;
  void end(int error) override;
  bool marks_errors() const override { return device_ && device_->marks_errors(); }
  TroubleCount trouble() override;
  void set_speed(unsigned baud_rate) override;
  void discard_backlog() override;
  bool sets_speed() const override { return true; }
  bool gone() const override { return !device_ || device_->gone(); }
  std::string what_happened() const override { return "the port has gone away"; }
  std::string remedy() const override { return "plug it in again"; }
  void close() override { device_.reset(); }
  // A pseudo terminal's number is somebody else's next.
  bool may_come_back() const override { return !identity_.by_number; }
  bool come_back() override;

 private:
  void open(const std::string& path);

  const std::string name_;
  const std::string path_;
  unsigned baud_rate_;
  const system::Sharing sharing_;
  std::unique_ptr<system::SerialDevice> device_;
  system::PortIdentity identity_;
  std::optional<TroubleCount> counted_;  // until now, where the driver does
  bool may_overflow_ = false;
  bool was_full_ = false;  // what the terminal holds, when it was read last
  TroubleCount noticed_;   // here, where the driver does not
};

}  // namespace mep::extcap
