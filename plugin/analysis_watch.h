// What the analysis remembers of a bus from frame to frame, and how it says what it found. For the
// analysis' own files.
//
// Plugin, learning. To be added here: what a finding needs to know of earlier frames.
// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "plugin/analysis.h"
#include "plugin/bus.h"

namespace mep::plugin {

// Preferences.
struct Thresholds {
  unsigned answer_ms;   // within which an answer begins
  unsigned spacing_ms;  // from request to request
  unsigned gap_ms;      // within a client's frame
  unsigned window;      // of sequence numbers
  unsigned alert_ms;    // from a request to an alert, and from alert to alert
};
extern Thresholds thresholds;

// An alert until something is done about it. File scope.
struct Alert {
  std::uint32_t frame;
  nstime_t time;
  unsigned count;  // how often it has been sent
};

// File scope, zero at the beginning.
struct Watch {
  std::uint32_t unreadable_frame;  // from the meter, since the latest request; 0: none
  std::uint32_t last_of_client;    // any frame
  nstime_t last_of_client_time;

  // Sequence numbers, of requests that can be read.
  std::optional<std::uint32_t> sent;      // the latest
  std::optional<std::uint32_t> accepted;  // the latest that was not answered with 0x0C
  std::optional<std::uint32_t> told;      // by a 0x0C that no request has come after
  std::uint32_t skipped;                  // frame that left out one number; 0: not the latest
  std::uint32_t corrected;                // frame of a request with the number that 0x0C told

  // Keys.
  unsigned strangers;  // requests with a digest that no key fits, one after the other
  unsigned bad_answers;
  bool key_told;

  Alert* alert;              // that is open
  const Alert* asked_about;  // whose flags were asked for, until they are told
  nstime_t alert_time;

  // Procedures and transactions.
  const Call* call;
  const Transaction* executed;  // whose answers have not been read
  std::uint32_t executed_frame;
  nstime_t locked;
  bool is_locked;

  // The line's speed, and what ET13 tells of it.
  std::uint32_t baud_rate;
  std::optional<std::int32_t> told_baud_rate;

  // Writes.
  nstime_t first_write;
  std::uint32_t writes;
  bool writes_told;
};

// A frame that is being analysed.
struct Analysed {
  Bus& bus;
  Watch& watch;
  const Arrived& frame;
  Bytes message;
  std::size_t size;
  FrameFacts& facts;

  const packet_info* pinfo() const { return frame.pinfo; }
  const nstime_t& time() const { return frame.pinfo->abs_ts; }
};

// Adds a finding; the text, printf's, may be left out.
void found(const Analysed& in, const NotedField& what, std::uint32_t value);
void found(const Analysed& in, const NotedField& what, std::uint32_t value, const char* format, ...)
    __attribute__((format(printf, 4, 5)));

// Microseconds from `before` to `after`, which may be negative.
std::int64_t microseconds(const nstime_t& before, const nstime_t& after);
// As a finding's value: as many as fit. In seconds, for sentences.
std::uint32_t as_value(std::int64_t us);
double in_seconds(std::int64_t us);

// By kind of frame, each in the file of its subject.
void analyse_request(const Analysed& in);  // facts.exchange is its own
void analyse_answer(const Analysed& in);   // facts.exchange is the one that it answers, or null
void analyse_service(const Analysed& in);  // requests and answers that can be read
void analyse_alert(const Analysed& in);

}  // namespace mep::plugin
