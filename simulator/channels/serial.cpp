// Channels that look like a serial port to the other end, or are one.
// SPDX-License-Identifier: GPL-2.0-or-later
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <optional>
#include <utility>

#include "simulator/channels/channel.h"
#include "simulator/channels/fd.h"
#include "system/event_loop.h"
#include "system/file_descriptor.h"
#include "system/problem.h"
#include "system/serial_device.h"

namespace mep::simulator {
namespace {

namespace fs = std::filesystem;
using system::EventSource;
using system::FileDescriptor;
using system::Problem;

constexpr auto readable = static_cast<GIOCondition>(G_IO_IN | G_IO_HUP | G_IO_ERR);
// How often somebody is looked for who opens the pseudo terminal: nothing tells.
constexpr Instant look_again = std::chrono::milliseconds(20);

// A symbolic link that goes when this does.
class Link {
 public:
  Link(const std::string& target, std::string path) : path_(std::move(path)) {
    if (path_.empty()) return;
    std::error_code error;
    if (fs::is_symlink(path_, error)) fs::remove(path_, error);
    fs::create_symlink(target, path_, error);
    if (error) {
      const std::string path = std::exchange(path_, {});
      throw Problem("--link " + path + ": " + error.message() +
                    "; name a file that does not exist yet in a folder of yours");
    }
  }
  Link(const Link&) = delete;
  Link& operator=(const Link&) = delete;
  ~Link() {
    std::error_code ignored;
    if (!path_.empty()) fs::remove(path_, ignored);
  }

 private:
  std::string path_;
};

class Pty : public Channel {
 public:
  explicit Pty(const std::string& link) { link_.emplace(open(), link); }

  std::string address() const override { return path_; }

  void listen(Receive receive, Gone /*gone*/) override {
    receive_ = std::move(receive);
    looking_ = EventSource::on_time([this] { look(); });
    look();
  }

  void send(Bytes bytes) override {
    if (is_open()) system::write_some(master_.get(), bytes);
  }

 private:
  // Its path.
  const std::string& open() {
    int master = -1;
    int slave = -1;
    termios raw{};
    cfmakeraw(&raw);
    raw.c_cflag = CS8 | CREAD | CLOCAL;
    cfsetspeed(&raw, B9600);
    std::array<char, 64> name{};
    if (openpty(&master, &slave, name.data(), &raw, nullptr) != 0)
      throw Problem(std::string("no pseudo terminal can be had: ") + std::strerror(errno));
    // The far end is kept closed, so that one can tell whether somebody has it open.
    const FileDescriptor closed_at_once(slave);
    master_ = FileDescriptor(master);
    fcntl(master, F_SETFL, O_NONBLOCK);
    fcntl(master, F_SETFD, FD_CLOEXEC);
    return path_ = name.data();
  }

  bool is_open() const {
    pollfd state{master_.get(), 0, 0};
    return poll(&state, 1, 0) >= 0 && (state.revents & POLLHUP) == 0;
  }

  // Also reads what somebody has left behind who has gone again.
  void look() {
    read_all(master_.get(), receive_);
    if (is_open()) {
      arrivals_ = EventSource::on_fd(master_.get(), readable, [this] { arrive(); });
    } else {
      looking_->wake_at(system::monotonic_now() + look_again);
    }
  }

  void arrive() {
    read_all(master_.get(), receive_);
    if (is_open()) return;
    arrivals_.reset();
    looking_->wake_at(system::monotonic_now() + look_again);
  }

  FileDescriptor master_;
  std::string path_;
  std::optional<Link> link_;
  Receive receive_;
  std::optional<EventSource> arrivals_;
  std::optional<EventSource> looking_;
};

class Device : public Channel {
 public:
  Device(const std::string& path, unsigned baud_rate)
      : device_(system::SerialDevice::open({"device", path, baud_rate, system::PortUse::speak})) {}

  void listen(Receive receive, Gone gone) override {
    receive_ = std::move(receive);
    gone_ = std::move(gone);
    device_->discard_input();
    arrivals_ = EventSource::on_fd(device_->handle(), readable, [this] { arrive(); });
  }
  void send(Bytes bytes) override { device_->write(bytes); }
  bool has_speed() const override { return true; }
  void set_speed(unsigned baud_rate) override { device_->set_speed(baud_rate); }

 private:
  void arrive() {
    std::array<std::uint8_t, 4096> buffer;
    while (const std::size_t size = device_->read(buffer)) receive_(Bytes(buffer).first(size));
    if (!device_->gone()) return;
    arrivals_.reset();
    gone_("device " + device_->path() + ": the port has gone away; plug it in and start again");
  }

  std::unique_ptr<system::SerialDevice> device_;
  Receive receive_;
  Gone gone_;
  std::optional<EventSource> arrivals_;
};

}  // namespace

std::unique_ptr<Channel> open_pty(const std::string& link) {
  return std::make_unique<Pty>(link);
}

std::unique_ptr<Channel> open_device(const std::string& path, unsigned baud_rate) {
  return std::make_unique<Device>(path, baud_rate);
}

}  // namespace mep::simulator
