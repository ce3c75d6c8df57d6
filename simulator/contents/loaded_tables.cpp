// SPDX-License-Identifier: GPL-2.0-or-later
#include "simulator/contents/loaded_tables.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <functional>
#include <optional>
#include <ranges>
#include <stdexcept>
#include <string_view>
#include <utility>

#include "protocol/bytes.h"
#include "protocol/catalog.h"
#include "protocol/encoder.h"
#include "protocol/names.h"
#include "protocol/tables/tables.h"
#include "protocol/walker.h"

namespace mep::simulator {
namespace {

using Buffer = std::vector<std::uint8_t>;

// More rounds than tables depend on each other's dimensions.
constexpr int rounds_at_most = 8;
// No table of the guide is larger.
constexpr std::uint64_t most_bytes = 1 << 20;

// Parts of tables that show what happens now.
constexpr std::array<std::string_view, 4> fields_of_the_moment = {
    "et13.alert_flags", "et54.mep_tx_locked", "et54.mep_tx_lock_channel",
    "et70.current_comm_channel_index"};

std::optional<unsigned> hex_digit(char digit) {
  if (digit >= '0' && digit <= '9') return digit - '0';
  if (digit >= 'a' && digit <= 'f') return digit - 'a' + 10;
  if (digit >= 'A' && digit <= 'F') return digit - 'A' + 10;
  return std::nullopt;
}

std::optional<Buffer> bytes_of_hex(std::string_view text) {
  Buffer bytes;
  if (text.size() % 2 != 0) return std::nullopt;
  for (std::size_t i = 0; i < text.size(); i += 2) {
    const auto high = hex_digit(text[i]);
    const auto low = hex_digit(text[i + 1]);
    if (!high || !low) return std::nullopt;
    bytes.push_back(static_cast<std::uint8_t>(*high << 4 | *low));
  }
  return bytes;
}

std::optional<Value> time_value(Type type, const std::string& text) {
  if (text.empty()) return Buffer();
  DateTime when{2000, 1, 1, 0, 0, 0};
  char more = 0;
  const char* begin = text.c_str();
  const int parts =
      type == Type::time
          ? 3 + std::sscanf(begin, "%2d:%2d:%2d%c", &when.hour, &when.minute, &when.second, &more)
          : std::sscanf(begin, "%4d-%2d-%2d %2d:%2d:%2d%c", &when.year, &when.month, &when.day,
                        &when.hour, &when.minute, &when.second, &more);
  const bool whole = parts == 6 || (type == Type::stime_date && parts == 5);
  const auto within = [](int value, int least, int most) {
    return value >= least && value <= most;
  };
  if (!whole || !within(when.month, 1, 12) || !within(when.day, 1, 31) ||
      !within(when.hour, 0, 23) || !within(when.minute, 0, 59) || !within(when.second, 0, 59))
    return std::nullopt;
  return when;
}

// What a given value is to its field. Nothing: no value of its type.
std::optional<Value> value_of(const Node& node, const GivenValue& given) {
  if (const auto* number = std::get_if<std::int64_t>(&given)) return *number;
  if (const auto* number = std::get_if<double>(&given)) return *number;
  if (const auto* bytes = std::get_if<Buffer>(&given)) return *bytes;
  const auto* text = std::get_if<std::string>(&given);
  if (!text) return Value();
  switch (node.type()) {
    case Type::chars:
    case Type::bcd:
      return *text;
    case Type::time:
    case Type::ltime_date:
    case Type::stime_date:
      return time_value(node.type(), *text);
    case Type::bytes:
    case Type::fill:
    case Type::set: {
      auto bytes = bytes_of_hex(*text);
      if (!bytes) return std::nullopt;
      return std::move(*bytes);
    }
    default:
      return std::nullopt;
  }
}

// Gives an encoder what was given, else what the bytes hold.
class GivenSource {
 public:
  GivenSource(const GivenTable& given, Bytes base) : given_(given), base_(base) {}

  Value operator()(const Asked& asked) {
    if (asked.size == 0) return {};
    if (asked.node->type() == Type::bits && !asked.bits) return word(asked);
    const Value* value = given(field_name(asked), *asked.node);
    if (!value) return present(asked);
    note(asked, *value);
    return *value;
  }
  // Which bytes were given.
  std::vector<bool> touched;

