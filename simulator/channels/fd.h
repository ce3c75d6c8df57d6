// Reading file descriptors that do not block.
//
// Simulator/channels. To be added here: nothing that knows of channels.
// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>

#include "simulator/channels/channel.h"

namespace mep::simulator {

enum class ReadResult : std::uint8_t { nothing_more, end };

// Hands over all that can be read. `end`: there will never be more, or not before somebody else
// comes.
ReadResult read_all(int fd, const Channel::Receive& receive);

}  // namespace mep::simulator
