// SPDX-License-Identifier: GPL-2.0-or-later
#include "protocol/pieces.h"

#include <algorithm>
#include <array>

#include "protocol/bytes.h"
#include "protocol/message.h"

namespace mep {
namespace {

using namespace std::chrono_literals;

// How far a reading is followed: a frame, and enough of the next to judge it.
constexpr std::size_t lookahead = 2 * max_frame_size;

// A bare answer with its digest has no more to tell than its length and code.
constexpr std::size_t bare_size = 1 + digest_size;

// Whether a clear message is too much to be chance. A TLS termination fits any bytes (page 8), and
// "00 01 00" or "00 09 00" stand in many a table.
bool stands_out(Bytes message, std::size_t size, Fit fit) {
  constexpr auto fits_anything = static_cast<std::uint8_t>(RequestCode::tls_terminate);
  if (fit != Fit::yes || message[0] == fits_anything) return false;
  const bool ok = message[0] == static_cast<std::uint8_t>(ResponseCode::ok);
  return size > bare_size || (size == bare_size && !ok && message.size() == size);
}

// Bytes read as one frame after the other.
struct Followed {
  bool possible = true;     // every length field is one that a frame can have
  bool exact = false;       // the last frame ends with the bytes
  bool stands_out = false;  // clear messages, and nothing else, as far as the bytes go
  unsigned frames = 0;      // alerts aside
  Fit first = Fit::prefix;
  std::size_t first_size = 0;  // of the first message
};

Followed follow(Bytes bytes, Direction direction) {
  Followed found;
  bool all_stand_out = true;
  std::size_t at = 0;
  while (at < bytes.size()) {
    const Bytes left = bytes.subspan(at);
    if (left.size() < length_field_size) {
      found.possible = left[0] <= max_message_size >> 8;
      found.stands_out = found.frames > 0 && all_stand_out;
      return found;
    }
    const std::size_t size = read_be(left, 0, length_field_size);
    if (size > max_message_size ||
        (size == 0 && at > 0 && direction == Direction::client_to_meter)) {
      found.possible = false;
      return found;
    }
    at += length_field_size + size;
    if (size == 0) {
      // Zeros that end one frame and begin the next look like this, too.
      all_stand_out = all_stand_out && found.frames > 0;
      continue;
    }
    const Bytes message =
        left.subspan(length_field_size, std::min(size, left.size() - length_field_size));
    const Fit fit = fits(message, size, direction);
    if (found.frames == 0 && found.first_size == 0) {
      found.first = fit;
      found.first_size = size;
    }
    const bool clear = stands_out(message, size, fit);
    if (message.size() < size) {
      found.stands_out = all_stand_out && (clear || (found.frames > 0 && fit != Fit::no));
      return found;
    }
    ++found.frames;
    all_stand_out = all_stand_out && clear;
  }
  found.exact = true;
  found.stands_out = found.frames > 0 && all_stand_out;
  return found;
}

Bytes ahead(Bytes bytes) {
  return bytes.first(std::min(bytes.size(), lookahead));
}

// Whether a frame could begin here as far as its length field tells.
bool possible_beginning(Bytes bytes) {
  if (bytes.size() < length_field_size) return bytes[0] <= max_message_size >> 8;
  return read_be(bytes, 0, length_field_size) <= max_message_size;
}

// The same, where zeros before it make anything possible: what follows has to look like a frame.
bool likely_beginning(Bytes bytes, Direction direction) {
  if (!possible_beginning(bytes)) return false;
  if (bytes.size() <= length_field_size) return true;
  const Followed found = follow(ahead(bytes), direction);
  return found.possible && (found.exact || found.first != Fit::no);
}

// Zeros at the beginning, two or more of them: an alert, or a line without life.
Part part_of_zeros(Bytes bytes, std::size_t zeros, bool whole_record, Direction direction) {
  constexpr std::size_t alert = length_field_size;
  // Alerts come a second apart (page 17), so two of them never stand in a row.
  constexpr std::size_t too_many = 2 * alert;
  if (zeros == bytes.size()) {
    // The third may begin a frame, but not on a line that has said nothing yet.
    if (zeros == alert || (zeros < too_many && !whole_record)) return {PartKind::frame, alert};
    return {PartKind::zeros, zeros};
  }
  // The last one belongs to a length field, if that is what follows.
  const std::size_t before = zeros < too_many ? alert : zeros - 1;
  if (likely_beginning(bytes.subspan(before), direction))
    return {zeros < too_many ? PartKind::frame : PartKind::zeros, before};
  return {PartKind::noise, bytes.size()};
}

}  // namespace

Part first_part(Bytes bytes, bool whole_record, Direction direction) {
  const auto zeros = static_cast<std::size_t>(
      std::find_if(bytes.begin(), bytes.end(), [](std::uint8_t byte) { return byte != 0; }) -
      bytes.begin());
  if (zeros >= length_field_size) return part_of_zeros(bytes, zeros, whole_record, direction);
  if (!possible_beginning(bytes)) return {PartKind::other, bytes.size()};
  if (bytes.size() < length_field_size) return {PartKind::beginning, bytes.size()};
  const std::size_t size = length_field_size + read_be(bytes, 0, length_field_size);
  if (size > bytes.size()) return {PartKind::beginning, bytes.size()};
  if (size < bytes.size() && !possible_beginning(bytes.subspan(size)))
    return {PartKind::other, bytes.size()};
  return {PartKind::frame, size};
}

bool goes_on(Bytes waiting, Bytes record, Direction direction) {
  if (waiting.size() > max_frame_size) return false;
  std::array<std::uint8_t, max_frame_size + lookahead> joined;
  const Bytes next = ahead(record);
  const auto end = std::copy(waiting.begin(), waiting.end(), joined.begin());
  std::copy(next.begin(), next.end(), end);
  const Bytes whole = Bytes(joined).first(waiting.size() + next.size());
  if (!possible_beginning(whole)) return false;
  const Followed on = follow(whole, direction);
  const Followed anew = follow(next, direction);
  if (!anew.possible) return true;
  const bool finished = on.exact && record.size() == next.size();
  if (finished && on.first == Fit::yes && anew.exact) return true;
  if (anew.stands_out) return false;
  if (!on.possible) return !anew.exact && on.first == Fit::yes;
  // Encrypted messages look like nothing, but then their bytes do not look like lengths either.
  const bool one_frame = anew.exact && anew.frames == 1 && anew.first_size > bare_size;
  return finished || on.first != Fit::no || !one_frame;
}

bool given_up(std::chrono::nanoseconds last, std::chrono::nanoseconds now, std::size_t piece) {
  // Neither side pauses longer than 50 ms within a frame, and a client repeats its request after
  // 500 ms (page 21). What handed the bytes on may have collected a record's worth of them.
  constexpr auto hand_over = 300ms;
  constexpr auto byte_time = std::chrono::nanoseconds(1s) * 10 / 9600;
  auto gap = now > last ? now - last : last - now;
  // Times in whole seconds, with or without the microseconds that text2pcap adds to tell records
  // apart: a moment can be a second on paper.
  const auto coarse = [](std::chrono::nanoseconds time) { return time % 1s < 1ms; };
  if (coarse(last) && coarse(now)) gap -= std::min<std::chrono::nanoseconds>(gap, 1s + 1ms);
  return gap > hand_over + byte_time * static_cast<std::int64_t>(piece);
}

}  // namespace mep
