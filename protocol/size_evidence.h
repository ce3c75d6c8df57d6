// What the size of an answer says of dimensions that no table has told yet.
//
// A capture that begins in the middle of a conversation has not seen BT21 and the like, and what is
// assumed in their place may be wrong. But an answer that holds a whole table has its size, and
// often only one number explains it: 340 bytes of BT28 are 84 values and one demand. What is found
// so holds for this answer: it is not learned as if a table had told it.
//
// Protocol. To be added here: which numbers the guides know of a dimension; what a dimension is, is
// dimensions.inc's.
// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "protocol/dimensions.h"
#include "protocol/message.h"
#include "protocol/schema.h"

namespace mep {

// How much of its table an answer has.
enum class Reach : std::uint8_t {
  part,           // what is behind it, nobody knows
  perhaps_whole,  // from the beginning, as many bytes as were asked for
  whole,          // from the beginning, and it ended before what was asked for
};

// Of an answer with `answered` table bytes. As many as a message holds are a part.
Reach reach_of(const Request& request, std::size_t answered);

struct FromSize {
  Dim dim{};
  std::uint16_t slot = 0;
  std::int32_t value = 0;
};

// Without a destructor, for those who are left by longjmp.
struct SizeVerdict {
  enum class Kind : std::uint8_t {
    silent,        // the size is as expected, or says nothing
    found,         // other numbers than assumed explain it, and only these
    contradicted,  // what is assumed is wrong, and nothing that is known explains the size
  } kind = Kind::silent;
  // What was found, where the assumption was another.
  static constexpr std::size_t most_found = 2;
  std::array<FromSize, most_found> all{};
  std::size_t count = 0;

  std::span<const FromSize> found() const { return std::span(all).first(count); }
};

// Of an answer that begins at `offset` of `table` and has `size` bytes. `known`: what tables have
// told so far; only what they have not told is doubted.
//
// Tried are first one number, then two, among those that the guides know. A table may end early
// where firmware does not have its last fields yet, between two of them or two records of an
// array: that contradicts nothing.
SizeVerdict judge_size(const Table& table, std::uint64_t offset, std::size_t size, Reach reach,
                       const Dimensions& known);

// The same of the answer to a read with `answered` table bytes; silent for writes, for tables that
// are not described and for pending ones, whose bytes begin with more than the table.
SizeVerdict judge_answer(const Request& request, std::size_t answered, const Dimensions& known);

// `known`, and what was found.
Dimensions with_found(const SizeVerdict& verdict, const Dimensions& known);

// "BT21.8 = 1, BT21.9 = 84"; empty where nothing was found.
std::string found_text(const SizeVerdict& verdict);

}  // namespace mep