  // The first name that did not occur as often as there are values for it; empty: all did.
  std::string missing() const {
    for (const auto& [name, values] : given_.fields) {
      const auto found = occurred_.find(name);
      if (values.size() > (found == occurred_.end() ? 0 : found->second)) return name;
    }
    return {};
  }
  std::string refused;

 private:
  // The value for the field's next occurrence; null: none.
  const Value* given(std::string_view name, const Node& node) {
    const auto field = given_.fields.find(name);
    if (field == given_.fields.end()) return nullptr;
    const std::size_t number = occurred_[std::string(name)]++;
    if (number >= field->second.size()) return nullptr;
    if (std::holds_alternative<std::monostate>(field->second[number])) return nullptr;
    const auto value = value_of(node, field->second[number]);
    if (!value) {
      if (refused.empty()) refused = std::string(name) + " cannot be that";
      return nullptr;
    }
    value_ = *value;
    return &value_;
  }
  Buffer held(const Asked& asked) const {
    const auto begin = std::min<std::uint64_t>(asked.position, base_.size());
    const auto end = std::min<std::uint64_t>(asked.position + asked.size, base_.size());
    const Bytes bytes =
        base_.subspan(static_cast<std::size_t>(begin), static_cast<std::size_t>(end - begin));
    return {bytes.begin(), bytes.end()};
  }
  Value present(const Asked& asked) const { return held(asked); }

  // A word of bits is one number here: what it was, with the bits that were given.
  Value word(const Asked& asked) {
    const auto number_of = [&asked](Buffer bytes) {
      bytes.resize(static_cast<std::size_t>(asked.size));
      return static_cast<std::uint64_t>(integer_value(*asked.node, bytes).value_or(0));
    };
    std::uint64_t number = number_of(held(asked));
    bool any = false;
    const auto take = [&](std::string_view name, unsigned first, unsigned last) {
      const Value* value = name.empty() ? nullptr : given(name, *asked.node);
      if (!value) return;
      std::uint64_t bits = 0;
      if (const auto* integer = std::get_if<std::int64_t>(value))
        bits = static_cast<std::uint64_t>(*integer);
      else if (const auto* as_bytes = std::get_if<Buffer>(value))
        bits = number_of(*as_bytes);
      const std::uint64_t mask = (std::uint64_t{2} << (last - first)) - 1;
      if (bits > mask && refused.empty())
        refused = std::string(name) + ": " + std::to_string(bits) + " does not fit in " +
                  std::to_string(last - first + 1) + " bits";
      number = (number & ~(mask << first)) | (bits & mask) << first;
      any = true;
    };
    take(field_name(asked), 0, static_cast<unsigned>(asked.size * 8 - 1));
    for (const BitField& field : asked.node->bit_fields()) {
      Asked bits = asked;
      bits.bits = &field;
      take(field_name(bits), field.first, field.last);
    }
    if (any) note(asked, Value());
    return static_cast<std::int64_t>(number);
  }
  void note(const Asked& asked, const Value& value) {
    std::uint64_t size = asked.size;
    // A field that takes the rest of the table is as long as what it is given.
    if (const auto* bytes = std::get_if<Buffer>(&value); bytes && !bytes->empty())
      size = std::min<std::uint64_t>(size, bytes->size());
    const auto end = static_cast<std::size_t>(asked.position + size);
    if (touched.size() < end) touched.resize(end);
    std::fill(touched.begin() + static_cast<std::ptrdiff_t>(asked.position),
              touched.begin() + static_cast<std::ptrdiff_t>(end), true);
  }

  const GivenTable& given_;
  Bytes base_;
  std::map<std::string, std::size_t, std::less<>> occurred_;
  Value value_;
};

// Whether what is read of a table depends on a dimension that is not the same in both.
class Differences : public Visitor {
 public:
  Differences(const Dimensions& one, const Dimensions& other) : one_(one), other_(other) {}
  void relied_on(Dim dim, std::size_t slot, bool) override {
    found = found || one_.get(dim, slot) != other_.get(dim, slot);
  }
  bool found = false;

