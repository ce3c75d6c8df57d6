// SPDX-License-Identifier: GPL-2.0-or-later
#include "plugin/buses.h"

#include <cstring>
#include <optional>

#include <epan/conversation.h>

#include "plugin/bus.h"
#include "plugin/registry.h"

namespace mep::plugin {
namespace {

// The buses of one capture file: wmem's file scope, found anew for each file.
wmem_map_t* lines = nullptr;  // tap number and interface -> Bus
wmem_map_t* taps = nullptr;   // tap number -> its first Bus
std::uint16_t buses_so_far = 0;

const Dimensions nothing_known;

Bus* empty_bus(wmem_allocator_t* scope) {
  Bus* bus = wmem_new0(scope, Bus);
  bus->scope = scope;
  bus->dimensions = &nothing_known;
  bus->sequences = wmem_map_new(scope, g_direct_hash, g_direct_equal);
  return bus;
}

Bus* new_bus() {
  Bus* bus = empty_bus(wmem_file_scope());
  bus->number = buses_so_far++;
  return bus;
}

// In place of a bus after the first pass: for a frame that was not there then, and with it is gone
// what is learned of it. `known`: the bus as the first pass left it; null where there is none.
Bus* passing_bus(const packet_info* pinfo, const Bus* known) {
  Bus* bus = empty_bus(pinfo->pool);
  bus->swap_told = bus->echo_told = bus->factory_key_told = true;
  bus->number = no_bus;
  if (!known) return bus;
  bus->number = known->number;
  bus->dimensions = known->dimensions;
  bus->lean = known->lean;
  bus->directions = known->directions;
  bus->last_key = known->last_key;
  return bus;
}

// Captures are read from the start: nothing is known.
void forget() {
  buses_so_far = 0;
}

// --- Interfaces ----------------------------------------------------------------------------------

struct Interface {
  std::uint32_t section;
  std::uint32_t id;
  std::uint32_t key() const { return section << 16 | (id & 0xFFFF); }
};

Interface interface_of(const packet_info* pinfo) {
  if (!(pinfo->rec->presence_flags & WTAP_HAS_INTERFACE_ID)) return {0, 0};
  const std::uint32_t section =
      pinfo->rec->presence_flags & WTAP_HAS_SECTION_NUMBER ? pinfo->rec->section_number : 0;
  return {section, pinfo->rec->rec_header.packet_header.interface_id};
}

bool mentions(const char* text, const char* word) {
  const std::size_t size = std::strlen(word);
  for (; text && *text; ++text)
    if (g_ascii_strncasecmp(text, word, size) == 0) return true;
  return false;
}

// Whose line an interface is by what a text calls it. mepdump's own descriptions say "client line
// (client to meter)"; other people's words are like them.
Direction role_in(const char* text) {
  if (mentions(text, "client to meter")) return Direction::client_to_meter;
  if (mentions(text, "meter to client")) return Direction::meter_to_client;
  const bool client = mentions(text, "client");
  if (client == mentions(text, "meter")) return Direction::unknown;
  return client ? Direction::client_to_meter : Direction::meter_to_client;
}

Direction role_of(const packet_info* pinfo, const Interface& interface) {
  const Direction described =
      role_in(compat::interface_description(pinfo->epan, interface.id, interface.section));
  if (described != Direction::unknown) return described;
  return role_in(compat::interface_name(pinfo->epan, interface.id, interface.section));
}

// The first interface of the pair that this one belongs to by its role: a client's line and the
// next meter's line behind it are a pair, or the other way round. Nothing where no role is told.
std::optional<Interface> pair_of(const packet_info* pinfo, const Interface& interface) {
  if (role_of(pinfo, interface) == Direction::unknown) return std::nullopt;
  Interface open = interface;  // that waits for its partner
  Direction open_role = Direction::unknown;
  for (std::uint32_t id = 0; id <= interface.id; ++id) {
    const Interface each{interface.section, id};
    const Direction role = role_of(pinfo, each);
    if (role == Direction::unknown) continue;
    const bool completes = open_role != Direction::unknown && role != open_role;
    if (completes && id == interface.id) return open;
    open_role = completes ? Direction::unknown : role;
    open = each;
  }
  return interface;
}

// A number of 32 bits and another, as a key of a map.
std::uint64_t both(std::uint32_t high, std::uint32_t low) {
  return std::uint64_t{high} << 32 | low;
}

Bus* lookup(wmem_map_t* map, std::uint64_t key) {
  return static_cast<Bus*>(wmem_map_lookup(map, &key));
}

Bus* insert(wmem_map_t* map, std::uint64_t key, Bus* bus) {
  auto* kept = wmem_new(wmem_file_scope(), std::uint64_t);
  *kept = key;
  wmem_map_insert(map, kept, bus);
  return bus;
}

Bus* lookup_or_new(wmem_map_t* map, std::uint64_t key) {
  Bus* known = lookup(map, key);
  return known ? known : insert(map, key, new_bus());
}

// By neighbourhood: 0 and 1 are one tap, 2 and 3 the next.
Bus* bus_by_neighbourhood(const Interface& interface, Direction direction) {
  Bus* neighbour = lookup(lines, interface.key() ^ 1U);
  // A client on a line of its own: the same bus unless the neighbour has a client already.
  const bool another = neighbour && direction != Direction::meter_to_client && neighbour->recent[0];
  return neighbour && !another ? neighbour : new_bus();
}

// The number says which tap it is, whatever happens to interfaces: sections change, files are
// merged. Where several lines have one number and one role, it was fixed when the captures were
// made (samples), and there are as many taps: then their interfaces tell them apart.
Bus* bus_of_tap(const packet_info* pinfo, std::uint32_t tap, const Interface& interface,
                Direction direction) {
  const Direction told = role_of(pinfo, interface);
  const auto role = static_cast<std::size_t>(told != Direction::unknown ? told : direction);
  const std::size_t other = role == 0 ? 0 : 3 - role;
  const std::uint32_t id = interface.id + 1;
  const auto pair = pair_of(pinfo, interface);
  Bus* found = nullptr;
  Bus* last = lookup(taps, tap);
  for (Bus* bus = last; bus; last = bus, bus = bus->next_of_tap) {
    if (bus->tap_lines[role] != 0 && bus->tap_lines[role] != id) continue;
    if (!found || (pair && bus->tap_lines[other] == pair->id + 1)) found = bus;
    if (bus->tap_lines[role] == id) break;
  }
  if (!found) {
    found = new_bus();
    if (last) {
      last->next_of_tap = found;
    } else {
      insert(taps, tap, found);
    }
  }
  found->tap_lines[role] = id;
  return found;
}

Bus* new_line(const packet_info* pinfo, std::uint32_t tap, const Interface& interface,
              Direction direction) {
  if (tap != 0) return bus_of_tap(pinfo, tap, interface, direction);
  const auto pair = pair_of(pinfo, interface);
  return pair ? lookup_or_new(lines, pair->key()) : bus_by_neighbourhood(interface, direction);
}

}  // namespace

Bus* bus_of_line(packet_info* pinfo, std::uint32_t tap, Direction direction) {
  const Interface interface = interface_of(pinfo);
  const std::uint64_t key = both(tap, interface.key());
  Bus* known = lookup(lines, key);
  if (pinfo->fd->visited) return passing_bus(pinfo, known);
  return known ? known : insert(lines, key, new_line(pinfo, tap, interface, direction));
}

Bus* bus_of_connection(packet_info* pinfo) {
  const bool first_pass = !pinfo->fd->visited;
  conversation_t* conversation =
      first_pass ? find_or_create_conversation(pinfo) : find_conversation_pinfo(pinfo, 0);
  auto* bus = conversation ? static_cast<Bus*>(conversation_get_proto_data(conversation, proto_mep))
                           : nullptr;
  if (!first_pass) return passing_bus(pinfo, bus);
  if (!bus) {
    bus = new_bus();
    conversation_add_proto_data(conversation, proto_mep, bus);
  }
  return bus;
}

unsigned bus_count() {
  return buses_so_far;
}

void register_buses() {
  lines = wmem_map_new_autoreset(wmem_epan_scope(), wmem_file_scope(), g_int64_hash, g_int64_equal);
  taps = wmem_map_new_autoreset(wmem_epan_scope(), wmem_file_scope(), g_int64_hash, g_int64_equal);
  register_init_routine(forget);
}

}  // namespace mep::plugin
