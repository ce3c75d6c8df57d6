// SPDX-License-Identifier: GPL-2.0-or-later
#include "extcap/session.h"

#include <optional>

#include "extcap/problem.h"
#include "system/event_sources.h"

namespace mep::extcap {

void Session::guarded(const std::function<void()>& step) noexcept {
  try {
    step();
  } catch (...) {
    if (!failure_) failure_ = std::current_exception();
    stop_.make();
  }
}

void Session::run(const Output& output) {
  std::optional<system::EventSource> reader_gone;
  if (output.has_reader())
    reader_gone = system::EventSource::on_fd(output.fd(), G_IO_ERR, [this] { stop_.make(); });
  start();
  guarded([&] { recorder_.begin(output.fd(), output.path(), section(), lines(), now()); });
  stop_.wait();
  if (recorder_.begun()) {
    guarded([this] { finish(); });
    guarded([this] { recorder_.end(now()); });
  }
  if (!failure_) return;
  try {
    std::rethrow_exception(failure_);
  } catch (const ReaderGone&) {
    return;
  }
}

}  // namespace mep::extcap
