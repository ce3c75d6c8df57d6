// Says what is wrong with tapped lines while a capture goes on: nothing is heard, nothing but
// noise, the wiring is not as it was said. Once for each state that they come into, and again when
// all is well. It also counts, for whoever shows how a line is. No input or output: tests feed it.
//
// Extcap. To be added here: another thing that can be wrong with a line as such; what is wrong with
// a conversation is the plugin's.
// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "extcap/line_state.h"
#include "extcap/role_finder.h"
#include "protocol/frame.h"
#include "protocol/types.h"

namespace mep::extcap {

class LineWatch {
 public:
  // For so long nothing has to be heard for it to be said; on a line that has been heard four times
  // its longest pause, too, since clients ask as rarely as they like.
  static constexpr Instant silence = std::chrono::seconds(10);
  // And for so long nothing but noise; each time twice as long, on a line that comes and goes.
  static constexpr Instant only_noise = std::chrono::seconds(5);

  struct Watched {
    std::string name;  // "client line /dev/ttyUSB0"
    Direction wired;
  };
  struct Settings {
    bool finds_roles = true;
    bool finds_speed = true;
  };
  using Say = std::function<void(const std::string&)>;

  // One or two lines, watched from `begin` on. What is said is one line of text.
  LineWatch(const std::vector<Watched>& lines, Settings settings, Instant begin, Say say);

  // A record of a line, and what the frames say of who speaks since then; in order of their ends.
  void take(const LineEvent& event, const RoleFinder& roles);
  // The line is no more, until something comes of it again: its silence needs no word.
  void leave(std::size_t line) { lines_[line].left = true; }
  void advance(Instant now);
  // When advance() would have something to say.
  std::optional<Instant> deadline() const;

  LineState status(std::size_t line, Instant now) const;

 private:
  struct Line {
    Watched watched;
    LineState status = {};
    bool left = false;
    Instant last;  // sign of life, at first when the capture began
    Instant longest_pause{0};
    Instant noise_since{0};
    Instant noise_patience = only_noise;
    std::size_t noise_bytes = 0;  // since the last frame
    std::size_t noise_records = 0;
    LineRole told = LineRole::unknown;
    LineRole seen = LineRole::unknown;
    unsigned seen_times = 0;
  };

  Instant patience(const Line& line) const;
  bool may_fall_silent(const Line& line) const;
  void count(Line& line, const LineEvent& event);
  void note_life(Line& line, const LineEvent& event, bool frame);
  void look_for_noise(Line& line, const LineEvent& event);
  void look_at_roles(const RoleFinder& roles);
  void say_roles();
  void say_silent(const std::vector<std::size_t>& lines);

  std::vector<Line> lines_;
  Settings settings_;
  Say say_;
};

}  // namespace mep::extcap
