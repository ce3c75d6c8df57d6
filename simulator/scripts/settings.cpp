// Clients that write: what their key permits, and what it does not; and the one setting that the
// line itself notices.
// SPDX-License-Identifier: GPL-2.0-or-later
#include <array>
#include <chrono>

#include "protocol/names.h"
#include "simulator/scripts/steps.h"
#include "simulator/scripts/stories.h"

namespace mep::simulator {
namespace {

using std::chrono::seconds;
using Buffer = std::vector<std::uint8_t>;

// Values of ET13's "Baud Rate", page 81.
enum BaudRateCode : std::uint8_t { as_delivered = 0, rate_4800 = 5, rate_9600 = 6 };

Task<> read_a_little(Client& client) {
  co_await read_known(client, BT(52));
  co_await read_known(client, BT(23));
  co_await read_known(client, BT(28));
}

// The new speed holds behind the answer, page 20.
Task<> change_speed(Client& client, BaudRateCode code, unsigned baud_rate) {
  Buffer value = {code};
  const Outcome written =
      co_await write_field(client, ET(13), "et13.baud_rate", entry_of(client), std::move(value));
  if (written.ok()) client.set_baud_rate(baud_rate);
}

// Writes a field, looks at it, and puts back what was there. The first write's answer decides.
Task<> write_and_restore(Client& client, std::uint16_t table, std::string_view field,
                         std::uint32_t element, Buffer value) {
  const Place place = place_of(table, field, client.dimensions(), element);
  const Outcome before = co_await client.read(table, place.offset, place.size);
  const Outcome written = co_await client.write(table, place.offset, std::move(value));
  if (!written.ok()) co_return;
  co_await client.read(table, place.offset, place.size);
  co_await client.write(table, place.offset, before.data);
}

// What Appendix C grants to nobody, pages 259 to 262.
constexpr std::array for_nobody = {BT(1), BT(21), BT(52), ET(11), ET(42)};

Task<> write_everywhere(Client& client) {
  const std::uint32_t channel = channel_of(client);
  constexpr std::uint32_t calendar_id = 20260101;
  co_await write_and_restore(client, ET(13), "et13.customer_id", 0, padded("GAS-KITCHEN", 20));
  co_await write_and_restore(client, BT(54), "bt54.calendar_id", 0, le32(calendar_id));
  co_await write_and_restore(client, ET(51), "et51.mep_health_timeout", channel, le16(1800));
  co_await write_and_restore(client, ET(50), "et50.data_for_display_load_profile_sources", channel,
                             le32(42));
}

}  // namespace

Task<> baud_change(Client& client, Meter&) {
  constexpr unsigned half_speed = 4800;
  co_await read_register_dimensions(client);
  co_await read_device_dimensions(client);
  co_await read_a_little(client);
  co_await client.pause(seconds(2));
  co_await change_speed(client, rate_4800, half_speed);
  co_await read_a_little(client);
  co_await read_own_handle(client);
  co_await client.pause(seconds(2));
  co_await change_speed(client, rate_9600, default_baud_rate);
  co_await read_a_little(client);
}

Task<> writing(Client& client, Meter&) {
  co_await read_device_dimensions(client);
  co_await read_known(client, BT(50));
  co_await write_everywhere(client);
  co_await client.pause(seconds(1));

  for (const std::uint16_t table : for_nobody) {
    Buffer byte = {1};
    co_await client.write(table, 0, std::move(byte));
  }
  // Behind the table's end.
  Buffer byte = {1};
  co_await client.write(ET(51), 1000, std::move(byte));
  co_await client.pause(seconds(1));

  // The MBK permits ET50 and ET51 of these, page 13.
  const Key advanced = client.options().key;
  co_await client.end_tls();
  client.set_key(client.options().mbk, AccessLevel::basic);
  co_await write_everywhere(client);
  co_await client.end_tls();
  client.set_key(advanced, AccessLevel::advanced);
}

}  // namespace mep::simulator
