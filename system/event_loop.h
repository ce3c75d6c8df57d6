// GLib's event loop: event sources with owners, and the wish to end.
//
// System. To be added here: another thing that GLib's loop waits for, another reason to end.
// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <glib-unix.h>
#include <glib.h>

#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "protocol/frame.h"

namespace mep::system {

// The clock that sources, splitters and timeouts share: monotonic, as GLib's own.
Instant monotonic_now();

// What the loop can wait for: a file descriptor; on Windows a HANDLE, as GLib has it.
using WaitHandle = decltype(GPollFD::fd);

// Calls something when an event happens, until it is destroyed, which may be from within that call.
// What is called must not throw: GLib's loop is C.
class EventSource {
 public:
  using Callback = std::function<void()>;

  static EventSource on_signal(int signal, Callback callback);
  static EventSource on_fd(WaitHandle fd, GIOCondition condition, Callback callback);
  // Never by itself, only when wake_at() says.
  static EventSource on_time(Callback callback);

  void wake_at(std::optional<Instant> when);

 private:
  struct Unref {
    void operator()(GSource* source) const;
  };
  EventSource(GSource* source, GSourceFunc call, Callback callback);

  std::unique_ptr<GSource, Unref> source_;
};

// Whether the program has been asked to end, by a signal (SIGINT, SIGTERM, SIGHUP) or by itself.
// Signals arrive while GLib's loop is iterated.
class StopRequest {
 public:
  StopRequest();

  void make() { made_ = true; }
  bool made() const { return made_; }
  // How many signals have asked: who asks again wants it now.
  unsigned signals() const { return signals_; }
  // Runs GLib's loop until somebody has made the request.
  void wait() const;

 private:
  bool made_ = false;
  unsigned signals_ = 0;
  std::vector<EventSource> sources_;
};

}  // namespace mep::system
