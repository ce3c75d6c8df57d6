// SPDX-License-Identifier: GPL-2.0-or-later
#include "system/port_lock.h"

#include <signal.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <string_view>

#include "system/text.h"

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

// 0: there is none, or nobody may know.
pid_t parent_of(pid_t process) {
  std::ifstream file("/proc/" + std::to_string(process) + "/status");
  for (std::string line; std::getline(file, line);)
    if (constexpr std::string_view label = "PPid:\t"; line.starts_with(label))
      return parse_number<pid_t>(line.substr(label.size())).value_or(0);
  return 0;
}

bool is_pseudo_terminal(const struct stat& status) {
  constexpr unsigned first_pty_major = 136;
  constexpr unsigned last_pty_major = 143;
  return S_ISCHR(status.st_mode) && major(status.st_rdev) >= first_pty_major &&
         major(status.st_rdev) <= last_pty_major;
}

// A device is the same under any name and in any /dev; a pseudo terminal is another in every
// container, with the same numbers.
bool same_port(const struct stat& a, const struct stat& b) {
  if (!S_ISCHR(a.st_mode) || !S_ISCHR(b.st_mode) || a.st_rdev != b.st_rdev) return false;
  return !is_pseudo_terminal(a) || a.st_dev == b.st_dev;
}

// Processes come to their end meanwhile: that is the end of their list, and no error.
bool has_open(const fs::path& process, const struct stat& port) {
  std::error_code error;
  for (fs::directory_iterator entry(process / "fd", error), end; !error && entry != end;
       entry.increment(error)) {
    // Nothing is asked of what is no device file: it could be on a server that does not answer.
    std::error_code unreadable;
    const fs::path target = fs::read_symlink(entry->path(), unreadable);
    struct stat status {};
    if (!unreadable && target.string().find("/dev/") != std::string::npos &&
        stat(entry->path().c_str(), &status) == 0 && same_port(status, port))
      return true;
  }
  return false;
}

}  // namespace

bool is_pseudo_terminal(int fd) {
  struct stat status {};
  return fstat(fd, &status) == 0 && is_pseudo_terminal(status);
}

std::vector<std::string> port_holders(const std::string& port) {
  struct stat status {};
  if (stat(port.c_str(), &status) != 0 || !S_ISCHR(status.st_mode)) return {};
  // /dev/null and its like are open everywhere, and no ports.
  constexpr unsigned memory_major = 1;
  if (major(status.st_rdev) == memory_major) return {};
  std::vector<pid_t> processes;
  std::error_code error;
  for (fs::directory_iterator entry("/proc", error), end; !error && entry != end;
       entry.increment(error)) {
    const auto process = parse_number<pid_t>(entry->path().filename().string());
    if (process && *process != getpid() && has_open(entry->path(), status))
      processes.push_back(*process);
  }
  // Who has started another one that has it open, too, is the one to talk to.
  std::vector<std::string> holders;
  for (const pid_t process : processes)
    if (const pid_t parent = parent_of(process);
        parent != getpid() && std::ranges::find(processes, parent) == processes.end())
      holders.push_back(name_of(process));
  return holders;
}

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
