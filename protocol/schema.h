// The language in which tables are described: a description reads like the guide's page.
//
//   table(BT(63), "Load Profile Status", 237,
//         {array(load_profile_sets, "Data Set Status",
//                {bits(1, {bit(0, "Block Order", {{0, "ascending"}, {1, "descending"}}),
//                ...}).at(0),
//                 u16("Number of Valid Blocks").at(1),
//                 ...})})
//
// Nodes stand in wire order. A description is built once and never changes; everything else
// (dissection, encoding, field names, the field reference) walks over it.
// docs/adding-a-table.md explains the language by example.
//
// Protocol. To be added here: a kind of node, a type, a role: whatever descriptions say; how it is
// shown is the plugin's.
// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "protocol/expression.h"
#include "protocol/sensitive.h"

namespace mep {

// Names of a field's values, as the guide lists them.
using ValueNames = std::vector<std::pair<std::int64_t, std::string_view>>;
// Nothing where the list, which need not be complete, does not have the value.
std::optional<std::string_view> name_of_value(const ValueNames& names, std::int64_t value);

// Data types of pages 40 to 42. Multi-byte numbers are little-endian.
enum class Type : std::uint8_t {
  unsigned_int,  // UINTx, 1 to 8 bytes
  signed_int,    // INTx, NI_FMAT1, NI_FMAT2
  bits,          // BOOLs and bit ranges that share 1 to 4 bytes; see Node::bit_fields()
  set,           // SET: a row of BOOLs, bit 0 of byte 0 first
  bytes,         // ARRAY OF UINT8 without numeric meaning
  chars,         // ARRAY OF CHAR, ends at a zero byte or the last byte
  fill,          // FILLx, reserved and unused bytes
  bcd,           // packed BCD, least significant byte first (M-Bus identification numbers)
  float32,       // IEEE 754 single
  time,          // TIME: hour, minute, second
  ltime_date,    // LTIME_DATE: year, month, day, hour, minute, second
  stime_date,    // STIME_DATE: without the seconds
  rdate,         // RDATE: recurring date, 16 bits
  ansi_date,     // ANSI_DATE: year, month, day in 16 bits
};

// How a number is shown besides its digits.
enum class Format : std::uint8_t {
  plain,
  hex,
  table_id,           // C12.19 table number with flags
  procedure_id,       // BT07
  mbus_manufacturer,  // three letters in 15 bits, page 93
  source_id,          // BT22's list, page 204
  group_ids,          // group and sub-group, or all of either, page 131
  firmware_version,   // BT01: the lower byte of a version, behind the upper one, page 199
};

// What clock a time is on.
enum class Clock : std::uint8_t { unspecified, utc, local };

// In the order of Node::part.
enum class Kind : std::uint8_t {
  leaf,       // a field
  group,      // fields under a common heading
  array,      // `count` times the children
  record,     // children within exactly `size` bytes, whatever they add up to
  when,       // children that exist only if `condition` is not 0
  registers,  // `count` numbers, each named by the source it holds
};

// What a part of a description is to code that knows more of it than its type. Names are for people
// and may change; behaviour hangs on these.
enum class Role : std::uint8_t {
  none,
  // Load profile data, pages 239 to 241
  block,         // array: an element is a block of intervals
  block_end,     // when the block's most recently recorded interval ended
  block_status,  // SET: which of the block's intervals were recorded
  interval,      // array: an element is an interval
  channel_pair,  // array: element i has the status of the channels 2i+1 and 2i+2
  channel_0_status,
  odd_channel_status,   // of a pair: channel 2i+1
  even_channel_status,  // of a pair: channel 2i+2
  summer_time,          // bit: says nothing of an interval but which local time belongs to it
  // Registers, page 207
  tier,            // array: the same registers again, by tariff
  demands,         // array: an element is a demand register of BT22's Demand Select
  demand,          // registers: what it keeps, the largest or the smallest
  present_demand,  // registers: of the interval that runs
  // What is told in a few words of a table that has a Story
  moment,         // when registers, an event or a reading were
  serial_number,  // of the device that a reading is of
  flags,          // a word of bits, of which those that are set are told
  result_code,    // of a procedure, which may have readings of its own for it
  // What M-Bus devices delivered, pages 92 to 94
  response_info,        // the word that says how to read it
  device_records,       // a telegram's records; its header of 12 bytes stands right before
  channel_placeholder,  // element i: a device's bytes as channel i holds them, page 96
};

// What a table has to say in a few words.
enum class Story : std::uint8_t {
  none,
  energies,    // registers of one moment, which may be told
  snapshots,   // registers of several moments, each with its time
  powers,      // what is measured now
  intervals,   // of a load profile
  events,      // a log: what has a time is an entry
  devices,     // what other meters said last, each with its time
  device_log,  // the same over time
  clock,       // a time
  flags,       // what is set
};

// BOOL(x) or UINT(x..y) within a bits() field.
struct BitField {
  std::string name;
  std::uint8_t first = 0;  // bit 0 is the least significant of the first byte
  std::uint8_t last = 0;
  ValueNames values;
  Format format = Format::plain;
  Role role = Role::none;
  bool in_group = false;  // its filter name has the group's in front, needed or not
  std::optional<Dim> learned_dim;
  std::optional<std::uint16_t> learned_slot;  // otherwise the slot of the word's node
  std::uint32_t id = 0;                       // in the catalog
  constexpr bool single() const { return first == last; }

