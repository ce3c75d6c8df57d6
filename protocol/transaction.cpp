// SPDX-License-Identifier: GPL-2.0-or-later
#include "protocol/transaction.h"

#include <algorithm>

#include "protocol/bytes.h"

namespace mep {
namespace {

// The bytes that the size field claims, as far as they are there.
Bytes claimed(Bytes transaction) {
  const auto header = parse_transaction_header(transaction);
  return header ? transaction.first(std::min<std::size_t>(header->size, transaction.size()))
                : Bytes();
}

}  // namespace

std::optional<TransactionHeader> parse_transaction_header(Bytes bytes) {
  if (bytes.size() < transaction_header_size) return std::nullopt;
  return TransactionHeader{static_cast<std::uint16_t>(read_le(bytes, 0, 2)), bytes[2],
                           static_cast<std::uint16_t>(read_le(bytes, 3, 2))};
}

TransactionRecords::TransactionRecords(Bytes transaction)
    : transaction_(claimed(transaction)),
      end_(std::max(transaction_header_size + transaction_number_size, transaction_.size()) -
           transaction_number_size) {
  const bool to_groups =
      transaction_.size() > transaction_header_size &&
      transaction_[2] == static_cast<std::uint8_t>(TransactionType::group_broadcast);
  if (!to_groups) return;
  position_ += 1 + 2 * std::size_t{transaction_[transaction_header_size]};
  broken_ = position_ > end_;
}

std::optional<Extent> TransactionRecords::next() {
  if (position_ >= end_) return std::nullopt;
  if (end_ - position_ < 2) {
    broken_ = true;
    return std::nullopt;
  }
  const std::size_t size = read_le(transaction_, position_, 2);
  if (size > end_ - position_ - 2) {
    broken_ = true;
    return std::nullopt;
  }
  const Extent message{static_cast<std::uint16_t>(position_ + 2), static_cast<std::uint16_t>(size)};
  position_ += 2 + size;
  return message;
}

std::optional<Extent> transaction_record(Bytes transaction, unsigned index) {
  TransactionRecords records(transaction);
  std::optional<Extent> message = records.next();
  while (message && index-- > 0) message = records.next();
  return message;
}

std::optional<std::uint16_t> closing_transaction_number(Bytes transaction) {
  const auto header = parse_transaction_header(transaction);
  constexpr std::size_t smallest = transaction_header_size + transaction_number_size;
  if (!header || header->size < smallest || header->size > transaction.size()) return std::nullopt;
  return static_cast<std::uint16_t>(read_le(transaction, header->size - 2U, 2));
}

}  // namespace mep
