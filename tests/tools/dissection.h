// Frames that are dissected in this process, as Wireshark's own programs do it: for tools that ask
// what none of those tells.
//
// For Wireshark 4.0, whose functions they call: what the plugin makes of a frame does not depend on
// the version. SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "compat/wireshark.h"

#include <epan/column-info.h>
#include <epan/epan_dissect.h>
#include <epan/frame_data.h>

namespace mep::tools {

struct Frame {
  Frame();
  ~Frame();
  Frame(const Frame&) = delete;
  Frame& operator=(const Frame&) = delete;

  frame_data data{};
  wtap_rec record{};
  Buffer bytes{};
};

}  // namespace mep::tools

// What Wireshark asks back for.
struct packet_provider_data {
  wtap* file = nullptr;  // null: the frames are made up
  std::vector<std::unique_ptr<mep::tools::Frame>> frames;
};

namespace mep::tools {

// Starts libwireshark with the user's preferences, and with the plugins of their folders where
// those are wanted; once. False where that fails.
bool start_wireshark(const char* program, bool with_plugins = true);

// One capture while it is open. Only one at a time.
class Capture {
 public:
  // Of frames that are made up.
  Capture();
  // Of a file; without frames where it cannot be read.
  explicit Capture(const char* path);
  ~Capture();
  Capture(const Capture&) = delete;
  Capture& operator=(const Capture&) = delete;

  epan_t* session() const { return session_; }
  const std::vector<std::unique_ptr<Frame>>& frames() const { return provider_.frames; }
  // The next frame of the file; false at its end.
  bool read();
  // A frame that is made up, captured whole. `direction`: inbound 1, outbound 2, 0 not told.
  void add(std::span<const std::uint8_t> bytes, int encapsulation, const nstime_t& time,
           std::uint32_t interface, std::uint32_t direction);
  // `columns`: null where nobody wants them. The dissection is the caller's, and so is what it has.
  void dissect(Frame& frame, epan_dissect_t* dissection, column_info* columns = nullptr);

 private:
  void begin(std::unique_ptr<Frame> frame, std::int64_t offset);

  packet_provider_data provider_;
  epan_t* session_;
  nstime_t elapsed_{};
  const frame_data* reference_ = nullptr;
  const frame_data* before_ = nullptr;
  std::uint32_t bytes_so_far_ = 0;
};

}  // namespace mep::tools
