// Words that every part of MEP shares: directions, sizes, keys.
// "Page n" in this project always means a page of the OSGP MEP Client Developer's Guide,
// 078-0372-01BD, by the number printed in its footer.
//
// Protocol. To be added here: words that every room uses.
// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace mep {

// Bytes that somebody else owns; valid as long as the owner says.
using Bytes = std::span<const std::uint8_t>;

// Who speaks. The numbers are those of the tap header (docs/link-types.md).
enum class Direction : std::uint8_t { unknown = 0, client_to_meter = 1, meter_to_client = 2 };

inline constexpr std::size_t length_field_size = 2;   // big-endian, does not count itself, page 9
inline constexpr std::size_t max_message_size = 476;  // after the length field, page 8
inline constexpr std::size_t max_frame_size = length_field_size + max_message_size;
inline constexpr std::size_t sequence_size = 4;  // big-endian, page 10
inline constexpr std::size_t digest_size = 8;    // page 10
inline constexpr std::size_t key_size = 16;      // of up to 20 configured bytes, page 13

using Key = std::array<std::uint8_t, key_size>;
using Digest = std::array<std::uint8_t, digest_size>;

// The key that meters leave the factory with (page 15).
inline constexpr Key factory_default_key = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1};

// The keys of captures that are made to be shared (docs/sharing.md): published, so that everybody
// can open them, and no meter's. One stands for each of a meter's keys, as they permit different
// things, and one for a key that was both, as the factory default is.
inline constexpr Key sharing_key = {'m', 'e', 'p', '-', 's', 'h', 'a', 'r',
                                    'i', 'n', 'g', '-', 'k', 'e', 'y', '!'};
inline constexpr Key sharing_basic_key = {'m', 'e', 'p', '-', 's', 'h', 'a', 'r',
                                          'i', 'n', 'g', '-', 'm', 'b', 'k', '!'};
inline constexpr Key sharing_advanced_key = {'m', 'e', 'p', '-', 's', 'h', 'a', 'r',
                                             'i', 'n', 'g', '-', 'm', 'a', 'k', '!'};

// Whether everybody knows the key.
constexpr bool is_published(const Key& key) {
  return key == factory_default_key || key == sharing_key || key == sharing_basic_key ||
         key == sharing_advanced_key;
}
// Whether it may be either of a meter's two keys.
constexpr bool is_either_key(const Key& key) {
  return key == factory_default_key || key == sharing_key;
}

}  // namespace mep
