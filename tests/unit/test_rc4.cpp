// RC4 encryption, Appendix B, page 256.
// SPDX-License-Identifier: GPL-2.0-or-later
#include <algorithm>

#include "protocol/rc4.h"
#include "tests/unit/material.h"

#include "tests/unit/cmocka.h"

namespace mep {
namespace {

using test::Buffer;
using test::hex;
using test::Random;

Key key_of(const Buffer& bytes) {
  Key key;
  assert_int_equal(bytes.size(), key.size());
  std::copy(bytes.begin(), bytes.end(), key.begin());
  return key;
}

// A read of BT23 under the key "k3y-from-the-gri" and its answer. Made by the openssl command line:
//   constant | openssl enc -rc4 -provider legacy -provider default -K <meter's key>
// gives the exchange key before the digest goes in, and the same with the exchange key what the two
// messages, one after the other, are encrypted to.
const Buffer meter_key = hex("6B33792D 66726F6D 2D746865 2D677269");
const Buffer mixed_key = hex("42505BA1 07201A07 FE87AAEC 03E918E9");
const Digest request_digest = {0x67, 0x75, 0xB3, 0xA5, 0x73, 0x4B, 0x92, 0x8E};
const Buffer exchange_key = hex("2525E804 746B8889 FE87AAEC 03E918E9");
const Buffer request = hex("3F 0017 000000 002C 77635B91");
const Buffer answer =
    hex("00 002C 00010203 04050607 08090A0B 0C0D0E0F 10111213 14151617 18191A1B 1C1D1E1F 20212223"
        "24252627 28292A2B");
const Buffer both_encrypted =
    hex("7A35C394 D2FC20BE 779221EF B4326698 56D52B8F 9EBAFE02 2E37F001"
        "8B1C7E28 73042087 698A8D2C D87D0572 848B95B8 716BAC69 F80F70E1"
        "B7484A");

void the_exchange_key_is_as_openssl_makes_it(void**) {
  assert_true(rc4_exchange_key(key_of(meter_key), Digest{}) == key_of(mixed_key));
  assert_true(rc4_exchange_key(key_of(meter_key), request_digest) == key_of(exchange_key));
}

void an_exchange_is_encrypted_as_by_openssl(void**) {
  const auto begin_of_answer = both_encrypted.begin() + static_cast<std::ptrdiff_t>(request.size());
  Buffer data = request;
  assert_true(rc4_apply(key_of(exchange_key), 0, data));
  assert_true(std::equal(data.begin(), data.end(), both_encrypted.begin(), begin_of_answer));
  data = answer;
  assert_true(rc4_apply(key_of(exchange_key), request.size(), data));
  assert_true(std::equal(data.begin(), data.end(), begin_of_answer, both_encrypted.end()));
}

// RFC 6229: 128-bit key 0102…10, the keystream at 0, 240 and 4096.
void the_keystream_is_that_of_rfc_6229(void**) {
  const Key key = key_of(hex("01020304 05060708 090A0B0C 0D0E0F10"));
  const struct {
    std::size_t skip;
    Buffer stream;
  } stretches[] = {{0, hex("9AC7CC9A 609D1EF7 B2932899 CDE41B97")},
                   {240, hex("065902E4 B620F6CC 36C8589F 66432F2B")},
                   {4096, hex("A36A4C30 1AE8AC13 610CCBC1 2256CACC")}};
  for (const auto& [skip, stream] : stretches) {
    Buffer data(stream.size(), 0);
    assert_true(rc4_apply(key, skip, data));
    assert_true(data == stream);
  }
}

void twice_is_the_clear_text(void**) {
  Random random(1);
  for (int round = 0; round < 200; ++round) {
    Key key;
    for (std::uint8_t& byte : key) byte = random.byte();
    const Buffer clear = random.bytes(random.below(max_message_size + 1));
    const std::size_t skip = random.below(2000);
    Buffer data = clear;
    assert_true(rc4_apply(key, skip, data));
    if (clear.size() > 8) assert_false(data == clear);
    assert_true(rc4_apply(key, skip, data));
    assert_true(data == clear);
  }
}

// A skip beyond the largest message, too: it is done in steps.
void skipping_is_the_same_as_encrypting_what_is_before(void**) {
  Random random(2);
  for (const std::size_t skip : {0U, 1U, 12U, 475U, 476U, 477U, 952U, 953U, 3000U}) {
    Key key;
    for (std::uint8_t& byte : key) byte = random.byte();
    Buffer whole = random.bytes(skip + 50);
    Buffer rest(whole.begin() + static_cast<std::ptrdiff_t>(skip), whole.end());
    assert_true(rc4_apply(key, 0, whole));
    assert_true(rc4_apply(key, skip, rest));
    assert_true(std::equal(rest.begin(), rest.end(),
                           whole.begin() + static_cast<std::ptrdiff_t>(skip), whole.end()));
  }
}

void nothing_is_nothing(void**) {
  assert_true(rc4_apply(key_of(exchange_key), 0, {}));
  assert_true(rc4_apply(key_of(exchange_key), 100, {}));
}

// libgcrypt calls a key weak where its first bytes leave a mark on the keystream; a meter does not.
void a_weak_key_is_a_key(void**) {
  const Key weak = key_of(hex("03FD0000 00000000 00000000 00000000"));
  Buffer data(8, 0);
  assert_true(rc4_apply(weak, 0, data));
  assert_false(data == Buffer(8, 0));
  assert_true(rc4_exchange_key(weak, Digest{}) != Key{});
}

int run_all() {
  const CMUnitTest tests[] = {
      cmocka_unit_test(the_exchange_key_is_as_openssl_makes_it),
      cmocka_unit_test(an_exchange_is_encrypted_as_by_openssl),
      cmocka_unit_test(the_keystream_is_that_of_rfc_6229),
      cmocka_unit_test(twice_is_the_clear_text),
      cmocka_unit_test(skipping_is_the_same_as_encrypting_what_is_before),
      cmocka_unit_test(nothing_is_nothing),
      cmocka_unit_test(a_weak_key_is_a_key),
  };
  return cmocka_run_group_tests(tests, nullptr, nullptr);
}

}  // namespace
}  // namespace mep

int main() {
  return mep::run_all();
}
