// SPDX-License-Identifier: GPL-2.0-or-later
#include "plugin/direction.h"

#include <algorithm>
#include <optional>

#include "plugin/bus.h"
#include "plugin/tls_session.h"
#include "protocol/evidence.h"

namespace mep::plugin {
namespace {

enum Lines : int { as_recorded, swapped, find_out };
int lines_preference = find_out;

Direction opposite(Direction direction) {
  switch (direction) {
    case Direction::client_to_meter:
      return Direction::meter_to_client;
    case Direction::meter_to_client:
      return Direction::client_to_meter;
    default:
      return Direction::unknown;
  }
}

// The claim as the user wants it to be read, and whether that is the last word.
struct Wanted {
  Claim claim;
  bool settled;
};
Wanted wanted(const Claim& claim) {
  const bool fixed =
      lines_preference != find_out && claim.recorded && claim.direction != Direction::unknown;
  if (fixed && lines_preference == swapped)
    return {{opposite(claim.direction), claim.recorded}, true};
  return {claim, fixed};
}

// --- Evidence, in bits that speak for the claim (protocol/evidence.h) ----------------------------

struct Counts {
  std::uint32_t kept;
  std::uint32_t reversed;
};

// A few damaged frames on a line do not make it one for both directions.
constexpr std::uint32_t nearly_all = 8;

// How far a line's own history speaks for what is claimed of it. Without one: the other line's.
int bits_of_history(const Bus& bus, const Claim& claim) {
  const auto counts = [&](Direction direction) -> Counts {
    const auto i = static_cast<std::size_t>(direction);
    return {bus.directions.kept[i], bus.directions.reversed[i]};
  };
  const int at_first = claim.recorded ? 6 : 3;
  constexpr std::uint32_t most = 6;
  Counts here = counts(claim.direction);
  if (here.kept == 0 && here.reversed == 0) here = counts(opposite(claim.direction));
  if (here.kept >= nearly_all * here.reversed)
    return at_first + static_cast<int>(std::min(here.kept, most));
  if (here.reversed >= nearly_all * here.kept)
    return -at_first - static_cast<int>(std::min(here.reversed, most));
  return 0;  // both directions
}

// Whoever's turn it is: a meter speaks when asked.
int bits_of_turn(const Bus& bus) {
  constexpr int some = 4;
  return answer_expected(&bus) ? -some : some;
}

// --- What was found out -----------------------------------------------------------------------

void note_direction(Bus& bus, const Claim& claim, bool reversed) {
  const auto i = static_cast<std::size_t>(claim.direction);
  ++(reversed ? bus.directions.reversed : bus.directions.kept)[i];
}

// Nothing on the bus is as it was recorded: on both lines, or time and again on the only one.
bool lines_are_swapped(const Bus& bus) {
  constexpr std::uint32_t often = 3;
  const auto from_client = static_cast<std::size_t>(Direction::client_to_meter);
  const auto from_meter = static_cast<std::size_t>(Direction::meter_to_client);
  const std::uint32_t kept = bus.directions.kept[from_client] + bus.directions.kept[from_meter];
  const std::uint32_t one = bus.directions.reversed[from_client];
  const std::uint32_t other = bus.directions.reversed[from_meter];
  const bool known_by_now = (one > 0 && other > 0) || one + other >= often;
  return known_by_now && kept * nearly_all <= one + other;
}

bool is_reversed(const Claim& claim, Direction direction) {
  return claim.recorded && claim.direction != Direction::unknown && direction != claim.direction;
}

// Notes of the kind that is made once on each bus, at the frame that gives occasion.
FrameFacts* marked(Bus& bus, const Claim& claim, FrameFacts* facts) {
  const KeyEntry* key = facts->tls ? facts->tls->key : nullptr;
  if (!key && facts->exchange) key = facts->exchange->key;
  if (key && key->key == factory_default_key && !bus.factory_key_told)
    facts->factory_key_found = bus.factory_key_told = true;

  facts->reversed = is_reversed(claim, facts->direction);
  if (!facts->reversed || bus.swap_told || lines_preference != find_out) return facts;
  facts->lines_swapped = bus.swap_told = lines_are_swapped(bus);
  return facts;
}

FrameFacts* learn_echo(Bus& bus, const Claim& claim, const Exchange& request) {
  // Where the echo was heard, not who sent the bytes.
  FrameFacts* facts = learn_other(&bus, opposite(request.asking->direction));
  facts->reversed = is_reversed(claim, facts->direction);
  facts->echoes = &request;
  facts->echo_heard = !bus.echo_told;
  bus.echo_told = true;
  return facts;
}

// A message read both ways, each when it is first wanted: to try all keys takes time.
class Readings {
 public:
  Readings(Bus& bus, packet_info* pinfo, Bytes message)
      : bus_(bus), pinfo_(pinfo), message_(message) {}
  const AsRequest& request() {
    if (!request_) request_ = read_as_request(bus_, pinfo_, message_);
    return *request_;
  }
  const AsAnswer& answer() {
    if (!answer_) answer_ = read_as_answer(bus_, pinfo_, message_);
    return *answer_;
  }
  int bits(Direction direction) {
    return direction == Direction::client_to_meter ? request().bits : answer().bits;
  }
  // The same without trying keys on what would be a request.
  int bits_by_form(Direction direction) {
    return direction == Direction::client_to_meter ? clear_request_bits(message_) : answer().bits;
  }
  bool proven(Direction direction) {
    return direction == Direction::client_to_meter ? request().exchange.key != nullptr
                                                   : answer().proven;
  }

