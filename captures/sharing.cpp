// SPDX-License-Identifier: GPL-2.0-or-later
#include "captures/sharing.h"

#include <algorithm>
#include <map>
#include <memory>
#include <utility>

#include "captures/bus_memory.h"
#include "protocol/bytes.h"
#include "protocol/names.h"
#include "protocol/rc4.h"
#include "protocol/tap.h"

namespace mep::captures {
namespace {

using Buffer = std::vector<std::uint8_t>;

constexpr std::size_t no_message = nobody;
constexpr const char* read_otherwise = "frames blanked further, which the copy would have shown";

// The published key that stands for one of the user's.
const Key& published_for(const KnownKey& known) {
  if (is_either_key(known.key)) return sharing_key;
  return known.kind == AccessLevel::basic ? sharing_basic_key : sharing_advanced_key;
}

std::vector<KnownKey> published_keys() {
  return {{AccessLevel::advanced, factory_default_key, {}},
          {AccessLevel::advanced, sharing_key, {}},
          {AccessLevel::basic, sharing_basic_key, {}},
          {AccessLevel::advanced, sharing_advanced_key, {}}};
}

// One record of the capture on its way.
struct Item {
  enum class What : std::uint8_t {
    frame,   // a whole one: its message is opened[message]
    noise,   // no frame
    part,    // the beginning of one
    foreign  // nothing of MEP, or nothing that could be taken apart: it does not come along
  };
  What what = What::foreign;
  const ReadRecord* record = nullptr;
  std::optional<tap::Header> header;
  bool old_header = false;  // without a tap number
  Bytes frame;              // with its length field
  std::size_t message = no_message;
  std::size_t excess = 0;  // bytes behind the frame
  unsigned bus = 0;
};

struct Bus {
  Bus(std::span<const KnownKey> keys, const std::vector<Opened>& all) : talk(keys, all) {}
  Conversation talk;
  BusMemory memory;
  bool clear = false;  // what was heard of it
};

class Sharing {
 public:
  Sharing(const CaptureFile& capture, const std::vector<KnownKey>& keys,
          const SharingOptions& options, Pseudonyms& pseudonyms, const Distrust& distrust)
      : capture_(capture),
        options_(options),
        pseudonyms_(pseudonyms),
        distrust_(distrust),
        keys_(keys),
        cleaner_(options.cleaner, pseudonyms, made_.replaced) {
    for (const KnownKey& each : published_keys()) keys_.push_back(each);
  }

  Shared run() && {
    take_interfaces();
    take_all();
    clean();
    blank_what_was_found();
    close();
    for (const Item& item : items_) write(item);
    write_statistics();
    note_secrets();
    return std::move(made_);
  }

 private:
  static bool ours(std::uint16_t link_type) {
    return link_type == tap::link_type || link_type == tap::raw_link_type;
  }

  void take_interfaces() {
    for (const ReadInterface& each : capture_.interfaces) {
      numbers_.push_back(made_.interfaces.size());
      if (ours(each.link_type)) made_.interfaces.push_back(each);
    }
  }

  // --- Opening

  // What tables say of other tables holds for the whole capture: nothing is looked for in the wrong
  // place because it was read too early, or because the range begins behind it. All else is seen as
  // it will be by those who have the range alone.
  void take_all() {
    for (const ReadRecord& record : capture_.records) take(record);
    learn();
    if (!options_.from && !options_.to) return;
    std::vector<Dimensions> known;
    for (const auto& bus : buses_) known.push_back(bus->memory.dimensions());
    items_.clear();
    opened_.clear();
    of_bus_.clear();
    made_.dropped.clear();
    for (auto& bus : buses_) {
      const std::size_t number = static_cast<std::size_t>(&bus - buses_.data());
      bus = std::make_unique<Bus>(keys_, opened_);
      bus->memory = BusMemory(known[number]);
    }
    for (const ReadRecord& record : capture_.records) {
      if (wanted(record))
        take(record);
      else
        ++made_.dropped["records out of the range"];
    }
  }

