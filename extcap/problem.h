// What ends mepdump early, and what it tells its user.
//
// Extcap. To be added here: nothing.
// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>

#include "system/problem.h"

namespace mep::extcap {

using system::Problem;

// Nobody reads the output any more: a normal end.
class ReaderGone : public std::runtime_error {
 public:
  ReaderGone() : std::runtime_error("nobody reads the output any more") {}
};

// One line on standard error, under mepdump's name.
void notice(const std::string& text);

// Hears of each notice before it is printed, for as long as it lives.
class NoticeListener {
 public:
  NoticeListener();
  NoticeListener(const NoticeListener&) = delete;
  NoticeListener& operator=(const NoticeListener&) = delete;
  virtual ~NoticeListener();

  virtual void before_notice(const std::string& text) = 0;
};

}  // namespace mep::extcap
