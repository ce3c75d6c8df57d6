// SPDX-License-Identifier: GPL-2.0-or-later
#include "system/stop_request.h"

#include <signal.h>

namespace mep::system {

StopRequest::StopRequest() {
  for (const int signal : {SIGINT, SIGTERM})
    sources_.push_back(EventSource::on_signal(signal, [this] { make(); }));
}

void StopRequest::wait() const {
  while (!made_) g_main_context_iteration(nullptr, TRUE);
}

}  // namespace mep::system