  void take(const ReadRecord& record) {
    Item item;
    item.record = &record;
    const std::uint16_t link_type = capture_.interfaces[record.interface].link_type;
    item.frame = record.bytes;
    Direction direction = record.direction;
    if (link_type == tap::link_type) {
      const auto parsed = tap::parse(record.bytes);
      if (parsed) {
        item.header = parsed->header;
        item.old_header = parsed->size < tap::header_size;
        item.frame = item.frame.subspan(parsed->size);
        direction = parsed->header.direction;
        item.bus = bus_number(parsed->header.tap);
      }
      if (!parsed) ++made_.dropped["records without a readable tap header"];
      item.what = parsed ? Item::What::frame : Item::What::foreign;
    } else if (link_type == tap::raw_link_type) {
      item.bus = bus_number(std::nullopt);
      item.what = Item::What::frame;
    } else {
      ++made_.dropped["packets of link type " + std::to_string(link_type) +
                      ", which may hold anything (--link-type says what)"];
    }
    if (item.what == Item::What::frame) take_frame(item, direction);
    items_.push_back(item);
  }

  void take_frame(Item& item, Direction direction) {
    const bool noise = item.header && (item.header->status & tap::noise) != 0;
    const std::size_t size =
        item.frame.size() < length_field_size ? 0 : read_be(item.frame, 0, length_field_size);
    const bool cut = item.record->original_size > item.record->bytes.size();
    const std::size_t whole = length_field_size + size;
    Bus& bus = *buses_[item.bus];
    if (noise || size > max_message_size) {
      item.what = Item::What::noise;
    } else if (item.frame.size() < whole || cut) {
      item.what = Item::What::part;
    } else {
      item.excess = item.frame.size() - whole;
      item.message = opened_.size();
      Opened made =
          bus.talk.open(item.frame.subspan(length_field_size, size), direction, item.record->time);
      opened_.push_back(std::move(made));
      of_bus_.push_back(item.bus);
      bus.clear = bus.talk.seems_clear();
    }
  }

  // Those of a tap, or of the frames that came without any.
  unsigned bus_number(std::optional<std::uint32_t> tap) {
    const auto [found, fresh] = bus_numbers_.try_emplace(tap, static_cast<unsigned>(buses_.size()));
    if (fresh) buses_.push_back(std::make_unique<Bus>(keys_, opened_));
    return found->second;
  }

  // --- Cleaning

  void learn() {
    const auto nothing = [](const TableStretch&) {};
    for (std::size_t i = 0; i < opened_.size(); ++i) {
      BusMemory& memory = buses_[of_bus_[i]]->memory;
      memory.stretches(
          opened_, i, [&memory](const TableStretch& each) { memory.learn(each); }, nothing);
    }
    for (const auto& bus : buses_) bus->memory.finish(nothing);
  }

  void clean() {
    clean_.resize(opened_.size());
    for (std::size_t i = 0; i < opened_.size(); ++i) {
      clean_[i] = opened_[i].message;
      if (!opened_[i].is_tls()) clean_outside_of_tables(i);
    }
    const auto blank = [this](const TableStretch& stretch) {
      Buffer bytes = stretch.bytes;
      cleaner_.blank(bytes);
      put(stretch, bytes);
    };
    for (std::size_t i = 0; i < opened_.size(); ++i) {
      BusMemory& memory = buses_[of_bus_[i]]->memory;
      const auto use = [&](const TableStretch& stretch) {
        if (!stretch.request.table) return blank(stretch);
        const BusMemory::Layout layout = memory.layout_of(stretch);
        put(stretch, cleaner_.cleaned({*stretch.request.table, stretch.request.offset,
                                       stretch.bytes, stretch.read},
                                      layout.dimensions, layout.contradicted));
        memory.learn(stretch);
      };
      if (!opened_[i].is_tls()) memory.stretches(opened_, i, use, blank);
    }
    for (const auto& bus : buses_) bus->memory.finish(blank);
    for (const auto& [tap, number] : bus_numbers_)
      made_.layouts.emplace(tap ? std::optional(tap_number(*tap)) : tap,
                            buses_[number]->memory.dimensions());
  }

  void put(const TableStretch& stretch, Bytes bytes) {
    for (std::size_t i = 0; i < bytes.size(); ++i)
      clean_[stretch.places[i].message][stretch.places[i].offset] = bytes[i];
  }

