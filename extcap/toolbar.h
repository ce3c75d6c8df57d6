// Wireshark's interface toolbar: the controls that it has for mepdump's interfaces, and what goes
// to and fro during a capture. Which message means what: Wireshark's doc/extcap_example.py.
//
// Extcap. To be added here: a control of the toolbar.
// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <iosfwd>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "extcap/capture.h"
#include "extcap/line_status.h"
#include "extcap/problem.h"
#include "system/event_loop.h"
#include "system/file_descriptor.h"

namespace mep::extcap {

// The sentences about the controls, for the list of interfaces.
void print_controls(std::ostream& out);

// What the toolbar shows is written as far as Wireshark takes it: a capture never waits for it.
class Toolbar : public Watcher, private NoticeListener {
 public:
  // FIFOs that Wireshark has made: what comes from the toolbar, what goes to it; either may be
  // empty. The first is opened at once, for Wireshark's window stands still until it is.
  Toolbar(const std::string& from, std::string to);
  Toolbar(const Toolbar&) = delete;
  Toolbar& operator=(const Toolbar&) = delete;
  ~Toolbar() override = default;

  // Who puts a comment into the capture; the text may be empty. Returns the comment.
  void on_marker(std::function<std::string(const std::string&)> marker);

  void show(const Progress& progress) override;

  // Whether Wireshark still has to open its end, and would stand still if this one were closed.
  bool is_awaited() const { return in_ && !heard_; }

 private:
  void before_notice(const std::string& text) override { log(text); }
  void receive();
  // The message's bytes are gone from received_ then; false where there is no whole one.
  bool take_message();
  void obey(std::uint8_t control, std::uint8_t command, const std::string& text);
  void mark(const std::string& text);
  // Adds a line to the log.
  void log(const std::string& text);
  void set(std::uint8_t control, const std::string& text);
  void send(std::uint8_t control, std::uint8_t command, std::string text);
  // Writes what waits, as far as that goes at once.
  void flush();

  system::FileDescriptor in_;
  std::string out_path_;
  system::FileDescriptor out_;
  std::optional<system::EventSource> arrivals_;
  std::optional<system::EventSource> room_;  // while something waits for it
  std::string received_;
  bool heard_ = false;  // anything from Wireshark
  bool ready_ = false;  // it has told what was in the controls before
  std::deque<std::string> waiting_;
  std::map<std::uint8_t, std::string> shown_;  // by control
  std::vector<LineStatus> known_;              // what was logged of each line
  std::function<std::string(const std::string&)> marker_;
  std::vector<std::string> early_;  // markers from before there was somebody who does
};

}  // namespace mep::extcap
