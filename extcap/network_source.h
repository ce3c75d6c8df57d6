// A line that a port server taps: ser2net, a bridge in the meter's cabinet.
//
// Extcap. To be added here: another way to reach a port over a network.
// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "extcap/line_source.h"
#include "extcap/port_server.h"
#include "system/tcp_connection.h"

namespace mep::extcap {

class NetworkSource : public LineSource {
 public:
  // Connects. `path` is for messages: "tcp://host:port". `sets_port`: see PortServer. Throws a
  // Problem where nobody answers within a few seconds.
  NetworkSource(std::string name, std::string path, system::HostAndPort where, bool sets_port,
                unsigned baud_rate);

  const std::string& name() const override { return name_; }
  const std::string& path() const override { return path_; }
  system::WaitHandle fd() const override { return fd_.get(); }
  void take(Bytes raw, std::vector<std::uint8_t>& bytes) override;
  void end(int error) override;
  TroubleCount trouble() override { return server_.take_trouble(); }
  bool sets_speed() const override { return sets_port_; }
  void set_speed(unsigned baud_rate) override;
  void discard_backlog() override;
  bool gone() const override { return gone_; }
  std::string what_happened() const override { return "the connection was lost (" + reason_ + ")"; }
  std::string remedy() const override { return "see that the server runs"; }
  void close() override { fd_.reset(); }
  bool may_come_back() const override { return true; }
  bool come_back() override;

 private:
  void begin(system::FileDescriptor fd);
  void answer();

  const std::string name_;
  const std::string path_;
  const system::HostAndPort where_;
  const bool sets_port_;
  unsigned baud_rate_;
  system::FileDescriptor fd_;
  PortServer server_;
  bool gone_ = false;
  std::string reason_;
  std::optional<system::Connecting> connecting_;
};

}  // namespace mep::extcap
