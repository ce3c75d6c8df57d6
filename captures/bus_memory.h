// What one bus has told, as far as cleaning needs it: the layout of its tables and transactions
// that come in pieces.
//
// Captures. To be added here: what later messages need of earlier ones.
// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "captures/conversation.h"
#include "protocol/dimensions.h"
#include "protocol/message.h"
#include "protocol/types.h"

namespace mep::captures {

// Table bytes of one message, or of one inside a transaction, and where each of them stands.
struct TableStretch {
  Request request;  // which table and offset, and how many bytes were wanted
  bool read = false;
  std::vector<std::uint8_t> bytes;
  struct Place {
    std::size_t message;  // in the list of opened ones
    std::size_t offset;   // in it
  };
  std::vector<Place> places;  // as many as bytes
};

class BusMemory {
 public:
  BusMemory() = default;
  // Of a bus of which that is known already.
  explicit BusMemory(const Dimensions& known) : dimensions_(known) {}

  // Whether the layout is contradicted by the size, and the layout to be used.
  struct Layout {
    Dimensions dimensions;
    bool contradicted = false;
  };
  Layout layout_of(const TableStretch& stretch) const;

  // Takes in what table bytes tell of other tables. Only what was read, or written and accepted.
  void learn(const TableStretch& stretch);

  const Dimensions& dimensions() const { return dimensions_; }

  // Calls `use` for each stretch of table bytes that this message completes: its own ones, or those
  // inside a transaction. Bytes of a transaction that never ends come with the request of ET52 or
  // ET53 itself, by `unfinished`, as soon as that is clear.
  using Use = std::function<void(const TableStretch&)>;
  void stretches(const std::vector<Opened>& all, std::size_t number, const Use& use,
                 const Use& unfinished);
  // The capture ends here.
  void finish(const Use& unfinished);

 private:
  struct Assembly {
    TableStretch all;
    bool begun = false;
  };
  void take_piece(Assembly& assembly, TableStretch piece, const Use& use, const Use& unfinished);
  void take_whole(Assembly& assembly, const Use& use, const Use& unfinished);
  static void give_up(Assembly& assembly, const Use& unfinished);

  Dimensions dimensions_;
  Assembly requests_;           // ET52
  Assembly responses_;          // ET53
  std::vector<Request> asked_;  // by the last whole transaction
};

}  // namespace mep::captures
