// Serial ports by sigrok's libserialport, which macOS and Windows have, too. It marks and counts no
// errors, and knows no mode in which adapters do not wait; docs/platforms.md says what follows.
// SPDX-License-Identifier: GPL-2.0-or-later
#include <libserialport.h>
#ifndef _WIN32
#include <termios.h>
#endif

#include <cerrno>
#include <filesystem>
#include <system_error>
#include <utility>

#include "system/port_lock.h"
#include "system/serial_device.h"

namespace mep::system {
namespace {

namespace fs = std::filesystem;

struct PortEnd {
  void operator()(sp_port* port) const {
    sp_close(port);  // where it was opened
    sp_free_port(port);
  }
};
struct ConfigEnd {
  void operator()(sp_port_config* config) const { sp_free_config(config); }
};
struct EventsEnd {
  void operator()(sp_event_set* events) const { sp_free_event_set(events); }
};
using Config = std::unique_ptr<sp_port_config, ConfigEnd>;

// What has just failed, as errno would have it.
int last_error() {
  const std::error_code error(sp_last_error_code(), std::system_category());
  return error.default_error_condition().value();
}

// Nothing is set in it: what is not set then stays as it is.
Config no_change() {
  sp_port_config* config = nullptr;
  sp_new_config(&config);
  sp_set_config_xon_xoff(config, SP_XONXOFF_INVALID);  // 0.1.1 leaves it to chance
  return Config(config);
}

class LibserialportDevice : public SerialDevice {
 public:
  explicit LibserialportDevice(PortRequest wanted);
  LibserialportDevice(const LibserialportDevice&) = delete;
  LibserialportDevice& operator=(const LibserialportDevice&) = delete;
  ~LibserialportDevice() override;

  WaitHandle handle() const override;
  std::size_t read(std::span<std::uint8_t> buffer) override;
  void write(Bytes bytes) override {
    sp_nonblocking_write(port_.get(), bytes.data(), bytes.size());
  }
  void discard_input() override { sp_flush(port_.get(), SP_BUF_INPUT); }
  void set_speed(unsigned baud_rate) override;

 private:
  void find();
  void configure();
  void apply(const Config& config, unsigned baud_rate) const;
  Config settings() const;
  [[noreturn]] void fail_as_told(sp_return result) const;

  std::unique_ptr<sp_port, PortEnd> port_;
  std::unique_ptr<sp_event_set, EventsEnd> events_;
  Config before_;
};

LibserialportDevice::LibserialportDevice(PortRequest wanted) : SerialDevice(std::move(wanted)) {
  find();
  const sp_return opened = sp_open(port_.get(), listens() ? SP_MODE_READ : SP_MODE_READ_WRITE);
  if (opened != SP_OK) fail_as_told(opened);
  sp_event_set* events = nullptr;
  sp_new_event_set(&events);
  events_.reset(events);
  sp_add_port_events(events, port_.get(), SP_EVENT_RX_READY);
  // libserialport 0.1.2 takes every port for itself.
  if (request().sharing.allowed) release_port(handle());
  take();
  before_ = settings();
  configure();
}

LibserialportDevice::~LibserialportDevice() {
  if (!gone()) sp_set_config(port_.get(), before_.get());
  let_go();
}

void LibserialportDevice::find() {
  // libserialport 0.1.1 knows ports by their own names alone.
  std::error_code unknown;
  const fs::path real = fs::canonical(path(), unknown);
  sp_port* found = nullptr;
  if (sp_get_port_by_name(unknown ? path().c_str() : real.string().c_str(), &found) != SP_OK)
    fail_to_open(unknown ? ENOENT : ENOTTY);
  port_.reset(found);
}

// The settings that can be put back: all but the modem lines, which nobody touches.
Config LibserialportDevice::settings() const {
  Config config = no_change();
  const sp_return known = sp_get_config(port_.get(), config.get());
  if (known != SP_OK) fail_as_told(known);
  sp_set_config_rts(config.get(), SP_RTS_INVALID);
  sp_set_config_dtr(config.get(), SP_DTR_INVALID);
  return config;
}

void LibserialportDevice::configure() {
  const Config config = no_change();
  sp_set_config_bits(config.get(), 8);
  sp_set_config_stopbits(config.get(), 1);
  sp_set_config_cts(config.get(), SP_CTS_IGNORE);
  sp_set_config_dsr(config.get(), SP_DSR_IGNORE);
  sp_set_config_xon_xoff(config.get(), SP_XONXOFF_DISABLED);
  // Where there is none already: on Linux to ask for none also drops each byte that has an error.
  sp_parity parity = SP_PARITY_INVALID;
  sp_get_config_parity(before_.get(), &parity);
  if (parity != SP_PARITY_INVALID) sp_set_config_parity(config.get(), SP_PARITY_NONE);
  apply(config, request().baud_rate);
}

void LibserialportDevice::set_speed(unsigned baud_rate) {
  if (!listens()) sp_drain(port_.get());
  apply(no_change(), baud_rate);
}

void LibserialportDevice::apply(const Config& config, unsigned baud_rate) const {
  sp_set_config_baudrate(config.get(), static_cast<int>(baud_rate));
  const sp_return set = sp_set_config(port_.get(), config.get());
  if (set == SP_ERR_SUPP || (set == SP_ERR_FAIL && last_error() == EINVAL))
    fail_as_unable(baud_rate);
  if (set != SP_OK) fail_as_told(set);
#ifndef _WIN32
  // It makes read(2) say 0 where nothing has come, which is what a port says that is gone.
  termios raw{};
  if (tcgetattr(handle(), &raw) == 0) {
    raw.c_cc[VMIN] = 1;
    tcsetattr(handle(), TCSANOW, &raw);
  }
#endif
  int now = 0;
  sp_get_config_baudrate(settings().get(), &now);
  if (now <= 0 || !speed_serves(baud_rate, static_cast<unsigned>(now))) fail_as_unable(baud_rate);
}

WaitHandle LibserialportDevice::handle() const {
#ifdef G_OS_WIN32
  return reinterpret_cast<WaitHandle>(*static_cast<void**>(events_->handles));
#else
  return *static_cast<const int*>(events_->handles);
#endif
}

std::size_t LibserialportDevice::read(std::span<std::uint8_t> buffer) {
  const sp_return size = sp_nonblocking_read(port_.get(), buffer.data(), buffer.size());
  if (size > 0) return static_cast<std::size_t>(size);
  // Of a port that is gone there is nothing to read, either.
  if (sp_input_waiting(port_.get()) < 0) note_gone();
  return 0;
}

void LibserialportDevice::fail_as_told(sp_return result) const {
  if (result == SP_ERR_FAIL) fail_to_open(last_error());
  fail("libserialport cannot use it");
}

}  // namespace

std::unique_ptr<SerialDevice> SerialDevice::open(PortRequest request) {
  return std::make_unique<LibserialportDevice>(std::move(request));
}

}  // namespace mep::system