  // The value of these bits is that dimension.
  BitField learns(Dim dim) &&;
  BitField learns(Dim dim, std::uint16_t slot) &&;
  BitField shown_as(Format how) &&;
  BitField as(Role what) &&;
  // Keeps a filter name that was given when another field had the short one.
  BitField named_in_group() &&;
};

// A register's name for one source ID, where the table calls it differently from BT22's list.
struct SourceName {
  std::uint16_t source;
  std::string_view name;
  std::string_view unit;
  std::string_view remark = {};    // one line for the field reference
  std::string_view quantity = {};  // as Source's, where that list does not have the ID
};

// --- What nodes are made of

struct Node;
using Nodes = std::vector<Node>;

// What a size or a count hangs on besides dimensions; found out once, when a node is made.
struct Dependence {
  bool on_fields = false;        // earlier fields of the same record
  std::uint32_t on_indices = 0;  // bit n: the index of the array n levels further out

  Dependence operator|(const Dependence& other) const {
    return {on_fields || other.on_fields, on_indices | other.on_indices};
  }
};

// What few nodes have, apart from them. A value: a copy has its own.
template <typename T>
class Rare {
 public:
  Rare() = default;
  Rare(const Rare& other) : value_(other.value_ ? std::make_unique<T>(*other.value_) : nullptr) {}
  Rare(Rare&&) noexcept = default;
  Rare& operator=(Rare other) noexcept {
    value_ = std::move(other.value_);
    return *this;
  }
  ~Rare() = default;

  // As it is by default where nothing has been set.
  const T& get() const { return value_ ? *value_ : none; }
  // To be set.
  T& own() {
    if (!value_) value_ = std::make_unique<T>();
    return *value_;
  }

 private:
  inline static const T none{};
  std::unique_ptr<T> value_;
};

// What a field, or one number of a row of registers, is.
struct FieldPart {
  // What a value means where another table says so.
  struct Meaning {
    Dim dim;
    std::int32_t value;  // of the dimension: then these
    ValueNames names;
  };
  struct Details {
    ValueNames value_names;
    std::vector<Meaning> meanings;
    std::vector<BitField> bit_fields;
    std::optional<Dim> learned_dim;
    std::optional<Expr> learned_slot;  // nothing: index_of(0)
    std::optional<Expr> used_if;       // not: its value means nothing
    std::optional<Expr> source;        // whose unit the number has
  };

  Type type = Type::unsigned_int;
  Format format = Format::plain;
  Clock clock = Clock::unspecified;
  bool big_endian = false;  // unsigned numbers and words of bits, against the guide's rule
  std::uint32_t id = 0;     // in the catalog
  Expr size = 0;            // bytes
  std::string_view unit_text;
  Rare<Details> details;
};

struct GroupPart {
  Nodes children;
};

// What elements of an array are to people, besides their index.
struct ElementNames {
  std::vector<std::string_view> each;  // of the first ones: "voltage", "current"
  std::string_view counted;            // of all: "Data Set" 1, 2, ...
  std::uint8_t first = 0;              // the number of element 0
};

struct ArrayPart {
  Expr count = 1;
  Nodes children;
  bool plain = false;  // of one node that has its name, see array_of()
  Dependence of_elements;
  Rare<ElementNames> names;

