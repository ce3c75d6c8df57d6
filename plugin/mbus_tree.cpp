// SPDX-License-Identifier: GPL-2.0-or-later
#include "plugin/mbus_tree.h"

#include <string>

#include "plugin/reading_fields.h"
#include "plugin/registry.h"
#include "protocol/device_source.h"
#include "protocol/mbus_record.h"

namespace mep::plugin {
namespace {

const value_string* names_of_media() {
  ValueNames names;
  for (int medium = 0; medium < 256; ++medium)
    if (const auto name = mbus::medium_name(static_cast<std::uint8_t>(medium)); !name.empty())
      names.emplace_back(medium, name);
  return value_strings(names);
}

const value_string functions[] = {{0, "instantaneous value"},
                                  {1, "maximum"},
                                  {2, "minimum"},
                                  {3, "value during an error"},
                                  {0, nullptr}};
const value_string application_errors[] = {{0, "no error"},
                                           {1, "application busy"},
                                           {2, "any application error"},
                                           {3, "reserved"},
                                           {0, nullptr}};
const value_string encryption_modes[] = {{0, "none"},
                                         {2, "DES, zero vector"},
                                         {3, "DES"},
                                         {4, "AES-128, zero vector"},
                                         {5, "AES-128"},
                                         {7, "AES-128, derived key"},
                                         {8, "AES-128, counter"},
                                         {9, "AES-128, GCM"},
                                         {10, "AES-128, CCM"},
                                         {13, "TLS"},
                                         {0, nullptr}};

// The telegram's header, again: under one name for all tables that hold telegrams.
const Field hf_device_id("Device", "mep.mbus.device_id", FT_STRING, BASE_NONE, nullptr, 0,
                         "The identification number of the M-Bus device");
const Field hf_manufacturer("Manufacturer", "mep.mbus.manufacturer", FT_STRING, BASE_NONE, nullptr,
                            0, "Of the M-Bus device, three letters");
const Field hf_version("Version", "mep.mbus.version", FT_UINT8, BASE_DEC, nullptr, 0,
                       "Of the M-Bus device");
const Field hf_medium("Medium", "mep.mbus.medium", FT_UINT8, BASE_DEC,
                      Strings::Made{[] { return static_cast<const void*>(names_of_media()); }}, 0,
                      "What the M-Bus device measures");
const Field hf_access_number("Access number", "mep.mbus.access_number", FT_UINT8, BASE_DEC, nullptr,
                             0, "Counts the answers of the M-Bus device");
const Field hf_status("Status", "mep.mbus.status", FT_UINT8, BASE_HEX, nullptr, 0,
                      "Of the M-Bus device");
const Field hf_application_error("Application error", "mep.mbus.status.application_error", FT_UINT8,
                                 BASE_DEC, VALS(application_errors), 0x03, nullptr);
const Field hf_power_low("Power low", "mep.mbus.status.power_low", FT_BOOLEAN, 8, nullptr, 0x04,
                         nullptr);
const Field hf_permanent_error("Permanent error", "mep.mbus.status.permanent_error", FT_BOOLEAN, 8,
                               nullptr, 0x08, nullptr);
const Field hf_temporary_error("Temporary error", "mep.mbus.status.temporary_error", FT_BOOLEAN, 8,
                               nullptr, 0x10, nullptr);
const Field hf_encryption("Encryption mode", "mep.mbus.encryption", FT_UINT8, BASE_DEC,
                          VALS(encryption_modes), 0, "By the signature (configuration word)");
const NotedField hf_encrypted("Encrypted", "mep.mbus.encrypted", FT_BYTES, BASE_NONE, nullptr,
                              "Records that only who has the device's key can read", PI_UNDECODED,
                              PI_NOTE, "The M-Bus device encrypted its records");

const NotedField hf_record("Record", "mep.mbus.record", FT_STRING, BASE_NONE, nullptr,
                           "An M-Bus record in words (EN 13757-3)", PI_MALFORMED, PI_WARN,
                           "Not a whole M-Bus record");
const Field hf_dif("DIF", "mep.mbus.dif", FT_UINT8, BASE_HEX, nullptr, 0,
                   "Data information field: coding, function, storage number");
const Field hf_dife("DIFEs", "mep.mbus.dife", FT_BYTES, BASE_NONE, nullptr, 0,
                    "Extensions: more of the storage number, tariff, subunit");
const Field hf_vif("VIF", "mep.mbus.vif", FT_UINT8, BASE_HEX, nullptr, 0,
                   "Value information field: quantity, unit, decimal places");
const Field hf_vife("VIFEs", "mep.mbus.vife", FT_BYTES, BASE_NONE, nullptr, 0,
                    "Extensions: quantities of further tables, what is special about the value");
const Field hf_function("Function", "mep.mbus.function", FT_UINT8, BASE_DEC, VALS(functions), 0,
                        "Bits 4 and 5 of the DIF");
const Field hf_storage("Storage number", "mep.mbus.storage", FT_UINT64, BASE_DEC, nullptr, 0,
                       "0: the present value; others are kept from earlier");
const Field hf_tariff("Tariff", "mep.mbus.tariff", FT_UINT32, BASE_DEC, nullptr, 0, "0: in total");
const Field hf_subunit("Subunit", "mep.mbus.subunit", FT_UINT32, BASE_DEC, nullptr, 0,
                       "Of a device that consists of several");
const Field hf_quantity("Quantity", "mep.mbus.quantity", FT_STRING, BASE_NONE, nullptr, 0,
                        "What the value is of, by VIF and VIFEs");
const Field hf_value("Value", "mep.mbus.value", FT_DOUBLE, BASE_NONE, nullptr, 0,
                     "In the unit of mep.mbus.unit");
const Field hf_value_text("Value as text", "mep.mbus.value_text", FT_STRING, BASE_NONE, nullptr, 0,
                          "Exact, without a unit; also of what is no number");
const Field hf_unit("Unit", "mep.mbus.unit", FT_STRING, BASE_NONE, nullptr, 0, nullptr);
const NotedField hf_error("Error", "mep.mbus.error", FT_STRING, BASE_NONE, nullptr,
                          "What the M-Bus device says in place of a value", PI_RESPONSE_CODE,
                          PI_NOTE, "The M-Bus device has no value");
const Field hf_channel("Device's channel", "mep.mbus.channel", FT_STRING, BASE_NONE, nullptr, 0,
                       "Of a load profile, by ET66, ET57 and what the device measures");
const Field hf_digits("Digits", "mep.mbus.digits", FT_STRING, BASE_NONE, nullptr, 0,
                      "Of BCD in a load profile's channel, as they are");
const Subtree ett_channel;
const Subtree ett_records;
const Subtree ett_record;
const Subtree ett_status;

// --- Found out first, with whatever that takes; the tree is made of what it left in the pool

struct Part {
  mbus::Record::Kind kind;
  int offset;  // from the first record
  int size;
  bool cut_by_frame;
  const char* line;
  // Of values:
  int dife_count, vif_offset, vife_offset, vife_count, value_offset;
  mbus::Function function;
  std::uint64_t storage;
  std::uint32_t tariff, subunit;
  const char* quantity;
  const char* unit;   // null: none
  const char* text;   // null: no value
  const char* error;  // null: none
  bool has_number;
  double number;
  DeviceReadingField reading;
};

struct Header {
  bool known;
  const char* identification;
  const char* manufacturer;
  std::uint8_t version, medium, access_number, status;
  unsigned encryption;
};

struct Telegram {
  Bytes data;    // the records, as far as they are here
  Bytes before;  // the header; empty where this frame does not have it
  mbus::Order order;
  bool cut;
  std::size_t encrypted;  // bytes at the beginning

