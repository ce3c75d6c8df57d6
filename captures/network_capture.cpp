// SPDX-License-Identifier: GPL-2.0-or-later
#include "captures/network_capture.h"

#include <algorithm>
#include <array>
#include <optional>
#include <tuple>
#include <utility>

#include "captures/conversation.h"
#include "protocol/bytes.h"
#include "protocol/evidence.h"
#include "protocol/tap.h"
#include "protocol/telnet.h"

namespace mep::captures {
namespace {

using Buffer = std::vector<std::uint8_t>;

enum LinkType : std::uint16_t {
  loopback = 0,  // BSD: the address family in four bytes
  ethernet = 1,
  raw_ip_bsd = 12,
  raw_ip = 101,
  linux_any = 113,
  raw_ipv4 = 228,
  raw_ipv6 = 229,
  linux_any_2 = 276,
};

constexpr std::uint8_t tcp = 6;
constexpr std::uint8_t udp = 17;

// Fewer bytes than a header has end the packet.
std::optional<Bytes> behind(Bytes bytes, std::size_t size) {
  if (bytes.size() < size) return std::nullopt;
  return bytes.subspan(size);
}

std::optional<Bytes> ip_of(std::uint16_t link_type, Bytes packet) {
  constexpr std::size_t ethertype_size = 2;
  switch (link_type) {
    case loopback:
      return behind(packet, 4);
    case raw_ip_bsd:
    case raw_ip:
    case raw_ipv4:
    case raw_ipv6:
      return packet;
    case linux_any:
      return behind(packet, 16);
    case linux_any_2:
      return behind(packet, 20);
    default:
      break;
  }
  auto rest = behind(packet, 12);  // two addresses
  while (rest && rest->size() >= ethertype_size) {
    const std::uint64_t type = read_be(*rest, 0, ethertype_size);
    const bool tagged = type == 0x8100 || type == 0x88A8;
    rest = behind(*rest, ethertype_size + (tagged ? 2 : 0));
    if (!tagged) return type == 0x0800 || type == 0x86DD ? rest : std::nullopt;
  }
  return std::nullopt;
}

struct End {
  std::array<std::uint8_t, 16> address{};
  std::uint16_t port = 0;
  bool operator==(const End&) const = default;
  bool operator<(const End& other) const {
    return std::tie(address, port) < std::tie(other.address, other.port);
  }
};

struct Segment {
  std::uint8_t protocol = 0;
  End from, to;
  std::uint32_t sequence = 0;
  bool begins = false;
  Bytes data;
};

// Of TCP and UDP that lies in the packet as a whole.
std::optional<Segment> segment_of(Bytes ip) {
  if (ip.empty()) return std::nullopt;
  Segment made;
  Bytes payload;
  std::size_t address_size = 4;
  std::size_t addresses = 12;
  if (ip[0] >> 4U == 4 && ip.size() >= 20) {
    const std::size_t header = (ip[0] & 0x0FU) * std::size_t{4};
    const std::size_t total = read_be(ip, 2, 2);
    const bool fragment = (read_be(ip, 6, 2) & 0x3FFFU) != 0;
    // A network card that splits packets itself has not filled in the length yet.
    const std::size_t end = total == 0 ? ip.size() : total;
    if (header < 20 || fragment || end > ip.size() || end < header) return std::nullopt;
    made.protocol = ip[9];
    payload = ip.subspan(header, end - header);
  } else if (ip[0] >> 4U == 6 && ip.size() >= 40) {
    constexpr std::size_t header = 40;
    const std::size_t size = read_be(ip, 4, 2);
    if (size > ip.size() - header) return std::nullopt;
    made.protocol = ip[6];
    payload = ip.subspan(header, size == 0 ? ip.size() - header : size);
    address_size = 16;
    addresses = 8;
  } else {
    return std::nullopt;
  }
  std::ranges::copy(ip.subspan(addresses, address_size), made.from.address.begin());
  std::ranges::copy(ip.subspan(addresses + address_size, address_size), made.to.address.begin());
  const std::size_t smallest = made.protocol == tcp ? 20 : 8;
  if ((made.protocol != tcp && made.protocol != udp) || payload.size() < smallest)
    return std::nullopt;
  made.from.port = static_cast<std::uint16_t>(read_be(payload, 0, 2));
  made.to.port = static_cast<std::uint16_t>(read_be(payload, 2, 2));
  if (made.protocol == udp) {
    made.data = payload.subspan(smallest);
    return made;
  }
  const std::size_t header = (payload[12] >> 4U) * std::size_t{4};
  if (header < smallest || header > payload.size()) return std::nullopt;
  made.sequence = static_cast<std::uint32_t>(read_be(payload, 4, 4));
  made.begins = (payload[13] & 0x02U) != 0;  // SYN
  made.data = payload.subspan(header);
  return made;
}

// What one of the two sends, in order.
struct Stream {
  struct Piece {
    std::size_t number;
    WallTime time;
    Buffer bytes;
    bool behind_gap = false;
  };
  std::optional<std::uint32_t> next;
  std::map<std::uint32_t, Piece> early;  // by how far ahead of `next` they were when they came
  std::vector<Piece> pieces;

