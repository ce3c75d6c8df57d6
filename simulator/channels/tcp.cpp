// Channels over TCP, as a serial port server has them.
// SPDX-License-Identifier: GPL-2.0-or-later
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <optional>
#include <utility>

#include "simulator/channels/channel.h"
#include "simulator/channels/fd.h"
#include "system/event_loop.h"
#include "system/file_descriptor.h"
#include "system/problem.h"
#include "system/text.h"

namespace mep::simulator {
namespace {

using system::EventSource;
using system::FileDescriptor;
using system::Problem;

constexpr const char* this_computer = "127.0.0.1";
constexpr auto readable = static_cast<GIOCondition>(G_IO_IN | G_IO_HUP | G_IO_ERR);

// Where sockets are bound or connected to.
struct Place {
  std::string address;
  std::string port;
};

// [ADDRESS:]PORT, where an address with colons of its own stands in brackets.
Place place_from(const std::string& text) {
  const std::size_t colon = text.rfind(':');
  Place place{this_computer, text};
  if (colon != std::string::npos) place = {text.substr(0, colon), text.substr(colon + 1)};
  if (place.address.starts_with('[') && place.address.ends_with(']'))
    place.address = place.address.substr(1, place.address.size() - 2);
  if (place.address.empty() || !system::parse_number<std::uint16_t>(place.port))
    throw Problem("--tcp " + text + ": give a port, or an address and a port: 24078 or " +
                  "192.168.1.5:24078");
  return place;
}

void set_option(int socket, int level, int option) {
  constexpr int on = 1;
  setsockopt(socket, level, option, &on, sizeof on);
}

// A socket made ready for `place` by bind() or connect(), whichever `use` is.
FileDescriptor socket_for(const std::string& text, int flags,
                          int (*use)(int, const sockaddr*, socklen_t), const char* hint) {
  const Place place = place_from(text);
  addrinfo wanted{};
  wanted.ai_socktype = SOCK_STREAM;
  wanted.ai_flags = flags | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  if (const int error = getaddrinfo(place.address.c_str(), place.port.c_str(), &wanted, &found);
      error != 0)
    throw Problem("--tcp " + text + ": " + gai_strerror(error));
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owner(found, freeaddrinfo);
  int reason = 0;
  for (const addrinfo* each = found; each != nullptr; each = each->ai_next) {
    FileDescriptor made(
        socket(each->ai_family, each->ai_socktype | SOCK_CLOEXEC, each->ai_protocol));
    if (made) {
      set_option(made.get(), SOL_SOCKET, SO_REUSEADDR);
      if (use(made.get(), each->ai_addr, each->ai_addrlen) == 0) return made;
    }
    reason = errno;
  }
  throw Problem("--tcp " + text + ": " + std::strerror(reason) + "; " + hint);
}

// Of this end of a socket, or with getpeername of the other.
std::string address_of(int socket, int (*ask)(int, sockaddr*, socklen_t*) = getsockname) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  std::array<char, NI_MAXHOST> host{};
  std::array<char, NI_MAXSERV> port{};
  if (ask(socket, reinterpret_cast<sockaddr*>(&address), &size) != 0 ||
      getnameinfo(reinterpret_cast<sockaddr*>(&address), size, host.data(), host.size(),
                  port.data(), port.size(), NI_NUMERICHOST | NI_NUMERICSERV) != 0)
    return {};
  const std::string name = host.data();
  return (name.find(':') == std::string::npos ? name : "[" + name + "]") + ":" + port.data();
}

// A connection whose bytes go out one by one, as they leave a meter, and are noticed to be lost.
void make_ready(int connection) {
  set_option(connection, IPPROTO_TCP, TCP_NODELAY);
  set_option(connection, SOL_SOCKET, SO_KEEPALIVE);
  // Who has gone without a word, its power cut, say, is not in the next one's way for hours.
  for (const auto& [option, seconds] :
       {std::pair{TCP_KEEPIDLE, 10}, {TCP_KEEPINTVL, 5}, {TCP_KEEPCNT, 3}})
    setsockopt(connection, IPPROTO_TCP, option, &seconds, sizeof seconds);
  g_unix_set_fd_nonblocking(connection, TRUE, nullptr);
}

class TcpServer : public Channel {
 public:
  TcpServer(const std::string& place, std::function<void(const std::string&)> notice)
      : listener_(socket_for(place, AI_PASSIVE, bind, "name another port")),
        notice_(std::move(notice)) {
    if (::listen(listener_.get(), 1) != 0)
      throw Problem("--tcp " + place + ": " + std::strerror(errno) + "; name another port");
    g_unix_set_fd_nonblocking(listener_.get(), TRUE, nullptr);
  }