  Bytes open() const { return data.subspan(encrypted); }
};

const char* kept_in(wmem_allocator_t* pool, const std::string& text) {
  return wmem_strndup(pool, text.data(), text.size());
}

Telegram telegram_of(const Found& found, const Stretch& stretch, const DevicePlace& place) {
  constexpr std::uint8_t most_significant_first = 0x01;  // Response Info, page 92
  constexpr std::uint8_t decrypted = 0x04;
  Telegram telegram{bytes_of(found, stretch), {}, mbus::Order::least_first, !found.complete, 0};
  if ((place.response_info & most_significant_first) != 0) telegram.order = mbus::Order::most_first;
  const std::uint64_t at = found.visible_from - stretch.offset;
  if (at >= mbus::long_header_size)
    telegram.before = stretch.bytes.subspan(at - mbus::long_header_size, mbus::long_header_size);
  const auto header = mbus::parse_long_header(telegram.before);
  if (header && (place.response_info & decrypted) == 0)
    telegram.encrypted = mbus::encrypted_size(header->signature, telegram.data);
  return telegram;
}

Header header_of(wmem_allocator_t* pool, const Telegram& telegram) {
  const auto header = mbus::parse_long_header(telegram.before);
  if (!header) return {};
  return {true,
          kept_in(pool, header->identification),
          kept_in(pool, header->manufacturer),
          header->version,
          header->medium,
          header->access_number,
          header->status,
          mbus::encryption_mode(header->signature)};
}

// What was kept for a while by the device itself, or by the meter.
Measured measured_by_device(Measured by_table, std::uint64_t storage) {
  return by_table == Measured::present && storage > 0 ? Measured::past : by_table;
}

Part part_of(wmem_allocator_t* pool, const mbus::Record& record, const Telegram& telegram,
             Measured when) {
  Part part{};
  part.kind = record.kind;
  part.offset = static_cast<int>(telegram.encrypted + record.offset);
  part.size = static_cast<int>(record.size);
  part.cut_by_frame = record.cut && telegram.cut;
  part.line = part.cut_by_frame ? "Record, cut by the read" : kept_in(pool, line_of(record));
  if (record.kind != mbus::Record::Kind::value) return part;
  const mbus::RecordHeader& header = record.header;
  const mbus::ValueInformation& value = header.value;
  part.dife_count = static_cast<int>(header.dife_count);
  part.vif_offset = static_cast<int>(header.vif_offset);
  part.vife_offset = static_cast<int>(value.vife_offset);
  part.vife_count = static_cast<int>(value.vife_count);
  part.value_offset = static_cast<int>(record.value_offset);
  part.function = header.function;
  part.storage = header.storage;
  part.tariff = header.tariff;
  part.subunit = header.subunit;
  part.quantity = kept_in(pool, value.quantity.name);
  if (!value.quantity.error.empty()) {
    part.error = value.quantity.error.data();  // a literal
    return part;
  }
  if (record.value.text.empty()) return part;
  part.text = kept_in(pool, record.value.text);
  part.has_number = record.value.number.has_value();
  part.number = record.value.number.value_or(0);
  if (part.has_number && !value.quantity.unit.empty())
    part.unit = kept_in(pool, value.quantity.unit);
  if (is_main_reading(record))
    part.reading = device_reading_field(value.quantity, measured_by_device(when, header.storage));
  return part;
}

// An array of Part.
wmem_array_t* parts_of(wmem_allocator_t* pool, const Telegram& telegram, Measured when) {
  wmem_array_t* parts = wmem_array_new(pool, sizeof(Part));
  mbus::Records records(telegram.open(), telegram.order);
  while (const auto record = records.next()) {
    const Part part = part_of(pool, *record, telegram, when);
    wmem_array_append(parts, &part, 1);
  }
  return parts;
}

// The texts are empty where there is none.
struct Channel {
  bool known;
  const char* line;
  const char* channel;
  const char* digits;
  const char* quantity;
  const char* unit;
  const char* text;
  bool has_number;
  double number;
  DeviceReadingField reading;
};

Channel channel_of(wmem_allocator_t* pool, std::uint16_t source, Bytes channel_bytes,
                   const Dimensions& dimensions, Measured when) {
  const auto read = channel_value(source, channel_bytes, dimensions);
  if (!read) return {};
  return {true,
          kept_in(pool, read->text()),
          kept_in(pool, read->channel),
          kept_in(pool, read->digits),
          kept_in(pool, read->quantity),
          kept_in(pool, read->unit),
          kept_in(pool, read->value.text),
          read->value.number.has_value(),
          read->value.number.value_or(0),
          read->reading ? device_reading_field(read->measured, when) : DeviceReadingField{}};
}

// --- The tree

// Without bytes: they stand outside of the item that this is under.
void show_header(proto_tree* tree, tvbuff_t* tvb, const Header& header) {
  add_generated(tree, hf_device_id, tvb, header.identification);
  add_generated(tree, hf_manufacturer, tvb, header.manufacturer);
  add_generated(tree, hf_version, tvb, header.version);
  add_generated(tree, hf_medium, tvb, header.medium);
  add_generated(tree, hf_access_number, tvb, header.access_number);
  proto_item* status = add_generated(tree, hf_status, tvb, header.status);
  proto_tree* bits = proto_item_add_subtree(status, ett_status);
  add_generated(bits, hf_application_error, tvb, header.status);
  for (const Field* bit : {&hf_power_low, &hf_permanent_error, &hf_temporary_error})
    proto_item_set_generated(proto_tree_add_boolean(bits, *bit, tvb, 0, 0, header.status));
  if (header.encryption != 0) add_generated(tree, hf_encryption, tvb, header.encryption);
}

// `at`: where the record begins in `tvb`.
void show_value(proto_tree* tree, tvbuff_t* tvb, packet_info* pinfo, int at, const Part& part) {
  proto_tree_add_item(tree, hf_dif, tvb, at, 1, ENC_NA);
  if (part.dife_count > 0) proto_tree_add_item(tree, hf_dife, tvb, at + 1, part.dife_count, ENC_NA);
  const int vif = at + part.vif_offset;
  proto_tree_add_item(tree, hf_vif, tvb, vif, 1, ENC_NA);
  if (part.vife_count > 0)
    proto_tree_add_item(tree, hf_vife, tvb, vif + part.vife_offset, part.vife_count, ENC_NA);
  const int header_size = part.value_offset;
  proto_item_set_generated(proto_tree_add_uint(tree, hf_function, tvb, at, 1,
                                               static_cast<std::uint32_t>(part.function)));
  proto_item_set_generated(
      proto_tree_add_uint64(tree, hf_storage, tvb, at, 1 + part.dife_count, part.storage));
  proto_item_set_generated(
      proto_tree_add_uint(tree, hf_tariff, tvb, at, 1 + part.dife_count, part.tariff));
  proto_item_set_generated(
      proto_tree_add_uint(tree, hf_subunit, tvb, at, 1 + part.dife_count, part.subunit));
  proto_item_set_generated(proto_tree_add_string(tree, hf_quantity, tvb, vif,
                                                 header_size - part.vif_offset, part.quantity));
  const int value = at + header_size;
  const int size = part.size - header_size;
  if (part.error) {
    proto_item* item =
        proto_tree_add_string(tree, hf_error, tvb, vif, header_size - part.vif_offset, part.error);
    proto_item_set_generated(item);
    hf_error.note.add(pinfo, item, "The M-Bus device has no value: %s", part.error);
  }
  if (part.has_number) {
    proto_tree_add_double_format_value(tree, hf_value, tvb, value, size, part.number, "%s%s%s",
                                       part.text, part.unit ? " " : "", part.unit ? part.unit : "");
    add_device_reading(pinfo, tree, part.reading, tvb, part.number);
  }
  if (part.text) proto_tree_add_string(tree, hf_value_text, tvb, value, size, part.text);
  if (part.unit)
    proto_item_set_generated(
        proto_tree_add_string(tree, hf_unit, tvb, vif, header_size - part.vif_offset, part.unit));
}

}  // namespace

void show_channel_value(const TableBytes& shown, proto_item* item, std::uint16_t source,
                        Bytes channel_bytes, const Dimensions& dimensions, bool is_reading) {
  const Channel read =
      channel_of(shown.pinfo->pool, source, channel_bytes, dimensions, shown.measured);
  if (!read.known) return;
  proto_item_append_text(item, " [%s]", is_reading ? read.line : read.channel);
  proto_tree* tree = proto_item_add_subtree(item, ett_channel);
  add_generated(tree, hf_channel, shown.tvb, read.channel);
  if (!is_reading) return;
  if (read.digits[0]) add_generated(tree, hf_digits, shown.tvb, read.digits);
  if (read.quantity[0]) add_generated(tree, hf_quantity, shown.tvb, read.quantity);
  if (read.has_number) {
    proto_item* number =
        proto_tree_add_double_format_value(tree, hf_value, shown.tvb, 0, 0, read.number, "%s%s%s",
                                           read.text, read.unit[0] ? " " : "", read.unit);
    proto_item_set_generated(number);
    add_device_reading(shown.pinfo, tree, read.reading, shown.tvb, read.number);
  }
  if (read.text[0]) add_generated(tree, hf_value_text, shown.tvb, read.text);
  if (read.unit[0]) add_generated(tree, hf_unit, shown.tvb, read.unit);
}

bool holds_records(const Found& found) {
  return found.what == Found::What::leaf && found.node->role == Role::device_records &&
         found.visible_from == found.position;
}

void show_records(const TableBytes& shown, proto_item* item, const Found& found,
                  const DevicePlace& place) {
  const Telegram telegram = telegram_of(found, shown.stretch, place);
  const Header header = header_of(shown.pinfo->pool, telegram);
  const wmem_array_t* parts = parts_of(shown.pinfo->pool, telegram, shown.measured);
  const int at = shown.offset + static_cast<int>(found.visible_from - shown.stretch.offset);
  proto_tree* tree = proto_item_add_subtree(item, ett_records);
  if (header.known) show_header(tree, shown.tvb, header);
  if (telegram.encrypted > 0) {
    proto_item* encrypted = proto_tree_add_item(tree, hf_encrypted, shown.tvb, at,
                                                static_cast<int>(telegram.encrypted), ENC_NA);
    hf_encrypted.note.add(shown.pinfo, encrypted);
  }
  for (unsigned i = 0; i < wmem_array_get_count(const_cast<wmem_array_t*>(parts)); ++i) {
    const auto& part =
        *static_cast<const Part*>(wmem_array_index(const_cast<wmem_array_t*>(parts), i));
    const int from = at + part.offset;
    proto_item* line = proto_tree_add_string_format(tree, hf_record, shown.tvb, from, part.size,
                                                    part.line, "%s", part.line);
    if (part.kind == mbus::Record::Kind::malformed && !part.cut_by_frame)
      hf_record.note.add(shown.pinfo, line);
    if (part.kind == mbus::Record::Kind::value)
      show_value(proto_item_add_subtree(line, ett_record), shown.tvb, shown.pinfo, from, part);
  }
}

std::vector<DeviceReading> device_readings(const Found& found, const Stretch& stretch,
                                           const DevicePlace& place) {
  const Telegram telegram = telegram_of(found, stretch, place);
  const auto header = mbus::parse_long_header(telegram.before);
  std::string device;
  if (header) {
    device = mbus::telling_medium_name(header->medium);
    if (!device.empty()) device += " ";
    device += header->identification + " (" + header->manufacturer + "): ";
  }
  std::vector<DeviceReading> readings;
  mbus::Records records(telegram.open(), telegram.order);
  while (const auto record = records.next()) {
    if (record->kind != mbus::Record::Kind::value || record->value.text.empty()) continue;
    const mbus::Quantity& quantity = record->header.value.quantity;
    if (!quantity.error.empty()) continue;
    std::string name = device + std::string(quantity.name);
    if (const std::string more = circumstances(record->header); !more.empty())
      name += " (" + more + ")";
    readings.push_back({std::move(name), record->value.text,
                        record->value.number ? std::string(quantity.unit) : std::string()});
  }
  return readings;
}

const char* told_records(wmem_allocator_t* pool, const Found& found, const Stretch& stretch,
                         const DevicePlace& place) {
  constexpr unsigned most = 3;
  const Telegram telegram = telegram_of(found, stretch, place);
  std::string present, earlier;
  unsigned presents = 0;
  unsigned earliers = 0;
  mbus::Records records(telegram.open(), telegram.order);
  while (const auto record = records.next()) {
    if (!is_main_reading(*record)) continue;
    const bool now = record->header.storage == 0;
    if ((now ? presents : earliers)++ >= most) continue;
    const mbus::Quantity& quantity = record->header.value.quantity;
    std::string& text = now ? present : earlier;
    if (!text.empty()) text += ", ";
    text += quantity.name + " " + with_unit(record->value, quantity);
    if (!now) text += " (" + circumstances(record->header) + ")";
  }
  std::string told = present.empty() ? earlier : present;
  if (told.empty() && telegram.encrypted > 0) told = "encrypted";
  if (told.empty()) return nullptr;
  const auto header = mbus::parse_long_header(telegram.before);
  const auto medium = header ? mbus::telling_medium_name(header->medium) : std::string_view();
  if (!medium.empty()) told.insert(0, std::string(medium) + ": ");
  return kept_in(pool, told);
}

}  // namespace mep::plugin
