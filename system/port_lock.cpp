// SPDX-License-Identifier: GPL-2.0-or-later
#include "system/port_lock.h"

#include <signal.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <filesystem>
#include <fstream>

namespace mep::system {
namespace {

namespace fs = std::filesystem;

constexpr std::array lock_folders = {"/run/lock", "/var/lock"};

bool is_alive(pid_t process) {
  return kill(process, 0) == 0 || errno == EPERM;
}

std::string name_of(pid_t process) {
  std::ifstream file("/proc/" + std::to_string(process) + "/comm");
  std::string name;
  std::getline(file, name);
  return (name.empty() ? "process" : name) + " " + std::to_string(process);
}

}  // namespace

std::optional<std::string> uucp_lock_holder(const std::string& port) {
  std::error_code ignored;
  const fs::path real = fs::canonical(port, ignored);
  for (const fs::path& name : {fs::path(port).filename(), real.filename()}) {
    for (const char* folder : lock_folders) {
      std::ifstream file(fs::path(folder) / ("LCK.." + name.string()));
      pid_t process = 0;
      if (file >> process && process > 0 && process != getpid() && is_alive(process))
        return name_of(process);
    }
  }
  return std::nullopt;
}

bool take_port(int fd) {
  if (flock(fd, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) return false;
  ioctl(fd, TIOCEXCL);
  return true;
}

void release_port(int fd) {
  ioctl(fd, TIOCNXCL);
  flock(fd, LOCK_UN);
}

}  // namespace mep::system
