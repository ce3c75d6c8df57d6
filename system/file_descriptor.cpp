// SPDX-License-Identifier: GPL-2.0-or-later
#include "system/file_descriptor.h"

#include <cerrno>

namespace mep::system {

void write_some(int fd, Bytes bytes) {
  while (!bytes.empty()) {
    const ssize_t size = ::write(fd, bytes.data(), bytes.size());
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0) return;
    bytes = bytes.subspan(static_cast<std::size_t>(size));
  }
}

}  // namespace mep::system
