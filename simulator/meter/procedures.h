// What the procedures do that a MEP client can call, pages 243 to 247.
//
// Simulator/meter. To be added here: what a procedure does.
// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "simulator/meter/meter.h"

namespace mep::simulator {

// ANSI result codes, page 53, and those of single procedures.
enum Result : std::uint8_t {
  completed = 0,
  not_completed = 1,
  invalid_parameter = 2,
  no_such_device = 3,
  conflict = 3,
  no_authorization = 5,
  unknown_procedure = 6,
  queue_full = 7,
};

// Kinds of EP39 "Post MEP Data", the first byte of its parameters. The guide names what can be
// posted (pages 18 and 35) and one number, 12. 4 is what the best-known client sends, followed by
// 1 for success, two bytes of length and the data. The other numbers are this meter's own.
enum class Posted : std::uint8_t {
  scheduled_read = 1,
  scheduled_read_and_alarms = 4,
  on_demand_result = 3,
  clear_mbus_alert = 11,
  clear_delta_data_alert = 12,
};

// Executes a procedure. `parameters`: what stands in BT07 behind the sequence number. The result
// is for BT08, ET59 or ET85; its sequence number is the caller's to set.
ProcedureResult run_procedure(MeterState& state, std::uint16_t procedure, Bytes parameters,
                              const Caller& caller);

}  // namespace mep::simulator
