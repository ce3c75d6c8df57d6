// SPDX-License-Identifier: GPL-2.0-or-later
#include "extcap/marked_input.h"

#include "protocol/tap.h"

namespace mep::extcap {
namespace {

constexpr std::uint8_t escape_byte = 0xFF;
constexpr std::uint8_t error_byte = 0x00;

// A break is a byte 00 without a stop bit: without a count the two look the same.
std::uint8_t kind_of_error(std::uint8_t value, const TroubleCount& count) {
  const bool only_framing = count.framing > 0 && count.breaks == 0;
  if (value == 0 && !only_framing && count.parity == 0) return tap::break_seen;
  if (count.parity > 0 && count.framing == 0) return tap::parity_error;
  return tap::framing_error;
}

}  // namespace

void MarkedInput::decode(Bytes raw, bool marks, const TroubleCount& count,
                         std::vector<ReceivedByte>& out) {
  out.clear();
  for (const std::uint8_t byte : raw) {
    switch (state_) {
      case State::plain:
        if (marks && byte == escape_byte)
          state_ = State::escape;
        else
          out.push_back({byte, 0});
        break;
      case State::escape:
        state_ = State::plain;
        if (byte == error_byte) {
          state_ = State::error;
        } else {
          out.push_back({escape_byte, 0});
          if (byte != escape_byte) out.push_back({byte, 0});  // a driver that does not double
        }
        break;
      case State::error:
        state_ = State::plain;
        out.push_back({byte, kind_of_error(byte, count)});
        break;
    }
  }
}

}  // namespace mep::extcap
