// SPDX-License-Identifier: GPL-2.0-or-later
#include <algorithm>
#include <array>
#include <memory>
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

  // Where the first of them stands.
  std::optional<std::size_t> find(Bytes bytes) const {
    for (std::size_t at = 0; at + shortest_secret <= bytes.size(); ++at) {
      const auto candidates = patterns_.find(start(bytes, at));
      if (candidates == patterns_.end()) continue;
      for (const Buffer& each : candidates->second)
        if (each.size() <= bytes.size() - at &&
            std::equal(each.begin(), each.end(), bytes.begin() + static_cast<std::ptrdiff_t>(at)))
          return at;
    }
    return std::nullopt;
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

  std::vector<std::string> run(Bytes file) && {
    if (const auto at = search_.find(file))
      say("something that was to be replaced stands at byte " + std::to_string(*at));
    const CaptureFile capture = read_capture(file, "the copy");
    if (!capture.damage.empty()) say("it is damaged: " + capture.damage);
    if (capture.records.size() != shared_.records.size())
      say("records are missing: " + std::to_string(capture.records.size()) + " of " +
          std::to_string(shared_.records.size()));
    if (!capture.others.empty()) say("it has blocks that were not to be in it");
    for (const std::string& text : capture.texts)
      if (text != sharing_application) say("it has a text that was not to be in it");
    for (std::size_t i = 0; i < capture.records.size(); ++i)
      open(capture.records[i], capture.interfaces[capture.records[i].interface].link_type, i + 1);
    for (std::size_t i = 0; i < opened_.size(); ++i) look_into(i);
    for (auto& [tap, bus] : buses_)
      bus->memory.finish([this](const TableStretch& each) { want_blank(each); });
    return std::move(said_);
  }

 private:
  struct Bus {
    Bus(std::span<const KnownKey> keys, const std::vector<Opened>& all, const Dimensions& known)
        : talk(keys, all), memory(known) {}
    Conversation talk;
    BusMemory memory;
  };

  void say(std::string what) {
    constexpr std::size_t enough = 10;
    if (said_.size() < enough) said_.push_back(std::move(what));
  }

  void open(const ReadRecord& record, std::uint16_t link_type, std::size_t number) {
    Bytes frame = record.bytes;
    std::optional<std::uint32_t> tap;
    Direction direction = record.direction;
    if (link_type == tap::link_type) {
      const auto parsed = tap::parse(frame);
      if (!parsed) return say("record " + std::to_string(number) + " has no tap header");
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
    if (const auto at = search_.find(opened_.back().message))
      say("record " + std::to_string(number) +
          ", decrypted, has something that was to be replaced");
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
          say("record " + std::to_string(numbers_[number]) + " has " +
              (part.node && !part.node->name.empty() ? "the field \"" + part.node->name + "\""
                                                     : "bytes that nobody knows") +
              " as it was");
      memory.learn(stretch);
    };
    memory.stretches(opened_, number, use, [this](const TableStretch& each) { want_blank(each); });
  }

  void want_blank(const TableStretch& stretch) {
    if (Pseudonyms::says_nothing(stretch.bytes)) return;
    const std::size_t number = stretch.places.empty() ? 0 : numbers_[stretch.places[0].message];
    say("record " + std::to_string(number) + " has bytes of no known table");
  }

  const Shared& shared_;
  const Pseudonyms& pseudonyms_;
  Search search_;
  std::vector<KnownKey> keys_;
  std::vector<Opened> opened_;
  std::vector<std::size_t> numbers_;  // of the record, for each opened one
  std::vector<Bus*> of_bus_;
  std::map<std::optional<std::uint32_t>, std::unique_ptr<Bus>> buses_;
  std::vector<std::string> said_;
};

}  // namespace

std::vector<std::string> check(Bytes file, const Shared& shared, const Pseudonyms& pseudonyms) {
  return Check(shared, pseudonyms).run(file);
}

}  // namespace mep::captures