  const Distrust::Of* found_in(const Item& item) const {
    return distrust_.of(static_cast<std::size_t>(item.record - capture_.records.data()));
  }

  void blank_what_was_found() {
    for (const Item& item : items_) {
      const Distrust::Of* found = found_in(item);
      if (!found || found->bytes.empty() || item.message == no_message) continue;
      const Opened& opened = opened_[item.message];
      Buffer& bytes = clean_[opened.kind == Opened::Kind::echo ? opened.partner : item.message];
      for (const std::size_t at : found->bytes)
        if (at < bytes.size()) bytes[at] = 0;
      ++made_.replaced[read_otherwise];
    }
  }

  // Codes, tables, offsets, counts and sequence numbers stay; table data are cleaned elsewhere; the
  // rest is nobody's business.
  void clean_outside_of_tables(std::size_t number) {
    const Opened& opened = opened_[number];
    Buffer& bytes = clean_[number];
    if (bytes.empty()) return;
    const bool request = opened.kind == Opened::Kind::request;
    if (opened.kind == Opened::Kind::sealed) return;
    const Extent data = request ? opened.request.data : opened.response.data;
    const auto digest = request ? opened.request.digest : opened.response.digest;
    const bool numbered =
        request ? opened.request.sequence.has_value() : opened.response.sequence.has_value();
    const std::size_t trailer =
        digest ? digest->offset - (numbered ? sequence_size : 0) : bytes.size();
    std::size_t head = 1;
    if (request) {
      head = head_of(opened.request);
    } else if (opened.response.count) {
      head += 2;
    }
    head = std::min(head, trailer);
    const bool tabular = request ? is_write(static_cast<RequestCode>(opened.request.code)) &&
                                       opened.request.table.has_value()
                                 : true;
    const std::size_t data_begin = std::clamp<std::size_t>(data.offset, head, trailer);
    const std::size_t data_end =
        std::clamp<std::size_t>(data.offset + data.size, data_begin, trailer);
    const auto part = [&bytes](std::size_t from, std::size_t to) {
      return std::span(bytes).subspan(from, to - from);
    };
    if (data.size == 0) return cleaner_.blank(part(head, trailer));
    cleaner_.blank(part(head, data_begin));
    cleaner_.blank(part(data_end, trailer));
    if (!tabular) clean_service(opened.request, part(data_begin, data_end));
  }

  static std::size_t head_of(const Request& request) {
    constexpr std::size_t code = 1, table = 2, offset = 3, count = 2;
    switch (static_cast<RequestCode>(request.code)) {
      case RequestCode::full_read:
      case RequestCode::full_write:
        return code + table + (request.count ? count : 0);
      case RequestCode::partial_read:
      case RequestCode::partial_write:
        return code + table + offset + count;
      default:
        return code;
    }
  }

  // C12.18's own services: who logs on, and the password; sizes and baud rates say nothing.
  void clean_service(const Request& request, std::span<std::uint8_t> data) {
    const auto code = static_cast<RequestCode>(request.code);
    const bool numbers = request.code >= 0x60 && request.code <= 0x70;
    if (numbers || data.empty()) return;
    if (code != RequestCode::log_on && code != RequestCode::security) return cleaner_.blank(data);
    constexpr std::size_t user_id = 2;
    const std::size_t skip = code == RequestCode::log_on ? std::min(user_id, data.size()) : 0;
    std::ranges::copy(pseudonyms_.bytes(data.subspan(skip)),
                      data.begin() + static_cast<std::ptrdiff_t>(skip));
    ++made_.replaced[skip != 0 ? "identifiers replaced" : "keys replaced"];
  }

  // --- Closing

  struct Closed {
    DigestState state;
    Key exchange_key{};
  };

