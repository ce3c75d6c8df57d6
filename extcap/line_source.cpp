// SPDX-License-Identifier: GPL-2.0-or-later
#include "extcap/line_source.h"

#include <unistd.h>

#include <array>
#include <cerrno>

namespace mep::extcap {

void read_now(LineSource& source, std::vector<std::uint8_t>& bytes) {
  std::array<std::uint8_t, 4096> raw;
  while (!source.gone()) {
    const ssize_t size = ::read(source.fd(), raw.data(), raw.size());
    if (size > 0)
      source.take(Bytes(raw).first(static_cast<std::size_t>(size)), bytes);
    else if (size < 0 && errno == EAGAIN)
      return;
    else if (size == 0 || errno != EINTR)
      source.end(size == 0 ? 0 : errno);
  }
}

}  // namespace mep::extcap
