// Tables that somebody else's meter has, laid over those of the simulated one.
//
// What was loaded stands where it was loaded, until a client writes it; all else is the simulated
// meter's. That goes on working with its own tables beneath: they are written, too, as far as they
// are laid out alike, so that a loaded schedule or flag has its effect.
//
// Simulator/contents. To be added here: what loading tables means; the file they come from is
// program/table_file's.
// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <variant>
#include <vector>

#include "protocol/dimensions.h"
#include "protocol/types.h"
#include "simulator/contents/table_space.h"

namespace mep::simulator {

// A field's value as a file has it. Numbers for integers, bits, RDATE and ANSI_DATE; text for text
// and BCD, for times ("2026-06-15 07:30:00", "07:30:00", empty: not set) and, in hexadecimal, for
// fields of bytes; bytes for any field, as they stand on the wire; nothing: as it is.
using GivenValue =
    std::variant<std::monostate, std::int64_t, double, std::string, std::vector<std::uint8_t>>;

struct GivenTable {
  std::map<std::uint64_t, std::vector<std::uint8_t>> pieces;  // by offset
  // By the name in docs/fields.md without "mep."; one value for each time that the field occurs, in
  // wire order. They come before the pieces.
  std::map<std::string, std::vector<GivenValue>, std::less<>> fields;
};
using GivenTables = std::map<std::uint16_t, GivenTable>;

// Tables that show what happens now: clocks, procedures, transactions, requests. They are neither
// loaded nor dumped.
bool is_of_the_moment(std::uint16_t table);

// A table's bytes: `base` (which may be shorter or longer), then the given pieces, then the given
// fields. `touched`, where not null: which of them were given. Throws std::invalid_argument for a
// field that the table does not have, or not so often, or that cannot hold its value.
std::vector<std::uint8_t> assembled(std::uint16_t table, const Dimensions& dimensions,
                                    const GivenTable& given, Bytes base,
                                    std::vector<bool>* touched = nullptr);

class LoadedTables {
 public:
  // `simulated` must outlive it.
  explicit LoadedTables(TableSpace& simulated) : simulated_(simulated) {}

  // To be called once. Those tables are left out from now on that were not given and that would be
  // laid out or read otherwise with the given dimensions: their numbers, in ascending order. Throws
  // as assembled().
  std::vector<std::uint16_t> load(const GivenTables& given);

  // As TableSpace, for a meter with these tables.
  bool has(std::uint16_t table) const;
  std::uint64_t size(std::uint16_t table) const;
  std::vector<std::uint8_t> read(std::uint16_t table, std::uint64_t offset,
                                 std::size_t count) const;
  void write(std::uint16_t table, std::uint64_t offset, Bytes bytes);
  const Dimensions& dimensions() const;
  // All that there are, in ascending order.
  std::vector<std::uint16_t> tables() const;

 private:
  struct Loaded {
    std::vector<std::uint8_t> bytes;
    std::vector<bool> given;
    bool alike = false;  // the simulated meter has it, in the same layout
  };
  std::vector<std::uint8_t> base_of(std::uint16_t table) const;
  bool read_otherwise(std::uint16_t table) const;
  void pass_on(std::uint16_t table, const Loaded& loaded);

  TableSpace& simulated_;
  std::map<std::uint16_t, Loaded> loaded_;
  std::vector<std::uint16_t> left_out_;
  Dimensions dimensions_;
};

}  // namespace mep::simulator
