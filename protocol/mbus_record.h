// M-Bus application data: what an M-Bus device answered, as ET16, ET45 and ET74 keep it (pages 92
// to 95). EN 13757-3: a header, then records, each of data information (DIF, DIFEs), value
// information (VIF, VIFEs) and a value.
//
//   Records records(data, Order::least_first);
//   while (const auto record = records.next()) …
//
// Everything here may be anything: nothing is read beyond what was given, and each step of the walk
// takes at least a byte.
//
// Protocol. To be added here: what records and the header are made of; which quantity a VIF means
// is mbus_quantity.h's.
// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "protocol/mbus_quantity.h"
#include "protocol/types.h"

namespace mep::mbus {

// Bits 4 and 5 of a DIF.
enum class Function : std::uint8_t { instantaneous, maximum, minimum, during_error };

// A data record header (DRH): the DIF, the VIF, and what extends them.
struct RecordHeader {
  std::size_t size = 0;  // bytes
  std::uint8_t dif = 0;
  std::size_t dife_count = 0;  // up to ten, behind the DIF
  Function function = Function::instantaneous;
  std::uint64_t storage = 0;
  std::uint32_t tariff = 0;
  std::uint32_t subunit = 0;
  std::size_t vif_offset = 0;  // from the DIF
  ValueInformation value;
};

// `bytes` begins with a DIF and may go on behind the header. Nothing where they end within it,
// where it has more extensions than are allowed, or for the DIFs that begin no record of a value
// (0xXF).
std::optional<RecordHeader> parse_record_header(Bytes bytes, Order order);

// How many bytes the value takes that begins `behind` the header, its length byte included where it
// has one. Nothing where `behind` is empty and the length stands there, or the length is reserved.
std::optional<std::size_t> value_size(const RecordHeader& header, Bytes behind);

// A value, as far as it is one.
struct Value {
  // Without a unit: "2318.106", "2026-03-02 07:30", "0x0004"; of bytes: "a4 01". Exact: what is
  // coded with three decimal places has three. Empty where the record has no value.
  std::string text;
  // In the quantity's unit, the double nearest to `text`; of flags their number. Nothing for texts,
  // moments, bytes, and for numbers that are marked as invalid.
  std::optional<double> number;
};

// `value`: as many bytes as value_size() says.
Value decode_value(const RecordHeader& header, Bytes value, Order order);

// The digits of packed BCD as they are, "02318106", with a minus sign for an F in front; nothing
// for other codings. `value` as in decode_value().
std::string digits_of(const RecordHeader& header, Bytes value, Order order);

// "2318.106 m³"; the text alone where there is no unit; "no value" for an empty one.
std::string with_unit(const Value& value, const Quantity& quantity);
// What tells this value from others of the same quantity: "maximum, storage 1, tariff 2"; empty for
// the present value of tariff 0.
std::string circumstances(const RecordHeader& header);

struct Record {
  enum class Kind : std::uint8_t {
    value,
    filler,             // bytes 0x2F
    manufacturer_data,  // 0x0F: the rest is the maker's
    more_follow,        // 0x1F: so it is, and the next telegram has more records
    global_readout,     // 0x7F: asks for everything
    malformed,          // nothing behind can be told
  };
  Kind kind = Kind::value;
  std::size_t offset = 0;    // of its first byte
  std::size_t size = 0;      // bytes, all of it; at least 1
  std::string_view problem;  // malformed: why. A literal
  bool cut = false;          // malformed because the data end within it
  // Of values:
  RecordHeader header;
  std::size_t value_offset = 0;  // from the record's first byte
  Value value;
};

// "Volume: 2318.106 m³ (storage 1, tariff 2)"; for the other kinds what they are.
std::string line_of(const Record& record);

// Walks over the records of a telegram.
class Records {
 public:
  // `data` must outlive this.
  Records(Bytes data, Order order) : data_(data), order_(order) {}
  // Nothing at the end. A malformed record takes all that is left.
  std::optional<Record> next();

 private:
  Record malformed(std::string_view problem, bool cut);
  Record rest(Record::Kind kind);
  Record taken(Record record);

  Bytes data_;
  Order order_;
  std::size_t at_ = 0;
};

// Whether the record is what its device is read for: a present total with a number.
bool is_main_reading(const Record& record);

// --- The header of a telegram (page 93; EN 13757-3, "long header") ---

inline constexpr std::size_t long_header_size = 12;

struct LongHeader {
  std::string identification;  // eight digits
  std::string manufacturer;    // three letters
  std::uint8_t version = 0;
  std::uint8_t medium = 0;
  std::uint8_t access_number = 0;
  std::uint8_t status = 0;
  std::uint16_t signature = 0;  // today's name: configuration word
};

// `bytes`: the header, least significant bytes first in either order of data; nothing where they
// are fewer.
std::optional<LongHeader> parse_long_header(Bytes bytes);

// The three letters of a manufacturer's number, page 93.
std::string manufacturer_letters(std::uint16_t manufacturer);

// The mode of encryption in a signature's bits 8 to 12; 0 for none, and for numbers that mean no
// mode, which old devices have there.
unsigned encryption_mode(std::uint16_t signature);

// How many bytes at the beginning of `data` are encrypted: none without a mode, and none where they
// begin as decrypted data do, with 2F 2F.
std::size_t encrypted_size(std::uint16_t signature, Bytes data);

}  // namespace mep::mbus
