// SPDX-License-Identifier: GPL-2.0-or-later
#include "captures/capture_reader.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>

#include "protocol/bytes.h"
#include "system/pcapng.h"
#include "system/problem.h"

namespace mep::captures {
namespace {

using system::Problem;

using namespace system::pcapng;

constexpr std::size_t smallest_block = 12;
constexpr std::size_t block_header = 8;
constexpr std::size_t option_header = 4;
constexpr std::size_t largest_record = 16U << 20U;
constexpr std::int64_t nanoseconds_per_second = 1'000'000'000;
constexpr WallTime latest = 6'000'000'000 * nanoseconds_per_second;  // in the year 2160

constexpr std::uint32_t pcap_microseconds = 0xA1B2C3D4;
constexpr std::uint32_t pcap_nanoseconds = 0xA1B23C4D;
constexpr std::size_t pcap_header = 24;
constexpr std::size_t pcap_record_header = 16;
constexpr std::uint32_t pcap_link_type_mask = 0xFFFF;

constexpr std::size_t padded(std::size_t size) {
  return (size + 3) & ~std::size_t{3};
}

// Numbers in the file's byte order.
struct Order {
  bool big = false;
  std::uint64_t read(Bytes bytes, std::size_t offset, std::size_t size) const {
    return big ? read_be(bytes, offset, size) : read_le(bytes, offset, size);
  }
  std::uint32_t u32(Bytes bytes, std::size_t offset) const {
    return static_cast<std::uint32_t>(read(bytes, offset, 4));
  }
  std::uint16_t u16(Bytes bytes, std::size_t offset) const {
    return static_cast<std::uint16_t>(read(bytes, offset, 2));
  }
  // Two halves, the high one first.
  std::uint64_t halves(Bytes bytes, std::size_t offset) const {
    return std::uint64_t{u32(bytes, offset)} << 32U | u32(bytes, offset + 4);
  }
};

// How an interface counts time.
struct Resolution {
  std::uint8_t code = 6;  // if_tsresol: 10 to the minus n, or 2 to the minus n with the upper bit
  std::int64_t offset = 0;

  WallTime time(std::uint64_t ticks) const {
    const unsigned power = code & 0x7FU;
    // Any number of ticks may stand in a file; times that are worked with can be added and shifted.
    __extension__ using Wide = unsigned __int128;
    Wide nanoseconds = ticks;
    if ((code & 0x80U) != 0) {
      nanoseconds = power < 64 ? (nanoseconds * nanoseconds_per_second) >> power : 0;
    } else {
      for (unsigned i = power; i < 9; ++i) nanoseconds *= 10;
      for (unsigned i = 9; i < power && nanoseconds != 0; ++i) nanoseconds /= 10;
    }
    __extension__ using Signed = __int128;
    const Signed since_1970 =
        static_cast<Signed>(nanoseconds) + Signed{offset} * nanoseconds_per_second;
    return since_1970 < 0 ? 0 : since_1970 > latest ? latest : static_cast<WallTime>(since_1970);
  }
};

Direction direction_of(std::uint32_t flags) {
  switch (flags & 3U) {
    case 1:
      return Direction::meter_to_client;  // inbound
    case 2:
      return Direction::client_to_meter;  // outbound
    default:
      return Direction::unknown;
  }
}

class Reader {
 public:
  explicit Reader(Bytes file) : file_(file) {}

  CaptureFile read() && {
    while (at_ < file_.size() && next_block()) {
    }
    return std::move(made_);
  }

 private:
  bool damaged(std::string how) {
    made_.damage = std::move(how) + " at byte " + std::to_string(at_);
    return false;
  }

  bool next_block() {
    if (file_.size() - at_ < smallest_block) return damaged("the file ends within a block");
    const Bytes rest = file_.subspan(at_);
    if (read_le(rest, 0, 4) == section_header) {
      const std::uint64_t magic = read_le(rest, block_header, 4);
      if (magic != byte_order_magic && read_be(rest, block_header, 4) != byte_order_magic)
        return damaged("a section of no known byte order");
      order_.big = magic != byte_order_magic;
    }
    const std::uint32_t length = order_.u32(rest, 4);
    if (length < smallest_block || length % 4 != 0) return damaged("a block of no possible length");
    if (length > rest.size()) return damaged("the file ends within a block");
    const bool good =
        block(order_.u32(rest, 0), rest.subspan(block_header, length - smallest_block));
    if (good) at_ += length;
    return good;
  }