  void close() {
    std::map<std::size_t, Closed> requests;
    for (std::size_t i = 0; i < opened_.size(); ++i) {
      const Opened& opened = opened_[i];
      Buffer& bytes = clean_[i];
      const bool request = opened.kind == Opened::Kind::request;
      if (!request && opened.kind != Opened::Kind::answer) continue;
      const auto digest = request ? opened.request.digest : opened.response.digest;
      if (!digest) continue;
      const std::span<std::uint8_t> body = std::span(bytes).first(bytes.size() - digest_size);
      const std::span<std::uint8_t> trailer = std::span(bytes).last(digest_size);
      const auto question = requests.find(opened.partner);
      const bool with_key = opened.proven || question != requests.end();
      if (opened.from_tls) ++made_.replaced["messages in TLS written in clear"];
      if (opened.proven && opened.key && (request || question != requests.end())) {
        const Key& key = published_for(keys_[*opened.key]);
        const DigestState state =
            digest_update(request ? DigestState{} : question->second.state, key, body);
        const Digest made = digest_finish(state, key);
        std::ranges::copy(made, trailer.begin());
        if (request) requests[i] = {state, rc4_exchange_key(key, made)};
        ++made_.replaced["digests made anew"];
      } else {
        std::ranges::copy(pseudonyms_.noise(trailer), trailer.begin());
        ++made_.replaced[with_key ? "bad digests replaced by others"
                                  : "digests that no key fits replaced by noise"];
      }
      if (!opened.encrypted) continue;
      ++made_.replaced["messages encrypted anew"];
      if (request) {
        rc4_apply(requests[i].exchange_key, 0, body);
      } else if (question != requests.end()) {
        rc4_apply(question->second.exchange_key,
                  opened_[opened.partner].message.size() - digest_size, body);
      }
    }
  }

  // --- Writing

  bool wanted(const ReadRecord& record) const {
    return (!options_.from || record.time >= *options_.from) &&
           (!options_.to || record.time <= *options_.to);
  }

  // The message as it is written; nothing: it does not come along.
  std::optional<Buffer> message_of(const Item& item) {
    const Opened& opened = opened_[item.message];
    switch (opened.kind) {
      case Opened::Kind::alert:
        return Buffer();
      case Opened::Kind::echo:
        return sealed_or(clean_[opened.partner], opened_[opened.partner], item);
      default:
        return sealed_or(clean_[item.message], opened, item);
    }
  }

  std::optional<Buffer> sealed_or(const Buffer& clean, const Opened& opened, const Item& item) {
    if (opened.is_tls()) {
      ++made_.dropped["frames of TLS sessions"];
      return std::nullopt;
    }
    if (opened.kind != Opened::Kind::sealed) return clean;
    if (options_.drop_closed) {
      ++made_.dropped["frames that no key opens"];
      return std::nullopt;
    }
    ++made_.replaced["frames that no key opens blanked"];
    const Bytes bytes =
        item.frame.subspan(length_field_size, item.frame.size() - length_field_size - item.excess);
    secrets_.insert({bytes.begin(), bytes.end()});
    return closed(bytes);
  }

  // A message that nobody opens, or its beginning. What a bare answer says is its first byte, which
  // no other one is to say by chance. A refusal to authenticate comes in clear, whatever it refuses
  // (page 256).
  Buffer closed(Bytes bytes) {
    Buffer made = pseudonyms_.noise(bytes);
    constexpr std::size_t bare = 1 + digest_size;
    constexpr auto refusal = static_cast<std::uint8_t>(ResponseCode::authentication_failure);
    if (bytes.size() == 1) {
      made[0] = bytes[0];  // a code and nothing else
    } else if (bytes.size() == bare && bytes[0] == refusal) {
      made[0] = refusal;
    } else if (!made.empty()) {
      made[0] |= 0x90U;
    }
    return made;
  }

  // As many bytes that say nothing, and others each time.
  Buffer hidden(const Item& item) {
    Buffer made(item.frame.begin(), item.frame.end());
    for (std::size_t i = length_field_size; i < made.size(); ++i)
      made[i] = static_cast<std::uint8_t>(pseudonyms_.random(256));
    if (made.size() > length_field_size) made[length_field_size] |= 0x90U;
    ++made_.replaced[read_otherwise];
    return made;
  }

