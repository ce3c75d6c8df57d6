// SPDX-License-Identifier: GPL-2.0-or-later
#include "protocol/tap.h"

#include "protocol/bytes.h"

namespace mep::tap {
namespace {

std::uint32_t number_at(Bytes record, std::size_t offset) {
  return static_cast<std::uint32_t>(read_be(record, offset, 4));
}

}  // namespace

std::array<std::uint8_t, header_size> encode(const Header& header) {
  std::array<std::uint8_t, header_size> bytes{};
  bytes[offset_of::version] = version;
  bytes[offset_of::size] = header_size;
  bytes[offset_of::direction] = static_cast<std::uint8_t>(header.direction);
  bytes[offset_of::status] = header.status;
  write_be(bytes, offset_of::baud_rate, 4, header.baud_rate);
  write_be(bytes, offset_of::duration, 4, header.duration_us);
  write_be(bytes, offset_of::tap, 4, header.tap);
  return bytes;
}

std::optional<Parsed> parse(Bytes record) {
  if (record.size() < smallest_header_size || record[offset_of::version] != version)
    return std::nullopt;
  const std::size_t size = record[offset_of::size];
  if (size < smallest_header_size || size > record.size()) return std::nullopt;
  Header header;
  const std::uint8_t direction = record[offset_of::direction];
  header.direction = direction <= 2 ? static_cast<Direction>(direction) : Direction::unknown;
  header.status = record[offset_of::status];
  header.baud_rate = number_at(record, offset_of::baud_rate);
  header.duration_us = number_at(record, offset_of::duration);
  if (size >= header_size) header.tap = number_at(record, offset_of::tap);
  return Parsed{header, size};
}

}  // namespace mep::tap