  bool block(std::uint32_t type, Bytes body) {
    switch (type) {
      case section_header:
        if (body.size() < 16) return damaged("a section header too short");
        first_interface_ = made_.interfaces.size();
        options(body.subspan(16), nullptr);
        return true;
      case interface_description:
        return interface(body);
      case enhanced_packet:
        if (body.size() < 20) return damaged("a packet block too short");
        return packet(body, order_.u32(body, 0), order_.halves(body, 4), order_.u32(body, 12),
                      order_.u32(body, 16), 20);
      case obsolete_packet:
        if (body.size() < 20) return damaged("a packet block too short");
        return packet(body, order_.u16(body, 0), order_.halves(body, 4), order_.u32(body, 12),
                      order_.u32(body, 16), 20);
      case simple_packet: {
        if (body.size() < 4) return damaged("a packet block too short");
        const std::uint32_t size = order_.u32(body, 0);
        const auto there = static_cast<std::uint32_t>(std::min<std::size_t>(size, body.size() - 4));
        return packet(body, 0, 0, there, size, 4);
      }
      case interface_statistics:
        return statistics(body);
      case name_resolution:
        ++made_.others["name resolution"];
        return true;
      case decryption_secrets:
        ++made_.others["embedded secrets"];
        return true;
      default:
        ++made_.others["block of another kind"];
        return true;
    }
  }

  // Each option: `take`, which may be null, gets code and value; texts are noted.
  template <typename Take>
  void options(Bytes bytes, Take take) {
    while (bytes.size() >= option_header) {
      const std::uint16_t code = order_.u16(bytes, 0);
      const std::size_t size = order_.u16(bytes, 2);
      if (code == opt_endofopt || size > bytes.size() - option_header) return;
      const Bytes value = bytes.subspan(option_header, size);
      bool taken = false;
      if constexpr (!std::is_same_v<Take, std::nullptr_t>) taken = take(code, value);
      if (!taken && size != 0) made_.texts.emplace_back(value.begin(), value.end());
      bytes = bytes.subspan(std::min(bytes.size(), option_header + padded(size)));
    }
  }

  bool interface(Bytes body) {
    if (body.size() < 8) return damaged("an interface description too short");
    ReadInterface made;
    made.link_type = order_.u16(body, 0);
    Resolution resolution;
    options(body.subspan(8), [&](std::uint16_t code, Bytes value) {
      if (code == if_speed && value.size() == 8) {
        made.bits_per_second = order_.read(value, 0, 8);
      } else if (code == if_tsresol && value.size() == 1) {
        resolution.code = value[0];
      } else if (code == if_tsoffset && value.size() == 8) {
        resolution.offset = static_cast<std::int64_t>(order_.read(value, 0, 8));
      } else {
        return false;
      }
      return true;
    });
    made_.interfaces.push_back(made);
    resolutions_.push_back(resolution);
    return true;
  }

  bool packet(Bytes body, std::size_t interface, std::uint64_t ticks, std::uint32_t captured,
              std::uint32_t original, std::size_t header) {
    interface += first_interface_;
    if (interface >= made_.interfaces.size()) return damaged("a packet of no interface");
    if (captured > body.size() - header || captured > largest_record)
      return damaged("a packet longer than its block");
    ReadRecord record;
    record.interface = interface;
    record.time = resolutions_[interface].time(ticks);
    const Bytes bytes = body.subspan(header, captured);
    record.bytes.assign(bytes.begin(), bytes.end());
    record.original_size = original;
    const std::size_t behind = header + padded(captured);
    if (header == 20 && behind <= body.size()) {
      options(body.subspan(behind), [&](std::uint16_t code, Bytes value) {
        if (code != epb_flags || value.size() != 4) return false;
        record.direction = direction_of(order_.u32(value, 0));
        return true;
      });
    }
    made_.records.push_back(std::move(record));
    return true;
  }

