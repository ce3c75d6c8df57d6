// SPDX-License-Identifier: GPL-2.0-or-later
#include "system/permission.h"

#include <grp.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace mep::system {
namespace {

constexpr uid_t root = 0;
constexpr gid_t roots_group = 0;
// A name for a group that has none, until somebody finds a better one.
constexpr const char* suggested_name = "serialports";

// As in the last digit of a mode.
mode_t bits(Access access) {
  return access == Access::read ? S_IROTH : S_IROTH | S_IWOTH;
}

bool group_is_let_in(const PortFile& file, Access access) {
  return (file.mode >> 3 & bits(access)) == bits(access);
}

PortFile port_file(const std::string& path) {
  struct stat status {};
  if (stat(path.c_str(), &status) != 0) return {};
  const group* entry = getgrgid(status.st_gid);
  return {status.st_mode, status.st_uid, status.st_gid,
          entry == nullptr ? std::nullopt : std::optional<std::string>(entry->gr_name)};
}

Person myself() {
  const int count = getgroups(0, nullptr);
  std::vector<gid_t> groups(count > 0 ? static_cast<std::size_t>(count) : 0);
  if (count > 0 && getgroups(count, groups.data()) < 0) groups.clear();
  groups.push_back(getegid());
  return {geteuid(), groups};
}

}  // namespace

bool mode_allows(const PortFile& file, const Person& person, Access access) {
  if (person.user == root) return true;
  const mode_t wanted = bits(access);
  if (file.owner == person.user) return (file.mode >> 6 & wanted) == wanted;
  if (std::ranges::find(person.groups, file.group) != person.groups.end())
    return group_is_let_in(file, access);
  return (file.mode & wanted) == wanted;
}

std::string way_to_permission(const std::string& path, const PortFile& file, const Person& person,
                              Access access, int error) {
  if (mode_allows(file, person, access)) {
    if (error == EPERM)
      return "its mode lets you in, the container's device rules do not: start the container with "
             "the port, for example \"docker run --device=" +
             path + "\"";
    return "its mode lets you in, so that a rule of the system keeps you out (a folder mounted "
           "with nodev, AppArmor, SELinux, a snap or flatpak): use the port in /dev, or allow it "
           "there";
  }
  const bool already_member = std::ranges::find(person.groups, file.group) != person.groups.end();
  if (file.group == roots_group || already_member || !group_is_let_in(file, access))
    return "\"ls -l " + path + "\" shows who may";
  if (file.group_name)
    return "run \"sudo usermod -aG " + *file.group_name + " $USER\" and log in again";
  const std::string number = std::to_string(file.group);
  return "it belongs to group " + number + ", which has no name here: run \"sudo groupadd -g " +
         number + " " + suggested_name + "\" and \"sudo usermod -aG " + suggested_name +
         " $USER\" and log in again, or start the container with \"--group-add " + number + "\"";
}

std::string way_to_permission(const std::string& path, Access access, int error) {
  return way_to_permission(path, port_file(path), myself(), access, error);
}

}  // namespace mep::system
