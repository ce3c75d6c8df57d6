// Finds what is sensitive in a table's bytes, down to M-Bus records and procedures' parameters, by
// the descriptions' own word (protocol/sensitive.h).
//
// Captures. To be added here: bytes in tables that have a language of their own.
// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "protocol/dimensions.h"
#include "protocol/schema.h"
#include "protocol/types.h"

namespace mep::captures {

// How the bytes of a part are to be read.
enum class Shape : std::uint8_t {
  text,
  digits,  // packed BCD, least significant byte first
  bytes,
  integer,  // little-endian, signed
  real,     // IEEE 754 single, little-endian
  channel,  // a device's value in four bytes: digits where they are, otherwise an integer
  ltime,    // LTIME_DATE
  stime,    // STIME_DATE
  ansi_date,
  mbus_date,  // type G
  mbus_time,  // type F
  unread,     // nobody knows what it is: not decoded, not described, or encrypted
};

constexpr bool is_time(Shape shape) {
  return shape == Shape::ltime || shape == Shape::stime || shape == Shape::ansi_date ||
         shape == Shape::mbus_date || shape == Shape::mbus_time;
}

// A stretch of the table's bytes. Times come, too, as Sensitive::none: they can be shifted.
struct SensitivePart {
  Sensitive what = Sensitive::undecided;
  Shape shape = Shape::unread;
  std::size_t offset = 0;  // in the bytes that were given
  std::size_t size = 0;
  bool reversed = false;       // most significant byte first, last character last
  const Node* node = nullptr;  // may be null
};

struct TableBytes {
  std::uint16_t table = 0;   // as on the wire
  std::uint64_t offset = 0;  // of the first byte in the table
  Bytes bytes;
  bool from_meter = true;  // what a client writes to BT07 is a call
};

// The digits of a part of that shape, most significant first; a point for each half of a byte that
// is none, which stays what it is.
std::string digits_of(Bytes bytes);

// All of them, in the order of their bytes. A table that is not described, one whose size
// contradicts its layout, and identifiers whose place hangs on a dimension that nobody has told yet
// are one part that is unread. Not for the transactions of ET52 and ET53.
std::vector<SensitivePart> sensitive_parts(const TableBytes& table, const Dimensions& dimensions,
                                           bool contradicted);

}  // namespace mep::captures
