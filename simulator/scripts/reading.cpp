// A client that reads all day: dimensions first, then the clock, the registers and the present
// values, and now and then what changes more slowly.
// SPDX-License-Identifier: GPL-2.0-or-later
#include <array>
#include <chrono>

#include "protocol/names.h"
#include "simulator/scripts/steps.h"
#include "simulator/scripts/stories.h"

namespace mep::simulator {
namespace {

using std::chrono::seconds;

constexpr Instant round_time = seconds(10);
constexpr Instant seldom_reads_at = seconds(4);  // in their round
// In rounds.
constexpr unsigned tariff_period = 3;
constexpr unsigned self_read_period = 30;

constexpr std::array always_read = {BT(52), BT(23), BT(28)};

// The newest entry of BT26, page 29.
Task<> read_newest_self_read(Client& client) {
  const Place header{0, 6};
  const Understood log = co_await read_place(client, BT(26), header);
  if (!log.has("bt26.number_of_valid_entries")) co_return;
  const bool has_demands = client.dimensions().get(Dim::demands) != 0;
  const auto newest = static_cast<std::uint32_t>(*log.number("bt26.last_entry_element"));
  const Place entry =
      element_place(BT(26), has_demands ? "bt26.blg_iface_def_nbr_bidn" : "bt26.time_and_date",
                    client.dimensions(), newest);
  co_await client.read_long(BT(26), entry.offset, entry.size);
}

Task<> read_tariff_and_flags(Client& client) {
  co_await read_known(client, BT(55));
  co_await read_field(client, ET(13), "et13.alert_flags", entry_of(client));
}

}  // namespace

Task<> daily_reading(Client& client, Meter&, ScriptOptions options) {
  co_await read_dimensions(client);
  Instant round_begins = client.now();
  for (unsigned round = 0; goes_on(options, round); ++round, round_begins += round_time) {
    for (const std::uint16_t table : always_read) co_await read_known(client, table);
    co_await wait_until(client, round_begins + seldom_reads_at);
    if (round % tariff_period == 0) co_await read_tariff_and_flags(client);
    if (round % self_read_period == 0) co_await read_newest_self_read(client);
    co_await wait_until(client, round_begins + round_time);
  }
}

}  // namespace mep::simulator