  std::optional<Buffer> frame_of(const Item& item) {
    Buffer bytes;
    if (const Distrust::Of* found = found_in(item)) {
      if (found->dropped) {
        ++made_.dropped["frames that the copy would show as what they are not"];
        return std::nullopt;
      }
      if (found->sealed && !(item.message != no_message && opened_[item.message].is_tls()))
        return hidden(item);
    }
    switch (item.what) {
      case Item::What::foreign:
        return std::nullopt;
      case Item::What::noise:
        return noise(item.frame);
      case Item::What::part:
        return part(item);
      case Item::What::frame:
        break;
    }
    const auto message = message_of(item);
    if (!message) return std::nullopt;
    bytes = mep::frame(*message);
    Buffer behind(item.frame.end() - static_cast<std::ptrdiff_t>(item.excess), item.frame.end());
    cleaner_.blank(behind);
    bytes.insert(bytes.end(), behind.begin(), behind.end());
    return bytes;
  }

  // A line that is held at one level stays so, and nothing else of it.
  Buffer noise(Bytes bytes) {
    Buffer made(bytes.begin(), bytes.end());
    if (Pseudonyms::says_nothing(bytes)) return made;
    ++made_.replaced["noise blanked"];
    std::fill(made.begin(), made.end(), std::uint8_t{0xFF});
    return made;
  }

  // The length field stays, and of clear messages the code, table, offset and count, if they are
  // such.
  std::optional<Buffer> part(const Item& item) {
    const Bus& bus = *buses_[item.bus];
    Buffer made(item.frame.begin(), item.frame.end());
    if (made.size() <= length_field_size) return made;
    const std::size_t size = read_be(made, 0, length_field_size);
    const Bytes there = item.frame.subspan(length_field_size);
    const Direction direction = item.header ? item.header->direction : item.record->direction;
    const bool clear = bus.clear && direction != Direction::unknown && size <= max_message_size &&
                       fits(there, size, direction) != Fit::no;
    if (!clear && options_.drop_closed) {
      ++made_.dropped["parts of frames that no key opens"];
      return std::nullopt;
    }
    std::size_t head = 0;
    if (clear && direction == Direction::client_to_meter) {
      head = head_of(parse_request(there, Trailer::absent));
    } else if (clear) {
      head = there[0] == static_cast<std::uint8_t>(ResponseCode::ok) ? 3 : 1;
    }
    head = std::min(head, there.size());
    const std::span<std::uint8_t> rest = std::span(made).subspan(length_field_size + head);
    if (clear) {
      std::ranges::fill(rest, std::uint8_t{0});
    } else {
      std::ranges::copy(closed(rest), rest.begin());
    }
    ++made_.replaced["parts of frames blanked"];
    return made;
  }

  void write(const Item& item) {
    auto bytes = frame_of(item);
    if (!bytes) return;
    SharedRecord record;
    record.origin = static_cast<std::size_t>(item.record - capture_.records.data());
    record.interface = numbers_[item.record->interface];
    record.direction = item.record->direction;
    record.time = shifted(item.record->time);
    if (item.header) {
      tap::Header header = *item.header;
      header.tap = tap_number(header.tap);
      const auto encoded = tap::encode(header);
      record.bytes.assign(encoded.begin(), encoded.end());
      if (item.old_header) {
        record.bytes.resize(tap::smallest_header_size);
        record.bytes[tap::offset_of::size] = tap::smallest_header_size;
      }
    }
    record.bytes.insert(record.bytes.end(), bytes->begin(), bytes->end());
    made_.records.push_back(std::move(record));
    ++made_.kept["records"];
  }

  WallTime shifted(WallTime time) const {
    constexpr std::int64_t day = 86400LL * 1'000'000'000;
    return time + options_.cleaner.shift_days * day;
  }

  // Made up for each capture, and so the same in all copies of one: another one here.
  std::uint32_t tap_number(std::uint32_t tap) {
    if (tap == 0) return 0;
    auto& made = taps_[tap];
    while (made == 0 || made == tap) made = pseudonyms_.random(0xFFFFFFFF);
    return made;
  }

  void write_statistics() {
    for (ReadStatistics each : capture_.statistics) {
      if (!ours(capture_.interfaces[each.interface].link_type)) continue;
      each.interface = numbers_[each.interface];
      each.time = shifted(each.time);
      if (each.start) each.start = shifted(*each.start);
      made_.statistics.push_back(each);
    }
  }

