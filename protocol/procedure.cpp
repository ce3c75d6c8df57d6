// SPDX-License-Identifier: GPL-2.0-or-later
#include "protocol/procedure.h"

#include <algorithm>

#include "protocol/bytes.h"

namespace mep::procedure {
namespace {

constexpr unsigned number_bits = 12;
constexpr std::uint64_t number_mask = (1U << number_bits) - 1;

// `table` has a call's header at least.
Header header_of(Bytes table) {
  const std::uint64_t word = read_le(table, 0, number_size);
  return {static_cast<std::uint16_t>(word & number_mask),
          static_cast<std::uint8_t>(word >> number_bits), table[sequence_offset]};
}

}  // namespace

std::optional<std::uint16_t> parse_number(Bytes table) {
  if (table.size() < number_size) return std::nullopt;
  return static_cast<std::uint16_t>(read_le(table, 0, number_size) & number_mask);
}

std::optional<Header> parse_call(Bytes table) {
  if (table.size() < call_header_size) return std::nullopt;
  return header_of(table);
}

std::optional<ResultHeader> parse_result(Bytes table) {
  if (table.size() < result_header_size) return std::nullopt;
  return ResultHeader{header_of(table), table[result_offset]};
}

std::vector<std::uint8_t> encode_call(const Header& header, Bytes parameters) {
  std::vector<std::uint8_t> table(call_header_size + parameters.size());
  write_le(table, 0, number_size,
           (header.number & number_mask) | std::uint64_t{header.handling} << number_bits);
  table[sequence_offset] = header.sequence;
  std::copy(parameters.begin(), parameters.end(), table.begin() + call_header_size);
  return table;
}

}  // namespace mep::procedure
