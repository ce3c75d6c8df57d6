// The numbers of pcapng (draft-ietf-opsawg-pcapng), for what writes and reads it.
//
// System. To be added here: a block's type or an option's code.
// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>

namespace mep::system::pcapng {

enum BlockType : std::uint32_t {
  section_header = 0x0A0D0D0A,
  interface_description = 1,
  obsolete_packet = 2,
  simple_packet = 3,
  name_resolution = 4,
  interface_statistics = 5,
  enhanced_packet = 6,
  decryption_secrets = 10,
};

// Codes of options. From 2 on each kind of block has its own.
enum OptionCode : std::uint16_t {
  opt_endofopt = 0,
  opt_comment = 1,
  shb_hardware = 2,
  shb_os = 3,
  shb_userappl = 4,
  if_name = 2,
  if_description = 3,
  if_speed = 8,  // bit/s
  if_tsresol = 9,
  if_filter = 11,
  if_tsoffset = 14,
  epb_flags = 2,
  epb_dropcount = 4,
  isb_starttime = 2,
  isb_endtime = 3,
  isb_ifrecv = 4,
  isb_ifdrop = 5,
  isb_filteraccept = 6,
};

inline constexpr std::uint32_t byte_order_magic = 0x1A2B3C4D;

}  // namespace mep::system::pcapng