 private:
  const Dimensions& one_;
  const Dimensions& other_;
};

// Takes back what shows the moment.
class TakeBack : public Visitor {
 public:
  explicit TakeBack(std::vector<bool>& given) : given_(given) {}
  void leaf(const Leaf& leaf) override {
    bool of_the_moment = is_of_the_moment(field_of(*leaf.node, leaf.source));
    for (const BitField& bits : leaf.node->bit_fields())
      of_the_moment = of_the_moment || is_of_the_moment(bits.id);
    for (std::uint64_t at = leaf.position; of_the_moment && at < leaf.position + leaf.size; ++at)
      if (at < given_.size()) given_[static_cast<std::size_t>(at)] = false;
  }

 private:
  static bool is_of_the_moment(std::uint32_t id) {
    return id != 0 &&
           std::ranges::find(fields_of_the_moment, std::string_view(catalog().fields[id].name)) !=
               fields_of_the_moment.end();
  }
  std::vector<bool>& given_;
};

}  // namespace

bool is_of_the_moment(std::uint16_t table) {
  constexpr std::array tables = {BT(7),  BT(8),  BT(52), BT(55), ET(15),
                                 ET(52), ET(53), ET(59), ET(85)};
  return std::ranges::find(tables, table) != tables.end();
}

Buffer assembled(std::uint16_t table, const Dimensions& dimensions, const GivenTable& given,
                 Bytes base, std::vector<bool>* touched) {
  Buffer bytes(base.begin(), base.end());
  std::vector<bool> marks;
  for (const auto& [offset, piece] : given.pieces) {
    if (offset + piece.size() > most_bytes)
      throw std::invalid_argument(table_label(table) + ": offset " + std::to_string(offset) +
                                  " is behind the end of any table");
    const auto end = static_cast<std::size_t>(offset + piece.size());
    if (bytes.size() < end) bytes.resize(end);
    if (marks.size() < end) marks.resize(end);
    std::ranges::copy(piece, bytes.begin() + static_cast<std::ptrdiff_t>(offset));
    std::fill(marks.begin() + static_cast<std::ptrdiff_t>(offset),
              marks.begin() + static_cast<std::ptrdiff_t>(end), true);
  }
  if (!given.fields.empty()) {
    const Table* description = find_table(table);
    if (!description)
      throw std::invalid_argument(table_label(table) + " is not described: give its bytes");
    for (const auto& field : given.fields) require_described(field.first);
    GivenSource source(given, bytes);
    const Encoded encoded =
        encode(*description, dimensions, std::ref(source), TableSpace::no_limit);
    std::string problem = source.refused;
    if (problem.empty() && !encoded.refused.empty()) problem = encoded.refused.front();
    if (problem.empty() && !source.missing().empty())
      problem = source.missing() + " is not in it, or not so often";
    if (!problem.empty()) throw std::invalid_argument(table_label(table) + ": " + problem);
    const std::size_t size = std::max(bytes.size(), source.touched.size());
    bytes.resize(size);
    std::copy_n(encoded.bytes.begin(), std::min(size, encoded.bytes.size()), bytes.begin());
    marks.resize(std::max(marks.size(), source.touched.size()));
    for (std::size_t i = 0; i < source.touched.size(); ++i)
      if (source.touched[i]) marks[i] = true;
  }
  if (touched) {
    marks.resize(bytes.size());
    *touched = std::move(marks);
  }
  return bytes;
}

bool LoadedTables::read_otherwise(std::uint16_t table) const {
  const Table* description = find_table(table);
  if (!description) return false;
  const Buffer bytes = simulated_.read(table, 0, static_cast<std::size_t>(simulated_.size(table)));
  Differences differences(dimensions_, simulated_.dimensions());
  walk(*description, {0, bytes}, dimensions_, differences);
  return differences.found;
}

Buffer LoadedTables::base_of(std::uint16_t table) const {
  if (!simulated_.has(table)) return {};
  // Laid out otherwise it is zeros but for what was given.
  if (read_otherwise(table))
    return Buffer(static_cast<std::size_t>(
        std::min(size_of(*find_table(table), dimensions_).value_or(0), most_bytes)));
  return simulated_.read(table, 0, static_cast<std::size_t>(simulated_.size(table)));
}

std::vector<std::uint16_t> LoadedTables::load(const GivenTables& given) {
  dimensions_ = simulated_.dimensions();
  std::string complaint;
  for (int round = 0; round < rounds_at_most; ++round) {
    const Dimensions before = dimensions_;
    complaint.clear();
    // Basic tables last, as in TableSpace.
    // NOLINTNEXTLINE(modernize-loop-convert): clang 14 does not take std::views::reverse
    for (auto entry = given.rbegin(); entry != given.rend(); ++entry) {
      const auto& [table, what] = *entry;
      if (is_of_the_moment(table)) continue;
      Loaded& loaded = loaded_[table];
      try {
        loaded.bytes = assembled(table, dimensions_, what, base_of(table), &loaded.given);
      } catch (const std::invalid_argument& problem) {
        complaint = problem.what();
      }
      if (const Table* description = find_table(table))
        learn(*description, {0, loaded.bytes}, dimensions_);
    }
    if (dimensions_ == before) break;
  }
  if (!complaint.empty()) throw std::invalid_argument(complaint);
  for (auto& [table, loaded] : loaded_) {
    loaded.alike = simulated_.has(table) && !read_otherwise(table);
    if (const Table* description = find_table(table)) {
      TakeBack take_back(loaded.given);
      if (loaded.alike) walk(*description, {0, loaded.bytes}, dimensions_, take_back);
    }
    pass_on(table, loaded);
  }
  for (const std::uint16_t table : simulated_.tables())
    if (!loaded_.contains(table) && read_otherwise(table)) left_out_.push_back(table);
  return left_out_;
}

// So that it has its effect on what the meter does. Not what would lay out its other tables anew.
void LoadedTables::pass_on(std::uint16_t table, const Loaded& loaded) {
  if (!loaded.alike) return;
  if (const Table* description = find_table(table)) {
    Dimensions changed = simulated_.dimensions();
    if (learn(*description, {0, loaded.bytes}, changed)) return;
  }
  for (std::size_t from = 0; from < loaded.bytes.size();) {
    std::size_t to = from + 1;
    while (to < loaded.bytes.size() && loaded.given[to] == loaded.given[from]) ++to;
    if (loaded.given[from])
      simulated_.write(table, from, Bytes(loaded.bytes).subspan(from, to - from));
    from = to;
  }
}

bool LoadedTables::has(std::uint16_t table) const {
  if (loaded_.contains(table)) return true;
  return simulated_.has(table) && std::ranges::find(left_out_, table) == left_out_.end();
}

std::uint64_t LoadedTables::size(std::uint16_t table) const {
  const auto found = loaded_.find(table);
  if (found == loaded_.end()) return simulated_.size(table);
  const std::uint64_t size = found->second.bytes.size();
  return found->second.alike ? std::max(size, simulated_.size(table)) : size;
}

Buffer LoadedTables::read(std::uint16_t table, std::uint64_t offset, std::size_t count) const {
  const auto found = loaded_.find(table);
  if (found == loaded_.end()) return simulated_.read(table, offset, count);
  const Loaded& loaded = found->second;
  const std::uint64_t end = size(table);
  offset = std::min(offset, end);
  count = static_cast<std::size_t>(std::min<std::uint64_t>(count, end - offset));
  Buffer bytes = loaded.alike ? simulated_.read(table, offset, count) : Buffer();
  bytes.resize(count);
  for (std::size_t i = 0; i < count; ++i) {
    const auto at = static_cast<std::size_t>(offset + i);
    if (at < loaded.bytes.size() && (loaded.given[at] || !loaded.alike))
      bytes[i] = loaded.bytes[at];
  }
  return bytes;
}

void LoadedTables::write(std::uint16_t table, std::uint64_t offset, Bytes bytes) {
  const auto found = loaded_.find(table);
  if (found == loaded_.end() || found->second.alike) simulated_.write(table, offset, bytes);
  if (found == loaded_.end()) return;
  Buffer& own = found->second.bytes;
  if (offset >= own.size()) return;
  const std::size_t count = std::min(bytes.size(), own.size() - static_cast<std::size_t>(offset));
  std::copy_n(bytes.begin(), count, own.begin() + static_cast<std::ptrdiff_t>(offset));
}

const Dimensions& LoadedTables::dimensions() const {
  return loaded_.empty() ? simulated_.dimensions() : dimensions_;
}

std::vector<std::uint16_t> LoadedTables::tables() const {
  std::vector<std::uint16_t> all = simulated_.tables();
  for (const auto& each : loaded_) all.push_back(each.first);
  std::ranges::sort(all);
  all.erase(std::unique(all.begin(), all.end()), all.end());
  std::erase_if(all, [this](std::uint16_t table) { return !has(table); });
  return all;
}

}  // namespace mep::simulator
