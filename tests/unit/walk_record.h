// A visitor that writes down what it sees, and what must hold of every walk.
// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdio>
#include <optional>
#include <string>
#include <vector>

#include "protocol/walker.h"
#include "tests/unit/material.h"

namespace mep::test {

struct SeenLeaf {
  const Node* node;
  std::uint64_t position;
  std::uint64_t size;
  std::uint64_t from, to;  // visible part
  bool complete;
  std::optional<std::int64_t> value;
  std::optional<std::uint32_t> index;
  std::optional<std::uint16_t> source;
  bool source_assumed;
  std::optional<std::int64_t> printed_offset;
};

struct SeenBranch {
  const Node* node;
  std::uint64_t position;
  std::optional<std::uint32_t> index;
  std::optional<std::int64_t> printed_offset;
};

struct SeenGap {
  std::uint64_t from, to;
  std::string why;
};

class WalkRecord : public Visitor {
 public:
  explicit WalkRecord(const Stretch& stretch) : stretch_(stretch), covered_(stretch.offset) {}

  std::vector<SeenLeaf> leaves;
  std::vector<SeenBranch> branches;
  std::vector<SeenGap> gaps;
  std::size_t asked = 0;         // for dimensions
  std::size_t assumed = 0;       // of those, not known
  const char* broken = nullptr;  // the first rule that did not hold

  bool wants_printed_offsets() const override { return true; }

  void enter(const Branch& branch) override {
    branches.push_back({branch.node, branch.position, branch.index, branch.printed_offset});
    open_.push_back(branch.node);
  }
  void leave(const Branch& branch) override {
    rule(!open_.empty() && open_.back() == branch.node, "left what was not entered last");
    if (!open_.empty()) open_.pop_back();
  }
  void leaf(const Leaf& leaf) override {
    const Stretch& visible = leaf.visible;
    take(visible);
    rule(leaf.size >= 1, "a leaf without bytes");
    rule(visible.offset >= leaf.position && visible.end() <= leaf.position + leaf.size,
         "the visible part lies outside of the leaf");
    rule(leaf.complete == (visible.bytes.size() == leaf.size), "completeness is wrong");
    rule(!leaf.value || leaf.complete, "a value of a cut leaf");
    leaves.push_back({leaf.node, leaf.position, leaf.size, visible.offset, visible.end(),
                      leaf.complete, leaf.value, leaf.index, leaf.source, leaf.source_assumed,
                      leaf.printed_offset});
  }
  void relied_on(Dim, std::size_t, bool is_assumed) override {
    ++asked;
    if (is_assumed) ++assumed;
  }
  void undecoded(const Stretch& gap, std::string_view why) override {
    take(gap);
    rule(!why.empty(), "undecoded without a reason");
    gaps.push_back({gap.offset, gap.end(), std::string(why)});
  }

  // Call it after the walk. True if all went well.
  bool consistent() {
    rule(open_.empty(), "entered and not left");
    rule(covered_ == stretch_.end(), "bytes at the end are neither in a leaf nor undecoded");
    return broken == nullptr;
  }

 private:
  void rule(bool holds, const char* what) {
    if (!holds && !broken) broken = what;
  }
  // Every byte of the stretch comes once, in order.
  void take(const Stretch& part) {
    rule(!part.bytes.empty(), "an empty part");
    const bool inside = part.offset >= stretch_.offset && part.end() <= stretch_.end();
    rule(inside, "outside of the stretch");
    if (inside)
      rule(part.bytes.data() == stretch_.bytes.data() + (part.offset - stretch_.offset),
           "other bytes than those of the place");
    rule(part.offset == covered_, "a byte left out, or seen twice");
    covered_ = part.end();
  }

  const Stretch stretch_;
  std::uint64_t covered_;
  std::vector<const Node*> open_;
};

inline WalkRecord walked(const Table& table, const Stretch& stretch,
                         const Dimensions& dimensions = {}) {
  WalkRecord record(stretch);
  walk(table, stretch, dimensions, record);
  record.consistent();
  return record;
}

}  // namespace mep::test
