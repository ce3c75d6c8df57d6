// Prints table descriptions as the guide's tables do: offset, size, type, name; and says where a
// computed offset differs from the printed one. For whoever transcribes a table:
//   schema_print ET04 [dimension=value ...]      for one table
//   schema_print                                 for all of them, offsets that disagree only
// SPDX-License-Identifier: GPL-2.0-or-later
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "protocol/names.h"
#include "protocol/tables/tables.h"
#include "protocol/walker.h"

namespace {

using namespace mep;

class Printer : public Visitor {
 public:
  explicit Printer(bool quiet) : quiet_(quiet) {}
  int disagreements = 0;

  void enter(const Branch& branch) override {
    check(branch.printed_offset, branch.position, branch.node->name);
    const std::string index = branch.index ? "[" + std::to_string(*branch.index) + "]" : "";
    line(branch.position, 0, branch.node->name + index);
    ++depth_;
  }
  void leave(const Branch&) override { --depth_; }
  bool wants_printed_offsets() const override { return true; }
  void leaf(const Leaf& leaf) override {
    std::string name = leaf.node->name;
    if (leaf.source) {
      name = "source " + std::to_string(*leaf.source);
      for (const SourceName& known : leaf.node->registers()->source_names)
        if (known.source == *leaf.source) name += " " + std::string(known.name);
    }
    if (!leaf.node->field().unit_text.empty())
      name += " [" + std::string(leaf.node->field().unit_text) + "]";
    check(leaf.printed_offset, leaf.position, name);
    line(leaf.position, leaf.size, name);
    ++depth_;
    for (const BitField& field : leaf.node->bit_fields())
      line(leaf.position, 0,
           "bit " + std::to_string(field.first) +
               (field.single() ? "" : ".." + std::to_string(field.last)) + " " + field.name);
    --depth_;
  }

 private:
  void check(std::optional<std::int64_t> printed, std::uint64_t computed, const std::string& name) {
    if (!printed || *printed == static_cast<std::int64_t>(computed)) return;
    ++disagreements;
    std::printf("!! %s: the guide prints %lld, the layout says %llu\n", name.c_str(),
                static_cast<long long>(*printed), static_cast<unsigned long long>(computed));
  }
  void line(std::uint64_t position, std::uint64_t size, const std::string& name) const {
    if (quiet_) return;
    std::printf("%5llu", static_cast<unsigned long long>(position));
    if (size) {
      std::printf(" %4llu ", static_cast<unsigned long long>(size));
    } else {
      std::printf("      ");
    }
    std::printf("%*s%s\n", depth_ * 2, "", name.c_str());
  }
  bool quiet_;
  int depth_ = 0;
};

bool set_dimension(Dimensions& dimensions, const std::string& argument) {
  const auto equals = argument.find('=');
  for (std::size_t i = 0; equals != std::string::npos && i < dim_count(); ++i) {
    const auto dim = static_cast<Dim>(i);
    if (dim_info(dim).name != argument.substr(0, equals)) continue;
    for (std::size_t slot = 0; slot < dim_info(dim).slots; ++slot)
      dimensions.learn(dim, slot, std::atoi(argument.c_str() + equals + 1));
    return true;
  }
  return false;
}

}  // namespace

int main(int argc, char** argv) {
  Dimensions dimensions;
  for (int i = 2; i < argc; ++i) {
    if (set_dimension(dimensions, argv[i])) continue;
    std::fprintf(stderr, "schema_print: no dimension in \"%s\"\n", argv[i]);
    return 2;
  }
  const std::vector<std::uint8_t> zeros(4096);
  int disagreements = 0;
  for (const Table& table : all_tables()) {
    const std::string label = table_label(table.number);
    if (argc > 1 && label != argv[1]) continue;
    const auto size = size_of(table, dimensions);
    std::printf("%s %s, page %s, %s bytes\n", label.c_str(), std::string(table.name).c_str(),
                page_text(table.page).c_str(), size ? std::to_string(*size).c_str() : "?");
    Printer printer(argc < 2);
    const std::size_t shown = std::min<std::size_t>(size.value_or(256), zeros.size());
    walk(table, {0, Bytes(zeros).first(shown)}, dimensions, printer);
    disagreements += printer.disagreements;
  }
  return disagreements ? 1 : 0;
}