  // "Data Set 2"; empty where elements have an index only.
  std::string element_name(std::uint32_t index) const;
};

struct RecordPart {
  Expr size = 0;  // bytes
  Nodes children;
};

struct WhenPart {
  Expr condition = 1;
  Nodes children;
};

struct RegistersPart {
  Expr count = 1;
  FieldPart number;                       // each of them
  Dim selection{};                        // which source each holds
  std::optional<Expr> selection_slot;     // nothing: index_of(0)
  bool one_name = false;                  // one field for all sources
  std::vector<SourceName> source_names;   // in default order
  std::vector<std::uint32_t> source_ids;  // catalog ids by source ID

  // What the row itself calls that source; null where BT22's list has to do.
  const SourceName* own_name(std::int32_t source) const;
};

struct Node {
  std::string name;
  std::optional<Expr> printed_offset;  // the guide's, from the start of the table
  std::string_view remark;             // one line for the field reference
  std::uint16_t page_number = 0;       // 0: as the node around it
  Role role = Role::none;
  // Of what is in it, too, unless that decides for itself. In the catalog each field has its own.
  Sensitive sensitivity = Sensitive::undecided;
  Dependence dependence;         // of the node's own size
  bool looks_at_fields = false;  // something in it asks for an earlier field
  std::variant<FieldPart, GroupPart, ArrayPart, RecordPart, WhenPart, Rare<RegistersPart>> part;

  Kind kind() const { return static_cast<Kind>(part.index()); }
  // Of fields and registers there are none.
  const Nodes& children() const {
    return std::visit(
        [](const auto& own) -> const Nodes& {
          if constexpr (requires { own.children; })
            return own.children;
          else
            return none;
        },
        part);
  }

  // What a field is, or each of a row of registers; as by default for other nodes.
  const FieldPart& field() const {
    const auto* own = std::get_if<FieldPart>(&part);
    return own ? *own : number_of_registers();
  }
  Type type() const { return field().type; }
  const ValueNames& value_names() const { return field().details.get().value_names; }
  const std::vector<BitField>& bit_fields() const { return field().details.get().bit_fields; }
  const std::optional<Dim>& learned_dim() const { return field().details.get().learned_dim; }
  // Null for other nodes.
  const ArrayPart* array() const { return std::get_if<ArrayPart>(&part); }
  const RegistersPart* registers() const {
    const auto* row = std::get_if<Rare<RegistersPart>>(&part);
    return row ? &row->get() : nullptr;
  }
  bool is_plain_array() const { return array() && array()->plain; }
  // Whether a field takes all that is left of the enclosing record, or of the data.
  bool takes_rest() const;

  // For those who build: the same, to be changed. The node must be of that kind.
  FieldPart& own_field();
  Nodes& own_children();
  RegistersPart& own_registers() { return std::get<Rare<RegistersPart>>(part).own(); }

  // Modifiers, to be chained behind a constructor function.
  // The offset that the guide prints, from the start of the table (for fields of an array: of its
  // element 0). Checked by a test.
  Node at(const Expr& offset) &&;
  Node unit(std::string_view text) &&;  // "Wh", "mV", "s", "0.1 %"
  Node values(ValueNames names) &&;
  Node shown_as(Format how) &&;
  Node page(std::uint16_t number) &&;
  Node note(std::string_view text) &&;  // must be a literal
  Node on(Clock which) &&;
  Node as(Role what) &&;
  Node sensitive(Sensitive what) &&;
  // What else the values mean while that dimension is known to be `value`.
  Node means(Dim dim, std::int32_t value, ValueNames names) &&;
  // Otherwise it is shown as unused. The condition may ask for the field itself.
  Node used_if(const Expr& condition) &&;
  // The number is one of that source (BT22's list), and has its unit.
  Node of_source(const Expr& source) &&;
  // The first byte is the most significant one.
  Node big_endian() &&;
  // The value of this field is that dimension.
  Node learns(Dim dim) &&;
  Node learns(Dim dim, const Expr& slot) &&;
  // Arrays: what the elements are. The first ones by name, or all of them by number.
  Node called(std::vector<std::string_view> names) &&;          // must be literals
  Node numbered(std::string_view name, std::uint8_t first) &&;  // "Data Set", 1: must be a literal
  // Registers that are all filtered by the row's own name; the source is only shown.
  Node under_one_name() &&;
  // Registers: element index_of(0) holds the source in that slot of the selection.
  Node selected_by(const Expr& slot) &&;

