// Connections to servers by name.
//
// System. To be added here: what a client's connection is set to.
// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "system/file_descriptor.h"

namespace mep::system {

struct HostAndPort {
  std::string host;
  std::string port;
};

// Of "host:port" or "[2001:db8::1]:port"; nothing for any other text.
std::optional<HostAndPort> parse_host_and_port(std::string_view text);

struct Connected {
  FileDescriptor fd;   // without waiting (O_NONBLOCK); notices within half a minute that the other
                       // end is gone
  std::string reason;  // why not, where there is none
};

// Tries all addresses of the host, one after another, for `timeout` each.
Connected connect_to(const HostAndPort& where, std::chrono::milliseconds timeout);

// The same, while this program goes on.
class Connecting {
 public:
  Connecting(HostAndPort where, std::chrono::milliseconds timeout);
  // Whether it has come to its end; then take() gives it away, once.
  bool done() const;
  Connected take();

 private:
  struct Attempt;
  std::shared_ptr<Attempt> attempt_;  // with the thread that makes it, which may outlive this
};

}  // namespace mep::system
