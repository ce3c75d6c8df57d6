// SPDX-License-Identifier: GPL-2.0-or-later
#include "extcap/output.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "extcap/problem.h"

namespace mep::extcap {
namespace {

constexpr const char* standard_output = "-";
constexpr mode_t new_file_mode = 0600;  // what a household consumes is nobody else's business

}  // namespace

bool Output::is_fifo() const {
  struct stat status {};
  return path_ != standard_output && stat(path_.c_str(), &status) == 0 && S_ISFIFO(status.st_mode);
}

bool Output::open(const std::function<bool()>& wait) {
  if (path_ == standard_output) {
    if (isatty(STDOUT_FILENO) != 0)
      throw Problem("standard output is a terminal; name a file with -w, or pipe into tshark");
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
    open_file();
  }
  if (!fd_)
    throw Problem("cannot write to " + path_ + ": " + std::strerror(errno) +
                  "; name a file in a folder of yours with -w");

  struct stat status {};
  has_reader_ =
      fstat(fd_.get(), &status) == 0 && (S_ISFIFO(status.st_mode) || S_ISSOCK(status.st_mode));
  return true;
}

// Afterwards fd_ is open, or errno says why not.
void Output::open_file() {
  fd_ = system::FileDescriptor(
      ::open(path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, new_file_mode));
  if (!fd_ && errno != EEXIST) return;
  struct stat status {};
  if (!fd_) {
    // A device, or a link to one (/dev/stdout), holds nothing that could be lost.
    if (stat(path_.c_str(), &status) == 0 && !S_ISREG(status.st_mode)) {
      fd_ = system::FileDescriptor(::open(path_.c_str(), O_WRONLY | O_CLOEXEC));
      return;
    }
    fd_ = system::FileDescriptor(::open(path_.c_str(), O_WRONLY | O_NOFOLLOW | O_CLOEXEC));
    if (!fd_ && errno == ELOOP)
      throw Problem(path_ + " is a symbolic link; name the file itself with -w");
    if (!fd_) return;
  }
  if (flock(fd_.get(), LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK)
    throw Problem(path_ + " is being written by another capture; name another file with -w");
  if (fstat(fd_.get(), &status) != 0) return;
  if (status.st_size > 0 && !may_overwrite_)
    throw Problem(path_ +
                  " exists already; name another file with -w, or overwrite it with --force");
  if (ftruncate(fd_.get(), 0) != 0) fd_.reset();
}

}  // namespace mep::extcap
