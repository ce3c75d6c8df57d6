// SPDX-License-Identifier: GPL-2.0-or-later
#include "simulator/channels/fd.h"

#include <unistd.h>

#include <array>
#include <cerrno>

namespace mep::simulator {

ReadResult read_all(int fd, const Channel::Receive& receive) {
  std::array<std::uint8_t, 4096> buffer;
  while (true) {
    const ssize_t size = ::read(fd, buffer.data(), buffer.size());
    if (size > 0) {
      receive(Bytes(buffer).first(static_cast<std::size_t>(size)));
    } else if (size == 0 || (errno != EAGAIN && errno != EINTR)) {
      return ReadResult::end;
    } else if (errno == EAGAIN) {
      return ReadResult::nothing_more;
    }
  }
}

}  // namespace mep::simulator
