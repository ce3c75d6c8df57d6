// A meter behind its security: it executes C12.18 requests, pages 12, 43 to 53 and 243 to 247.
//
// Simulator/meter. To be added here: another service of C12.18.
// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <vector>

#include "protocol/access.h"
#include "protocol/message.h"
#include "simulator/contents/loaded_tables.h"
#include "simulator/contents/meter_state.h"

namespace mep::simulator {

// Who asks, as security has found out.
struct Caller {
  unsigned client;  // 0: MEP client 1
  AccessLevel access;
  // How many table bytes an answer may carry: a frame's size less what security takes.
  std::size_t room;
};

class Meter {
 public:
  explicit Meter(const MeterOptions& options);
  Meter(const Meter&) = delete;
  Meter& operator=(const Meter&) = delete;

  // Lets time pass. `now` must not run backwards; it is the moment of what is executed next.
  void advance(Instant now);

  // Executes a request message without its authentication trailer. The answer's message, likewise.
  std::vector<std::uint8_t> execute(Bytes request, const Caller& caller);

  // Whether a client is to be alerted, page 17.
  bool alerts(unsigned client) const;
  // The speed that ET13 says for the client's port, page 20.
  unsigned baud_rate(unsigned client) const;

  // The utility wants a client's data: it is alerted until it has posted them. A client that has
  // not registered is registered for it, as only such are alerted (page 36).
  void ask_for_data(unsigned client);

  // Tables that are as given from now on, see LoadedTables::load().
  std::vector<std::uint16_t> load(const GivenTables& given) { return tables_.load(given); }
  // The tables as clients see them.
  const LoadedTables& tables() const { return tables_; }

  const MeterState& state() const { return state_; }
  // For those who let things happen to the meter from outside: the utility, an M-Bus device.
  MeterState& state() { return state_; }

 private:
  std::vector<std::uint8_t> read(const Request& request, const Caller& caller) const;
  ResponseCode write(const Request& request, Bytes data, const Caller& caller);
  ResponseCode write_transaction(const Request& request, Bytes data, const Caller& caller);
  ResponseCode initiate(Bytes data, const Caller& caller);
  void run_transaction(const Caller& caller);

  MeterState state_;
  LoadedTables tables_{state_.tables};
  std::vector<std::uint8_t> last_transaction_;
  bool in_transaction_ = false;
};

}  // namespace mep::simulator
