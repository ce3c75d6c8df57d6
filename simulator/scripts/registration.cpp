// Clients that make themselves known to the meter, and that leave it: pages 22, 36 and 124 to 127.
// SPDX-License-Identifier: GPL-2.0-or-later
#include <chrono>

#include "protocol/names.h"
#include "simulator/scripts/steps.h"
#include "simulator/scripts/stories.h"

namespace mep::simulator {
namespace {

using std::chrono::seconds;
using Buffer = std::vector<std::uint8_t>;

// Values of "House Icon", page 126.
enum Icon : std::uint8_t { off = 0, on = 1, flashing = 2 };

Task<> show_house(Client& client, Icon icon) {
  Buffer icons = {icon};
  co_await write_field(client, ET(50), "et50.house_icon", channel_of(client), std::move(icons));
}

// A value for the meter's display, in the first of the client's data sources, page 125.
Task<> show_value(Client& client, std::uint32_t value) {
  constexpr std::uint16_t kwh = 1 << 5;
  co_await write_field(client, ET(50), "et50.data_sources_icon_display_control", channel_of(client),
                       le16(kwh));
  co_await write_field(client, ET(50), "et50.data_for_display_load_profile_sources",
                       channel_of(client), le32(value));
}

Task<> look_at_own_entries(Client& client) {
  const Place inbound =
      element_place(ET(50), "et50.manufacturer_unique_id", client.dimensions(), channel_of(client));
  co_await read_place(client, ET(50), inbound);
  co_await read_field(client, ET(14), "et14.device_occupancy");
  co_await read_own_handle(client);
}

}  // namespace

Task<> first_contact(Client& client, Meter&) {
  // Whatever number a client begins with that does not know the meter's, page 15.
  client.set_next_sequence(0x01020304);
  co_await read_known(client, BT(1));
  co_await read_device_dimensions(client);
  co_await look_at_own_entries(client);
  const bool registered = co_await be_registered(client, MepFlag::response_in_et59);
  if (registered) {
    co_await show_house(client, on);
    co_await look_at_own_entries(client);
  }
  co_await client.pause(seconds(2));
  co_await read_known(client, BT(52));
}

Task<> registration(Client& client, Meter&) {
  co_await be_registered(client, MepFlag::response_in_et59);
  co_await show_house(client, on);
  co_await show_value(client, 4711);
  co_await client.pause(seconds(2));

  // The box is replaced: logically removed first, then the new one registers itself, page 36.
  const auto handle = co_await read_own_handle(client);
  if (handle) co_await remove_device(client, *handle);
  co_await look_at_own_entries(client);
  co_await client.pause(seconds(3));
  const Buffer another = identification("BOX-30999");
  const bool registered = co_await register_as(client, another, MepFlag::response_in_et59);
  if (registered) {
    co_await show_house(client, flashing);
    co_await look_at_own_entries(client);
    co_await client.pause(seconds(3));
    co_await show_house(client, on);
  }
}

}  // namespace mep::simulator
