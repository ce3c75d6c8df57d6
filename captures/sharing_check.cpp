// SPDX-License-Identifier: GPL-2.0-or-later
#include <algorithm>
#include <array>
#include <map>
#include <memory>
#include <numeric>
#include <set>
#include <unordered_map>

#include "captures/bus_memory.h"
#include "captures/sharing.h"
#include "protocol/bytes.h"
#include "protocol/tap.h"
#include "protocol/walker.h"

namespace mep::captures {
namespace {

using Buffer = std::vector<std::uint8_t>;

// Fewer bytes, or hardly any different ones, stand in any file by chance.
constexpr std::size_t shortest_secret = 4;
constexpr std::size_t different_bytes = 4;

bool stands_out(Bytes bytes) {
  if (bytes.size() < shortest_secret) return false;
  std::set<std::uint8_t> different(bytes.begin(), bytes.end());
  different.erase(0);
  return different.size() >= different_bytes;
}

// Digits as packed BCD, least significant byte first.
Buffer packed(Bytes digits) {
  Buffer bytes(digits.size() / 2);
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const std::size_t at = digits.size() - 2 - 2 * i;
    bytes[i] = static_cast<std::uint8_t>((digits[at] - '0') << 4U | (digits[at + 1] - '0'));
  }
  return bytes;
}

Buffer as_bytes(const std::string& text) {
  return {text.begin(), text.end()};
}

// A secret in all forms in which it may stand somewhere: as it is, back to front, as hexadecimal
// digits, as packed digits either way round.
std::vector<Buffer> forms(const Buffer& secret) {
  std::vector<Buffer> all = {secret, {secret.rbegin(), secret.rend()}};
  const bool digits = secret.size() % 2 == 0 &&
                      std::all_of(secret.begin(), secret.end(),
                                  [](std::uint8_t byte) { return byte >= '0' && byte <= '9'; });
  if (digits) {
    all.push_back(packed(secret));
    all.emplace_back(all.back().rbegin(), all.back().rend());
  }
  std::string text = hex(secret);
  all.push_back(as_bytes(text));
  for (char& c : text)
    if (c >= 'a') c = static_cast<char>(c - 'a' + 'A');
  all.push_back(as_bytes(text));
  return all;
}

struct Range {
  std::size_t begin = 0;
  std::size_t end = 0;  // behind the last byte
};

// Many patterns at once, by their first four bytes.
class Search {
 public:
  explicit Search(const std::vector<Buffer>& secrets) {
    for (const Buffer& secret : secrets) {
      if (!stands_out(secret)) continue;
      for (Buffer& form : forms(secret))
        if (stands_out(form)) patterns_[start(form, 0)].push_back(std::move(form));
    }
  }

  // Where they stand.
  std::vector<Range> find(Bytes bytes) const {
    std::vector<Range> found;
    for (std::size_t at = 0; at + shortest_secret <= bytes.size(); ++at) {
      const auto candidates = patterns_.find(start(bytes, at));
      if (candidates == patterns_.end()) continue;
      for (const Buffer& each : candidates->second)
        if (each.size() <= bytes.size() - at &&
            std::equal(each.begin(), each.end(), bytes.begin() + static_cast<std::ptrdiff_t>(at)))
          found.push_back({at, at + each.size()});
    }
    return found;
  }

 private:
  static std::uint32_t start(Bytes bytes, std::size_t at) {
    return static_cast<std::uint32_t>(read_be(bytes, at, shortest_secret));
  }
  std::unordered_map<std::uint32_t, std::vector<Buffer>> patterns_;
};

// A sensitive field holds a pseudonym, or nothing.
bool harmless(const SensitivePart& part, Bytes table, const Pseudonyms& pseudonyms) {
  Buffer bytes(table.begin() + static_cast<std::ptrdiff_t>(part.offset),
               table.begin() + static_cast<std::ptrdiff_t>(part.offset + part.size));
  if (Pseudonyms::says_nothing(bytes)) return true;
  if (is_time(part.shape)) return true;
  if (part.shape == Shape::unread) return false;
  if (part.what == Sensitive::consumption || part.what == Sensitive::none) return true;
  if (part.reversed) std::reverse(bytes.begin(), bytes.end());
  if (part.shape == Shape::digits) return pseudonyms.made(as_bytes(digits_of(bytes)));
  if (part.shape == Shape::text)
    bytes.erase(std::find(bytes.begin(), bytes.end(), std::uint8_t{0}), bytes.end());
  return pseudonyms.made(bytes) || Pseudonyms::says_nothing(bytes);
}

class Check {
 public:
  Check(const Shared& shared, const Pseudonyms& pseudonyms)
      : shared_(shared), pseudonyms_(pseudonyms), search_(shared.secrets) {
    for (const Key& key :
         {factory_default_key, sharing_key, sharing_basic_key, sharing_advanced_key})
      keys_.push_back(
          {key == sharing_basic_key ? AccessLevel::basic : AccessLevel::advanced, key, {}});
  }

  std::vector<Finding> run(Bytes file) && {
    const CaptureFile capture = read_capture(file, "the copy");
    if (!capture.damage.empty()) say("it is damaged: " + capture.damage);
    if (capture.records.size() != shared_.records.size())
      say("records are missing: " + std::to_string(capture.records.size()) + " of " +
          std::to_string(shared_.records.size()));
    if (!capture.others.empty()) say("it has blocks that were not to be in it");
    for (const std::string& text : capture.texts)
      if (text != sharing_application) say("it has a text that was not to be in it");
    if (!said_.empty()) return std::move(said_);
    for (std::size_t i = 0; i < capture.records.size(); ++i)
      open(capture.records[i], capture.interfaces[capture.records[i].interface].link_type, i);
    for (std::size_t i = 0; i < opened_.size(); ++i) look_into(i);
    for (auto& [tap, bus] : buses_)
      bus->memory.finish([this](const TableStretch& each) { want_blank(each); });
    search_file(file, capture);
    return std::move(said_);
  }

