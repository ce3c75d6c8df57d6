// Telnet (RFC 854) around a serial port's bytes, as port servers send it for RFC 2217: commands in
// between, and every byte FF twice.
//
// Protocol. To be added here: what a port server's Telnet consists of.
// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <string_view>

#include "protocol/types.h"

namespace mep::telnet {

inline constexpr std::uint8_t iac = 0xFF;  // interpret as command

// What stands behind it; an option follows the last four.
enum Command : std::uint8_t {
  subnegotiation_end = 0xF0,
  subnegotiation = 0xFA,
  will = 0xFB,
  wont = 0xFC,
  do_it = 0xFD,
  dont = 0xFE,
};

// RFC 856, 857, 858, 2217
enum Option : std::uint8_t { binary = 0, echo = 1, suppress_go_ahead = 3, com_port = 44 };

enum class Step : std::uint8_t {
  data,     // one byte, the first of the step's
  command,  // nothing of the serial port's
  cut,      // a command that ends behind these bytes
};

struct Taken {
  Step step;
  std::size_t size;  // in the stream
};

// What stands first in `stream`, which is not empty.
Taken take(Bytes stream);

// Whether the stream negotiates here, where a frame should begin. FF is no length's first byte.
bool negotiates(Bytes stream);
// Whether these few bytes may turn out to be the beginning of that.
bool may_negotiate(Bytes stream);

// For people: "WILL", "option 44". Empty where there is no name.
std::string_view command_name(std::uint8_t command);
std::string_view option_name(std::uint8_t option);

}  // namespace mep::telnet
