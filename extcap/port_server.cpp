// SPDX-License-Identifier: GPL-2.0-or-later
#include "extcap/port_server.h"

#include <utility>

#include "protocol/bytes.h"
#include "protocol/telnet.h"

namespace mep::extcap {
namespace {

using namespace telnet;

// RFC 2217. A server's answers have these codes and a hundred more.
enum ComPort : std::uint8_t {
  set_baud_rate = 1,
  set_data_size = 2,
  set_parity = 3,
  set_stop_size = 4,
  set_line_state_mask = 10,
  set_modem_state_mask = 11,
};
constexpr std::uint8_t from_server = 100;
constexpr std::uint8_t notify_line_state = 6;
constexpr std::uint8_t no_parity = 1;
constexpr std::uint8_t one_stop_bit = 1;
enum LineError : std::uint8_t { overrun = 0x02, parity = 0x04, framing = 0x08, broken = 0x10 };

// A command that is longer is none.
constexpr std::size_t longest_command = 1024;

}  // namespace

PortServer::PortServer(bool sets_port, unsigned baud_rate)
    : sets_port_(sets_port), baud_rate_(baud_rate), telnet_(sets_port) {
  if (!sets_port_) return;
  say(do_it, binary);
  say(do_it, suppress_go_ahead);
  say(will, com_port);
}

bool PortServer::receive(Bytes received, std::vector<std::uint8_t>& bytes) {
  stream_.insert(stream_.end(), received.begin(), received.end());
  // FF is no length's first byte: a stream that begins with it begins with Telnet.
  if (!begun_ && !telnet_) {
    if (telnet::may_negotiate(stream_)) return true;
    telnet_ = telnet::negotiates(stream_);
  }
  begun_ = begun_ || !stream_.empty();
  if (!telnet_) {
    bytes.insert(bytes.end(), stream_.begin(), stream_.end());
    stream_.clear();
    return true;
  }
  Bytes left = stream_;
  while (!left.empty()) {
    const telnet::Taken taken = telnet::take(left);
    if (taken.step == telnet::Step::cut) break;
    if (taken.step == telnet::Step::data)
      bytes.push_back(left[0]);
    else
      command(left.first(taken.size));
    left = left.subspan(taken.size);
  }
  stream_ = {left.begin(), left.end()};
  return stream_.size() <= longest_command;
}

void PortServer::command(Bytes command) {
  constexpr std::size_t around = 2;  // FF FA before, FF F0 behind
  const std::uint8_t verb = command[1];
  if (verb >= will && verb <= dont)
    negotiate(verb, command[2]);
  else if (verb == telnet::subnegotiation && command.size() > 2 * around)
    subnegotiation(command.subspan(around, command.size() - 2 * around));
}

void PortServer::negotiate(std::uint8_t verb, std::uint8_t option) {
  if (option == com_port) {
    if (sets_port_ && verb == do_it) ask_for_port();
    if (sets_port_ && verb == dont && !asked_)
      remark_ = "the server does not let its port be set (RFC 2217); it has whatever speed it has";
    if (!sets_port_ && verb == do_it) say(wont, option);
    return;
  }
  switch (verb) {
    case will:
      say(option == binary || option == suppress_go_ahead ? do_it : dont, option);
      break;
    case do_it:
      say(option == binary || option == suppress_go_ahead ? will : wont, option);
      break;
    default:
      break;  // what the server does not do, it does not do
  }
}

void PortServer::ask_for_port() {
  if (std::exchange(asked_, true)) return;
  ask_for_speed();
  ask(set_data_size, {8});
  ask(set_parity, {no_parity});
  ask(set_stop_size, {one_stop_bit});
  ask(set_line_state_mask, {overrun | parity | framing | broken});
  ask(set_modem_state_mask, {0});
}

void PortServer::set_speed(unsigned baud_rate) {
  baud_rate_ = baud_rate;
  if (asked_) ask_for_speed();
}

void PortServer::ask_for_speed() {
  std::vector<std::uint8_t> speed(4);
  write_be(speed, 0, speed.size(), baud_rate_);
  ask(set_baud_rate, speed);
}

void PortServer::subnegotiation(Bytes content) {
  std::vector<std::uint8_t> plain;
  for (std::size_t at = 0; at < content.size(); ++at) {
    plain.push_back(content[at]);
    if (content[at] == iac) ++at;
  }
  constexpr std::size_t before_value = 2;
  if (plain.size() <= before_value || plain[0] != com_port) return;
  const Bytes value = Bytes(plain).subspan(before_value);
  switch (plain[1]) {
    case from_server + notify_line_state:
      trouble_.overruns += (value[0] & overrun) != 0 ? 1 : 0;
      trouble_.parity += (value[0] & parity) != 0 ? 1 : 0;
      trouble_.framing += (value[0] & framing) != 0 ? 1 : 0;
      trouble_.breaks += (value[0] & broken) != 0 ? 1 : 0;
      break;
    case from_server + set_baud_rate:
      if (value.size() == 4 && read_be(value, 0, 4) != baud_rate_)
        remark_ = "the server does not set its port to " + std::to_string(baud_rate_) +
                  " bit/s; it has " + std::to_string(read_be(value, 0, 4));
      break;
    default:
      break;
  }
}

void PortServer::ask(std::uint8_t what, const std::vector<std::uint8_t>& value) {
  answer_.insert(answer_.end(), {iac, telnet::subnegotiation, com_port, what});
  for (const std::uint8_t byte : value) {
    answer_.push_back(byte);
    if (byte == iac) answer_.push_back(iac);
  }
  answer_.insert(answer_.end(), {iac, subnegotiation_end});
}

void PortServer::say(std::uint8_t verb, std::uint8_t option) {
  if (!said_.insert({verb, option}).second) return;
  answer_.insert(answer_.end(), {iac, verb, option});
}

}  // namespace mep::extcap
