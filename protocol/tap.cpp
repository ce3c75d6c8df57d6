// SPDX-License-Identifier: GPL-2.0-or-later
#include "protocol/tap.h"

#include "protocol/bytes.h"

namespace mep::tap {
namespace {

constexpr std::size_t tap_offset = 12;

}  // namespace

std::array<std::uint8_t, header_size> encode(const Header& header) {
  std::array<std::uint8_t, header_size> bytes{};
  bytes[0] = version;
  bytes[1] = header_size;
  bytes[2] = static_cast<std::uint8_t>(header.direction);
  bytes[3] = header.status;
  write_be(bytes, 4, 4, header.baud_rate);
  write_be(bytes, 8, 4, header.duration_us);
  write_be(bytes, tap_offset, 4, header.tap);
  return bytes;
}

std::optional<Parsed> parse(Bytes record) {
  if (record.size() < smallest_header_size || record[0] != version) return std::nullopt;
  const std::size_t size = record[1];
  if (size < smallest_header_size || size > record.size()) return std::nullopt;
  Header header;
  header.direction = record[2] <= 2 ? static_cast<Direction>(record[2]) : Direction::unknown;
  header.status = record[3];
  header.baud_rate = static_cast<std::uint32_t>(read_be(record, 4, 4));
  header.duration_us = static_cast<std::uint32_t>(read_be(record, 8, 4));
  if (size >= header_size) header.tap = static_cast<std::uint32_t>(read_be(record, tap_offset, 4));
  return Parsed{header, size};
}

}  // namespace mep::tap
