// A capture of a simulated meter and its clients, at the pace of real lines or faster.
//
// Extcap. To be added here: how a simulated conversation is played.
// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "extcap/capture.h"
#include "extcap/demo_settings.h"
#include "simulator/scripts/scenario.h"
#include "system/event_loop.h"
#include "system/file_descriptor.h"

namespace mep::extcap {

// A file that the secrets of TLS sessions are appended to, as Wireshark reads them.
class KeyLog {
 public:
  // Opens it; an empty path is none. Throws a Problem where that is not possible.
  explicit KeyLog(std::string path);
  // Throws a Problem where it cannot be written.
  void append(const simulator::TlsSecret& secret);

 private:
  std::string path_;
  system::FileDescriptor fd_;
};

class DemoSession : public Session {
 public:
  DemoSession(DemoSettings settings, system::StopRequest& stop);

 private:
  // Nothing on the machine that this runs on: the same options give the same file.
  Section section() const override;
  std::vector<RecordedLine> lines() const override;
  WallTime now() override;
  void start() override;
  void finish() override;

  // What the simulated clock is to show now.
  Instant paced_now() const;
  // When the simulated clock is to show that moment.
  Instant real_time_of(Instant moment) const;
  // Lets happen what is due, and sees to being called again.
  void play();
  void record(const simulator::TapRecord& record);

  const Instant origin_;  // when the simulated clock showed begin_, on the monotonic clock
  DemoSettings settings_;
  KeyLog key_log_;
  simulator::Scenario scenario_;
  const Instant begin_;  // on the simulated clock
  Instant last_;         // when the capture ends by itself, on the simulated clock
  bool done_ = false;    // all scripts have ended
  system::EventSource timer_;
};

}  // namespace mep::extcap
