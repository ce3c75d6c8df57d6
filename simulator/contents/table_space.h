// The tables of a meter as somebody sees them who reads and writes bytes.
//
// Simulator/contents. To be added here: what concerns reading and writing any table.
// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <vector>

#include "protocol/dimensions.h"
#include "protocol/encoder.h"
#include "protocol/types.h"
#include "simulator/contents/values.h"

namespace mep::simulator {

class TableSpace {
 public:
  // Gives the present value of a field that changes by itself; nothing (std::monostate) for one
  // that stays as it was written.
  struct Live {
    std::function<Value(std::string_view field, const Asked& asked)> give;
    std::vector<std::string_view> labels = {};  // the guide's names that it goes by
  };
  // A table's last bytes may be taken by a field that ends with the table.
  static constexpr std::size_t no_limit = 1 << 16;

  // The meter has this table. `limit`: it has no more bytes than that.
  void add(std::uint16_t table, std::size_t limit = no_limit);
  // Its fields, or some of them, change by themselves. `all`: there is nothing to be stored. Throws
  // std::invalid_argument for a label that no field of the table has.
  void live(std::uint16_t table, Live source, bool all = false);

  // The tables begin to hold these values; fields without one are zero. Learns the dimensions from
  // the tables that carry them. Throws std::invalid_argument for a value that its field cannot
  // hold. To be called once, after add() and live().
  void fill(const Values& values);

  bool has(std::uint16_t table) const { return spaces_.contains(table); }
  // Their numbers, in ascending order.
  std::vector<std::uint16_t> tables() const;
  // In bytes.
  std::uint64_t size(std::uint16_t table) const;
  const Dimensions& dimensions() const { return dimensions_; }

  // The bytes from `offset` on, fewer than `count` at the table's end. has(table) must be true.
  std::vector<std::uint8_t> read(std::uint16_t table, std::uint64_t offset,
                                 std::size_t count) const;
  // What the fields of these bytes hold, before it becomes bytes; with numbers and times still
  // numbers and times, except where a field was written. In wire order; what the edges cut is left
  // out.
  struct Held {
    std::string_view field;
    std::uint64_t position;
    const Node* node;
    const BitField* bits;
    std::uint64_t size;
    Value value;
  };
  std::vector<Held> held(std::uint16_t table, std::uint64_t offset, std::size_t count) const;
  // Bytes behind the table's end are ignored (page 12). has(table) must be true.
  void write(std::uint16_t table, std::uint64_t offset, Bytes bytes);

 private:
  struct Space {
    const Table* table = nullptr;
    std::size_t limit = no_limit;
    Live live;
    bool all_live = false;
    std::vector<std::uint8_t> stored;
    std::vector<bool> written;  // for each stored byte: not as it was filled in
  };
  static Value value_for(const Space& space, const Asked& asked);
  Value meant(const Space& space, std::string_view field, const Asked& asked) const;

  // Basic tables last: where ET42 has an extended source ID, BT62 has the mapped one (page 33), and
  // that is what names a channel.
  std::map<std::uint16_t, Space, std::greater<>> spaces_;
  Values values_;
  Dimensions dimensions_;
};

}  // namespace mep::simulator
