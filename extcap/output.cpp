// SPDX-License-Identifier: GPL-2.0-or-later
#include "extcap/output.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "extcap/problem.h"

namespace mep::extcap {
namespace {

constexpr const char* standard_output = "-";
constexpr mode_t new_file_mode = 0666;  // less the umask

}  // namespace

bool Output::is_fifo() const {
  struct stat status {};
  return path_ != standard_output && stat(path_.c_str(), &status) == 0 && S_ISFIFO(status.st_mode);
}

bool Output::open(const std::function<bool()>& wait) {
  if (path_ == standard_output) {
    if (isatty(STDOUT_FILENO) != 0)
      throw Problem("standard output is a terminal; name a file with --fifo, or pipe into tshark");
    fd_ = system::FileDescriptor(fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 0));
  } else if (is_fifo()) {
    while (
        !(fd_ = system::FileDescriptor(::open(path_.c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC)))) {
      if (errno != ENXIO) break;
      if (!wait()) return false;
    }
    // A full FIFO shall make the writer wait, not lose a frame.
    if (fd_) fcntl(fd_.get(), F_SETFL, O_WRONLY);
  } else {
    fd_ = system::FileDescriptor(
        ::open(path_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, new_file_mode));
  }
  if (!fd_)
    throw Problem("cannot write to " + path_ + ": " + std::strerror(errno) +
                  "; name a file in a folder of yours with --fifo");

  struct stat status {};
  has_reader_ =
      fstat(fd_.get(), &status) == 0 && (S_ISFIFO(status.st_mode) || S_ISSOCK(status.st_mode));
  return true;
}

}  // namespace mep::extcap
