// SPDX-License-Identifier: GPL-2.0-or-later
#include "protocol/access.h"

#include <algorithm>
#include <iterator>

#include "protocol/bytes.h"
#include "protocol/names.h"

namespace mep {
namespace {

enum class Writable : std::uint8_t { nobody, advanced, both };

struct Access {
  std::uint16_t number;
  Writable writable;
};

// Tables C.1 and C.4, in ascending order; and what the pages of single tables say where these do
// not list them (ET61, ET62, ET89, ET90, ET97) or have them read-only (ET70, ET71): docs/errata.md.
constexpr Access tables[] = {
    {BT(0), Writable::nobody},    {BT(1), Writable::nobody},    {BT(4), Writable::nobody},
    {BT(7), Writable::both},      {BT(8), Writable::nobody},    {BT(15), Writable::advanced},
    {BT(20), Writable::nobody},   {BT(21), Writable::nobody},   {BT(22), Writable::nobody},
    {BT(23), Writable::advanced}, {BT(24), Writable::advanced}, {BT(25), Writable::nobody},
    {BT(26), Writable::nobody},   {BT(27), Writable::nobody},   {BT(28), Writable::nobody},
    {BT(30), Writable::nobody},   {BT(33), Writable::advanced}, {BT(50), Writable::nobody},
    {BT(52), Writable::nobody},   {BT(53), Writable::advanced}, {BT(54), Writable::advanced},
    {BT(55), Writable::nobody},   {BT(60), Writable::nobody},   {BT(61), Writable::nobody},
    {BT(62), Writable::nobody},   {BT(63), Writable::nobody},   {BT(64), Writable::nobody},
    {BT(65), Writable::nobody},   {BT(66), Writable::nobody},   {BT(67), Writable::nobody},
    {BT(70), Writable::nobody},   {BT(71), Writable::nobody},   {BT(74), Writable::nobody},
    {ET(1), Writable::advanced},  {ET(2), Writable::advanced},  {ET(3), Writable::advanced},
    {ET(4), Writable::advanced},  {ET(5), Writable::advanced},  {ET(6), Writable::advanced},
    {ET(7), Writable::advanced},  {ET(9), Writable::advanced},  {ET(11), Writable::nobody},
    {ET(13), Writable::advanced}, {ET(14), Writable::nobody},   {ET(15), Writable::nobody},
    {ET(16), Writable::nobody},   {ET(21), Writable::nobody},   {ET(23), Writable::advanced},
    {ET(29), Writable::nobody},   {ET(30), Writable::nobody},   {ET(31), Writable::nobody},
    {ET(34), Writable::advanced}, {ET(36), Writable::nobody},   {ET(40), Writable::advanced},
    {ET(41), Writable::nobody},   {ET(42), Writable::nobody},   {ET(45), Writable::nobody},
    {ET(46), Writable::nobody},   {ET(47), Writable::advanced}, {ET(50), Writable::both},
    {ET(51), Writable::both},     {ET(52), Writable::both},     {ET(53), Writable::nobody},
    {ET(54), Writable::nobody},   {ET(55), Writable::advanced}, {ET(57), Writable::advanced},
    {ET(58), Writable::nobody},   {ET(59), Writable::nobody},   {ET(61), Writable::advanced},
    {ET(62), Writable::advanced}, {ET(66), Writable::nobody},   {ET(67), Writable::advanced},
    {ET(70), Writable::advanced}, {ET(71), Writable::both},     {ET(74), Writable::nobody},
    {ET(75), Writable::nobody},   {ET(76), Writable::advanced}, {ET(77), Writable::advanced},
    {ET(79), Writable::nobody},   {ET(80), Writable::advanced}, {ET(81), Writable::nobody},
    {ET(85), Writable::nobody},   {ET(89), Writable::nobody},   {ET(90), Writable::nobody},
    {ET(97), Writable::advanced},
};

// Table C.2, and what pages 13 and 244 say of EP39 and EP19.
constexpr Access procedures[] = {
    {EP(16), Writable::both}, {EP(17), Writable::both}, {EP(19), Writable::advanced},
    {EP(39), Writable::both}, {EP(61), Writable::both},
};

Permission permission(const Access* begin, const Access* end, AccessLevel level,
                      std::uint16_t number) {
  const Access* found =
      std::find_if(begin, end, [number](const Access& entry) { return entry.number == number; });
  if (found == end) return Permission::unknown;
  const bool granted = found->writable == Writable::both ||
                       (found->writable == Writable::advanced && level == AccessLevel::advanced);
  return granted ? Permission::granted : Permission::denied;
}

// Whether EP17 would remove an M-Bus device, page 244. Nothing is said of a handle that is not
// there.
bool removes_mbus_device(Bytes parameters) {
  constexpr std::size_t handle_at = 1, handle_size = 2;
  constexpr std::uint64_t first_client = 1000;  // page 85; M-Bus devices have smaller ones
  constexpr std::uint64_t all_devices = 0xFFFF;
  if (parameters.size() < handle_at + handle_size) return false;
  const std::uint64_t handle = read_le(parameters, handle_at, handle_size);
  return handle < first_client || handle == all_devices;
}

}  // namespace

Permission may_write(AccessLevel level, std::uint16_t table) {
  return permission(std::begin(tables), std::end(tables), level,
                    static_cast<std::uint16_t>(table & ~pending_flag));
}

Permission may_call(AccessLevel level, std::uint16_t procedure) {
  return permission(std::begin(procedures), std::end(procedures), level, procedure);
}

Permission may_call(AccessLevel level, std::uint16_t procedure, Bytes parameters) {
  if (procedure == EP(17) && level == AccessLevel::basic && removes_mbus_device(parameters))
    return Permission::denied;
  return may_call(level, procedure);
}

}  // namespace mep