  void take(const Segment& segment, std::size_t number, WallTime time) {
    if (segment.protocol == udp) {
      pieces.push_back({number, time, {segment.data.begin(), segment.data.end()}, false});
      return;
    }
    if (segment.begins) {
      flush();
      next = segment.sequence + 1;
      return;
    }
    if (segment.data.empty()) return;
    if (!next) next = segment.sequence;
    early_or_now(segment.sequence, {number, time, {segment.data.begin(), segment.data.end()}});
    // What is missing that long was not captured.
    constexpr std::size_t patience = 32;
    if (early.size() > patience) flush();
  }

  // As far as they follow one another.
  void early_or_now(std::uint32_t sequence, Piece piece) {
    if (!in_order(sequence, piece)) {
      const auto known = early.find(sequence);
      if (known == early.end() || known->second.bytes.size() < piece.bytes.size())
        early.insert_or_assign(sequence, std::move(piece));
      return;
    }
    for (auto each = early.begin(); each != early.end();) {
      const bool used = in_order(each->first, each->second);
      if (used) early.erase(each);
      each = used ? early.begin() : std::next(each);
    }
  }

  // False: something is missing before it. Bytes that came before are cut off.
  bool in_order(std::uint32_t sequence, Piece& piece) {
    const auto ahead = static_cast<std::int32_t>(sequence - *next);
    if (ahead > 0) return false;
    const auto known = static_cast<std::size_t>(-static_cast<std::int64_t>(ahead));
    if (known >= piece.bytes.size()) return true;
    piece.bytes.erase(piece.bytes.begin(),
                      piece.bytes.begin() + static_cast<std::ptrdiff_t>(known));
    *next += static_cast<std::uint32_t>(piece.bytes.size());
    pieces.push_back(std::move(piece));
    return true;
  }

