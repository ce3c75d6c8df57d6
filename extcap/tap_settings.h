// What a capture of two tapped lines needs to know, checked.
//
// Extcap. To be added here: a setting of mep.
// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <chrono>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "extcap/drain.h"
#include "extcap/options.h"
#include "protocol/types.h"
#include "system/serial_device.h"

namespace mep::extcap {

inline constexpr unsigned longest_frame_timeout_ms = 60000;

// What stands for a line that is not tapped, where Wireshark insists on a value.
inline constexpr const char* no_port = "none";

// The values of --roles and --baud beside names and numbers.
inline constexpr const char* find_out = "auto";
inline constexpr const char* roles_as_wired = "as-wired";

// What the dialog calls --share.
inline constexpr const char* share_display = "Share ports that are in use";

// A line and the port that taps it.
struct TappedLine {
  Direction direction;
  std::string port;
};

// What to do when a port goes away in the middle of a capture.
enum class OnUnplug : std::uint8_t {
  wait,  // until it is there again
  exit,  // with the last port that goes
};

struct TapSettings {
  std::vector<TappedLine> lines;          // the client's first
  unsigned baud_rate = 9600;              // at first
  std::vector<unsigned> baud_rates = {};  // to find the right one among; empty: it is known
  bool find_roles = true;                 // frames may contradict what is said of the lines
  std::chrono::milliseconds frame_timeout{200};
  system::Sharing sharing;
  std::size_t buffer_size = usual_buffer_size;  // bytes between reading and writing
  OnUnplug on_unplug = OnUnplug::wait;
  std::string capture_filter;  // empty: everything
};

// "client line" or "meter line".
const char* line_name(Direction direction);

// Speeds that MEP has (page 81), from the lowest on.
std::vector<unsigned> usual_baud_rates();

// Speeds that can be given.
std::span<const unsigned> baud_rates();

// Throws a Problem about the first option that makes no sense.
TapSettings tap_settings_from(const Options& options);

}  // namespace mep::extcap
