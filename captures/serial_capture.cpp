// SPDX-License-Identifier: GPL-2.0-or-later
#include "captures/serial_capture.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "captures/network_capture.h"
#include "protocol/bytes.h"
#include "protocol/tap.h"

namespace mep::captures {
namespace {

constexpr std::uint16_t rtac_link_type = 250;
constexpr std::uint16_t usb_linux = 189;          // header of 48 bytes
constexpr std::uint16_t usb_linux_mmapped = 220;  // of 64

// --- RTAC: seconds (4), microseconds (4), event (1), control lines (1), 2 more
constexpr std::size_t rtac_header = 12;
constexpr std::size_t rtac_event = 8;
Direction rtac_direction(std::uint8_t event) {
  switch (event) {
    case 0x01:  // transmission begins
    case 0x03:  // transmission ends
      return Direction::client_to_meter;
    case 0x02:
    case 0x04:
      return Direction::meter_to_client;
    default:
      return Direction::unknown;
  }
}

// --- usbmon (Documentation/usb/usbmon in the Linux kernel); numbers are in the machine's byte
// order, which is that of all that matter here.
namespace usb {
constexpr std::size_t event = 8;  // 'S' submission, 'C' completion, 'E' error
constexpr std::size_t transfer = 9;
constexpr std::size_t endpoint = 10;
constexpr std::size_t device = 11;
constexpr std::size_t bus = 12;
constexpr std::size_t data_size = 36;
constexpr std::uint8_t bulk = 3;
constexpr std::uint8_t into_host = 0x80;

}  // namespace usb

// An FTDI chip puts two bytes before the data of each packet that it sends: modem status, of which
// the low four bits are 0001, and line status, of which the lowest bits say little.
bool ftdi_status(Bytes bytes) {
  return bytes.size() >= 2 && (bytes[0] & 0x0FU) == 1 && (bytes[1] & 0x01U) == 0;
}

// Of an IN transfer of that chip: what is left without the status of each packet of `packet` bytes.
std::vector<std::uint8_t> without_status(Bytes bytes, std::size_t packet) {
  std::vector<std::uint8_t> data;
  for (std::size_t at = 0; at < bytes.size(); at += packet) {
    const Bytes one = bytes.subspan(at, std::min(packet, bytes.size() - at));
    if (one.size() > 2) data.insert(data.end(), one.begin() + 2, one.end());
  }
  return data;
}

class Reader {
 public:
  explicit Reader(const CaptureFile& capture) : capture_(capture) {}

  LogContents read() && {
    made_.lines = capture_.records.size();
    for (std::size_t i = 0; i < capture_.records.size(); ++i) take(capture_.records[i], i + 1);
    take_usb();
    take_network();
    std::stable_sort(made_.logged.begin(), made_.logged.end(),
                     [](const auto& a, const auto& b) { return a.line < b.line; });
    return std::move(made_);
  }

 private:
  void unused(std::size_t number, std::string why) {
    made_.unused.push_back({number, std::move(why)});
  }

  void add(std::size_t number, std::string mark, Direction meant, WallTime time, Bytes bytes) {
    if (bytes.empty()) return;
    made_.logged.push_back(
        {number, std::move(mark), meant, time, true, {bytes.begin(), bytes.end()}});
  }

  static std::string name_of(Direction direction) {
    if (direction == Direction::unknown) return {};
    return direction == Direction::client_to_meter ? "outbound" : "inbound";
  }

  void take(const ReadRecord& record, std::size_t number) {
    const std::uint16_t link_type = capture_.interfaces[record.interface].link_type;
    const Bytes bytes = record.bytes;
    switch (link_type) {
      case tap::raw_link_type:
        return add(number, name_of(record.direction), record.direction, record.time, bytes);
      case rtac_link_type: {
        if (bytes.size() < rtac_header)
          return unused(number, "a record too short for RTAC's header");
        const Direction direction = rtac_direction(bytes[rtac_event]);
        return add(number, name_of(direction), direction, record.time, bytes.subspan(rtac_header));
      }
      case usb_linux:
      case usb_linux_mmapped:
        return take_usb_record(record, number, link_type == usb_linux ? 48 : 64);
      case tap::link_type:
        return unused(number, "a frame of a tap already: nothing to import");
      default:
        if (is_network(link_type)) return;
        return unused(number, "link type " + std::to_string(link_type) +
                                  ": no serial line that this program knows");
    }
  }