  bool statistics(Bytes body) {
    if (body.size() < 12) return damaged("a statistics block too short");
    ReadStatistics made;
    made.interface = first_interface_ + order_.u32(body, 0);
    if (made.interface >= made_.interfaces.size()) return damaged("statistics of no interface");
    const Resolution& resolution = resolutions_[made.interface];
    made.time = resolution.time(order_.halves(body, 4));
    options(body.subspan(12), [&](std::uint16_t code, Bytes value) {
      if (value.size() != 8) return false;
      switch (code) {
        case isb_starttime:
          made.start = resolution.time(order_.halves(value, 0));
          return true;
        case isb_endtime:
          made.ended = true;
          return true;
        case isb_ifrecv:
          made.received = order_.read(value, 0, 8);
          return true;
        case isb_ifdrop:
          made.dropped = order_.read(value, 0, 8);
          return true;
        default:
          return true;  // numbers that say nothing of anybody
      }
    });
    made_.statistics.push_back(made);
    return true;
  }

  Bytes file_;
  std::size_t at_ = 0;
  Order order_;
  CaptureFile made_;
  std::vector<Resolution> resolutions_;
  std::size_t first_interface_ = 0;  // of the section
};

// Nothing: it is no pcap.
std::optional<CaptureFile> read_pcap(Bytes file) {
  if (file.size() < pcap_header) return std::nullopt;
  Order order;
  std::uint32_t magic = order.u32(file, 0);
  if (magic != pcap_microseconds && magic != pcap_nanoseconds) {
    order.big = true;
    magic = order.u32(file, 0);
    if (magic != pcap_microseconds && magic != pcap_nanoseconds) return std::nullopt;
  }
  const std::int64_t fraction = magic == pcap_nanoseconds ? 1 : 1000;
  CaptureFile made;
  made.interfaces.push_back(
      {static_cast<std::uint16_t>(order.u32(file, 20) & pcap_link_type_mask), 0});
  for (std::size_t at = pcap_header; at < file.size();) {
    const Bytes rest = file.subspan(at);
    const std::size_t captured =
        rest.size() < pcap_record_header ? rest.size() : order.u32(rest, 8);
    if (captured > largest_record || pcap_record_header + captured > rest.size()) {
      made.damage = "the file ends within a packet at byte " + std::to_string(at);
      break;
    }
    ReadRecord record;
    record.time = std::int64_t{order.u32(rest, 0)} * nanoseconds_per_second +
                  std::int64_t{order.u32(rest, 4)} * fraction;
    record.original_size = order.u32(rest, 12);
    const Bytes bytes = rest.subspan(pcap_record_header, captured);
    record.bytes.assign(bytes.begin(), bytes.end());
    made.records.push_back(std::move(record));
    at += pcap_record_header + captured;
  }
  return made;
}

}  // namespace

CaptureFile read_capture(Bytes file, const std::string& name) {
  if (file.size() >= smallest_block && read_le(file, 0, 4) == section_header)
    return Reader(file).read();
  if (auto made = read_pcap(file)) return std::move(*made);
  const bool compressed = file.size() > 2 && file[0] == 0x1F && file[1] == 0x8B;
  throw Problem(name + (compressed ? " is compressed; gunzip it first"
                                   : " is neither a pcapng nor a pcap file; of a log mepimport "
                                     "makes one, of other captures editcap"));
}

CaptureFile read_capture(const std::string& path) {
  return read_capture(read_file(path), path);
}

std::vector<std::uint8_t> read_file(const std::string& path) {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "rb"),
                                                             std::fclose);
  if (!file) throw Problem("cannot read " + path + ": " + std::strerror(errno));
  std::vector<std::uint8_t> bytes;
  std::array<std::uint8_t, 65536> some{};
  while (const std::size_t size = std::fread(some.data(), 1, some.size(), file.get()))
    bytes.insert(bytes.end(), some.begin(), some.begin() + static_cast<std::ptrdiff_t>(size));
  if (std::ferror(file.get())) throw Problem("cannot read " + path + ": " + std::strerror(errno));
  return bytes;
}

}  // namespace mep::captures
