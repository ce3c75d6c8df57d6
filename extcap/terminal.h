// What mepdump tells on a terminal: a line that shows how the capture goes, and a summary.
//
// Extcap. To be added here: what somebody who captures by hand is told.
// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "extcap/capture.h"
#include "extcap/line_status.h"
#include "extcap/problem.h"

namespace mep::extcap {

// "3 s ago", "nothing heard": when a line has been heard last. `now_s` is that since the start.
std::string heard_text(const LineStatus& line, double now_s);

// All lines in one of `width` columns at the most: the narrower, the less of each.
std::string display_text(std::span<const LineStatus> lines, double now_s, std::size_t width);

// What was captured, in several lines.
std::string summary_text(const Progress& progress, const std::string& where);

// Draws the line on standard error, which is a terminal, again and again in its place.
class Display : public Watcher, private NoticeListener {
 public:
  Display() = default;
  Display(const Display&) = delete;
  Display& operator=(const Display&) = delete;
  ~Display() override { clear(); }

  void show(const Progress& progress) override;

 private:
  void before_notice(const std::string&) override { clear(); }
  void clear();

  bool drawn_ = false;
};

}  // namespace mep::extcap
