// What ends a program early.
//
// System. To be added here: nothing.
// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stdexcept>

namespace mep::system {

// Something the user has to know and do something about. what() is one line for standard error: it
// names the port or file, says why, and what to do.
class Problem : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// Nobody reads the output any more: a normal end.
class ReaderGone : public std::runtime_error {
 public:
  ReaderGone() : std::runtime_error("nobody reads the output any more") {}
};

}  // namespace mep::system
