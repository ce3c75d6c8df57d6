// The tap header: what stands before each frame in a capture of link type DLT_USER13
// (docs/link-types.md describes it for other people's tools).
//
// Protocol. To be added here: a field of the tap header, behind the others.
// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "protocol/types.h"

namespace mep::tap {

inline constexpr int link_type = 160;      // DLT_USER13, "MEP tap"
inline constexpr int raw_link_type = 161;  // DLT_USER14, "MEP raw": a frame and no header

inline constexpr std::uint8_t version = 1;
inline constexpr std::size_t header_size = 16;           // as written
inline constexpr std::size_t smallest_header_size = 12;  // in files from before the tap number

// Where the fields stand in the header. Those of more than one byte have four, big-endian.
namespace offset_of {
inline constexpr std::size_t version = 0;
inline constexpr std::size_t size = 1;  // of the header
inline constexpr std::size_t direction = 2;
inline constexpr std::size_t status = 3;
inline constexpr std::size_t baud_rate = 4;
inline constexpr std::size_t duration = 8;
inline constexpr std::size_t tap = 12;  // behind the smallest header
}  // namespace offset_of

// Bits of Header::status.
enum Status : std::uint8_t {
  truncated = 0x01,      // cut short: the rest of the frame never came
  noise = 0x02,          // bytes that form no frame
  framing_error = 0x04,  // the UART saw a missing stop bit in one of the bytes
  parity_error = 0x08,
  break_seen = 0x10,
  lost = 0x20,  // bytes were lost before this record
};

// For people.
struct StatusWord {
  Status bit;
  const char* word;
};
inline constexpr StatusWord status_words[] = {
    {truncated, "cut short"},       {noise, "noise"},      {framing_error, "framing error"},
    {parity_error, "parity error"}, {break_seen, "break"}, {lost, "bytes lost before"}};

struct Header {
  Direction direction = Direction::unknown;
  std::uint8_t status = 0;        // Status bits
  std::uint32_t baud_rate = 0;    // bit/s
  std::uint32_t duration_us = 0;  // from the first byte to the last
  std::uint32_t tap = 0;          // shared by the lines of one tap, another for each tap; 0 unknown
};

// The header's bytes, big-endian.
std::array<std::uint8_t, header_size> encode(const Header& header);

struct Parsed {
  Header header;
  std::size_t size;  // where the frame begins; any number from smallest_header_size on
};

// Reads the header at the start of a record. Nothing where the record is shorter than the header
// says it is, the header shorter than the smallest, or the version not 1. `tap` is 0 where the
// header is too short to have it.
std::optional<Parsed> parse(Bytes record);

}  // namespace mep::tap
