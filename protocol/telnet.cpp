// SPDX-License-Identifier: GPL-2.0-or-later
#include "protocol/telnet.h"

namespace mep::telnet {
namespace {

constexpr std::uint8_t first_command = subnegotiation_end;

// The options that have been given out, a few exotic ones aside. Random bytes have others.
constexpr std::uint8_t last_option = 49;

Taken take_subnegotiation(Bytes stream) {
  for (std::size_t at = 2; at + 1 < stream.size(); ++at) {
    if (stream[at] != iac) continue;
    if (stream[at + 1] == subnegotiation_end) return {Step::command, at + 2};
    ++at;  // FF FF, or a command that has no business here
  }
  return {Step::cut, stream.size()};
}

}  // namespace

Taken take(Bytes stream) {
  if (stream[0] != iac) return {Step::data, 1};
  if (stream.size() < 2) return {Step::cut, stream.size()};
  const std::uint8_t command = stream[1];
  if (command == iac) return {Step::data, 2};
  // The other side may not know that it talks Telnet, and sends FF as it is.
  if (command < first_command) return {Step::data, 1};
  if (command == subnegotiation) return take_subnegotiation(stream);
  if (command < will) return {Step::command, 2};
  return stream.size() < 3 ? Taken{Step::cut, stream.size()} : Taken{Step::command, 3};
}

bool negotiates(Bytes stream) {
  return stream.size() >= 3 && stream[0] == iac && stream[1] >= subnegotiation && stream[1] < iac &&
         stream[2] <= last_option;
}

bool may_negotiate(Bytes stream) {
  return !stream.empty() && stream.size() < 3 && stream[0] == iac &&
         (stream.size() < 2 || (stream[1] >= subnegotiation && stream[1] < iac));
}

std::string_view command_name(std::uint8_t command) {
  switch (command) {
    case subnegotiation:
      return "subnegotiation";
    case will:
      return "WILL";
    case wont:
      return "WON'T";
    case do_it:
      return "DO";
    case dont:
      return "DON'T";
    default:
      return {};
  }
}

std::string_view option_name(std::uint8_t option) {
  switch (option) {
    case binary:
      return "binary transmission";
    case echo:
      return "echo";
    case suppress_go_ahead:
      return "suppress go ahead";
    case com_port:
      return "serial port (RFC 2217)";
    default:
      return {};
  }
}

}  // namespace mep::telnet
