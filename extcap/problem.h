// What ends mepdump early, and what it tells its user.
//
// Extcap. To be added here: nothing.
// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>
#include <utility>

#include "system/problem.h"

namespace mep::extcap {

using system::Problem;
using system::ReaderGone;

// An option's value that makes no sense.
class OptionProblem : public Problem {
 public:
  // `name` without dashes.
  OptionProblem(std::string name, std::string value, std::string why)
      : Problem("--" + name + " " + value + ": " + why),
        name_(std::move(name)),
        value_(std::move(value)),
        why_(std::move(why)) {}

  const std::string& name() const { return name_; }
  const std::string& value() const { return value_; }
  const std::string& why() const { return why_; }

 private:
  std::string name_;
  std::string value_;
  std::string why_;
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
