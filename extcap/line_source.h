// Where a tapped line's bytes come from: a serial port, a port server, a pipe. Nothing is ever sent
// the other way.
//
// Extcap. To be added here: what every source can tell.
// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "extcap/line_receiver.h"
#include "system/event_loop.h"

namespace mep::extcap {

class LineSource {
 public:
  virtual ~LineSource() = default;

  // What messages call the line: "client line".
  virtual const std::string& name() const = 0;
  // As the user has named it.
  virtual const std::string& path() const = 0;

  // To be read from, by somebody else, and never to be waited for; another one after come_back().
  virtual system::WaitHandle fd() const = 0;

  // What was read there at once: appends what of it are the line's bytes.
  virtual void take(Bytes raw, std::vector<std::uint8_t>& bytes) = 0;
  // That there is nothing more to be read: closed, or an errno.
  virtual void end(int error) = 0;

  // Whether errors are marked in what is read; see MarkedInput.
  virtual bool marks_errors() const { return false; }
  // What has been counted since the last call; zeros where nobody counts.
  virtual TroubleCount trouble() { return {}; }

  // Whether all of it is there from the beginning, and says nothing of times.
  virtual bool is_recording() const { return false; }

  // Whether the speed at which the line is listened to can be set, and that: from now on, and when
  // it comes back. Throws a Problem where the port does not do that speed.
  virtual bool sets_speed() const { return false; }
  virtual void set_speed(unsigned /*baud_rate*/) {}

  // Forgets what has arrived until now: nobody knows when. Nobody else must be reading.
  virtual void discard_backlog() {}

  // Whether it has been unplugged, or closed by the other end, and has not come back.
  virtual bool gone() const = 0;
  // What has happened then: "the port has gone away". What to do about it: "plug it in again".
  virtual std::string what_happened() const = 0;
  virtual std::string remedy() const = 0;
  // Lets go of what is gone: the kernel gives a name to somebody else only then.
  virtual void close() = 0;
  // Whether it makes sense to wait for it.
  virtual bool may_come_back() const = 0;
  // Looks, without waiting, whether it is there again.
  virtual bool come_back() = 0;
};

// Reads what there is at present, where nobody else does. Appends the line's bytes.
void read_now(LineSource& source, std::vector<std::uint8_t>& bytes);

}  // namespace mep::extcap
