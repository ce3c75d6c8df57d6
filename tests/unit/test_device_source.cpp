// Sources that are values of M-Bus devices and MEP clients: the guide's example of page 33, and
// what may stand in ET57 and ET66 besides. SPDX-License-Identifier: GPL-2.0-or-later
#include "protocol/device_source.h"

#include <string>

#include "protocol/load_profile.h"
#include "protocol/names.h"
#include "protocol/tables/tables.h"
#include "protocol/walker.h"
#include "tests/unit/material.h"

#include "tests/unit/cmocka.h"

namespace mep {
namespace {

using test::Buffer;
using test::hex;

void tell(Dimensions& dimensions, std::uint16_t table, std::string_view bytes,
          std::uint64_t offset = 0) {
  const Buffer data = hex(bytes);
  learn(*find_table(table), {offset, data}, dimensions);
}

// MDT 1 is 0C 93 3A; keys 112 and 113 are MDT 1 of device 0 and MDT 2 of device 1.
Dimensions guide_example() {
  Dimensions dimensions;
  tell(dimensions, ET(57), "05 0C 93 3A  09 04 06 00");
  tell(dimensions, ET(66), "01 40 02 41");
  return dimensions;
}

std::string text_of(std::uint16_t source, std::string_view bytes, const Dimensions& dimensions) {
  const Buffer data = hex(bytes);
  const auto read = channel_value(source, data, dimensions);
  return read ? read->text() : "none";
}

void the_guides_example(void**) {
  const Dimensions dimensions = guide_example();
  assert_true(mapped_source(112, dimensions) == 0x4001);
  const auto source = device_source(112, dimensions);
  assert_true(source && source->device == 0 && source->data_type == 1);
  assert_string_equal(source_title(112, dimensions).c_str(),
                      "M-Bus device 1, MDT 1: Volume, uncorrected");
  assert_string_equal(text_of(112, "06 81 31 02", dimensions).c_str(),
                      "Volume, uncorrected (M-Bus device 1), 02318106 = "
                      "Volume, uncorrected 2318.106 m³");
  // The extended source itself, as ET42 has it
  assert_string_equal(text_of(0x4101, "06 81 31 02", dimensions).c_str(),
                      "Volume, uncorrected (M-Bus device 2), 02318106 = "
                      "Volume, uncorrected 2318.106 m³");
  assert_string_equal(text_of(113, "10 00 00 00", dimensions).c_str(),
                      "Energy (M-Bus device 2), Energy 16 kWh");
}

void what_is_no_device(void**) {
  const Dimensions dimensions = guide_example();
  for (const std::uint16_t source : {0, 73, 111, 114, 163, 164, 0x3001, 0x5001, 0xFFFF}) {
    assert_false(device_source(source, dimensions).has_value());
    assert_false(channel_value(source, {}, dimensions).has_value());
    assert_string_equal(source_title(source, dimensions).c_str(), "");
  }
  assert_false(device_source(112, {}).has_value());
}

void mapped_to_the_meters_own(void**) {
  Dimensions dimensions;
  tell(dimensions, ET(66), "13 00 00 00");
  assert_string_equal(source_title(112, dimensions).c_str(), "Frequency");
  assert_string_equal(source_title(113, dimensions).c_str(), "");  // unused
  assert_string_equal(source_title(19, dimensions).c_str(), "");   // has its name already
}

void keys_are_entries_of_all_data_sets(void**) {
  Dimensions dimensions;
  tell(dimensions, ET(66), "07 43", 102);  // entry 51, page 173: 112 + offset / 2
  const auto source = device_source(163, dimensions);
  assert_true(source && source->device == 3 && source->data_type == 7);
}

void media_come_from_the_devices(void**) {
  Dimensions dimensions = guide_example();
  // ET16, element 0: time, info, length 13, header, terminator
  const std::string header = "1A 01 14 13 00 05 00 0D 07 42 23 00 AE 4C 19 03 2A 00 00 00 00";
  tell(dimensions, ET(16), header);
  assert_string_equal(text_of(112, "06 81 31 02", dimensions).c_str(),
                      "Gas (M-Bus device 1), 02318106 = Volume, uncorrected 2318.106 m³");
  assert_string_equal(channel_value(112, {}, dimensions)->channel.c_str(), "Gas (M-Bus device 1)");
  // "Other" tells nothing.
  tell(dimensions, ET(16), "00", 15);
  assert_true(dimensions.learned(Dim::device_medium, 0) == 3);  // not from the middle
  dimensions.learn(Dim::device_medium, 0, 0);
  assert_string_equal(channel_value(112, {}, dimensions)->channel.c_str(),
                      "Volume, uncorrected (M-Bus device 1)");
}

void long_headers_go_on_in_extensions(void**) {
  Dimensions dimensions;
  // MDT 3: 8C 90 40 | 13 …, with an extension that is not needed any more; MDT 4 behind it
  tell(dimensions, ET(57), "0D 8C 90 40  03 13 00 00  03 FF FF FF  11 0C 06 00");
  assert_string_equal(text_of(0x4003, "06 81 31 02", dimensions).c_str(),
                      "Volume (M-Bus device 1), 02318106 = Volume 2318.106 m³");
  assert_string_equal(text_of(0x4004, "06 81 31 02", dimensions).c_str(),
                      "Energy (M-Bus device 1), 02318106 = Energy 2318106 kWh");
  // Without its extension it ends too early: nobody knows what it is.
  dimensions.learn(Dim::data_type_kind, 1, 0);
  assert_string_equal(text_of(0x4003, "06 81 31 02", dimensions).c_str(), "M-Bus device 1, MDT 3");
}

void mep_entries_are_no_records(void**) {
  Dimensions dimensions;
  tell(dimensions, ET(57), "06 0C 93 3A");  // MEP base entry, page 164
  assert_string_equal(text_of(0x4001, "06 81 31 02", dimensions).c_str(), "M-Bus device 1, MDT 1");
  assert_string_equal(text_of(0x4401, "06 81 31 02", dimensions).c_str(), "MEP client 1, MDT 1");
}

void a_status_tells_of_a_value(void**) {
  for (unsigned status = 0; status < 16; ++status) {
    const bool without = status == 4 || status == 8 || status == 10 || status == 12 || status == 15;
    assert_true(has_value(status) != without);
  }
}

// Whatever ET57 holds, and whatever the four bytes are.
void any_entries_and_bytes(void**) {
  test::Random random(57);
  for (unsigned round = 0; round < 3'000; ++round) {
    Dimensions dimensions;
    Buffer entries = random.bytes(64);
    for (std::size_t i = 0; i < entries.size(); i += 4)
      if (!random.once_in(3)) entries[i] = random.once_in(2) ? 0x03 : 0x05;
    learn(*find_table(ET(57)), {0, entries}, dimensions);
    const Buffer value = random.bytes(channel_value_size);
    const std::string text = channel_value(0x4001, value, dimensions)->text();
    assert_true(!text.empty() && text.size() < 6'000);
  }
}

}  // namespace
}  // namespace mep

int main() {
  using namespace mep;
  const CMUnitTest tests[] = {
      cmocka_unit_test(the_guides_example),
      cmocka_unit_test(what_is_no_device),
      cmocka_unit_test(mapped_to_the_meters_own),
      cmocka_unit_test(keys_are_entries_of_all_data_sets),
      cmocka_unit_test(media_come_from_the_devices),
      cmocka_unit_test(long_headers_go_on_in_extensions),
      cmocka_unit_test(mep_entries_are_no_records),
      cmocka_unit_test(a_status_tells_of_a_value),
      cmocka_unit_test(any_entries_and_bytes),
  };
  return cmocka_run_group_tests_name("device_source", tests, nullptr, nullptr);
}
