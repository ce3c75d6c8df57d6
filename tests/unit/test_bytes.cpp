// Bytes as integers and as text.
// SPDX-License-Identifier: GPL-2.0-or-later
#include "protocol/bytes.h"
#include "tests/unit/material.h"

#include "tests/unit/cmocka.h"

namespace mep {
namespace {

using test::Buffer;

void bytes_become_two_digits_each(void**) {
  const Buffer bytes = {0x00, 0x2C, 0xA5, 0xF0};
  assert_string_equal(hex(bytes).c_str(), "002ca5f0");
  assert_string_equal(hex(bytes, " ").c_str(), "00 2c a5 f0");
  assert_string_equal(hex(bytes, ", ").c_str(), "00, 2c, a5, f0");
  assert_string_equal(hex(Bytes(bytes).first(1), ":").c_str(), "00");
  assert_string_equal(hex({}, ":").c_str(), "");
}

void digits_become_the_same_bytes_again(void**) {
  Buffer all(256);
  for (std::size_t i = 0; i < all.size(); ++i) all[i] = static_cast<std::uint8_t>(i);
  assert_true(test::hex(hex(all)) == all);
  assert_true(test::hex(hex(all, "\n")) == all);
}

void integers_have_their_byte_order(void**) {
  const Buffer bytes = {0x01, 0x02, 0x03, 0x84};
  assert_true(read_be(bytes, 0, 4) == 0x01020384);
  assert_true(read_le(bytes, 0, 4) == 0x84030201);
  assert_true(read_be(bytes, 1, 2) == 0x0203);
  assert_true(read_le(bytes, 1, 2) == 0x0302);
  assert_true(read_le(bytes, 4, 0) == 0);
  Buffer written(5);
  write_be(written, 0, 2, 0x010203);
  write_le(written, 2, 3, 0x0A0B0C);
  assert_true(written == (Buffer{0x02, 0x03, 0x0C, 0x0B, 0x0A}));
}

}  // namespace
}  // namespace mep

int main() {
  using namespace mep;
  const CMUnitTest tests[] = {
      cmocka_unit_test(bytes_become_two_digits_each),
      cmocka_unit_test(digits_become_the_same_bytes_again),
      cmocka_unit_test(integers_have_their_byte_order),
  };
  return cmocka_run_group_tests(tests, nullptr, nullptr);
}
