// What passes between a meter and a client, a line of text for each exchange; never a key.
//
// Simulator/program. To be added here: what --verbose tells; never a key.
// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "protocol/frame.h"
#include "protocol/types.h"
#include "simulator/client/client.h"
#include "simulator/meter/meter_port.h"

namespace mep::simulator {

// "partial read BT23 offset 0 count 44", "partial write BT07 offset 0 count 5 (EP17)". A message
// without its security.
std::string describe_request(Bytes request);
// "OK", "invalid sequence number (the meter expects 0x00002a01)", "OK (EP39: completed)" where the
// request read the result of a procedure. Messages without their security.
std::string describe_answer(Bytes request, Bytes answer);

// Between a meter's port and its line: hears every byte in both directions.
class ExchangeLog {
 public:
  using Print = std::function<void(const std::string& line)>;

  // `meter` has the keys that say what was in encrypted frames; it must outlive this.
  ExchangeLog(const Meter& meter, Print print);

  void hear_client(Bytes bytes, Instant now);
  void hear_meter(Bytes bytes, Instant now);
  void hear(const Executed& executed) { executed_ = executed; }
  // What got no answer, and why.
  void hear(const Dropped& dropped);
  // What went wrong on purpose with the next answer. One that is lost is told at once.
  void hear(const Suffered& suffered);

 private:
  void sent(Bytes frame, Instant now);
  void answered(Bytes message, Instant now);
  // Request and answer of an exchange, as far as keys open them.
  std::string exchanged(Bytes message);

  const Meter& meter_;
  Print print_;
  FrameSplitter requests_;
  std::vector<std::uint8_t> request_;   // the last one, as it came
  std::vector<std::uint8_t> previous_;  // the one before: still being answered if that is dropped
  std::vector<std::uint8_t> sending_;   // the beginning of a frame of the meter's
  std::optional<Executed> executed_;    // what was in it, if the meter executed it
  std::string faults_;                  // of the answer that comes next: ", answer damaged"
  Instant now_{0};                      // of the last bytes that were heard
};

// "2026-11-24T13:30:01.123Z partial read … -> OK", of a moment since 1970 UTC.
std::string exchange_line(Instant at, const std::string& exchange);

}  // namespace mep::simulator