  // Nothing more comes that would fill the gaps.
  void flush() {
    while (!early.empty()) {
      // The one that is least far ahead.
      auto first = std::min_element(early.begin(), early.end(), [&](const auto& a, const auto& b) {
        return a.first - *next < b.first - *next;
      });
      next = first->first;
      Piece piece = std::move(first->second);
      early.erase(first);
      piece.behind_gap = true;
      early_or_now(*next, std::move(piece));
    }
  }
};

// Takes Telnet's commands out, if that is what it is; commands may be cut anywhere.
void take_telnet_out(std::vector<Stream::Piece>& pieces) {
  Buffer waiting;
  for (Stream::Piece& piece : pieces) {
    if (piece.behind_gap) waiting.clear();
    Buffer bytes = std::move(waiting);
    bytes.insert(bytes.end(), piece.bytes.begin(), piece.bytes.end());
    piece.bytes.clear();
    waiting.clear();
    for (Bytes left = bytes; !left.empty();) {
      const telnet::Taken taken = telnet::take(left);
      if (taken.step == telnet::Step::cut) {
        waiting.assign(left.begin(), left.end());
        break;
      }
      if (taken.step == telnet::Step::data) piece.bytes.push_back(left[0]);
      left = left.subspan(taken.size);
    }
  }
}

bool is_telnet(const Stream& stream) {
  return std::any_of(stream.pieces.begin(), stream.pieces.end(),
                     [](const auto& piece) { return telnet::negotiates(piece.bytes); });
}

}  // namespace

bool is_network(std::uint16_t link_type) {
  for (const LinkType known :
       {loopback, ethernet, raw_ip_bsd, raw_ip, linux_any, raw_ipv4, raw_ipv6, linux_any_2})
    if (link_type == known) return true;
  return false;
}

NetworkContents connections_of(const CaptureFile& capture) {
  struct Both {
    End first;  // of the two
    std::array<Stream, 2> streams;
    Connection connection;
  };
  std::map<std::tuple<std::uint8_t, End, End>, Both> all;
  NetworkContents made;
  for (std::size_t i = 0; i < capture.records.size(); ++i) {
    const ReadRecord& record = capture.records[i];
    const std::uint16_t link_type = capture.interfaces[record.interface].link_type;
    if (!is_network(link_type)) continue;
    const auto ip = ip_of(link_type, record.bytes);
    const auto segment = ip ? segment_of(*ip) : std::nullopt;
    if (!segment) {
      made.other_packets.push_back(i + 1);
      continue;
    }
    const auto& [low, high] = std::minmax(segment->from, segment->to);
    Both& both = all[{segment->protocol, low, high}];
    both.first = low;
    both.connection.ports = {low.port, high.port};
    both.connection.packets.insert(i + 1);
    both.streams[segment->from == low ? 0 : 1].take(*segment, i + 1, record.time);
  }
  for (auto& [ends, both] : all) {
    for (Stream& stream : both.streams) stream.flush();
    if (is_telnet(both.streams[0]) || is_telnet(both.streams[1]))
      for (Stream& stream : both.streams) take_telnet_out(stream.pieces);
    for (std::size_t side = 0; side < both.streams.size(); ++side) {
      std::string mark = side == 0 ? "one side" : "other side";
      for (Stream::Piece& piece : both.streams[side].pieces) {
        // Another mark, so that nothing is joined over the gap.
        if (piece.behind_gap) mark += '+';
        if (!piece.bytes.empty())
          both.connection.logged.push_back(
              {piece.number, mark, Direction::unknown, piece.time, true, std::move(piece.bytes)});
      }
    }
    std::stable_sort(both.connection.logged.begin(), both.connection.logged.end(),
                     [](const Logged& a, const Logged& b) { return a.line < b.line; });
    made.connections.push_back(std::move(both.connection));
  }
  return made;
}

bool carries_mep(const Connection& connection, const Assembled& frames,
                 const std::vector<KnownKey>& keys, const std::set<std::uint16_t>& ports) {
  for (const std::uint16_t port : connection.ports)
    if (ports.contains(port)) return true;
  constexpr int enough = 40;  // bits
  int bits = 0;
  std::vector<Opened> all;
  Conversation talk(keys, all);
  for (const ImportedFrame& frame : frames.frames) {
    const Bytes message =
        Bytes(frame.bytes).subspan(std::min(length_field_size, frame.bytes.size()));
    if (message.empty()) continue;
    bits += std::clamp(std::max(clear_request_bits(message), clear_response_bits(message, nullptr)),
                       -enough, enough / 2);
    if (bits >= enough) return true;
    Opened opened = talk.open(message, frame.direction, frame.time);
    if (opened.proven) return true;
    all.push_back(std::move(opened));
  }
  return false;
}

CaptureFile as_tapped(const CaptureFile& capture, const std::vector<KnownKey>& keys,
                      const std::set<std::uint16_t>& ports,
                      std::map<std::string, std::size_t>& taken,
                      std::map<std::string, std::size_t>& dropped) {
  CaptureFile made = capture;
  made.records.clear();
  // By the number of the packet, so that the order stays.
  std::multimap<std::size_t, ReadRecord> records;
  for (std::size_t i = 0; i < capture.records.size(); ++i)
    if (!is_network(capture.interfaces[capture.records[i].interface].link_type))
      records.emplace(i + 1, capture.records[i]);
  const NetworkContents contents = connections_of(capture);
  std::uint32_t tap = 0;
  for (const Connection& connection : contents.connections) {
    const Assembled frames = assemble(connection.logged);
    if (!carries_mep(connection, frames, keys, ports)) {
      dropped["packets of connections in which no MEP was found (--port NUMBER says that it is)"] +=
          connection.packets.size();
      continue;
    }
    ++tap;
    for (const ImportedFrame& frame : frames.frames) {
      const auto header = tap::encode({frame.direction, 0, 0, 0, tap});
      ReadRecord record;
      record.interface = capture.records[frame.line - 1].interface;
      record.direction = frame.direction;
      record.time = frame.time;
      record.bytes.assign(header.begin(), header.end());
      record.bytes.insert(record.bytes.end(), frame.bytes.begin(), frame.bytes.end());
      record.original_size = record.bytes.size();
      records.emplace(frame.line, std::move(record));
      ++taken["frames taken out of TCP or UDP, without its addresses and ports"];
    }
    if (frames.unused_bytes != 0)
      dropped["bytes in connections with MEP that form no frame"] += frames.unused_bytes;
  }
  if (!contents.other_packets.empty())
    dropped["packets of neither TCP nor UDP, or not captured as a whole"] +=
        contents.other_packets.size();
  for (auto& [number, record] : records) made.records.push_back(std::move(record));
  std::erase_if(made.statistics, [&](const ReadStatistics& each) {
    return is_network(capture.interfaces[each.interface].link_type);
  });
  for (ReadInterface& each : made.interfaces)
    if (is_network(each.link_type)) each = {tap::link_type, 0};
  return made;
}

}  // namespace mep::captures
