// Put in front of a program by LD_PRELOAD: pseudo terminals look like serial ports to
// libserialport, which asks sysfs what a port is, and every port for its modem lines. A pseudo
// terminal has neither. The modem lines stand for what must not be touched: who changes one is told
// on, on standard error. SPDX-License-Identifier: GPL-2.0-or-later
#include <dlfcn.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdarg>
#include <cstring>
#include <string_view>

namespace {

// One is raised and one is not: whoever sets either to one and the same value changes something.
constexpr int modem_lines = TIOCM_DTR;

bool is_pseudo_terminal_in_sysfs(std::string_view path) {
  return path.starts_with("/sys/class/tty/pts/");
}

template <typename Function>
Function* next(const char* name) {
  return reinterpret_cast<Function*>(dlsym(RTLD_NEXT, name));
}

int say(std::string_view sentence) {
  [[maybe_unused]] const ssize_t written = write(STDERR_FILENO, sentence.data(), sentence.size());
  return 0;
}

// What a port with these modem lines would do; `error`: of one that has none.
int do_with_modem_lines(unsigned long request, int* bits, int error) {
  switch (request) {
    case TIOCMGET:
      *bits = modem_lines;
      return 0;
    case TIOCMBIS:
      return (*bits & ~modem_lines) == 0 ? 0 : say("a modem line was raised\n");
    case TIOCMBIC:
      return (*bits & modem_lines) == 0 ? 0 : say("a modem line was lowered\n");
    case TIOCMSET:
      return *bits == modem_lines ? 0 : say("modem lines were set\n");
    default:
      errno = error;
      return -1;
  }
}

}  // namespace

extern "C" {

int lstat(const char* path, struct stat* status) noexcept {
  if (!is_pseudo_terminal_in_sysfs(path)) return next<decltype(lstat)>("lstat")(path, status);
  std::memset(status, 0, sizeof *status);
  status->st_mode = S_IFLNK;
  return 0;
}

// The same, as it is called by what was built with a glibc before 2.33.
int lstat_of_old(int version, const char* path, struct stat* status) noexcept __asm__("__lxstat");
int lstat_of_old(int /*version*/, const char* path, struct stat* status) noexcept {
  return lstat(path, status);
}

ssize_t readlink(const char* path, char* target, std::size_t size) noexcept {
  if (!is_pseudo_terminal_in_sysfs(path))
    return next<decltype(readlink)>("readlink")(path, target, size);
  // Of a port that is soldered in.
  constexpr std::string_view device = "../../devices/platform/uart/tty/pts";
  return static_cast<ssize_t>(device.copy(target, size));
}

ssize_t readlink_checked(const char* path, char* target, std::size_t size,
                         std::size_t room) noexcept __asm__("__readlink_chk");
ssize_t readlink_checked(const char* path, char* target, std::size_t size,
                         std::size_t /*room*/) noexcept {
  return readlink(path, target, size);
}

int ioctl(int fd, unsigned long request, ...) noexcept {
  va_list arguments;
  va_start(arguments, request);
  void* argument = va_arg(arguments, void*);
  va_end(arguments);
  const int result = next<decltype(ioctl)>("ioctl")(fd, request, argument);
  if (result == 0 || (errno != ENOTTY && errno != EINVAL) || isatty(fd) == 0) return result;
  return do_with_modem_lines(request, static_cast<int*>(argument), errno);
}

}  // extern "C"
