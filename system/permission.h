// Why a port cannot be opened by somebody who may not, and what to do about it.
//
// System. To be added here: another reason why a port cannot be opened, with what to do.
// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace mep::system {

enum class Access : std::uint8_t { read, read_and_write };

// A port's file, as far as permissions go.
struct PortFile {
  mode_t mode = 0;
  uid_t owner = 0;
  gid_t group = 0;
  std::optional<std::string> group_name;  // nothing: the system knows the number alone
};

struct Person {
  uid_t user = 0;
  std::vector<gid_t> groups;
};

// Whether the file's mode lets that person in.
bool mode_allows(const PortFile& file, const Person& person, Access access);

// What to do about open(2) having failed with `error`, EACCES or EPERM: a sentence.
std::string way_to_permission(const std::string& path, const PortFile& file, const Person& person,
                              Access access, int error);
// The same of the file at `path`, for who runs this program.
std::string way_to_permission(const std::string& path, Access access, int error);

}  // namespace mep::system
