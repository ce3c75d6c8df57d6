// Ways of bytes between a simulated end and somebody else's: a pseudo terminal, TCP, a serial port.
//
// Simulator/channels. To be added here: another way to somebody else's end.
// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "protocol/types.h"

namespace mep::simulator {

// All functions return at once; GLib's loop brings what arrives.
class Channel {
 public:
  using Receive = std::function<void(Bytes bytes)>;
  // The channel is of no more use: why, and what to do, as a sentence.
  using Gone = std::function<void(const std::string& reason)>;

  virtual ~Channel() = default;

  // Where the other end finds this one: "/dev/pts/3", "127.0.0.1:24078"; empty where that is not
  // for it to find.
  virtual std::string address() const { return {}; }
  // From now on what arrives is handed over. To be called once; neither may throw.
  virtual void listen(Receive receive, Gone gone) = 0;
  // Puts bytes on the line. As on a real one they are lost where nobody is there to read them.
  virtual void send(Bytes bytes) = 0;
  // Whether a UART sees to the line speed; set_speed() then tells it. May throw a system::Problem.
  virtual bool has_speed() const { return false; }
  virtual void set_speed(unsigned /*baud_rate*/) {}
};

// All of these throw a system::Problem that says what to do about it.

// A pseudo terminal for the other end to open. `link`: where a symbolic link to it is to stand for
// as long as it lives; may be empty.
std::unique_ptr<Channel> open_pty(const std::string& link);
// `place` is [ADDRESS:]PORT, the address this computer alone by default; port 0: any that is free.
// Serves one at a time. Another one is told so and turned away, and `notice` gets a sentence about
// it.
std::unique_ptr<Channel> open_tcp_server(const std::string& place,
                                         std::function<void(const std::string&)> notice);
std::unique_ptr<Channel> open_tcp_client(const std::string& place);
// A serial port to speak on, or a pseudo terminal of somebody else's.
std::unique_ptr<Channel> open_device(const std::string& path, unsigned baud_rate);

}  // namespace mep::simulator
