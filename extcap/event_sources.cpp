// SPDX-License-Identifier: GPL-2.0-or-later
#include "extcap/event_sources.h"

#include <algorithm>
#include <utility>

namespace mep::extcap {
namespace {

gboolean call(gpointer callback) {
  (*static_cast<EventSource::Callback*>(callback))();
  return G_SOURCE_CONTINUE;
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

EventSource::EventSource(GSource* source, Callback callback)
    : callback_(std::make_unique<Callback>(std::move(callback))), source_(source) {
  g_source_attach(source, nullptr);
}

EventSource EventSource::on_signal(int signal, Callback callback) {
  EventSource made(g_unix_signal_source_new(signal), std::move(callback));
  g_source_set_callback(made.source_.get(), call, made.callback_.get(), nullptr);
  return made;
}

EventSource EventSource::on_fd(int fd, GIOCondition condition, Callback callback) {
  EventSource made(g_unix_fd_source_new(fd, condition), std::move(callback));
  g_source_set_callback(made.source_.get(), G_SOURCE_FUNC(call_for_fd), made.callback_.get(),
                        nullptr);
  return made;
}

EventSource EventSource::on_time(Callback callback) {
  EventSource made(g_source_new(&timer_functions, sizeof(GSource)), std::move(callback));
  g_source_set_callback(made.source_.get(), call, made.callback_.get(), nullptr);
  return made;
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

}  // namespace mep::extcap
