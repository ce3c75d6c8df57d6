// What a port server says beside a line's bytes, and the little that it is told: Telnet (RFC 854)
// with the option for serial ports (RFC 2217). No input or output: tests feed it.
//
// Extcap. To be added here: what a port server can be asked for. Never data: the bytes that it is
// sent are all commands to the server itself.
// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "extcap/line_receiver.h"
#include "protocol/types.h"

namespace mep::extcap {

class PortServer {
 public:
  // `sets_port`: the server is asked for this speed, 8N1, and to tell of errors on the line
  // (RFC 2217). Otherwise it is a plain stream, unless it begins with Telnet.
  PortServer(bool sets_port, unsigned baud_rate);

  // The server is asked for another speed, if it has agreed to be asked.
  void set_speed(unsigned baud_rate);

  // Takes the line's bytes out of what has been received. False where the server talks what is no
  // Telnet.
  bool receive(Bytes received, std::vector<std::uint8_t>& bytes);

  // What is to be sent to the server now.
  std::vector<std::uint8_t> take_answer() { return std::exchange(answer_, {}); }
  // What the server has told of the line since the last call.
  TroubleCount take_trouble() { return std::exchange(trouble_, {}); }
  // What the user has to know, once: the server does not let its port be set, or set it otherwise.
  std::optional<std::string> take_remark() { return std::exchange(remark_, std::nullopt); }

 private:
  void command(Bytes command);
  void negotiate(std::uint8_t verb, std::uint8_t option);
  void subnegotiation(Bytes content);
  void ask_for_port();
  void ask_for_speed();
  void ask(std::uint8_t what, const std::vector<std::uint8_t>& value);
  void say(std::uint8_t verb, std::uint8_t option);

  bool sets_port_;
  unsigned baud_rate_;
  bool telnet_;
  bool begun_ = false;
  bool asked_ = false;
  std::vector<std::uint8_t> stream_;  // what is not complete yet
  std::vector<std::uint8_t> answer_;
  std::set<std::pair<std::uint8_t, std::uint8_t>> said_;  // so that no two programs go on for ever
  TroubleCount trouble_;
  std::optional<std::string> remark_;
};

}  // namespace mep::extcap
