// SPDX-License-Identifier: GPL-2.0-or-later
#include "extcap/network_source.h"

#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <utility>

#include "extcap/problem.h"

namespace mep::extcap {
namespace {

constexpr std::chrono::milliseconds connect_timeout = std::chrono::seconds(5);

}  // namespace

NetworkSource::NetworkSource(std::string name, std::string path, system::HostAndPort where,
                             bool sets_port, unsigned baud_rate)
    : name_(std::move(name)),
      path_(std::move(path)),
      where_(std::move(where)),
      sets_port_(sets_port),
      baud_rate_(baud_rate),
      server_(sets_port, baud_rate) {
  system::Connected connected = system::connect_to(where_, connect_timeout);
  if (!connected.fd)
    throw Problem(name_ + " " + path_ + ": no connection: " + connected.reason +
                  "; does the server run, and listen there?");
  begin(std::move(connected.fd));
}

void NetworkSource::begin(system::FileDescriptor fd) {
  fd_ = std::move(fd);
  server_ = PortServer(sets_port_, baud_rate_);
  gone_ = false;
  answer();
}

// To the server, about its port; never to the line.
void NetworkSource::answer() {
  const std::vector<std::uint8_t> answer = server_.take_answer();
  // Some bytes, for which a socket always has room.
  if (!answer.empty() &&
      ::send(fd_.get(), answer.data(), answer.size(), MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
    reason_ = std::strerror(errno);
  if (const auto remark = server_.take_remark()) notice(name_ + " " + path_ + ": " + *remark);
}

void NetworkSource::take(Bytes raw, std::vector<std::uint8_t>& bytes) {
  if (gone_) return;
  if (server_.receive(raw, bytes)) {
    answer();
    return;
  }
  gone_ = true;
  reason_ = "the server talks what is no Telnet";
}

void NetworkSource::end(int error) {
  if (gone_) return;
  gone_ = true;
  reason_ = error == 0 ? "closed by the server" : std::strerror(error);
}

void NetworkSource::set_speed(unsigned baud_rate) {
  baud_rate_ = baud_rate;
  server_.set_speed(baud_rate);
  if (fd_) answer();
}

void NetworkSource::discard_backlog() {
  // What the server said of itself meanwhile is not lost with it.
  std::vector<std::uint8_t> ignored;
  read_now(*this, ignored);
  server_.take_trouble();
}

bool NetworkSource::come_back() {
  if (!connecting_) connecting_.emplace(where_, connect_timeout);
  if (!connecting_->done()) return false;
  system::Connected connected = connecting_->take();
  connecting_.reset();
  if (!connected.fd) return false;
  begin(std::move(connected.fd));
  return true;
}

}  // namespace mep::extcap
