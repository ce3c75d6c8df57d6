// SPDX-License-Identifier: GPL-2.0-or-later
#include "system/tcp_connection.h"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>

#include <atomic>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <thread>
#include <utility>

#include "system/text.h"

namespace mep::system {
namespace {

void set(int fd, int level, int option, int value) {
  setsockopt(fd, level, option, &value, sizeof value);
}

// A line can be silent for days; a server that has lost its power says nothing either.
void notice_when_gone(int fd) {
  set(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
  set(fd, IPPROTO_TCP, TCP_KEEPIDLE, 15);
  set(fd, IPPROTO_TCP, TCP_KEEPINTVL, 5);
  set(fd, IPPROTO_TCP, TCP_KEEPCNT, 3);
  set(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, 30000);
}

// Returns 0, or the error.
int connect_within(int fd, const addrinfo& address, std::chrono::milliseconds timeout) {
  if (connect(fd, address.ai_addr, address.ai_addrlen) == 0) return 0;
  if (errno != EINPROGRESS) return errno;
  pollfd wanted = {fd, POLLOUT, 0};
  const int ready = poll(&wanted, 1, static_cast<int>(timeout.count()));
  if (ready < 0) return errno;
  if (ready == 0) return ETIMEDOUT;
  int error = 0;
  socklen_t size = sizeof error;
  getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size);
  return error;
}

}  // namespace

std::optional<HostAndPort> parse_host_and_port(std::string_view text) {
  HostAndPort parsed;
  std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  std::string_view host = text.substr(0, colon);
  parsed.port = text.substr(colon + 1);
  if (host.starts_with('[') && host.ends_with(']'))
    host = host.substr(1, host.size() - 2);
  else if (host.find_first_of(":[]/") != std::string_view::npos)
    return std::nullopt;
  const auto number = parse_number<std::uint16_t>(parsed.port);
  if (host.empty() || !number || *number == 0) return std::nullopt;
  parsed.host = host;
  return parsed;
}

Connected connect_to(const HostAndPort& where, std::chrono::milliseconds timeout) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* first = nullptr;
  const int error = getaddrinfo(where.host.c_str(), where.port.c_str(), &hints, &first);
  if (error != 0) return {{}, gai_strerror(error)};
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owner(first, freeaddrinfo);
  Connected result;
  for (const addrinfo* address = first; address != nullptr; address = address->ai_next) {
    FileDescriptor fd(socket(address->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    const int failed = fd ? connect_within(fd.get(), *address, timeout) : errno;
    if (failed == 0) {
      notice_when_gone(fd.get());
      return {std::move(fd), {}};
    }
    result.reason = std::strerror(failed);
  }
  return result;
}

struct Connecting::Attempt {
  std::atomic<bool> done = false;
  Connected result;
};

Connecting::Connecting(HostAndPort where, std::chrono::milliseconds timeout)
    : attempt_(std::make_shared<Attempt>()) {
  // Signals are for the thread that waits for them.
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  std::thread([attempt = attempt_, where = std::move(where), timeout] {
    attempt->result = connect_to(where, timeout);
    attempt->done = true;
  }).detach();
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

bool Connecting::done() const {
  return attempt_->done;
}

Connected Connecting::take() {
  return std::move(attempt_->result);
}

}  // namespace mep::system
