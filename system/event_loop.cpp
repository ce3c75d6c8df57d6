// SPDX-License-Identifier: GPL-2.0-or-later
#include "system/event_loop.h"

#include <signal.h>

#include <algorithm>
#include <utility>

namespace mep::system {
namespace {

gboolean call(gpointer callback) {
  (*static_cast<EventSource::Callback*>(callback))();
  return G_SOURCE_CONTINUE;
}

void forget(gpointer callback) {
  const std::unique_ptr<EventSource::Callback> owned(static_cast<EventSource::Callback*>(callback));
}

gboolean call_for_fd(gint, GIOCondition, gpointer callback) {
  return call(callback);
}

gboolean dispatch_timer(GSource* source, GSourceFunc function, gpointer callback) {
  g_source_set_ready_time(source, -1);
  return function(callback);
}

GSourceFuncs timer_functions = {nullptr, nullptr, dispatch_timer, nullptr, nullptr, nullptr};

}  // namespace

Instant monotonic_now() {
  return std::chrono::steady_clock::now().time_since_epoch();
}

// GLib owns the callback, and lets go of it only when no call of it goes on.
EventSource::EventSource(GSource* source, GSourceFunc call, Callback callback) : source_(source) {
  g_source_set_callback(source, call, std::make_unique<Callback>(std::move(callback)).release(),
                        forget);
  g_source_attach(source, nullptr);
}

EventSource EventSource::on_signal(int signal, Callback callback) {
  return {g_unix_signal_source_new(signal), call, std::move(callback)};
}

EventSource EventSource::on_fd(WaitHandle fd, GIOCondition condition, Callback callback) {
  return {g_unix_fd_source_new(fd, condition), G_SOURCE_FUNC(call_for_fd), std::move(callback)};
}

EventSource EventSource::on_time(Callback callback) {
  return {g_source_new(&timer_functions, sizeof(GSource)), call, std::move(callback)};
}

void EventSource::wake_at(std::optional<Instant> when) {
  // GLib counts in microseconds; a microsecond early would mean waking twice.
  const auto microseconds = when ? std::chrono::ceil<std::chrono::microseconds>(*when).count() : -1;
  g_source_set_ready_time(source_.get(), microseconds);
}

void EventSource::Unref::operator()(GSource* source) const {
  g_source_destroy(source);
  g_source_unref(source);
}

StopRequest::StopRequest() {
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
    // nohup(1) has a program go on when its terminal closes.
    struct sigaction before {};
    if (signal == SIGHUP && sigaction(signal, nullptr, &before) == 0 &&
        before.sa_handler == SIG_IGN)
      continue;
    sources_.push_back(EventSource::on_signal(signal, [this] {
      ++signals_;
      make();
    }));
  }
}

void StopRequest::wait() const {
  while (!made_) g_main_context_iteration(nullptr, TRUE);
}

}  // namespace mep::system
