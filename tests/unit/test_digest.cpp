// The authentication digest, Appendix A, page 250.
// SPDX-License-Identifier: GPL-2.0-or-later
#include <algorithm>

#include "protocol/digest.h"
#include "tests/unit/material.h"

#include "tests/unit/cmocka.h"

namespace mep {
namespace {

using test::Buffer;
using test::guide_frames;
using test::GuideFrame;
using test::hex;
using test::Random;

// The algorithm once more, in the shape of its description: runs of 24 key bytes by 8 bits, the
// message filled up with zeros to whole runs. `closing_run`: an empty last call of the guide's
// function, which goes through the key once more even where nothing is left to fill up.
Digest described(Buffer message, const Key& key, bool closing_run) {
  const std::size_t runs = message.size() / 192 + (closing_run || message.size() % 192 ? 1 : 0);
  message.resize(runs * 192);
  Digest value{};
  auto byte = message.begin();
  for (std::size_t run = 0; run < runs; ++run) {
    std::uint8_t last = value[0];
    for (unsigned key_byte = 0; key_byte < 24; ++key_byte) {
      for (unsigned bit = 0; bit < 8; ++bit) {
        std::uint8_t& stirred = value[7 - bit];
        const unsigned inverted = 0xFF & ~(stirred + 7U - bit);
        const unsigned one = (inverted * 2 + inverted / 128) & 0xFF;
        const unsigned zero = (inverted / 2 + inverted % 2 * 128) & 0xFF;
        const bool key_bit = (key[key_byte % 16] >> bit) % 2;
        last = static_cast<std::uint8_t>(key_bit ? last + *byte + one : last + *byte - zero);
        stirred = last;
        ++byte;
      }
    }
  }
  return value;
}

Key random_key(Random& random) {
  Key key;
  for (std::uint8_t& byte : key) byte = random.byte();
  return key;
}

Digest last_eight(Bytes message) {
  Digest digest;
  std::copy(message.end() - digest_size, message.end(), digest.begin());
  return digest;
}

Bytes without_digest(Bytes message) {
  return message.first(message.size() - digest_size);
}

DigestState state_before(const GuideFrame& frame, const Key& key) {
  if (!frame.pairs_with) return {};
  return digest_update({}, key, without_digest(guide_frames()[*frame.pairs_with].message()));
}

bool verifies(const GuideFrame& frame, const Key& key) {
  const DigestState state =
      digest_update(state_before(frame, key), key, without_digest(frame.message()));
  return digest_matches(state, key, last_eight(frame.message()));
}

void the_guides_frames_verify_with_the_factory_default_key(void**) {
  std::size_t good = 0;
  for (const GuideFrame& frame : guide_frames()) {
    if (!frame.default_key) continue;
    assert_true(verifies(frame, factory_default_key));
    ++good;
  }
  assert_int_equal(good, 14);
}

void frames_of_an_unknown_key_do_not_verify(void**) {
  std::size_t bad = 0;
  for (const GuideFrame& frame : guide_frames()) {
    if (frame.tls || frame.default_key) continue;
    assert_false(verifies(frame, factory_default_key));
    ++bad;
  }
  assert_int_equal(bad, 2);
}

void another_key_or_message_does_not_verify(void**) {
  for (const GuideFrame& frame : guide_frames()) {
    if (!frame.default_key) continue;
    Key key = factory_default_key;
    key[15] ^= 0x80;
    assert_false(verifies(frame, key));
    GuideFrame changed = frame;
    changed.bytes[3] ^= 0x10;
    assert_false(verifies(changed, factory_default_key));
  }
}

void a_response_does_not_verify_without_its_request(void**) {
  for (const GuideFrame& frame : guide_frames()) {
    if (!frame.default_key || !frame.pairs_with) continue;
    GuideFrame alone = frame;
    alone.pairs_with.reset();
    // The second half of the ring never saw the request.
    assert_false(verifies(alone, factory_default_key));
  }
}

// Page 15: 3F 0017 000000 002C, sequence number 77 63 5B 91.
void one_vector_agrees_with_the_described_algorithm(void**) {
  const Digest printed = {0x13, 0xDB, 0x85, 0xA1, 0x35, 0xA0, 0x57, 0x5E};
  const Buffer message = hex("3F 0017 000000 002C 77635B91");
  assert_true(described(message, factory_default_key, false) == printed);
  assert_true(digest_finish(digest_update({}, factory_default_key, message), factory_default_key) ==
              printed);
}

void random_keys_and_messages_agree_with_the_described_algorithm(void**) {
  Random random(1);
  for (std::size_t size = 0; size <= 600; ++size) {
    const Key key = random_key(random);
    const Buffer message = random.bytes(size);
    const Digest digest = digest_finish(digest_update({}, key, message), key);
    assert_true(digest == described(message, key, false));
  }
}

void pieces_give_the_same_as_the_whole(void**) {
  Random random(2);
  for (int round = 0; round < 1000; ++round) {
    const Key key = random_key(random);
    const Buffer message = random.bytes(random.below(500));
    const DigestState whole = digest_update({}, key, message);
    DigestState pieces;
    for (Bytes left = message; !left.empty();) {
      const std::size_t size = std::min<std::size_t>(left.size(), random.below(40));
      pieces = digest_update(pieces, key, left.first(size));
      left = left.subspan(size);
    }
    assert_true(pieces == whole);
  }
}

void a_multiple_of_192_bytes_is_accepted_with_and_without_a_closing_run(void**) {
  Random random(3);
  for (const std::size_t size : {192U, 384U}) {
    const Key key = random_key(random);
    const Buffer message = random.bytes(size);
    const DigestState state = digest_update({}, key, message);
    const Digest plain = described(message, key, false);
    const Digest closed = described(message, key, true);
    assert_false(plain == closed);
    assert_true(digest_finish(state, key) == plain);
    assert_true(digest_matches(state, key, plain));
    assert_true(digest_matches(state, key, closed));
    Digest other = closed;
    other[0] ^= 1;
    assert_false(digest_matches(state, key, other));
  }
}

void any_other_size_has_one_digest(void**) {
  Random random(4);
  for (const std::size_t size : {1U, 12U, 191U, 193U, 383U, 385U, 464U}) {
    const Key key = random_key(random);
    const Buffer message = random.bytes(size);
    const DigestState state = digest_update({}, key, message);
    const Digest digest = described(message, key, true);  // the same: it fills up, adds no run
    assert_true(digest_matches(state, key, digest));
    Buffer longer = message;
    longer.resize((size / 192 + 2) * 192);
    assert_false(digest_matches(state, key, described(longer, key, false)));
  }
}

// A zero byte and the zeros that fill up are the same.
void a_bare_ok_has_the_digest_of_its_request(void**) {
  std::size_t seen = 0;
  for (const GuideFrame& frame : guide_frames()) {
    if (frame.tls || !frame.pairs_with || frame.message().size() != 1 + digest_size) continue;
    assert_true(last_eight(frame.message()) ==
                last_eight(guide_frames()[*frame.pairs_with].message()));
    ++seen;
  }
  assert_int_equal(seen, 3);

  Random random(5);
  const Key key = random_key(random);
  const Buffer request = random.bytes(50);
  const DigestState state = digest_update({}, key, request);
  const Buffer ok = {0};
  assert_true(digest_finish(digest_update(state, key, ok), key) == digest_finish(state, key));
}

int run_all() {
  const CMUnitTest tests[] = {
      cmocka_unit_test(the_guides_frames_verify_with_the_factory_default_key),
      cmocka_unit_test(frames_of_an_unknown_key_do_not_verify),
      cmocka_unit_test(another_key_or_message_does_not_verify),
      cmocka_unit_test(a_response_does_not_verify_without_its_request),
      cmocka_unit_test(one_vector_agrees_with_the_described_algorithm),
      cmocka_unit_test(random_keys_and_messages_agree_with_the_described_algorithm),
      cmocka_unit_test(pieces_give_the_same_as_the_whole),
      cmocka_unit_test(a_multiple_of_192_bytes_is_accepted_with_and_without_a_closing_run),
      cmocka_unit_test(any_other_size_has_one_digest),
      cmocka_unit_test(a_bare_ok_has_the_digest_of_its_request),
  };
  return cmocka_run_group_tests(tests, nullptr, nullptr);
}

}  // namespace
}  // namespace mep

int main() {
  return mep::run_all();
}
