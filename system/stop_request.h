// The wish to end, by Ctrl-C or by the program itself.
//
// System. To be added here: another reason to end.
// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <vector>

#include "system/event_sources.h"

namespace mep::system {

// Whether the program has been asked to end, by a signal (SIGINT, SIGTERM) or by itself. Signals
// arrive while GLib's loop is iterated.
class StopRequest {
 public:
  StopRequest();

  void make() { made_ = true; }
  bool made() const { return made_; }
  // Runs GLib's loop until somebody has made the request.
  void wait() const;

 private:
  bool made_ = false;
  std::vector<EventSource> sources_;
};

}  // namespace mep::system
