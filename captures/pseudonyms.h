// Names in place of names: the same original, the same pseudonym, of the same form and length.
//
// What becomes what is made up at random when it is first asked for, and is forgotten with the
// object: nothing that is published could be calculated back, and a second run makes up others.
//
// Captures. To be added here: another form that names have.
// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <map>
#include <random>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/types.h"

namespace mep::captures {

class Pseudonyms {
 public:
  Pseudonyms();

  // A text in which each digit is a digit, each letter a letter of its case, and all else as it
  // was: "NES 0123" -> "QTB 8841".
  std::string text(std::string_view original);
  // Bytes: of a text (zeros or blanks may follow) the same as text(); otherwise others, where zeros
  // at either end stay, and so does what has but one value throughout, as what was never set.
  std::vector<std::uint8_t> bytes(Bytes original);
  // Bytes that say nothing at all, the same ones for the same: what nobody could open.
  std::vector<std::uint8_t> noise(Bytes original);
  // Whether bytes() or noise() would leave these as they are.
  static bool says_nothing(Bytes original);

  // A number from 0 to `below` - 1.
  std::uint32_t random(std::uint32_t below);

  // All originals that were replaced, as they stood.
  const std::set<std::vector<std::uint8_t>>& originals() const { return originals_; }
  // Whether text() or bytes() gave this one.
  bool made(Bytes pseudonym) const;

 private:
  template <typename Make>
  const std::string& replacement(const std::string& original, Make make);

  std::random_device source_;
  std::map<std::string, std::string> known_;
  std::map<std::vector<std::uint8_t>, std::vector<std::uint8_t>> noises_;
  std::set<std::string> given_;
  std::set<std::vector<std::uint8_t>> originals_;
  std::set<std::vector<std::uint8_t>> made_;
};

}  // namespace mep::captures
