// Steps that several scripts have in common.
//
// In all scripts co_await is a statement of its own, or all of an initializer: in a condition, a
// condition's operand or ?: GCC 12 makes wrong code of it.
//
// Simulator/scripts. To be added here: steps that several stories share.
// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "simulator/client/client.h"
#include "simulator/meter/meter.h"
#include "simulator/scripts/script.h"
#include "simulator/scripts/understood.h"

namespace mep::simulator {

// --- Time

// A story with an end, told `options.rounds` times, with a pause in between.
using Story = Task<> (*)(Client& client, Meter& meter);
Task<> tell(Client& client, Meter& meter, ScriptOptions options, Story story);

// Whether there is another round of what is periodic.
constexpr bool goes_on(ScriptOptions options, unsigned round) {
  return options.rounds == 0 || round < options.rounds;
}

// Waits until then; not at all if that is past.
Task<> wait_until(Client& client, Instant moment);

// --- Bytes

std::vector<std::uint8_t> le16(std::uint16_t value);
std::vector<std::uint8_t> le32(std::uint32_t value);
// Of a text, filled up with zeros.
std::vector<std::uint8_t> padded(std::string_view text, std::size_t size);

// --- Tables

// Reads what tells a client how the other tables are laid out: BT01, BT21, BT22, BT27, ET11, and
// of the load profile BT61 to BT63.
Task<> read_dimensions(Client& client);
// Reads BT21, ET11, unless the client has done so.
Task<> read_register_dimensions(Client& client);
Task<> read_device_dimensions(Client& client);

// Reads a table, as long as it is by what the client knows.
Task<Understood> read_known(Client& client, std::uint16_t table);
// Reads a stretch of a table.
Task<Understood> read_place(Client& client, std::uint16_t table, Place place);
// Reads one field.
Task<Understood> read_field(Client& client, std::uint16_t table, std::string_view field,
                            std::uint32_t element = 0);
Task<Outcome> write_field(Client& client, std::uint16_t table, std::string_view field,
                          std::uint32_t element, std::vector<std::uint8_t> data);

// --- A client's own entries, page 80

// In ET50 and ET51.
unsigned channel_of(const Client& client);
// In ET13, ET14, ET34.
unsigned entry_of(const Client& client);
// The handle that ET14 says; nothing where the meter does not know the client.
Task<std::optional<std::uint16_t>> read_own_handle(Client& client);

// --- Registration

// "MEP Flags" of ET50, page 124.
struct MepFlag {
  enum Bits : std::uint8_t {
    registered = 1 << 0,
    response_in_et59 = 1 << 1,
    mbus_alerts = 1 << 2,
    delta_data_alerts = 1 << 3,
  };
};

// ET50's identification in the standard format, pages 126 and 127. `serial`: up to 15 characters.
std::vector<std::uint8_t> identification(std::string_view serial);
// The serial number of the client that scripts speak of.
std::string_view serial_of(const Client& client);

// Writes identification and flags into ET50 and waits until the meter has taken notice, which
// ET14 shows. False: it has not.
Task<bool> register_as(Client& client, std::vector<std::uint8_t> identification,
                       std::uint8_t flags);
// The same under the usual name, where ET50 does not show yet that this has been done. Whoever else
// is registered there is removed before, as page 36 advises.
Task<bool> be_registered(Client& client, std::uint8_t flags);

// --- Procedures, page 52

// ET59 or, of client 2, ET85.
std::uint16_t results_of(const Client& client);
// EP39 with what is posted, and its data.
Task<CallOutcome> post_data(Client& client, std::uint8_t what, std::vector<std::uint8_t> data);
// EP17 for a device.
Task<CallOutcome> remove_device(Client& client, std::uint16_t handle);
// EP19: asks an M-Bus device for a billing read.
Task<CallOutcome> ask_device(Client& client, std::uint16_t transaction, std::uint16_t handle);

// --- Alerts

// Reads ET13's flags and does what they ask for, page 18.
Task<> serve_alerts(Client& client);
// The same as soon as an alert comes, if one comes within some seconds.
Task<> serve_next_alert(Client& client);

// --- Transactions, pages 43 to 50

// What is to be written into ET52. `requests`: messages without trailers.
std::vector<std::uint8_t> transaction_of(std::uint16_t number,
                                         const std::vector<std::vector<std::uint8_t>>& requests);
// The message that reads a stretch of a table.
std::vector<std::uint8_t> read_request(std::uint16_t table, std::uint32_t offset,
                                       std::uint16_t count);
// Writes it, in pieces where it is too long for one frame. The last answer.
Task<Outcome> write_transaction(Client& client, std::vector<std::uint8_t> transaction);
// Reads ET53: the first five bytes, then as much as they tell.
Task<std::vector<std::uint8_t>> read_responses(Client& client);

}  // namespace mep::simulator