 private:
  struct Bus {
    Bus(std::span<const KnownKey> keys, const std::vector<Opened>& all, const Dimensions& known)
        : talk(keys, all), memory(known) {}
    Conversation talk;
    BusMemory memory;
  };

  void say(std::string what) { said_.push_back({std::move(what), {}, {}}); }

  // Of a record, counted from 0.
  void say(std::size_t record, const std::string& what, std::vector<std::size_t> bytes = {}) {
    said_.push_back(
        {"record " + std::to_string(record + 1) + " " + what, record, std::move(bytes)});
    said_of_.insert(record);
  }

  void say(const TableStretch& stretch, std::size_t from, std::size_t size,
           const std::string& what) {
    std::map<std::size_t, std::vector<std::size_t>> places;  // by record
    for (std::size_t i = from; i < from + size && i < stretch.places.size(); ++i)
      places[numbers_[stretch.places[i].message]].push_back(stretch.places[i].offset);
    for (auto& [record, bytes] : places) say(record, what, std::move(bytes));
  }

  // All of the file. What stands between the records are numbers of pcapng and nothing else, as the
  // texts are looked at one by one: the same bytes there are chance.
  void search_file(Bytes file, const CaptureFile& capture) {
    std::vector<Range> records;
    auto at = file.begin();
    for (const ReadRecord& each : capture.records) {
      at = std::search(at, file.end(), each.bytes.begin(), each.bytes.end());
      const auto begin = static_cast<std::size_t>(at - file.begin());
      records.push_back({begin, begin + each.bytes.size()});
      at += static_cast<std::ptrdiff_t>(std::min(each.bytes.size(), file.size() - begin));
    }
    for (const Range& secret : search_.find(file))
      for (std::size_t i = 0; i < records.size(); ++i)
        if (secret.begin < records[i].end && secret.end > records[i].begin && !said_of_.contains(i))
          say(i, "has something that was to be replaced");
  }

  void open(const ReadRecord& record, std::uint16_t link_type, std::size_t number) {
    Bytes frame = record.bytes;
    std::optional<std::uint32_t> tap;
    Direction direction = record.direction;
    if (link_type == tap::link_type) {
      const auto parsed = tap::parse(frame);
      if (!parsed) return say(number, "has no tap header");
      if ((parsed->header.status & tap::noise) != 0) return;
      tap = parsed->header.tap;
      direction = parsed->header.direction;
      frame = frame.subspan(parsed->size);
    }
    if (frame.size() < length_field_size) return;
    const std::size_t size = read_be(frame, 0, length_field_size);
    if (size > max_message_size || frame.size() < length_field_size + size) return;
    auto& bus = buses_[tap];
    if (!bus) {
      const auto known = shared_.layouts.find(tap);
      bus = std::make_unique<Bus>(keys_, opened_,
                                  known == shared_.layouts.end() ? Dimensions() : known->second);
    }
    Opened made = bus->talk.open(frame.subspan(length_field_size, size), direction, record.time);
    opened_.push_back(std::move(made));
    numbers_.push_back(number);
    of_bus_.push_back(bus.get());
    for (const Range& secret : search_.find(opened_.back().message)) {
      std::vector<std::size_t> bytes(secret.end - secret.begin);
      std::iota(bytes.begin(), bytes.end(), secret.begin);
      say(number, "has something that was to be replaced", std::move(bytes));
    }
  }

  void look_into(std::size_t number) {
    BusMemory& memory = of_bus_[number]->memory;
    const auto use = [&](const TableStretch& stretch) {
      if (!stretch.request.table) return want_blank(stretch);
      const BusMemory::Layout layout = memory.layout_of(stretch);
      const TableBytes table{*stretch.request.table, stretch.request.offset, stretch.bytes,
                             stretch.read};
      for (const SensitivePart& part :
           sensitive_parts(table, layout.dimensions, layout.contradicted))
        if (!harmless(part, stretch.bytes, pseudonyms_))
          say(stretch, part.offset, part.size,
              "has " +
                  (part.node && !part.node->name.empty() ? "the field \"" + part.node->name + "\""
                                                         : "bytes that nobody knows") +
                  " as it was");
      memory.learn(stretch);
    };
    memory.stretches(opened_, number, use, [this](const TableStretch& each) { want_blank(each); });
  }

  void want_blank(const TableStretch& stretch) {
    if (Pseudonyms::says_nothing(stretch.bytes)) return;
    say(stretch, 0, stretch.bytes.size(), "has bytes of no known table");
  }

  const Shared& shared_;
  const Pseudonyms& pseudonyms_;
  Search search_;
  std::vector<KnownKey> keys_;
  std::vector<Opened> opened_;
  std::vector<std::size_t> numbers_;  // of the record, from 0, for each opened one
  std::vector<Bus*> of_bus_;
  std::map<std::optional<std::uint32_t>, std::unique_ptr<Bus>> buses_;
  std::vector<Finding> said_;
  std::set<std::size_t> said_of_;  // records
};

}  // namespace

std::vector<Finding> check(Bytes file, const Shared& shared, const Pseudonyms& pseudonyms) {
  return Check(shared, pseudonyms).run(file);
}

}  // namespace mep::captures
