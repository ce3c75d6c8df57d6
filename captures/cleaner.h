// Replaces what is sensitive in a table's bytes, as sensitive_parts.h finds it.
//
// Captures. To be added here: how bytes of some shape are replaced.
// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "captures/pseudonyms.h"
#include "captures/sensitive_parts.h"

namespace mep::captures {

// How many of what: "identifiers replaced" -> 12.
using Counts = std::map<std::string, std::size_t>;

struct CleanerOptions {
  std::int64_t shift_days = 0;
  bool blur = false;  // consumption times a factor that nobody knows
};

class Cleaner {
 public:
  Cleaner(const CleanerOptions& options, Pseudonyms& pseudonyms, Counts& counts);

  // The bytes as they can be shown to anybody, as many as there were.
  std::vector<std::uint8_t> cleaned(const TableBytes& table, const Dimensions& dimensions,
                                    bool contradicted);

  // Counts what was there to be seen and is no more.
  void blank(std::span<std::uint8_t> bytes);

 private:
  void replace(const SensitivePart& part, std::span<std::uint8_t> bytes);
  void rename(const SensitivePart& part, std::span<std::uint8_t> bytes);
  void scale(const SensitivePart& part, std::span<std::uint8_t> bytes);
  bool shift(const SensitivePart& part, std::span<std::uint8_t> bytes) const;

  CleanerOptions options_;
  Pseudonyms& pseudonyms_;
  Counts& counts_;
  double factor_ = 1;
};

}  // namespace mep::captures
