// Transactions: several requests in one write to ET52, their responses in ET53, pages 43 to 50.
//
//   size (2) | type (1) | number (2) | records: length (2), message | number again (2)
//
// All of it is little-endian except the messages themselves, which are as in frames but without an
// authentication trailer. The size counts everything, itself included.
//
// Protocol. To be added here: the frame around messages in ET52 and ET53.
// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <optional>

#include "protocol/message.h"
#include "protocol/types.h"

namespace mep {

inline constexpr std::size_t transaction_header_size = 5;
inline constexpr std::size_t transaction_number_size = 2;
inline constexpr std::size_t max_transaction_size = 1785;  // ET53, page 44

// Page 131. A group broadcast has a count and that many group IDs of 2 bytes before its records.
enum class TransactionType : std::uint8_t {
  requests = 0,
  responses = 1,
  partial_responses = 2,
  group_broadcast = 3,
  group_broadcast_denied = 4,
};

struct TransactionHeader {
  std::uint16_t size;
  std::uint8_t type;
  std::uint16_t number;
};

// Nothing where `bytes` is shorter than the header.
std::optional<TransactionHeader> parse_transaction_header(Bytes bytes);

// The messages of a whole transaction, one after the other.
class TransactionRecords {
 public:
  // `transaction`: from the size field on, at least as far as the header. Bytes beyond its size
  // are ignored.
  explicit TransactionRecords(Bytes transaction);

  // Where the next record's message lies in the transaction; nothing after the last one, or where
  // a record does not fit in (see broken()).
  std::optional<Extent> next();
  // Whether the records did not fill the transaction exactly.
  bool broken() const { return broken_; }

 private:
  Bytes transaction_;
  std::size_t position_ = transaction_header_size;
  std::size_t end_;
  bool broken_ = false;
};

// The message of record `index`, counted from 0.
std::optional<Extent> transaction_record(Bytes transaction, unsigned index);

// The number that closes the transaction; nothing where it is not there.
std::optional<std::uint16_t> closing_transaction_number(Bytes transaction);

}  // namespace mep
