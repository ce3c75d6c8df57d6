// SPDX-License-Identifier: GPL-2.0-or-later
#include "captures/cleaner.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "protocol/bytes.h"
#include "protocol/times.h"
#include "protocol/walker.h"

namespace mep::captures {
namespace {

using Buffer = std::vector<std::uint8_t>;

constexpr std::int64_t seconds_per_day = 86400;

// Digits, most significant first, as packed BCD. What is no digit stays as it stood.
void pack_digits(const std::string& digits, std::span<std::uint8_t> bytes) {
  for (std::size_t i = 0; i < digits.size() && i / 2 < bytes.size(); ++i) {
    const char c = digits[digits.size() - 1 - i];
    if (c < '0' || c > '9') continue;
    const unsigned shift = i % 2 * 4;
    bytes[i / 2] = static_cast<std::uint8_t>((bytes[i / 2] & ~(0xFU << shift)) |
                                             (static_cast<unsigned>(c - '0') << shift));
  }
}

bool all_digits(const std::string& text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

// What never was set, or stands for "none".
bool is_special(std::int64_t value, std::size_t size) {
  const std::int64_t most = size >= 8 ? INT64_MAX : (std::int64_t{1} << (size * 8 - 1)) - 1;
  return value == 0 || value == -1 || value == most || value == -most - 1;
}

// The days of a date of M-Bus, type G, in the low 16 bits: day 0 to 4, month 8 to 11, year 5 to 7
// and 12 to 15.
std::optional<std::uint16_t> shifted_mbus_date(std::uint16_t date, std::int64_t days) {
  const int day = date & 0x1F;
  const int month = date >> 8 & 0x0F;
  const int year = (date >> 5 & 0x07) | (date >> 9 & 0x78);
  if (day < 1 || day > 31 || month < 1 || month > 12 || year > 99) return std::nullopt;
  const DateTime moved =
      date_time(seconds_since_1970({2000 + year, month, day, 0, 0, 0}) + days * seconds_per_day);
  const int two = moved.year - 2000;
  if (two < 0 || two > 99) return std::nullopt;
  return static_cast<std::uint16_t>(moved.day | moved.month << 8 | (two & 0x07) << 5 |
                                    (two & 0x78) << 9);
}

}  // namespace

Cleaner::Cleaner(const CleanerOptions& options, Pseudonyms& pseudonyms, Counts& counts)
    : options_(options), pseudonyms_(pseudonyms), counts_(counts) {
  // Between about a half and the double, and never nearly the same.
  constexpr std::uint32_t steps = 100000;
  const double step = static_cast<double>(pseudonyms_.random(steps)) / steps;
  factor_ = pseudonyms_.random(2) == 0 ? 0.5 + 0.4 * step : 1.15 + 0.85 * step;
}

void Cleaner::blank(std::span<std::uint8_t> bytes) {
  if (bytes.empty() || Pseudonyms::says_nothing(bytes)) return;
  std::fill(bytes.begin(), bytes.end(), std::uint8_t{0});
  ++counts_["unknown data blanked"];
}

std::vector<std::uint8_t> Cleaner::cleaned(const TableBytes& table, const Dimensions& dimensions,
                                           bool contradicted) {
  Buffer made(table.bytes.begin(), table.bytes.end());
  for (const SensitivePart& part : sensitive_parts(table, dimensions, contradicted))
    replace(part, std::span(made).subspan(part.offset, part.size));
  return made;
}

void Cleaner::replace(const SensitivePart& part, std::span<std::uint8_t> bytes) {
  if (is_time(part.shape)) {
    if (options_.shift_days != 0 && shift(part, bytes)) ++counts_["times shifted"];
    return;
  }
  if (part.shape == Shape::unread) {
    blank(bytes);
    return;
  }
  if (part.what == Sensitive::consumption) {
    if (options_.blur) scale(part, bytes);
    return;
  }
  if (part.what != Sensitive::none) rename(part, bytes);
}

void Cleaner::rename(const SensitivePart& part, std::span<std::uint8_t> bytes) {
  if (Pseudonyms::says_nothing(bytes)) return;
  if (part.reversed) std::reverse(bytes.begin(), bytes.end());
  if (part.shape == Shape::digits) {
    pack_digits(pseudonyms_.text(digits_of(bytes)), bytes);
  } else if (part.shape == Shape::text) {
    const auto end = std::find(bytes.begin(), bytes.end(), std::uint8_t{0});
    const std::string text(bytes.begin(), end);
    std::ranges::copy(pseudonyms_.text(text), bytes.begin());
    // What an earlier, longer text has left behind its end.
    std::fill(end, bytes.end(), std::uint8_t{0});
  } else {
    std::ranges::copy(pseudonyms_.bytes(bytes), bytes.begin());
  }
  if (part.reversed) std::reverse(bytes.begin(), bytes.end());
  switch (part.what) {
    case Sensitive::key:
      ++counts_["keys replaced"];
      break;
    case Sensitive::place:
      ++counts_["places replaced"];
      break;
    default:
      ++counts_["identifiers replaced"];
  }
}

void Cleaner::scale(const SensitivePart& part, std::span<std::uint8_t> bytes) {
  if (part.reversed) std::reverse(bytes.begin(), bytes.end());
  const std::size_t size = std::min<std::size_t>(bytes.size(), 8);
  const std::string digits = bcd_digits(bytes);
  const bool bcd =
      part.shape == Shape::digits || (part.shape == Shape::channel && all_digits(digits));
  if (part.shape == Shape::real && bytes.size() == 4) {
    const auto value = std::bit_cast<float>(static_cast<std::uint32_t>(read_le(bytes, 0, 4)));
    if (std::isfinite(value))
      write_le(bytes, 0, 4, std::bit_cast<std::uint32_t>(static_cast<float>(value * factor_)));
  } else if (bcd && digits.size() <= 18) {
    std::string number;
    for (const char c : digits) number += c >= '0' && c <= '9' ? c : '0';
    const double limit = std::pow(10.0, static_cast<double>(digits.size()));
    const double scaled = std::fmod(std::round(std::stod(number) * factor_), limit);
    std::string text = std::to_string(static_cast<long long>(scaled));
    text.insert(0, digits.size() - text.size(), '0');
    // Signs and errors are no digits: they stay.
    for (std::size_t i = 0; i < digits.size(); ++i)
      if (digits[i] < '0' || digits[i] > '9') text[i] = digits[i];
    pack_digits(text, bytes);
  } else if (part.shape == Shape::integer || part.shape == Shape::channel) {
    if (size == 0 || size > sizeof(std::int64_t)) return;
    const unsigned unused = 64 - 8 * static_cast<unsigned>(size);
    const std::int64_t value =
        static_cast<std::int64_t>(read_le(bytes, 0, size) << unused) >> unused;
    if (!is_special(value, size)) {
      const double most = std::pow(2.0, static_cast<double>(size) * 8 - 1) - 1;
      const double scaled =
          std::clamp(std::round(static_cast<double>(value) * factor_), -most, most);
      if (std::abs(scaled) < 9.2e18)
        write_le(bytes, 0, size, static_cast<std::uint64_t>(static_cast<std::int64_t>(scaled)));
    }
  } else {
    std::fill(bytes.begin(), bytes.end(), std::uint8_t{0});
  }
  if (part.reversed) std::reverse(bytes.begin(), bytes.end());
  ++counts_["consumption blurred"];
}

// False: it was never set, or would leave the years that can be said.
bool Cleaner::shift(const SensitivePart& part, std::span<std::uint8_t> bytes) const {
  constexpr std::size_t year_month_day = 3;
  if (part.shape == Shape::ltime || part.shape == Shape::stime) {
    const auto when = parse_date_time(bytes);
    if (!when) return false;
    const DateTime moved =
        date_time(seconds_since_1970(*when) + options_.shift_days * seconds_per_day);
    if (moved.year < 2000 || moved.year > 2255 || bytes.size() < year_month_day) return false;
    bytes[0] = static_cast<std::uint8_t>(moved.year - 2000);
    bytes[1] = static_cast<std::uint8_t>(moved.month);
    bytes[2] = static_cast<std::uint8_t>(moved.day);
    return true;
  }
  if (bytes.size() < 2) return false;
  if (part.shape == Shape::ansi_date) {
    // Year in bits 0 to 6, month in 7 to 10, day in 11 to 15.
    const auto bits = static_cast<std::uint16_t>(read_le(bytes, 0, 2));
    if (!ansi_date_text(bits)) return false;
    const DateTime moved = date_time(
        seconds_since_1970({2000 + (bits & 0x7F), bits >> 7 & 0x0F, bits >> 11, 0, 0, 0}) +
        options_.shift_days * seconds_per_day);
    if (moved.year < 2000 || moved.year > 2127) return false;
    write_le(bytes, 0, 2,
             static_cast<std::uint64_t>((moved.year - 2000) | moved.month << 7 | moved.day << 11));
    return true;
  }
  if (part.reversed) std::reverse(bytes.begin(), bytes.end());
  // Type F has a date of type G in its upper half.
  const std::size_t at = bytes.size() - 2;
  const auto moved =
      shifted_mbus_date(static_cast<std::uint16_t>(read_le(bytes, at, 2)), options_.shift_days);
  if (moved) write_le(bytes, at, 2, *moved);
  if (part.reversed) std::reverse(bytes.begin(), bytes.end());
  return moved.has_value();
}

}  // namespace mep::captures