 private:
  static const Nodes none;
  const FieldPart& number_of_registers() const;
};

struct Table {
  std::uint16_t number;  // as on the wire
  std::string_view name;
  std::uint16_t page;
  Node root;  // a group
  Story story = Story::none;
  // Filled in by the catalog:
  bool teaches = false;  // bytes of it tell dimensions
  bool past = false;     // its readings are those of earlier moments, which it tells

  Table tells(Story what) &&;
};

// Pages are the MEP guide's. What only the Optical Port Programmer's Guide (C21F) lays out has
// pages of that one: optical_page(45).
constexpr std::uint16_t optical_page_flag = 0x8000;
constexpr std::uint16_t optical_page(std::uint16_t number) {
  return number | optical_page_flag;
}
// "196", "opt. 45"
std::string page_text(std::uint16_t page);

// As a leaf's size: all that is left of the enclosing record, or of the data.
// Outside of what expressions can compute.
inline constexpr std::int64_t rest_of_record = std::numeric_limits<std::int64_t>::min();

// --- Fields -------------------------------------------------------------------------------------

Node u8(std::string_view name);
Node u16(std::string_view name);
Node u24(std::string_view name);
Node u32(std::string_view name);
Node u40(std::string_view name);
Node u48(std::string_view name);
Node u64(std::string_view name);
Node i8(std::string_view name);
Node i16(std::string_view name);
Node i24(std::string_view name);
Node i32(std::string_view name);
Node i40(std::string_view name);
Node i48(std::string_view name);
Node ni_fmat1(std::string_view name);  // INT32 here, page 40
Node ni_fmat2(std::string_view name);
Node float32(std::string_view name);
Node time(std::string_view name);
Node ltime_date(std::string_view name);
Node stime_date(std::string_view name);
Node rdate(std::string_view name);
Node ansi_date(std::string_view name);
Node chars(std::string_view name, const Expr& size);
Node bytes(std::string_view name, const Expr& size);
Node bcd(std::string_view name, const Expr& size);
Node set(std::string_view name, const Expr& size);
// FILLx, "Reserved", "Unused": shown as bytes, all under one name.
Node fill(const Expr& size, std::string_view name = "Filler");

// Bits that share `size` bytes (1 to 4, little-endian). Bit numbers count from the least
// significant bit of the first byte. The word itself may have a name of its own ("MEP Flags").
BitField bit(std::uint8_t number, std::string_view name, ValueNames values = {});
BitField bits_of(std::uint8_t first, std::uint8_t last, std::string_view name,
                 ValueNames values = {});
Node bits(std::size_t size, std::vector<BitField> fields);
Node bits(std::string_view name, std::size_t size, std::vector<BitField> fields);

// --- Structure ----------------------------------------------------------------------------------

Node group(std::string_view name, Nodes children);
// `count` times the same. The name is that of one element ("Device Config"); the element's index
// is shown behind it.
Node array(const Expr& count, std::string_view name, Nodes children);
// ARRAY OF a plain type, under the element's name: array_of(Dim::summations, u8("Summation
// Sources")).
Node array_of(const Expr& count, Node element);
// Children within exactly `size` bytes: what is left over is shown as unused, and what does not
// fit is cut. Needed around anything whose layout depends on its own contents.
Node record(const Expr& size, Nodes children);
// Children that exist only if `condition` is true. An unknown condition (it looks at a field that
// is not visible) ends the decoding of the enclosing record.
Node when(const Expr& condition, Nodes children);
// Whatever bytes remain in the enclosing record.
Node rest(std::string_view name);
// `count` numbers of `element`'s type. Element i holds the source that `selection` says; before
// that has been seen, source_names[i]. Shown and filtered by the source's name.
Node registers(std::string_view name, const Expr& count, Node element, Dim selection,
               std::vector<SourceName> source_names);

Table table(std::uint16_t number, std::string_view name, std::uint16_t page, Nodes nodes);

// --- Measurement sources (BT22, page 204) -------------------------------------------------------

enum class Measure : std::uint8_t {
  other,
  energy,  // counts in units of 1, 10 or 100 Wh or varh, as Dim::energy_register_unit says
};

struct Source {
  std::uint16_t id;
  std::string_view name;
  std::string_view unit;
  // What is measured, for all tables and meters: "voltage.l1"; see quantity.h. Empty for what has
  // no unit: counters, pulses, demands.
  std::string_view quantity = {};
  Measure measure = Measure::other;
};
// All of them, in ascending order of ID.
std::span<const Source> sources();
// Nothing where the guide does not list the ID.
const Source* find_source(std::uint16_t id);

}  // namespace mep
