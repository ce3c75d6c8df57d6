// The headers of procedures: what stands in BT07 before the parameters of a call, and in BT08, ET59
// or ET85 before the data of its result, pages 51 and 52.
//
//   number and handling (2, little-endian) | sequence number (1) | of a result: result code (1)
//
// What stands behind is each procedure's own (protocol/tables/procedures.h).
//
// Protocol. To be added here: what all procedures share; parameters are descriptions
// (tables/procedures.cpp).
// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "protocol/types.h"

namespace mep::procedure {

inline constexpr std::size_t number_size = 2;
inline constexpr std::size_t sequence_offset = 2;
inline constexpr std::size_t call_header_size = 3;
inline constexpr std::size_t result_offset = 3;
inline constexpr std::size_t result_header_size = 4;

// What a call and its result have in common.
struct Header {
  std::uint16_t number = 0;   // EP(17); 12 bits
  std::uint8_t handling = 0;  // of a call: when the response is posted; 4 bits
  std::uint8_t sequence = 0;  // given by the caller, repeated in the result
};

struct ResultHeader : Header {
  std::uint8_t code = 0;  // page 53
};

// The number alone, without the handling. Nothing where `table`, which begins at offset 0 of BT07
// or of a table of results, is shorter than the number.
std::optional<std::uint16_t> parse_number(Bytes table);
// Nothing where `table` is shorter than the header.
std::optional<Header> parse_call(Bytes table);
std::optional<ResultHeader> parse_result(Bytes table);

// BT07's bytes: the header, then the parameters. Bits that the number and the handling do not have
// are left out.
std::vector<std::uint8_t> encode_call(const Header& header, Bytes parameters);

}  // namespace mep::procedure
