// SPDX-License-Identifier: GPL-2.0-or-later
#include "protocol/mbus_record.h"

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <cmath>
#include <utility>
#include <vector>

#include "protocol/bytes.h"

namespace mep::mbus {
namespace {

constexpr std::size_t most_difes = 10;
constexpr std::uint8_t extension = 0x80;

// The data field of a DIF, bits 0 to 3.
enum class Coding : std::uint8_t {
  none = 0x0,
  int8 = 0x1,
  int16 = 0x2,
  int24 = 0x3,
  int32 = 0x4,
  real32 = 0x5,
  int48 = 0x6,
  int64 = 0x7,
  selection = 0x8,  // for readout: no value
  bcd2 = 0x9,
  bcd4 = 0xA,
  bcd6 = 0xB,
  bcd8 = 0xC,
  variable = 0xD,  // a length byte first
  bcd12 = 0xE,
  special = 0xF,
};

Coding coding_of(const RecordHeader& header) {
  return static_cast<Coding>(header.dif & 0x0F);
}

// What the bytes of a value are.
enum class Content : std::uint8_t { none, integer, real, bcd, negative_bcd, text, bytes };

// By the length byte (LVAR): what follows it, and how many bytes; nothing for reserved ones.
struct Variable {
  Content content;
  std::size_t size;
};
std::optional<Variable> variable(std::uint8_t length) {
  if (length < 0xC0) return Variable{Content::text, length};
  if (length < 0xCA) return Variable{Content::bcd, length - std::size_t{0xC0}};
  if (length >= 0xD0 && length < 0xDA)
    return Variable{Content::negative_bcd, length - std::size_t{0xD0}};
  if (length >= 0xE0 && length < 0xF0) {
    const std::size_t size = length - std::size_t{0xE0};
    return Variable{size <= 8 ? Content::integer : Content::bytes, size};
  }
  if (length >= 0xF0 && length < 0xF5)
    return Variable{Content::bytes, 4 * (length - std::size_t{0xEC})};
  if (length == 0xF5) return Variable{Content::bytes, 48};
  if (length == 0xF6) return Variable{Content::bytes, 64};
  return std::nullopt;
}

std::size_t fixed_size(Coding coding) {
  constexpr std::array<std::uint8_t, 16> sizes = {0, 1, 2, 3, 4, 4, 6, 8, 0, 1, 2, 3, 4, 0, 6, 0};
  return sizes[static_cast<std::size_t>(coding)];
}

// A value taken out of its length and its order: least significant byte first.
struct Plain {
  Content content = Content::none;
  std::vector<std::uint8_t> bytes;
};

Plain plain_value(const RecordHeader& header, Bytes value, Order order) {
  Plain plain;
  switch (coding_of(header)) {
    case Coding::none:
    case Coding::selection:
    case Coding::special:
      return plain;
    case Coding::int8:
    case Coding::int16:
    case Coding::int24:
    case Coding::int32:
    case Coding::int48:
    case Coding::int64:
      plain.content = Content::integer;
      break;
    case Coding::real32:
      plain.content = Content::real;
      break;
    case Coding::bcd2:
    case Coding::bcd4:
    case Coding::bcd6:
    case Coding::bcd8:
    case Coding::bcd12:
      plain.content = Content::bcd;
      break;
    case Coding::variable: {
      if (value.empty()) return plain;
      const auto found = variable(value[0]);
      if (!found) return plain;
      plain.content = found->content;
      value = value.subspan(1);
      break;
    }
  }
  plain.bytes.assign(value.begin(), value.end());
  if (order == Order::most_first) std::reverse(plain.bytes.begin(), plain.bytes.end());
  if (plain.bytes.empty()) plain.content = Content::none;
  return plain;
}

// --- Numbers

// `digits` times ten to `exponent`, without zeros in front.
std::string shifted(std::string digits, int exponent) {
  if (exponent > 0) {
    digits.append(static_cast<std::size_t>(exponent), '0');
  } else if (exponent < 0) {
    const auto places = static_cast<std::size_t>(-exponent);
    if (digits.size() <= places) digits.insert(0, places + 1 - digits.size(), '0');
    digits.insert(digits.size() - places, 1, '.');
  }
  const std::size_t point = std::min(digits.find('.'), digits.size());
  const std::size_t first = digits.find_first_not_of('0');
  digits.erase(0, std::min(first, point - 1));
  return digits;
}

std::optional<double> number_of(const std::string& text) {
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

Value decimal(bool negative, std::string digits, int exponent) {
  Value value;
  value.text = (negative ? "-" : "") + shifted(std::move(digits), exponent);
  value.number = number_of(value.text);
  return value;
}

Value integer(std::int64_t number, int exponent) {
  std::string digits = std::to_string(number);
  if (number < 0) digits.erase(0, 1);
  return decimal(number < 0, std::move(digits), exponent);
}

// The shortest digits that give this number of four bytes.
Value real(std::uint32_t bits, int exponent) {
  const auto number = std::bit_cast<float>(bits);
  if (!std::isfinite(number)) return {std::isnan(number) ? "not a number" : "infinite", {}};
  char text[64];
  const auto [end, error] =
      std::to_chars(text, text + sizeof text, std::fabs(number), std::chars_format::fixed);
  std::string digits(text, error == std::errc() ? end : text);
  if (const std::size_t point = digits.find('.'); point != std::string::npos) {
    exponent -= static_cast<int>(digits.size() - point - 1);
    digits.erase(point, 1);
  }
  return decimal(std::signbit(number), std::move(digits), exponent);
}

std::int64_t sign_extended(Bytes least_first) {
  const unsigned unused = 64 - 8 * static_cast<unsigned>(least_first.size());
  return static_cast<std::int64_t>(read_le(least_first, 0, least_first.size()) << unused) >> unused;
}

// 0x80…00: the device says that its number is none.
bool is_invalid(Bytes least_first) {
  return least_first.back() == 0x80 && std::all_of(least_first.begin(), least_first.end() - 1,
                                                   [](auto byte) { return byte == 0; });
}

// The digits of BCD, most significant first.
struct Digits {
  bool negative = false;
  std::string text;
  bool decimal = true;  // no digit is A to F
};
Digits digits_in(const Plain& plain) {
  Digits digits;
  for (std::size_t i = plain.bytes.size(); i-- > 0;) {
    constexpr char names[] = "0123456789ABCDEF";
    digits.text += names[plain.bytes[i] >> 4];
    digits.text += names[plain.bytes[i] & 0xF];
  }
  digits.negative = plain.content == Content::negative_bcd;
  // An F in front is a minus sign.
  if (plain.content == Content::bcd && digits.text.size() > 1 && digits.text[0] == 'F') {
    digits.negative = true;
    digits.text[0] = '0';
  }
  digits.decimal = digits.text.find_first_not_of("0123456789") == std::string::npos;
  return digits;
}

// --- Moments (types F, G, I, J)

// Years of two digits, with or without hundreds: those up to 80 are of this century, as EN 13757-3
// recommends for devices that know no hundreds.
int full_year(unsigned year, unsigned hundreds) {
  constexpr unsigned latest = 80;
  if (hundreds == 0 && year <= latest) hundreds = 1;
  return static_cast<int>(1900 + 100 * hundreds + year);
}

std::string two_digits(unsigned number) {
  return {static_cast<char>('0' + number / 10 % 10), static_cast<char>('0' + number % 10)};
}

// Empty for what is no date. A day of 0, a month of 15 and a year of 127 mean "every".
std::string date_text(unsigned year, unsigned hundreds, unsigned month, unsigned day) {
  constexpr unsigned every_year = 127;
  constexpr unsigned every_month = 15;
  if (year > 99 && year != every_year) return {};
  if ((month < 1 || month > 12) && month != every_month) return {};
  std::string text = year == every_year ? "****" : std::to_string(full_year(year, hundreds));
  text += "-" + (month == every_month ? "**" : two_digits(month));
  return text + "-" + (day == 0 ? "**" : two_digits(day));
}

std::string time_text_of(unsigned hour, unsigned minute, const unsigned* second) {
  if (hour > 24 || minute > 59 || (second && *second > 59)) return {};
  std::string text = two_digits(hour) + ":" + two_digits(minute);
  if (second) text += ":" + two_digits(*second);
  return text;
}

unsigned bits_from(std::uint64_t word, unsigned first, unsigned count) {
  return static_cast<unsigned>(word >> first & ((1U << count) - 1));
}

std::string joined(const std::string& date, const std::string& time) {
  return date.empty() || time.empty() ? std::string() : date + " " + time;
}

// Type G, two bytes
std::string date_of(std::uint64_t word) {
  const unsigned year = bits_from(word, 5, 3) | bits_from(word, 12, 4) << 3;
  return date_text(year, 0, bits_from(word, 8, 4), bits_from(word, 0, 5));
}

constexpr std::string_view invalid_mark = " (marked invalid)";

// Type F, four bytes
std::string date_and_time_of(std::uint64_t word) {
  const unsigned year = bits_from(word, 21, 3) | bits_from(word, 28, 4) << 3;
  const std::string text = joined(
      date_text(year, bits_from(word, 13, 2), bits_from(word, 24, 4), bits_from(word, 16, 5)),
      time_text_of(bits_from(word, 8, 5), bits_from(word, 0, 6), nullptr));
  const bool invalid = bits_from(word, 7, 1) != 0;
  return invalid && !text.empty() ? text + std::string(invalid_mark) : text;
}

// Type I, six bytes
std::string date_and_second_of(std::uint64_t word) {
  const unsigned second = bits_from(word, 0, 6);
  const std::string text =
      joined(date_of(word >> 24 & 0xFFFF),
             time_text_of(bits_from(word, 16, 5), bits_from(word, 8, 6), &second));
  const bool invalid = bits_from(word, 15, 1) != 0;
  return invalid && !text.empty() ? text + std::string(invalid_mark) : text;
}

// Type J, three bytes
std::string time_of_day(std::uint64_t word) {
  const unsigned second = bits_from(word, 0, 6);
  return time_text_of(bits_from(word, 16, 5), bits_from(word, 8, 6), &second);
}

// "not set" for one that says so; empty for bytes that are no moment.
std::string moment_text(Bytes least_first) {
  const auto all = [least_first](std::uint8_t value) {
    return std::all_of(least_first.begin(), least_first.end(),
                       [value](auto byte) { return byte == value; });
  };
  constexpr std::size_t time_size = 3;  // of which all zeros are midnight
  if (all(0xFF) || (all(0) && least_first.size() != time_size)) return "not set";
  const std::uint64_t word = read_le(least_first, 0, least_first.size());
  switch (least_first.size()) {
    case 2:
      return date_of(word);
    case time_size:
      return time_of_day(word);
    case 4:
      return date_and_time_of(word);
    case 6:
      return date_and_second_of(word);
    default:
      return {};
  }
}

// --- Values

Value flags(Bytes least_first) {
  const std::vector<std::uint8_t> most_first(least_first.rbegin(), least_first.rend());
  const auto number = static_cast<double>(read_le(least_first, 0, least_first.size()));
  return {"0x" + hex(most_first), number};
}

Value integer_value(const Plain& plain, const Quantity& quantity) {
  const std::uint64_t word = read_le(plain.bytes, 0, plain.bytes.size());
  switch (quantity.form) {
    case Form::moment: {
      std::string text = moment_text(plain.bytes);
      if (text.empty()) text = "no date and time: " + hex(plain.bytes, " ");
      return {std::move(text), {}};
    }
    case Form::flags:
      return flags(plain.bytes);
    case Form::identification:
      return {std::to_string(word), static_cast<double>(word)};
    default:
      if (is_invalid(plain.bytes)) return {"invalid", {}};
      return integer(sign_extended(plain.bytes), quantity.exponent);
  }
}

Value bcd_value(const Plain& plain, const Quantity& quantity) {
  const Digits digits = digits_in(plain);
  const char* sign = digits.negative ? "-" : "";
  if (!digits.decimal) return {"no number: " + (sign + digits.text), {}};
  if (quantity.form == Form::number)
    return decimal(digits.negative, digits.text, quantity.exponent);
  return {sign + digits.text, number_of(sign + digits.text)};
}

constexpr std::string_view ends_in_header = "the data end in its header";
constexpr std::string_view ends_in_value = "the data end in its value";
constexpr std::string_view reserved_dif = "its DIF is reserved";
constexpr std::string_view reserved_length = "the length of its value is reserved";
constexpr std::string_view too_many = "it has more extensions than are allowed";

// Whether a header that could not be read goes on beyond the data, and not beyond what is allowed.
bool header_is_cut(Bytes bytes) {
  std::size_t at = 0;
  while (at < bytes.size() && (bytes[at] & extension) != 0) ++at;
  if (at >= bytes.size()) return at <= most_difes;
  const Bytes behind = bytes.subspan(at + 1);
  if (at > most_difes) return false;
  if (behind.empty() || (behind[0] & 0x7F) == 0x7C) return true;
  return behind.size() <= most_difes + 1;
}

}  // namespace

std::optional<RecordHeader> parse_record_header(Bytes bytes, Order order) {
  if (bytes.empty()) return std::nullopt;
  RecordHeader header;
  header.dif = bytes[0];
  if (coding_of(header) == Coding::special) return std::nullopt;
  header.function = static_cast<Function>(header.dif >> 4 & 3);
  header.storage = header.dif >> 6 & 1;
  std::size_t at = 1;
  for (bool more = (header.dif & extension) != 0; more; ++at) {
    if (at >= bytes.size() || header.dife_count == most_difes) return std::nullopt;
    const std::uint8_t dife = bytes[at];
    const auto place = static_cast<unsigned>(header.dife_count++);
    header.storage |= std::uint64_t{dife & 0x0FU} << (1 + 4 * place);
    header.tariff |= (dife >> 4 & 3U) << (2 * place);
    header.subunit |= (dife >> 6 & 1U) << place;
    more = (dife & extension) != 0;
  }
  header.vif_offset = at;
  const auto value = parse_value_information(bytes.subspan(at), order);
  if (!value) return std::nullopt;
  header.value = *value;
  header.size = at + value->size;
  return header;
}

std::optional<std::size_t> value_size(const RecordHeader& header, Bytes behind) {
  if (coding_of(header) != Coding::variable) return fixed_size(coding_of(header));
  if (behind.empty()) return std::nullopt;
  const auto found = variable(behind[0]);
  if (!found) return std::nullopt;
  return 1 + found->size;
}

Value decode_value(const RecordHeader& header, Bytes value, Order order) {
  const Quantity& quantity = header.value.quantity;
  const Plain plain = plain_value(header, value, order);
  if (plain.content == Content::none) return {};
  if (plain.content == Content::text) return {characters(plain.bytes, Order::least_first), {}};
  if (quantity.form == Form::bytes || plain.content == Content::bytes)
    return {hex(value.last(plain.bytes.size()), " "), {}};
  switch (plain.content) {
    case Content::integer:
      return integer_value(plain, quantity);
    case Content::real:
      return real(static_cast<std::uint32_t>(read_le(plain.bytes, 0, plain.bytes.size())),
                  quantity.exponent);
    default:
      return bcd_value(plain, quantity);
  }
}

std::string digits_of(const RecordHeader& header, Bytes value, Order order) {
  const Plain plain = plain_value(header, value, order);
  if (plain.content != Content::bcd && plain.content != Content::negative_bcd) return {};
  const Digits digits = digits_in(plain);
  return (digits.negative ? "-" : "") + digits.text;
}

std::string with_unit(const Value& value, const Quantity& quantity) {
  if (value.text.empty()) return "no value";
  if (quantity.unit.empty() || !value.number) return value.text;
  return value.text + " " + quantity.unit;
}

std::string circumstances(const RecordHeader& header) {
  std::string text;
  const auto add = [&text](const std::string& words) {
    text += (text.empty() ? "" : ", ") + words;
  };
  if (header.function == Function::maximum) add("maximum");
  if (header.function == Function::minimum) add("minimum");
  if (header.function == Function::during_error) add("during an error");
  if (header.storage != 0) add("storage " + std::to_string(header.storage));
  if (header.tariff != 0) add("tariff " + std::to_string(header.tariff));
  if (header.subunit != 0) add("subunit " + std::to_string(header.subunit));
  return text;
}

std::string line_of(const Record& record) {
  switch (record.kind) {
    case Record::Kind::filler:
      return "Filler, " + std::to_string(record.size) + (record.size == 1 ? " byte" : " bytes");
    case Record::Kind::manufacturer_data:
      return "Manufacturer's data, " + std::to_string(record.size - 1) + " bytes";
    case Record::Kind::more_follow:
      return "More records follow in the next telegram; manufacturer's data, " +
             std::to_string(record.size - 1) + " bytes";
    case Record::Kind::global_readout:
      return "Request for everything (global readout)";
    case Record::Kind::malformed:
      return "Not a whole record: " + std::string(record.problem);
    case Record::Kind::value:
      break;
  }
  const Quantity& quantity = record.header.value.quantity;
  std::string line = quantity.name + ": ";
  line += quantity.error.empty() ? with_unit(record.value, quantity) : std::string(quantity.error);
  const std::string when = circumstances(record.header);
  if (!when.empty()) line += " (" + when + ")";
  return line;
}

Record Records::taken(Record record) {
  record.offset = at_;
  at_ += record.size;
  return record;
}

Record Records::rest(Record::Kind kind) {
  Record record;
  record.kind = kind;
  record.size = data_.size() - at_;
  return taken(std::move(record));
}

Record Records::malformed(std::string_view problem, bool cut) {
  Record record = rest(Record::Kind::malformed);
  record.problem = problem;
  record.cut = cut;
  return record;
}

std::optional<Record> Records::next() {
  constexpr std::uint8_t filler = 0x2F;
  if (at_ >= data_.size()) return std::nullopt;
  const Bytes left = data_.subspan(at_);
  Record record;
  switch (left[0]) {
    case filler:
      record.kind = Record::Kind::filler;
      record.size = static_cast<std::size_t>(
          std::find_if(left.begin(), left.end(), [](auto byte) { return byte != filler; }) -
          left.begin());
      return taken(std::move(record));
    case 0x0F:
      return rest(Record::Kind::manufacturer_data);
    case 0x1F:
      return rest(Record::Kind::more_follow);
    case 0x7F:
      record.kind = Record::Kind::global_readout;
      record.size = 1;
      return taken(std::move(record));
    default:
      break;
  }
  if ((left[0] & 0x0F) == 0x0F) return malformed(reserved_dif, false);
  auto header = parse_record_header(left, order_);
  if (!header) {
    const bool cut = header_is_cut(left);
    return malformed(cut ? ends_in_header : too_many, cut);
  }
  const Bytes behind = left.subspan(header->size);
  const auto size = value_size(*header, behind);
  if (!size && !behind.empty()) return malformed(reserved_length, false);
  if (!size || *size > behind.size()) return malformed(ends_in_value, true);
  record.value = decode_value(*header, behind.first(*size), order_);
  record.value_offset = header->size;
  record.size = header->size + *size;
  record.header = std::move(*header);
  return taken(std::move(record));
}

bool is_main_reading(const Record& record) {
  const RecordHeader& header = record.header;
  const Quantity& quantity = header.value.quantity;
  return record.kind == Record::Kind::value && quantity.reading && quantity.error.empty() &&
         record.value.number && header.function == Function::instantaneous && header.tariff == 0 &&
         header.subunit == 0;
}

std::optional<LongHeader> parse_long_header(Bytes bytes) {
  if (bytes.size() < long_header_size) return std::nullopt;
  LongHeader header;
  constexpr char names[] = "0123456789ABCDEF";
  for (std::size_t i = 4; i-- > 0;) {
    header.identification += names[bytes[i] >> 4];
    header.identification += names[bytes[i] & 0xF];
  }
  header.manufacturer = manufacturer_letters(static_cast<std::uint16_t>(read_le(bytes, 4, 2)));
  header.version = bytes[6];
  header.medium = bytes[7];
  header.access_number = bytes[8];
  header.status = bytes[9];
  header.signature = static_cast<std::uint16_t>(read_le(bytes, 10, 2));
  return header;
}

std::string manufacturer_letters(std::uint16_t manufacturer) {
  std::string letters;
  for (const int shift : {10, 5, 0})
    letters += static_cast<char>('@' + (manufacturer >> shift & 0x1F));
  return letters;
}

// EN 13757-7 numbers the modes.
unsigned encryption_mode(std::uint16_t signature) {
  const unsigned mode = signature >> 8 & 0x1F;
  switch (mode) {
    case 2:   // DES
    case 3:   // DES
    case 4:   // AES-128, initialised with zeros
    case 5:   // AES-128
    case 7:   // AES-128, derived key
    case 8:   // AES-128, counter
    case 9:   // AES-128, GCM
    case 10:  // AES-128, CCM
    case 13:  // TLS
      return mode;
    default:
      return 0;
  }
}

std::size_t encrypted_size(std::uint16_t signature, Bytes data) {
  constexpr std::size_t block = 16;
  constexpr std::uint8_t filler = 0x2F;
  const unsigned mode = encryption_mode(signature);
  if (mode == 0) return 0;
  if (data.size() >= 2 && data[0] == filler && data[1] == filler) return 0;
  // These count blocks in bits 4 to 7.
  if (mode == 4 || mode == 5) return std::min(data.size(), (signature >> 4 & 0xFU) * block);
  return data.size();
}

}  // namespace mep::mbus