  // Completions of IN transfers and submissions of OUT transfers have the data.
  void take_usb_record(const ReadRecord& record, std::size_t number, std::size_t header) {
    const Bytes bytes = record.bytes;
    if (bytes.size() < header) return unused(number, "a record too short for usbmon's header");
    const bool in = (bytes[usb::endpoint] & usb::into_host) != 0;
    const bool has_data = bytes[usb::event] == static_cast<std::uint8_t>(in ? 'C' : 'S');
    if (bytes[usb::transfer] != usb::bulk || !has_data || bytes.size() == header) return;
    const std::size_t size =
        std::min<std::size_t>(read_le(bytes, usb::data_size, 4), bytes.size() - header);
    if (size == 0) return;
    const unsigned device = bytes[usb::bus] * 256U + bytes[usb::device];
    found_.push_back({number, record.time, device, in, bytes.subspan(header, size)});
  }

  // What a device is, all of its packets together say.
  void take_usb() {
    std::map<unsigned, bool> ftdi;
    std::map<unsigned, std::size_t> packet;
    std::set<unsigned> speaking;
    for (const Found& each : found_) {
      if (!each.in) {
        speaking.insert(each.device);
        continue;
      }
      auto& is_ftdi = ftdi.try_emplace(each.device, true).first->second;
      is_ftdi = is_ftdi && ftdi_status(each.bytes);
    }
    constexpr std::size_t full_speed = 64;
    constexpr std::size_t high_speed = 512;
    for (const Found& each : found_) {
      if (!each.in || !ftdi[each.device]) continue;
      auto& size = packet.try_emplace(each.device, full_speed).first->second;
      for (std::size_t at = full_speed; at < each.bytes.size(); at += full_speed)
        if (!ftdi_status(each.bytes.subspan(at)) && each.bytes.size() - at > 1) size = high_speed;
    }
    for (const Found& each : found_) {
      const std::string name =
          "usb " + std::to_string(each.device / 256) + "." + std::to_string(each.device % 256);
      if (!each.in) {
        add(each.number, name + " out", Direction::client_to_meter, each.time, each.bytes);
      } else {
        // An adapter that only listens hears either; one that speaks hears the meter.
        const Direction meant =
            speaking.contains(each.device) ? Direction::meter_to_client : Direction::unknown;
        const std::vector<std::uint8_t> data =
            ftdi[each.device] ? without_status(each.bytes, packet[each.device])
                              : std::vector<std::uint8_t>(each.bytes.begin(), each.bytes.end());
        add(each.number, name + " in", meant, each.time, data);
      }
    }
  }

  // Of a port server's connections those that have MEP in them.
  void take_network() {
    const NetworkContents contents = connections_of(capture_);
    std::size_t connections = 0;
    for (const Connection& each : contents.connections) {
      if (!carries_mep(each, assemble(each.logged), {}, {})) {
        unused(*each.packets.begin(), "a connection in which no MEP is found, packets: " +
                                          std::to_string(each.packets.size()));
        continue;
      }
      const std::string name = "connection " + std::to_string(++connections) + ", ";
      for (Logged piece : each.logged) {
        piece.mark = name + piece.mark;
        made_.logged.push_back(std::move(piece));
      }
    }
    for (const std::size_t number : contents.other_packets)
      unused(number, "neither TCP nor UDP, or not captured as a whole");
  }

  struct Found {
    std::size_t number;
    WallTime time;
    unsigned device;
    bool in;
    Bytes bytes;
  };

  const CaptureFile& capture_;
  LogContents made_;
  std::vector<Found> found_;
};

}  // namespace

LogContents serial_bytes(const CaptureFile& capture) {
  return Reader(capture).read();
}

LogContents raw_bytes(Bytes file, Direction direction) {
  LogContents made;
  made.lines = 1;
  Logged all;
  all.line = 1;
  all.mark = direction == Direction::client_to_meter   ? "client's bytes"
             : direction == Direction::meter_to_client ? "meter's bytes"
                                                       : "";
  all.meant = direction;
  all.bytes.assign(file.begin(), file.end());
  if (!all.bytes.empty()) made.logged.push_back(std::move(all));
  return made;
}

}  // namespace mep::captures
