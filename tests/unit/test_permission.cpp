// What is said to somebody who may not open a port.
// SPDX-License-Identifier: GPL-2.0-or-later
#include "system/permission.h"

#include <cerrno>
#include <string>

// Last, since it defines fail() as a macro.
#include "tests/unit/cmocka.h"

namespace mep::system {
namespace {

constexpr uid_t somebody = 1000;
constexpr gid_t ports_group = 20;
const PortFile usual = {0660, 0, ports_group, "dialout"};
const Person outsider = {somebody, {somebody}};
const Person member = {somebody, {somebody, ports_group}};

std::string way(const PortFile& file, const Person& person, int error) {
  return way_to_permission("/dev/ttyUSB0", file, person, Access::read, error);
}

void assert_says(const std::string& text, const char* words) {
  if (text.find(words) == std::string::npos) print_error("\"%s\" in: %s\n", words, text.c_str());
  assert_true(text.find(words) != std::string::npos);
}

void assert_does_not_say(const std::string& text, const char* words) {
  assert_true(text.find(words) == std::string::npos);
}

void modes_are_read_as_the_kernel_reads_them(void**) {
  assert_false(mode_allows(usual, outsider, Access::read));
  assert_true(mode_allows(usual, member, Access::read));
  assert_true(mode_allows({0666, 0, 0, {}}, outsider, Access::read_and_write));
  assert_false(mode_allows({0664, 0, 0, {}}, outsider, Access::read_and_write));
  assert_true(mode_allows({0664, 0, 0, {}}, outsider, Access::read));
  assert_true(mode_allows({0, 0, 0, {}}, {0, {}}, Access::read_and_write));
  // The first class that fits counts, not the most generous one.
  assert_false(mode_allows({0066, somebody, 0, {}}, outsider, Access::read));
  assert_false(mode_allows({0606, 0, ports_group, {}}, member, Access::read));
}

void an_outsider_joins_the_group(void**) {
  for (const char* name : {"dialout", "uucp"}) {
    const std::string said = way({0660, 0, ports_group, name}, outsider, EACCES);
    assert_says(said, ("sudo usermod -aG " + std::string(name) + " $USER").c_str());
    assert_says(said, "log in again");
  }
}

void a_group_without_a_name_is_told_by_its_number(void**) {
  for (const gid_t number : {gid_t{986}, gid_t{20}}) {
    const std::string said = way({0660, 0, number, {}}, outsider, EACCES);
    const std::string digits = std::to_string(number);
    assert_says(said, ("group " + digits).c_str());
    assert_says(said, ("groupadd -g " + digits).c_str());
    assert_says(said, ("--group-add " + digits).c_str());
  }
}

void a_containers_rules_are_no_question_of_groups(void**) {
  for (const auto& [file, person] :
       {std::pair(PortFile{0666, 0, ports_group, "dialout"}, outsider), std::pair(usual, member),
        std::pair(usual, Person{0, {0}}), std::pair(PortFile{0600, somebody, 0, {}}, outsider)}) {
    const std::string said = way(file, person, EPERM);
    assert_says(said, "docker run --device=/dev/ttyUSB0");
    assert_does_not_say(said, "usermod");
    assert_does_not_say(way(file, person, EACCES), "usermod");
    assert_does_not_say(way(file, person, EACCES), "docker");
  }
}

void where_no_group_helps_it_is_not_recommended(void**) {
  for (const PortFile& file :
       {PortFile{0660, 0, 0, "root"}, PortFile{0600, 0, ports_group, "dialout"}}) {
    const std::string said = way(file, outsider, EACCES);
    assert_says(said, "ls -l /dev/ttyUSB0");
    assert_does_not_say(said, "usermod");
  }
  const std::string said = way_to_permission("/dev/ttyUSB0", {0640, 0, ports_group, "dialout"},
                                             outsider, Access::read_and_write, EACCES);
  assert_does_not_say(said, "usermod");
}

int run() {
  const CMUnitTest tests[] = {
      cmocka_unit_test(modes_are_read_as_the_kernel_reads_them),
      cmocka_unit_test(an_outsider_joins_the_group),
      cmocka_unit_test(a_group_without_a_name_is_told_by_its_number),
      cmocka_unit_test(a_containers_rules_are_no_question_of_groups),
      cmocka_unit_test(where_no_group_helps_it_is_not_recommended),
  };
  return cmocka_run_group_tests(tests, nullptr, nullptr);
}

}  // namespace
}  // namespace mep::system

int main() {
  return mep::system::run();
}
