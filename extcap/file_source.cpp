// SPDX-License-Identifier: GPL-2.0-or-later
#include "extcap/file_source.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "extcap/problem.h"

namespace mep::extcap {
namespace {

// All of it is in memory while it is put in turn with the other line's.
constexpr off_t largest_recording = off_t{16} << 20;

}  // namespace

FileSource::FileSource(std::string name, std::string path, const std::string& file)
    : name_(std::move(name)),
      path_(std::move(path)),
      fd_(::open(file.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC)) {
  const auto fail = [this](const std::string& reason) {
    throw Problem(name_ + " " + path_ + ": " + reason);
  };
  if (!fd_) fail(std::string("cannot be read: ") + std::strerror(errno));
  struct stat status {};
  if (fstat(fd_.get(), &status) != 0) fail(std::strerror(errno));
  if (S_ISFIFO(status.st_mode)) {
    writing_end_ = system::FileDescriptor(::open(file.c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC));
    return;
  }
  if (!S_ISREG(status.st_mode)) fail("neither a file nor a named pipe");
  if (status.st_size > largest_recording) fail("more than 16 MiB; cut it into pieces with split");
  is_recording_ = true;
}

void FileSource::take(Bytes raw, std::vector<std::uint8_t>& bytes) {
  bytes.insert(bytes.end(), raw.begin(), raw.end());
}

}  // namespace mep::extcap