  void note_secrets() {
    std::set<Buffer> all = secrets_;
    all.insert(pseudonyms_.originals().begin(), pseudonyms_.originals().end());
    for (const Opened& opened : opened_) {
      const auto digest =
          opened.kind == Opened::Kind::request ? opened.request.digest : opened.response.digest;
      if (!digest || opened.from_tls) continue;
      // Made under the published keys: this is a copy already.
      if (opened.proven && opened.key && keys_[*opened.key].key != factory_default_key &&
          is_published(keys_[*opened.key].key))
        continue;
      const Bytes bytes = digest->of(opened.message);
      all.insert({bytes.begin(), bytes.end()});
    }
    for (const KnownKey& each : keys_) {
      if (is_published(each.key)) continue;
      all.insert({each.key.begin(), each.key.end()});
      all.insert({each.text.begin(), each.text.end()});
    }
    for (const std::string& text : capture_.texts)
      if (text != sharing_application) all.insert({text.begin(), text.end()});
    made_.secrets.assign(all.begin(), all.end());
    made_.dropped["comments, names and other texts"] += capture_.texts.size();
    for (const auto& [what, count] : capture_.others) made_.dropped["blocks: " + what] += count;
    std::erase_if(made_.dropped, [](const auto& each) { return each.second == 0; });
  }

  const CaptureFile& capture_;
  const SharingOptions& options_;
  Pseudonyms& pseudonyms_;
  const Distrust& distrust_;
  std::vector<KnownKey> keys_;
  Shared made_;
  Cleaner cleaner_;
  std::vector<std::size_t> numbers_;  // of interfaces, in what is written
  std::vector<Item> items_;
  std::vector<Opened> opened_;
  std::vector<unsigned> of_bus_;  // of each opened one
  std::vector<Buffer> clean_;     // of each opened one: its message as it is written
  std::map<std::optional<std::uint32_t>, unsigned> bus_numbers_;
  std::vector<std::unique_ptr<Bus>> buses_;
  std::map<std::uint32_t, std::uint32_t> taps_;
  std::set<Buffer> secrets_;
};

}  // namespace

Shared share(const CaptureFile& capture, const std::vector<KnownKey>& keys,
             const SharingOptions& options, Pseudonyms& pseudonyms, const Distrust& distrust) {
  return Sharing(capture, keys, options, pseudonyms, distrust).run();
}

bool Distrust::add(const Shared& shared, const std::vector<Finding>& found) {
  std::map<std::size_t, std::set<std::size_t>> bytes;  // of each record in which something is
  std::set<std::size_t> whole;
  for (const Finding& each : found) {
    if (!each.record) return false;
    const std::size_t origin = shared.records[*each.record].origin;
    bytes[origin].insert(each.bytes.begin(), each.bytes.end());
    if (each.bytes.empty()) whole.insert(origin);
  }
  for (const auto& [origin, places] : bytes) {
    Of& known = all_[origin];
    const std::size_t before = known.bytes.size();
    known.bytes.insert(places.begin(), places.end());
    if (!whole.contains(origin) && known.bytes.size() != before && !known.sealed) continue;
    known.dropped = known.sealed;
    known.sealed = true;
  }
  return true;
}

const Distrust::Of* Distrust::of(std::size_t origin) const {
  const auto found = all_.find(origin);
  return found == all_.end() ? nullptr : &found->second;
}

SharedClean share_clean(const CaptureFile& capture, const std::vector<KnownKey>& keys,
                        const SharingOptions& options, Pseudonyms& pseudonyms,
                        const Written& written) {
  Distrust distrust;
  // Each time something more is hidden: it comes to an end long before.
  constexpr unsigned patience = 1000;
  for (unsigned i = 0;; ++i) {
    Shared shared = share(capture, keys, options, pseudonyms, distrust);
    if (shared.records.empty()) return {std::move(shared), {}};
    std::vector<Finding> found = check(written(shared), shared, pseudonyms);
    if (found.empty() || i == patience || !distrust.add(shared, found))
      return {std::move(shared), std::move(found)};
  }
}

}  // namespace mep::captures