 private:
  Bus& bus_;
  packet_info* pinfo_;
  Bytes message_;
  std::optional<AsRequest> request_;
  std::optional<AsAnswer> answer_;
};

// What tells by itself.
constexpr int telling = 8;

// Keys are tried on a message the other way round only while that can still tell something: a bus
// on which so many did not fit has none that does.
bool may_try_keys(Bus& bus) {
  constexpr std::uint32_t enough = 64;
  return bus.proofs_tried < enough && ++bus.proofs_tried > 0;
}

Direction decide(Bus& bus, Readings& readings, const Claim& claim) {
  if (claim.direction == Direction::unknown) {
    const int bits = readings.bits(Direction::client_to_meter) -
                     readings.bits(Direction::meter_to_client) + bits_of_turn(bus);
    return bits > 0 ? Direction::client_to_meter : Direction::meter_to_client;
  }
  // First as it is likely; a key that fits leaves no doubt, and bytes that fit need no key.
  int history = bits_of_history(bus, claim);
  const Direction likely = history < 0 ? opposite(claim.direction) : claim.direction;
  const Direction unlikely = opposite(likely);
  const bool fits_well =
      readings.bits(likely) >= telling && readings.bits(likely) > readings.bits_by_form(unlikely);
  if (readings.proven(likely) || fits_well) {
    note_direction(bus, claim, likely != claim.direction);
    return likely;
  }
  if (history == 0)
    history =
        claim.direction == Direction::client_to_meter ? bits_of_turn(bus) : -bits_of_turn(bus);
  const int against =
      may_try_keys(bus) ? readings.bits(unlikely) : std::max(readings.bits_by_form(unlikely), 0);
  const int for_likely = readings.bits(likely) - against;
  const int for_claim = likely == claim.direction ? for_likely : -for_likely;
  const bool reversed = for_claim + history < 0;
  if (for_claim >= telling || for_claim <= -telling) note_direction(bus, claim, reversed);
  return reversed ? opposite(claim.direction) : claim.direction;
}

}  // namespace

Learned learn_message(Bus* bus, packet_info* pinfo, Bytes message, const Claim& claim) {
  if (const Exchange* request = echoed(*bus, pinfo, message, claim.direction))
    return {learn_echo(*bus, claim, *request), message};
  Readings readings(*bus, pinfo, message);
  const Wanted as = wanted(claim);
  const Direction direction = as.settled ? as.claim.direction : decide(*bus, readings, as.claim);
  FrameFacts* facts = nullptr;
  Bytes plain;
  if (direction == Direction::client_to_meter) {
    plain = readings.request().plain;
    facts = learn_request(*bus, pinfo, message, readings.request());
    facts->exchange->claimed = claim.direction;
  } else {
    plain = readings.answer().plain;
    facts = learn_answer(*bus, pinfo, readings.answer());
  }
  return {marked(*bus, claim, facts), plain};
}

Learned learn_plain_message(Bus* bus, packet_info* pinfo, Bytes message, const Claim& claim) {
  Direction direction = wanted(claim).claim.direction;
  if (direction == Direction::unknown)
    direction = answer_expected(bus) ? Direction::meter_to_client : Direction::client_to_meter;
  if (direction == Direction::client_to_meter)
    return {learn_request(*bus, pinfo, message, read_plain_request(pinfo, message)), message};
  return {learn_answer(*bus, pinfo, read_plain_answer(*bus, pinfo, message)), message};
}

FrameFacts* learn_unreadable(Bus* bus, const Claim& claim, Direction otherwise) {
  const Wanted as = wanted(claim);
  Direction direction = as.claim.direction;
  if (direction == Direction::unknown) {
    direction = otherwise;
  } else if (!as.settled && bits_of_history(*bus, as.claim) < 0) {
    direction = opposite(direction);
  }
  return marked(*bus, claim, learn_other(bus, direction));
}

void register_direction(module_t* module) {
  static const enum_val_t choices[] = {{"as-recorded", "As recorded", as_recorded},
                                       {"swapped", "Swapped", swapped},
                                       {"find-out", "Find out from the frames", find_out},
                                       {nullptr, nullptr, 0}};
  prefs_register_enum_preference(
      module, "lines", "Which line is whose",
      "What a capture says of who speaks on which line can be wrong: two adapters exchanged, or "
      "both directions on one. \"Find out\" believes the frames where they tell; \"swapped\" "
      "repairs a capture in which they do not, because they are encrypted and no key opens them.",
      &lines_preference, choices, FALSE);
}

}  // namespace mep::plugin
