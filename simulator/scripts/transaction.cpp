// A client that has several requests executed with one write to ET52 and reads the answers from
// ET53, pages 43 to 51.
// SPDX-License-Identifier: GPL-2.0-or-later
#include <chrono>

#include "protocol/names.h"
#include "protocol/procedure.h"
#include "simulator/meter/procedures.h"
#include "simulator/scripts/steps.h"
#include "simulator/scripts/stories.h"

namespace mep::simulator {
namespace {

using std::chrono::seconds;
using Buffer = std::vector<std::uint8_t>;

constexpr Instant quiet = seconds(2);

// Like the guide's example, page 45: dimensions, and what there is to do.
std::vector<Buffer> reads_of_a_round() {
  return {read_request(ET(11), 0, 10), read_request(BT(21), 0, 10), read_request(BT(52), 0, 7),
          read_request(BT(23), 0, 44), read_request(ET(14), 0, 12), read_request(ET(15), 0, 31)};
}

// Every present value by itself: more requests than fit into a frame.
std::vector<Buffer> reads_of_single_values() {
  constexpr std::uint32_t value_size = 4;
  constexpr std::uint32_t values = 55;
  std::vector<Buffer> requests;
  for (std::uint32_t value = 0; value < values; ++value)
    requests.push_back(read_request(BT(28), value * value_size, value_size));
  return requests;
}

// More than ET53 has room for: the answers are cut short behind the last that fits, page 131.
std::vector<Buffer> reads_of_too_much() {
  constexpr std::uint16_t count = 400;
  std::vector<Buffer> requests;
  for (std::uint32_t part = 0; part < 5; ++part)
    requests.push_back(read_request(BT(64), part * count, count));
  return requests;
}

// A procedure whose parameters are more than BT07 takes, page 51, its result, and a forbidden
// write.
std::vector<Buffer> a_call_and_other_writes() {
  constexpr std::uint8_t procedure_sequence = 5;
  Buffer parameters = {static_cast<std::uint8_t>(Posted::scheduled_read)};
  for (int i = 0; i < 120; ++i) parameters.push_back(static_cast<std::uint8_t>(i));
  const Buffer call = procedure::encode_call({EP(39), 0, procedure_sequence}, parameters);
  const Buffer one = {1};
  return {encode_request(RequestCode::partial_write, BT(7), 0,
                         static_cast<std::uint16_t>(call.size()), call),
          read_request(ET(59), 0, 4), encode_request(RequestCode::partial_write, BT(21), 0, 1, one),
          read_request(BT(52), 0, 7)};
}

Task<> execute(Client& client, Buffer transaction) {
  const Outcome written = co_await write_transaction(client, std::move(transaction));
  if (written.ok()) co_await read_responses(client);
}

}  // namespace

Task<> transaction(Client& client, Meter&) {
  co_await be_registered(client, MepFlag::response_in_et59);

  const Buffer first = transaction_of(1, reads_of_a_round());
  co_await execute(client, first);
  co_await client.pause(quiet);

  // The same again is accepted, but not executed: the clock among the answers has not moved.
  co_await execute(client, first);
  co_await client.pause(quiet);
  const Buffer second = transaction_of(2, reads_of_a_round());
  co_await execute(client, second);
  co_await client.pause(quiet);

  const Buffer in_two_pieces = transaction_of(3, reads_of_single_values());
  co_await execute(client, in_two_pieces);
  co_await client.pause(quiet);

  const Buffer with_a_call = transaction_of(4, a_call_and_other_writes());
  co_await execute(client, with_a_call);
  co_await client.pause(quiet);

  const Buffer too_much = transaction_of(5, reads_of_too_much());
  co_await execute(client, too_much);
}

}  // namespace mep::simulator
