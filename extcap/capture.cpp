// SPDX-License-Identifier: GPL-2.0-or-later
#include "extcap/capture.h"

#include <signal.h>

#include <exception>
#include <memory>

#include "extcap/output.h"
#include "extcap/problem.h"
#include "extcap/session.h"
#include "system/event_sources.h"
#include "system/stop_request.h"

namespace mep::extcap {
namespace {

constexpr Instant look_for_reader_again = std::chrono::milliseconds(20);

// Lets some time pass. Returns whether the capture goes on.
bool wait_a_moment(const system::StopRequest& stop) {
  bool waited = false;
  auto pause = system::EventSource::on_time([&waited] { waited = true; });
  pause.wake_at(system::monotonic_now() + look_for_reader_again);
  while (!waited && !stop.made()) g_main_context_iteration(nullptr, TRUE);
  return !stop.made();
}

void capture_to(Output& output, const CaptureInterface& interface, const Options& options) {
  system::StopRequest stop;
  const auto wait = [&stop] { return wait_a_moment(stop); };
  // A FIFO first, whatever may be wrong with the rest: until it has been opened, its reader waits,
  // and Wireshark with it. A file last: there may be an old capture in it.
  const bool fifo = output.is_fifo();
  if (fifo && !output.open(wait)) return;
  check_values(interface, options);
  const std::unique_ptr<Session> session = interface.open(options, stop);
  if (!fifo) output.open(wait);
  session->run(output);
}

}  // namespace

bool capture(const CaptureInterface& interface, const Options& options,
             const std::function<void(const std::string&)>& complain) {
  // A reader that goes away is an error of write(2) then, not the end of the process.
  signal(SIGPIPE, SIG_IGN);
  Output output(options.fifo.value_or(""));
  try {
    if (output.path().empty())
      throw Problem("nowhere to write to; name a file with --fifo, for example --fifo tap.pcapng");
    capture_to(output, interface, options);
  } catch (const std::exception& problem) {
    complain(problem.what());
    return false;
  }
  return true;
}

}  // namespace mep::extcap
