// Serial lines by way of a network: the bytes of a port server's TCP or UDP connections, without
// the Telnet around them, as frames.
//
// Captures. To be added here: another link layer below IP, or another way in which port servers
// wrap bytes. SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "captures/assembler.h"
#include "captures/capture_reader.h"
#include "captures/key_file.h"

namespace mep::captures {

// Whether packets of that link type may hold TCP or UDP: Ethernet, Linux "any", raw IP, loopback.
bool is_network(std::uint16_t link_type);

// Two ports that talked to each other.
struct Connection {
  std::set<std::uint16_t> ports;
  std::set<std::size_t> packets;  // by their numbers, from 1
  std::vector<Logged> logged;     // line: the packet's number; mark: which of the two sent it
};

struct NetworkContents {
  std::vector<Connection> connections;
  std::vector<std::size_t> other_packets;  // neither TCP nor UDP, or cut short: their numbers
};

// All connections of all packets with such link types. Bytes that came twice are in it once; where
// some are missing, a frame ends.
NetworkContents connections_of(const CaptureFile& capture);

// Whether it is a meter's line: for `ports` by the user's word, for others by what is in it, a
// frame that one of the keys opens or several that can hardly be anything else.
bool carries_mep(const Connection& connection, const Assembled& frames,
                 const std::vector<KnownKey>& keys, const std::set<std::uint16_t>& ports);

// The capture as if its connections had been tapped lines: of each that carries MEP the frames,
// with a tap number of its own, as link type USER13 on the interface of its packets. Nothing else
// of the network stays. `taken` and `dropped` get what became of it, in words.
CaptureFile as_tapped(const CaptureFile& capture, const std::vector<KnownKey>& keys,
                      const std::set<std::uint16_t>& ports,
                      std::map<std::string, std::size_t>& taken,
                      std::map<std::string, std::size_t>& dropped);

}  // namespace mep::captures
