// SPDX-License-Identifier: GPL-2.0-or-later
#include "system/pcapng_writer.h"

#include <array>
#include <bit>
#include <concepts>
#include <cstring>
#include <optional>
#include <utility>

#include "protocol/tap.h"
#include "system/pcapng.h"
#include "system/text.h"

namespace mep::system {
namespace {

using namespace pcapng;

constexpr std::uint16_t major_version = 1;
constexpr std::uint16_t minor_version = 0;
constexpr std::uint64_t unknown_section_length = ~std::uint64_t{0};
constexpr std::uint32_t snapshot_length = 262144;  // the largest that Wireshark takes
constexpr std::uint8_t nanoseconds = 9;            // if_tsresol: a negative power of ten
constexpr std::uint8_t libpcap_filter = 0;         // if_filter: the text's language
constexpr std::size_t longest_option = 0xFFFF;
constexpr std::size_t alignment = 4;  // of a block's parts, in bytes

// One block: type, total length, body, options, total length again.
class Block {
 public:
  explicit Block(BlockType type) {
    number<std::uint32_t>(type);
    number<std::uint32_t>(0);  // the length, until it is known
  }

  template <std::unsigned_integral Number>
  void number(Number value) {
    const auto bytes = std::bit_cast<std::array<std::uint8_t, sizeof(Number)>>(value);
    bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
  }

  // A moment is two halves, the high one first, in any byte order.
  void moment(WallTime time) {
    number(static_cast<std::uint32_t>(static_cast<std::uint64_t>(time) >> 32));
    number(static_cast<std::uint32_t>(time));
  }

  void padded(Bytes bytes) {
    bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
    bytes_.resize((bytes_.size() + alignment - 1) / alignment * alignment);
  }

  template <std::unsigned_integral Number>
  void number_option(OptionCode code, Number value) {
    option_header(code, sizeof value);
    number(value);
    padded({});
  }

  void moment_option(OptionCode code, WallTime time) {
    option_header(code, sizeof time);
    moment(time);
  }

  // `kind`, if any, is a byte before the text.
  void text_option(OptionCode code, std::string_view text,
                   std::optional<std::uint8_t> kind = std::nullopt) {
    if (text.empty()) return;
    const std::size_t before = kind ? sizeof *kind : 0;
    const std::string valid = valid_utf8(text, longest_option - before);
    option_header(code, before + valid.size());
    if (kind) number(*kind);
    padded(Bytes(reinterpret_cast<const std::uint8_t*>(valid.data()), valid.size()));
  }

  // Ends it. Nothing is added any more.
  std::vector<std::uint8_t> finished() {
    option_header(opt_endofopt, 0);
    const auto length = static_cast<std::uint32_t>(bytes_.size() + sizeof(std::uint32_t));
    number(length);
    std::memcpy(&bytes_[sizeof(std::uint32_t)], &length, sizeof length);
    return std::move(bytes_);
  }

 private:
  void option_header(OptionCode code, std::size_t length) {
    number<std::uint16_t>(code);
    number(static_cast<std::uint16_t>(length));
  }

  std::vector<std::uint8_t> bytes_;
};

Block section_block(const Section& section) {
  Block block(section_header);
  block.number(byte_order_magic);
  block.number(major_version);
  block.number(minor_version);
  block.number(unknown_section_length);
  block.text_option(opt_comment, section.comment);
  block.text_option(shb_hardware, section.hardware);
  block.text_option(shb_os, section.operating_system);
  block.text_option(shb_userappl, section.application);
  return block;
}

Block interface_block(const Interface& interface) {
  Block block(interface_description);
  block.number(interface.link_type);
  block.number(std::uint16_t{0});  // reserved
  block.number(snapshot_length);
  block.text_option(if_name, interface.name);
  block.text_option(if_description, interface.description);
  block.number_option(if_tsresol, nanoseconds);
  if (interface.bits_per_second != 0) block.number_option(if_speed, interface.bits_per_second);
  block.text_option(if_filter, interface.filter, libpcap_filter);
  return block;
}

// epb_flags: the two lowest bits are the direction, the highest ones what the link layer saw.
std::uint32_t packet_flags(Direction direction, std::uint8_t status) {
  constexpr std::uint32_t inbound = 1;
  constexpr std::uint32_t outbound = 2;
  constexpr std::uint32_t checksum_error = 1U << 24;  // a parity bit is a check sum
  constexpr std::uint32_t too_short = 1U << 26;
  constexpr std::uint32_t symbol_error = 1U << 31;
  std::uint32_t flags = 0;
  if (direction == Direction::client_to_meter) flags |= outbound;
  if (direction == Direction::meter_to_client) flags |= inbound;
  if (status & tap::parity_error) flags |= checksum_error;
  if (status & tap::truncated) flags |= too_short;
  if (status & (tap::framing_error | tap::break_seen)) flags |= symbol_error;
  return flags;
}

Block packet_block(const Record& record) {
  const auto size = static_cast<std::uint32_t>(record.bytes.size());
  Block block(enhanced_packet);
  block.number(record.interface);
  block.moment(record.time);
  block.number(size);  // captured
  block.number(size);  // on the line
  block.padded(record.bytes);
  for (const std::string& comment : record.comments) block.text_option(opt_comment, comment);
  block.number_option(epb_flags, packet_flags(record.direction, record.status));
  if (record.missed > 0) block.number_option(epb_dropcount, record.missed);
  return block;
}

Block statistics_block(std::uint32_t number, const Interface& interface,
                       const Statistics& statistics) {
  Block block(interface_statistics);
  block.number(number);
  block.moment(statistics.now);
  for (const std::string& comment : statistics.comments) block.text_option(opt_comment, comment);
  block.moment_option(isb_starttime, statistics.start);
  if (statistics.ended) block.moment_option(isb_endtime, statistics.now);
  block.number_option(isb_ifrecv, statistics.received);
  block.number_option(isb_ifdrop, statistics.dropped);
  if (!interface.filter.empty()) block.number_option(isb_filteraccept, statistics.accepted);
  return block;
}

}  // namespace

PcapngWriter::PcapngWriter(Sink sink, const Section& section, std::vector<Interface> interfaces)
    : sink_(std::move(sink)), interfaces_(std::move(interfaces)) {
  sink_(section_block(section).finished());
  for (const Interface& interface : interfaces_) sink_(interface_block(interface).finished());
}

void PcapngWriter::write(const Record& record) {
  sink_(packet_block(record).finished());
}

void PcapngWriter::write(std::span<const Statistics> statistics) {
  for (std::uint32_t i = 0; i < interfaces_.size(); ++i) write(i, statistics[i]);
}

void PcapngWriter::write(std::uint32_t interface, const Statistics& statistics) {
  sink_(statistics_block(interface, interfaces_[interface], statistics).finished());
}

}  // namespace mep::system