  std::string address() const override { return address_of(listener_.get()); }

  void listen(Receive receive, Gone /*gone*/) override {
    receive_ = std::move(receive);
    callers_ = EventSource::on_fd(listener_.get(), readable, [this] { welcome(); });
  }

  void send(Bytes bytes) override {
    if (connection_) system::write_some(connection_.get(), bytes);
  }

 private:
  void welcome() {
    FileDescriptor caller(accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    if (!caller) return;
    // The one before may have gone in the meantime.
    if (connection_) arrive();
    if (connection_) {
      turn_away(caller.get());
      return;
    }
    connection_ = std::move(caller);
    make_ready(connection_.get());
    arrivals_ = EventSource::on_fd(connection_.get(), readable, [this] { arrive(); });
  }

  void turn_away(int caller) {
    const std::string here = address_of(connection_.get(), getpeername);
    const std::string other = address_of(caller, getpeername);  // while it is connected
    const std::string told =
        "mep-sim serves one client at a time, and " + here + " is connected\r\n";
    send_text(caller, told);
    notice_(other + " was turned away: " + here +
            " is connected, and there is one client at a time");
  }

  static void send_text(int caller, const std::string& text) {
    ::send(caller, text.data(), text.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    // What it has sent is read, or closing would take back what it is told.
    shutdown(caller, SHUT_WR);
    std::array<char, 4096> unread;
    while (recv(caller, unread.data(), unread.size(), MSG_DONTWAIT) > 0) {
    }
  }

  void arrive() {
    if (read_all(connection_.get(), receive_) != ReadResult::end) return;
    arrivals_.reset();
    connection_.reset();
  }

  FileDescriptor listener_;
  FileDescriptor connection_;
  Receive receive_;
  std::function<void(const std::string&)> notice_;
  std::optional<EventSource> callers_;
  std::optional<EventSource> arrivals_;
};

class TcpClient : public Channel {
 public:
  explicit TcpClient(const std::string& place)
      : place_(place),
        connection_(socket_for(place, 0, connect, "is there a meter, and is it free?")) {
    make_ready(connection_.get());
  }

  void listen(Receive receive, Gone gone) override {
    receive_ = std::move(receive);
    gone_ = std::move(gone);
    arrivals_ = EventSource::on_fd(connection_.get(), readable, [this] { arrive(); });
  }
  void send(Bytes bytes) override { system::write_some(connection_.get(), bytes); }

 private:
  void arrive() {
    if (read_all(connection_.get(), receive_) != ReadResult::end) return;
    arrivals_.reset();
    gone_("--tcp " + place_ + ": the other end has closed the connection");
  }

  std::string place_;
  FileDescriptor connection_;
  Receive receive_;
  Gone gone_;
  std::optional<EventSource> arrivals_;
};

}  // namespace

std::unique_ptr<Channel> open_tcp_server(const std::string& place,
                                         std::function<void(const std::string&)> notice) {
  return std::make_unique<TcpServer>(place, std::move(notice));
}

std::unique_ptr<Channel> open_tcp_client(const std::string& place) {
  return std::make_unique<TcpClient>(place);
}

}  // namespace mep::simulator
