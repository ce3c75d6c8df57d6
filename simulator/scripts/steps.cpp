// SPDX-License-Identifier: GPL-2.0-or-later
#include "simulator/scripts/steps.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <optional>
#include <utility>

#include "protocol/bytes.h"
#include "protocol/names.h"
#include "protocol/transaction.h"
#include "simulator/contents/table_bytes.h"

namespace mep::simulator {
namespace {

using std::chrono::seconds;
using Buffer = std::vector<std::uint8_t>;

constexpr Instant between_stories = seconds(10);
// Data in one write: page 44 allows 456 bytes, TLS leaves room for fewer.
constexpr std::size_t piece_size = 430;
// How often ET14 is asked whether the meter has found the client.
constexpr int registration_tries = 10;

constexpr std::array dimension_tables = {BT(22), BT(27), BT(61), BT(62), BT(63)};
// ET11 as meters of all generations have it, page 79.
constexpr Place device_dimensions = {0, 32};

std::uint8_t byte(std::size_t value) {
  return static_cast<std::uint8_t>(value);
}

}  // namespace

// --- Time

Task<> tell(Client& client, Meter& meter, ScriptOptions options, Story story) {
  for (unsigned round = 0; goes_on(options, round); ++round) {
    if (round > 0) co_await client.pause(between_stories);
    co_await story(client, meter);
  }
}

Task<> wait_until(Client& client, Instant moment) {
  if (client.now() < moment) co_await client.pause(moment - client.now());
}

// --- Bytes

Buffer le16(std::uint16_t value) {
  Buffer bytes(2);
  write_le(bytes, 0, bytes.size(), value);
  return bytes;
}

Buffer le32(std::uint32_t value) {
  Buffer bytes(4);
  write_le(bytes, 0, bytes.size(), value);
  return bytes;
}

Buffer padded(std::string_view text, std::size_t size) {
  Buffer bytes(text.begin(), text.end());
  bytes.resize(size);
  return bytes;
}

// --- Tables

Task<> read_dimensions(Client& client) {
  co_await client.read(BT(1), 0, size_known(BT(1), client.dimensions()));
  co_await read_register_dimensions(client);
  co_await read_device_dimensions(client);
  for (const std::uint16_t table : dimension_tables) co_await read_known(client, table);
}

Task<> read_register_dimensions(Client& client) {
  if (client.dimensions().learned(Dim::present_values)) co_return;
  co_await read_known(client, BT(21));
}

Task<> read_device_dimensions(Client& client) {
  if (client.dimensions().learned(Dim::device_config_size)) co_return;
  co_await read_place(client, ET(11), device_dimensions);
}

Task<Understood> read_place(Client& client, std::uint16_t table, Place place) {
  const Outcome outcome = co_await client.read(table, place.offset, place.size);
  co_return Understood(table, place.offset, outcome.data, client.dimensions());
}

Task<Understood> read_known(Client& client, std::uint16_t table) {
  const Place whole{0, size_known(table, client.dimensions())};
  co_return co_await read_place(client, table, whole);
}

Task<Understood> read_field(Client& client, std::uint16_t table, std::string_view field,
                            std::uint32_t element) {
  const Place place = place_of(table, field, client.dimensions(), element);
  co_return co_await read_place(client, table, place);
}

Task<Outcome> write_field(Client& client, std::uint16_t table, std::string_view field,
                          std::uint32_t element, Buffer data) {
  const Place place = place_of(table, field, client.dimensions(), element);
  co_return co_await client.write(table, place.offset, std::move(data));
}

// --- A client's own entries

unsigned channel_of(const Client& client) {
  return client.options().number - 1U;
}

unsigned entry_of(const Client& client) {
  return device_entry(channel_of(client));
}

Task<std::optional<std::uint16_t>> read_own_handle(Client& client) {
  co_await read_device_dimensions(client);
  const std::uint32_t entry = entry_of(client);
  const Place place = element_place(ET(14), "et14.device_handle", client.dimensions(), entry);
  const Understood status = co_await read_place(client, ET(14), place);
  if (!status.has("et14.device_handle", entry)) co_return std::nullopt;
  co_return static_cast<std::uint16_t>(*status.number("et14.device_handle", entry));
}

// --- Registration

Buffer identification(std::string_view serial) {
  // Manufacturer with the bit of the standard format; class OSGP; type, sub-type, interface
  // version, firmware 2.7.1.
  constexpr std::array<std::uint8_t, 11> before = {0x80, 0x4D, 0x45, 5, 6, 0, 0, 1, 2, 7, 1};
  Buffer bytes(30);
  auto next = std::copy(before.begin(), before.end(), bytes.begin());
  *next++ = byte(serial.size());
  std::copy(serial.begin(), serial.end(), next);
  return bytes;
}

std::string_view serial_of(const Client& client) {
  return channel_of(client) == 0 ? "BOX-20041" : "BOX-20042";
}

Task<bool> register_as(Client& client, Buffer identification, std::uint8_t flags) {
  const std::uint32_t channel = channel_of(client);
  const Place name = place_of(ET(50), "et50.manufacturer_unique_id", client.dimensions(), channel);
  co_await client.write(ET(50), name.offset, std::move(identification));
  Buffer flag_byte = {byte(flags | MepFlag::registered)};
  const Outcome written =
      co_await write_field(client, ET(50), "et50.mep_flags", channel, std::move(flag_byte));
  if (!written.ok()) co_return false;
  for (int tries = 0; tries < registration_tries; ++tries) {
    co_await client.pause(seconds(1));
    const auto handle = co_await read_own_handle(client);
    if (handle) co_return true;
  }
  co_return false;
}

Task<bool> be_registered(Client& client, std::uint8_t flags) {
  co_await read_device_dimensions(client);
  const std::uint32_t channel = channel_of(client);
  Place place = element_place(ET(50), "et50.manufacturer_unique_id", client.dimensions(), channel);
  const Place flags_place = place_of(ET(50), "et50.mep_flags", client.dimensions(), channel);
  place.size = static_cast<std::uint16_t>(flags_place.offset + 1 - place.offset);
  const Outcome inbound = co_await client.read(ET(50), place.offset, place.size);
  const Buffer own = identification(serial_of(client));
  if (inbound.data.size() == place.size && (inbound.data.back() & MepFlag::registered)) {
    const bool same = std::equal(own.begin(), own.end(), inbound.data.begin());
    if (same && (inbound.data.back() & flags) == flags) co_return true;
    const auto other = co_await read_own_handle(client);
    if (!same && other) co_await remove_device(client, *other);
  }
  co_return co_await register_as(client, own, flags);
}

// --- Procedures

std::uint16_t results_of(const Client& client) {
  return channel_of(client) == 0 ? ET(59) : ET(85);
}

Task<CallOutcome> post_data(Client& client, std::uint8_t what, Buffer data) {
  data.insert(data.begin(), what);
  co_return co_await client.call(EP(39), std::move(data), results_of(client));
}

Task<CallOutcome> remove_device(Client& client, std::uint16_t handle) {
  Buffer parameters = {0};  // and its address becomes 0
  append(parameters, le16(handle));
  co_return co_await client.call(EP(17), std::move(parameters), results_of(client));
}

Task<CallOutcome> ask_device(Client& client, std::uint16_t transaction, std::uint16_t handle) {
  constexpr std::uint8_t billing_read = 2;
  Buffer parameters = le16(transaction);
  append(parameters, le16(handle));
  parameters.push_back(billing_read);
  co_return co_await client.call(EP(19), std::move(parameters), results_of(client));
}

// --- Transactions

Buffer transaction_of(std::uint16_t number, const std::vector<Buffer>& requests) {
  Buffer transaction(transaction_header_size);
  transaction[2] = static_cast<std::uint8_t>(TransactionType::requests);
  write_le(transaction, 3, 2, number);
  for (const Buffer& request : requests) {
    append(transaction, le16(static_cast<std::uint16_t>(request.size())));
    append(transaction, request);
  }
  append(transaction, le16(number));
  write_le(transaction, 0, 2, transaction.size());
  return transaction;
}

Buffer read_request(std::uint16_t table, std::uint32_t offset, std::uint16_t count) {
  return encode_request(RequestCode::partial_read, table, offset, count, {});
}

Task<Outcome> write_transaction(Client& client, Buffer transaction) {
  Outcome outcome;
  for (std::size_t written = 0; written < transaction.size(); written += piece_size) {
    const Bytes rest = Bytes(transaction).subspan(written);
    const Bytes piece = rest.first(std::min(piece_size, rest.size()));
    Buffer data(piece.begin(), piece.end());
    outcome = co_await client.write(ET(52), static_cast<std::uint32_t>(written), std::move(data));
    if (!outcome.ok()) break;
  }
  co_return outcome;
}

Task<Buffer> read_responses(Client& client) {
  const Outcome beginning = co_await client.read(ET(53), 0, transaction_header_size);
  const auto header = parse_transaction_header(beginning.data);
  if (!header) co_return Buffer();
  co_return co_await client.read_long(ET(53), 0, header->size);
}

}  // namespace mep::simulator
