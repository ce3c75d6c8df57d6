// What a simulated meter is and knows, beside the bytes in its tables.
//
// Simulator/contents. To be added here: what a meter knows that stands in no table.
// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "protocol/types.h"
#include "simulator/channels/station.h"
#include "simulator/contents/table_space.h"
#include "simulator/household/household.h"
#include "simulator/household/load_profile_log.h"
#include "simulator/household/meter_registers.h"

namespace mep::simulator {

// Page 22: meters of generation 4 (firmware 4.0 and later) have two MEP ports, earlier ones one.
enum class Generation : std::uint8_t { gen3 = 3, gen4 = 4 };

inline constexpr unsigned most_clients = 2;
// Entries of MEP clients 1 and 2 in the tables of devices (ET13, ET14, ET34), behind the M-Bus
// devices', page 80.
inline constexpr unsigned mbus_slots = 4;
constexpr unsigned device_entry(unsigned client) {
  return mbus_slots + client;
}

// "Alert Flags" of ET13, page 82: why a client is alerted.
enum Alert : std::uint8_t {
  scheduled_read = 1 << 0,
  on_demand_request = 1 << 1,
  mbus_change = 1 << 3,
  delta_data = 1 << 4,
};

struct MeterOptions {
  Generation generation = Generation::gen3;
  std::uint64_t seed = 1;  // of the household; the same seed and start give the same meter
  Instant start{0};        // what the meter's clock shows at first: since 1970 UTC
  Key mbk = factory_default_key;
  Key mak = factory_default_key;
  // Registers are a function of the clock: with the same seed a meter that starts later goes on
  // where it would be (household/past.h). Otherwise it has the same readings at each start, which
  // takes less time.
  bool continues = false;
};

// What the last procedure of a client left behind: BT08, ET59 or ET85 from their beginning.
struct ProcedureResult {
  std::uint16_t procedure = 0;
  std::uint8_t sequence = 0;
  std::uint8_t code = 0;
  std::vector<std::uint8_t> data;
};

// Of one entry in ET15's queue, page 90.
struct OnDemandRequest {
  std::uint16_t transaction = 0;
  std::uint16_t handle = 0;
  std::uint8_t type = 0;    // 0: no entry
  std::uint8_t result = 0;  // 0: not yet completed
  Instant done_at{0};       // when an M-Bus device will have answered
};

// An entry of the history log, BT74.
struct LoggedEvent {
  std::int64_t second;   // since 1970 UTC
  std::uint16_t number;  // of the entry, counted
  std::uint8_t user;
  std::uint16_t event;
  std::uint16_t argument;
};

// An M-Bus meter that is read through this one.
struct MbusDevice {
  unsigned slot;             // 0 to 3
  std::uint16_t handle;      // ET14, page 85
  std::uint8_t medium;       // of the M-Bus header
  std::string id;            // eight digits
  std::string manufacturer;  // three letters
  std::uint8_t version;
  std::int64_t start_value;  // at the meter's start, in the device's smallest unit
  std::int64_t value;        // now
  std::uint8_t access_number;
  std::int64_t read_at;    // second of the last reading; 0: never
  bool valve_open = true;  // of a gas meter
};

struct MeterState {
  MeterOptions options;
  Instant now{0};
  unsigned asking = 0;  // the client whose request is being executed, or was last

  TableSpace tables;
  std::optional<MeterRegisters> registers;
  std::vector<LoadProfileLog> load_profiles;  // data sets 1 to 4, as far as there are
  std::vector<MbusDevice> mbus;
  std::vector<LoggedEvent> events;                  // oldest first
  std::vector<OnDemandRequest> on_demand;           // ET15's queue; always as long as ET11 says
  std::array<std::uint8_t, most_clients> alerts{};  // Alert bits
  std::array<ProcedureResult, most_clients> results;

  // ET52 and ET53, pages 43 to 50
  std::vector<std::uint8_t> transaction_requests;  // as far as they have been written
  std::vector<std::uint8_t> transaction_responses;
  std::optional<unsigned> transaction_lock;  // the client that holds it
  Instant transaction_lock_until{0};

  unsigned clients() const { return options.generation == Generation::gen4 ? 2 : 1; }
  std::int64_t second() const { return std::chrono::floor<std::chrono::seconds>(now).count(); }
};

// Puts the tables into `state.tables`, fills them as its options say, and connects those that
// change by themselves with the rest of `state`, which must stay where it is (contents.cpp,
// live_tables.cpp). options and now must be set.
void furnish(MeterState& state);

// Lets everything that happens by itself happen until `state.now`: registers, load profiles, M-Bus
// readings, events, the alerts that come of them.
void live_on(MeterState& state);

}  // namespace mep::simulator
