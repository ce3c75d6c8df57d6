// Serial ports by termios(3) and what Linux adds to it: errors that are marked and counted, any
// speed, adapters that do not wait.
//
// Modem lines: Linux itself raises DTR and RTS when a port is opened for the first time, and lowers
// them when it is closed for the last, unless HUPCL is off. The first cannot be prevented; here
// HUPCL goes off at once and stays off, and no speed in between is B0, which lowers them, too.
// SPDX-License-Identifier: GPL-2.0-or-later
#include <fcntl.h>
#include <linux/serial.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "system/any_speed.h"
#include "system/file_descriptor.h"
#include "system/serial_device.h"

namespace mep::system {
namespace {

speed_t speed_constant(unsigned baud_rate) {
  switch (baud_rate) {
    case 300:
      return B300;
    case 600:
      return B600;
    case 1200:
      return B1200;
    case 1800:
      return B1800;
    case 2400:
      return B2400;
    case 4800:
      return B4800;
    case 9600:
      return B9600;
    case 19200:
      return B19200;
    case 38400:
      return B38400;
    case 57600:
      return B57600;
    case 115200:
      return B115200;
    default:
      return B0;
  }
}

class TermiosDevice : public SerialDevice {
 public:
  explicit TermiosDevice(PortRequest wanted);
  TermiosDevice(const TermiosDevice&) = delete;
  TermiosDevice& operator=(const TermiosDevice&) = delete;
  ~TermiosDevice() override;

  WaitHandle handle() const override { return fd_.get(); }
  std::size_t read(std::span<std::uint8_t> buffer) override;
  void write(Bytes bytes) override;
  void discard_input() override { tcflush(fd_.get(), TCIFLUSH); }
  void set_speed(unsigned baud_rate) override;
  bool marks_errors() const override { return marks_errors_; }
  std::optional<TroubleCount> trouble() const override;

 private:
  void configure(unsigned baud_rate);
  void apply(termios settings, int when, unsigned baud_rate);
  void apply_any_speed(const termios& settings, int when, unsigned baud_rate);
  bool set_low_latency(bool on) const;

  FileDescriptor fd_;
  termios before_{};
  bool marks_errors_ = false;
  bool made_prompt_ = false;  // the driver's low-latency mode was off before
};

TermiosDevice::TermiosDevice(PortRequest wanted) : SerialDevice(std::move(wanted)) {
  const int access = listens() ? O_RDONLY : O_RDWR;
  fd_ = FileDescriptor(::open(path().c_str(), access | O_NOCTTY | O_NONBLOCK | O_CLOEXEC));
  if (!fd_) fail_to_open(errno);
  if (isatty(fd_.get()) == 0) fail_to_open(ENOTTY);
  take();
  configure(request().baud_rate);
  if (listens()) made_prompt_ = set_low_latency(true);
}

TermiosDevice::~TermiosDevice() {
  if (!gone()) {
    // Without HUPCL even if it was set: it would pull the modem lines when the port closes.
    before_.c_cflag &= ~static_cast<tcflag_t>(HUPCL);
    tcsetattr(fd_.get(), TCSANOW, &before_);
    if (made_prompt_) set_low_latency(false);
  }
  let_go();
}

// With it an FTDI adapter, for example, waits 1 ms for more before it hands over bytes, and
// otherwise 16. Returns whether the mode has been changed; many drivers have none.
bool TermiosDevice::set_low_latency(bool on) const {
  serial_struct settings{};
  if (ioctl(fd_.get(), TIOCGSERIAL, &settings) != 0) return false;
  constexpr auto low_latency = static_cast<int>(ASYNC_LOW_LATENCY);
  if (((settings.flags & low_latency) != 0) == on) return false;
  settings.flags ^= low_latency;
  return ioctl(fd_.get(), TIOCSSERIAL, &settings) == 0;
}

void TermiosDevice::configure(unsigned baud_rate) {
  if (tcgetattr(fd_.get(), &before_) != 0) fail_to_open(errno);
  termios settings = before_;
  settings.c_iflag = listens() ? INPCK | PARMRK : 0;
  settings.c_oflag = 0;
  settings.c_lflag = 0;
  settings.c_cflag = CS8 | CREAD | CLOCAL;
  settings.c_cc[VMIN] = 1;
  settings.c_cc[VTIME] = 0;
  // With the speed, in one go: none at all would be B0, at which a port drops DTR and RTS.
  apply(settings, TCSANOW, baud_rate);
}

void TermiosDevice::set_speed(unsigned baud_rate) {
  termios settings{};
  if (tcgetattr(fd_.get(), &settings) != 0) fail_to_open(errno);
  apply(settings, listens() ? TCSANOW : TCSADRAIN, baud_rate);
}

void TermiosDevice::apply(termios settings, int when, unsigned baud_rate) {
  const speed_t speed = speed_constant(baud_rate);
  if (speed == B0) {
    apply_any_speed(settings, when, baud_rate);
    return;
  }
  cfsetispeed(&settings, speed);
  cfsetospeed(&settings, speed);
  if (tcsetattr(fd_.get(), when, &settings) != 0) fail_to_open(errno);

  // tcsetattr() is content with having set anything at all.
  termios now{};
  if (tcgetattr(fd_.get(), &now) != 0) fail_to_open(errno);
  if (cfgetospeed(&now) != speed) fail_as_unable(baud_rate);
  marks_errors_ = (now.c_iflag & PARMRK) != 0;
}

void TermiosDevice::apply_any_speed(const termios& settings, int when, unsigned baud_rate) {
  TerminalSettings all = {
      settings.c_iflag, settings.c_oflag, settings.c_cflag, settings.c_lflag, {}};
  std::copy_n(settings.c_cc, all.characters.size(), all.characters.begin());
  if (!set_any_speed(fd_.get(), all, baud_rate, when == TCSADRAIN)) {
    if (errno == 0 || errno == EINVAL) fail_as_unable(baud_rate);
    fail_to_open(errno);
  }
  marks_errors_ = (settings.c_iflag & PARMRK) != 0;
}

std::size_t TermiosDevice::read(std::span<std::uint8_t> buffer) {
  const ssize_t size = ::read(fd_.get(), buffer.data(), buffer.size());
  if (size > 0) return static_cast<std::size_t>(size);
  if (size == 0 || (errno != EAGAIN && errno != EINTR)) note_gone();
  return 0;
}

void TermiosDevice::write(Bytes bytes) {
  write_some(fd_.get(), bytes);
}

std::optional<TroubleCount> TermiosDevice::trouble() const {
  serial_icounter_struct counters{};
  if (ioctl(fd_.get(), TIOCGICOUNT, &counters) != 0) return std::nullopt;
  TroubleCount count;
  count.framing = static_cast<unsigned>(counters.frame);
  count.parity = static_cast<unsigned>(counters.parity);
  count.breaks = static_cast<unsigned>(counters.brk);
  count.overruns = static_cast<unsigned>(counters.overrun + counters.buf_overrun);
  return count;
}

}  // namespace

std::unique_ptr<SerialDevice> SerialDevice::open(PortRequest request) {
  return std::make_unique<TermiosDevice>(std::move(request));
}

}  // namespace mep::system
