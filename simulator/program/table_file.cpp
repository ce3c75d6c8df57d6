// SPDX-License-Identifier: GPL-2.0-or-later
#include "simulator/program/table_file.h"

#include <json-glib/json-glib.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstdio>
#include <map>
#include <memory>
#include <stdexcept>
#include <string_view>
#include <utility>
#include <vector>

#include "protocol/bytes.h"
#include "protocol/catalog.h"
#include "protocol/names.h"
#include "protocol/tables/tables.h"
#include "protocol/walker.h"
#include "simulator/client/readings.h"
#include "system/problem.h"
#include "system/text.h"

namespace mep::simulator {
namespace {

using Buffer = std::vector<std::uint8_t>;
using system::Problem;

constexpr std::string_view prefix = "mep.";

// --- Reading

// Characters of tables are single bytes.
std::string single_bytes(std::string_view utf8, const std::string& where) {
  std::string text;
  for (std::size_t i = 0; i < utf8.size(); ++i) {
    const auto byte = static_cast<unsigned char>(utf8[i]);
    if (byte < 0x80) {
      text += utf8[i];
      continue;
    }
    // Two bytes are enough up to U+00FF.
    if ((byte & 0xFC) != 0xC0 || i + 1 == utf8.size())
      throw Problem(where + ": a table's text has characters up to U+00FF only");
    text += static_cast<char>((byte & 3) << 6 | (static_cast<unsigned char>(utf8[++i]) & 0x3F));
  }
  return text;
}

Buffer hex_bytes(JsonNode* node, const std::string& where) {
  const bool is_text =
      JSON_NODE_HOLDS_VALUE(node) && json_node_get_value_type(node) == G_TYPE_STRING;
  const std::string_view text = is_text ? json_node_get_string(node) : "x";
  Buffer bytes;
  for (std::size_t i = 0; i < text.size(); i += 2) {
    const std::array<char, 3> digits = {text[i], i + 1 < text.size() ? text[i + 1] : 'x', 0};
    if (!g_ascii_isxdigit(digits[0]) || !g_ascii_isxdigit(digits[1]))
      throw Problem(where + ": give pairs of hexadecimal digits, such as \"00ff\"");
    bytes.push_back(static_cast<std::uint8_t>(g_ascii_xdigit_value(digits[0]) << 4 |
                                              g_ascii_xdigit_value(digits[1])));
  }
  return bytes;
}

GivenValue given_value(JsonNode* node, const std::string& where) {
  if (JSON_NODE_HOLDS_NULL(node)) return {};
  if (JSON_NODE_HOLDS_OBJECT(node)) {
    JsonObject* object = json_node_get_object(node);
    if (json_object_get_size(object) == 1 && json_object_has_member(object, "hex"))
      return hex_bytes(json_object_get_member(object, "hex"), where);
  } else if (JSON_NODE_HOLDS_VALUE(node)) {
    switch (json_node_get_value_type(node)) {
      case G_TYPE_INT64:
        return json_node_get_int(node);
      case G_TYPE_BOOLEAN:
        return std::int64_t{json_node_get_boolean(node)};
      case G_TYPE_DOUBLE:
        return json_node_get_double(node);
      case G_TYPE_STRING:
        return single_bytes(json_node_get_string(node), where);
      default:
        break;
    }
  }
  throw Problem(where + ": give a number, a text, null, {\"hex\": \"00ff\"} or a list of these");
}

std::vector<GivenValue> given_values(JsonNode* node, const std::string& where) {
  std::vector<GivenValue> values;
  if (!JSON_NODE_HOLDS_ARRAY(node)) {
    values.push_back(given_value(node, where));
    return values;
  }
  JsonArray* list = json_node_get_array(node);
  for (guint i = 0; i < json_array_get_length(list); ++i)
    values.push_back(
        given_value(json_array_get_element(list, i), where + "[" + std::to_string(i) + "]"));
  return values;
}

// Calls `each` with the name and the value of every member.
template <typename Each>
void for_members(JsonNode* node, const std::string& where, Each each) {
  if (!node || !JSON_NODE_HOLDS_OBJECT(node)) throw Problem(where + ": an object {...} is missing");
  JsonObject* object = json_node_get_object(node);
  JsonObjectIter members;
  json_object_iter_init(&members, object);
  const char* name = nullptr;
  JsonNode* value = nullptr;
  while (json_object_iter_next(&members, &name, &value)) each(std::string(name), value);
}

std::map<std::uint64_t, Buffer> pieces(JsonNode* node, const std::string& where) {
  std::map<std::uint64_t, Buffer> all;
  if (!JSON_NODE_HOLDS_OBJECT(node)) return {{0, hex_bytes(node, where)}};
  for_members(node, where, [&](const std::string& offset, JsonNode* value) {
    const auto number = system::parse_number<std::uint32_t>(offset);
    if (!number) throw Problem(where + ": " + offset + " is no offset");
    all[*number] = hex_bytes(value, where + ", " + offset);
  });
  return all;
}

// "BT23" or "ET50".
std::uint16_t table_of(const std::string& label, const std::string& where) {
  if (label.size() > 2) {
    if (const auto number = system::parse_number<std::uint16_t>(label.substr(2)))
      for (const std::uint16_t table : {BT(*number), ET(*number)})
        if (table_label(table) == label) return table;
  }
  throw Problem(where + ": " + label + " is no table; they are called BT01 or ET50");
}

GivenTable given_table(JsonNode* node, const std::string& where) {
  GivenTable table;
  for_members(node, where, [&](const std::string& name, JsonNode* value) {
    const std::string place = where + ", " + name;
    if (name == "bytes")
      table.pieces = pieces(value, place);
    else
      table.fields[name.substr(name.starts_with(prefix) ? prefix.size() : 0)] =
          given_values(value, place);
  });
  return table;
}

// --- Writing

std::string in_quotes(std::string_view text) {
  std::string result = "\"";
  for (const char character : text) {
    const auto byte = static_cast<unsigned char>(character);
    if (byte >= 0x20 && byte < 0x7F && byte != '"' && byte != '\\') {
      result += character;
      continue;
    }
    std::array<char, 8> escaped{};
    std::snprintf(escaped.data(), escaped.size(), "\\u%04x", byte);
    result += escaped.data();
  }
  return result + '"';
}

// A field that a table has, as it is written and as it is read again.
struct Written {
  std::string_view name;
  std::string json;
  GivenValue value;
  std::uint64_t position;
};

class Writer : public Visitor {
 public:
  // `exactly`: of bytes that say more than their text does, the bytes.
  explicit Writer(const std::vector<bool>& exactly) : exactly_(exactly) {}
  std::vector<Written> fields;

  void leaf(const Leaf& leaf) override {
    if (!leaf.complete) return;
    const bool as_bytes = std::find(exactly_.begin() + clamped(leaf.position),
                                    exactly_.begin() + clamped(leaf.position + leaf.size),
                                    true) != exactly_.begin() + clamped(leaf.position + leaf.size);
    const auto& bits = leaf.node->bit_fields();
    if (bits.empty() || as_bytes) add(field_of(*leaf.node, leaf.source), leaf, nullptr, as_bytes);
    if (as_bytes) return;
    for (const BitField& field : bits) add(field.id, leaf, &field, false);
  }

 private:
  std::ptrdiff_t clamped(std::uint64_t position) const {
    return static_cast<std::ptrdiff_t>(std::min<std::uint64_t>(position, exactly_.size()));
  }
  void add(std::uint32_t id, const Leaf& leaf, const BitField* bits, bool as_bytes) {
    if (id == 0) return;
    const Bytes bytes = leaf.visible.bytes;
    Written field{catalog().fields[id].name, {}, {}, leaf.position};
    const Buffer copy(bytes.begin(), bytes.end());
    const std::string text = reading_text(*leaf.node, bits, leaf.size, copy);
    switch (leaf.node->type()) {
      case Type::unsigned_int:
      case Type::signed_int:
      case Type::bits:
      case Type::rdate:
      case Type::ansi_date:
        field.json = text;
        field.value = std::int64_t{std::stoll(text)};
        break;
      case Type::float32: {
        const auto real = std::bit_cast<float>(static_cast<std::uint32_t>(read_le(bytes, 0, 4)));
        std::array<char, 32> digits{};
        std::snprintf(digits.data(), digits.size(), "%.9g", static_cast<double>(real));
        field.json = digits.data();
        field.value = double{real};
        as_bytes = as_bytes || !std::isfinite(real);
        break;
      }
      default:
        field.json = in_quotes(text);
        field.value = text;
    }
    if (as_bytes) {
      field.json = R"({"hex": ")" + hex(bytes) + R"("})";
      field.value = copy;
    }
    fields.push_back(std::move(field));
  }

  const std::vector<bool>& exactly_;
};

GivenTable as_given(const std::vector<Written>& fields) {
  GivenTable given;
  for (const Written& field : fields) given.fields[std::string(field.name)].push_back(field.value);
  return given;
}

// Which bytes are others when they are read again; nothing where they cannot be read.
std::vector<bool> differences(std::uint16_t table, const Dimensions& dimensions,
                              const std::vector<Written>& fields, const Buffer& bytes) {
  std::vector<bool> others(bytes.size(), true);
  try {
    Buffer again = assembled(table, dimensions, as_given(fields), {});
    again.resize(bytes.size());
    for (std::size_t i = 0; i < bytes.size(); ++i) others[i] = again[i] != bytes[i];
  } catch (const std::invalid_argument&) {
    // Then all that can be is written as bytes.
  }
  return others;
}

std::vector<Written> written_fields(const Table& table, const Dimensions& dimensions,
                                    const Buffer& bytes, const std::vector<bool>& exactly) {
  Writer writer(exactly);
  walk(table, {0, bytes}, dimensions, writer);
  return std::move(writer.fields);
}

std::string fields_text(const std::vector<Written>& fields) {
  std::vector<std::pair<std::string_view, std::vector<const Written*>>> by_name;
  std::map<std::string_view, std::size_t> places;
  for (const Written& field : fields) {
    const auto [place, is_new] = places.emplace(field.name, by_name.size());
    if (is_new) by_name.push_back({field.name, {}});
    by_name[place->second].second.push_back(&field);
  }
  std::string text;
  for (const auto& [name, values] : by_name) {
    text += (text.empty() ? "      " : ",\n      ") +
            in_quotes(std::string(prefix) + std::string(name)) + ": ";
    if (values.size() > 1) text += '[';
    for (const Written* value : values) text += (value == values.front() ? "" : ", ") + value->json;
    if (values.size() > 1) text += ']';
  }
  return text;
}

std::string table_text(std::uint16_t table, const Dimensions& dimensions, const Buffer& bytes) {
  std::string whole = R"(      "bytes": ")" + hex(bytes) + '"';
  const Table* description = find_table(table);
  if (!description) return whole;
  const auto others_in = [&](const std::vector<Written>& fields) {
    return differences(table, dimensions, fields, bytes);
  };
  std::vector<Written> fields = written_fields(*description, dimensions, bytes, {});
  std::vector<bool> others = others_in(fields);
  if (std::ranges::find(others, true) != others.end()) {
    fields = written_fields(*description, dimensions, bytes, others);
    others = others_in(fields);
  }
  if (std::ranges::find(others, true) != others.end()) return whole;
  return fields_text(fields);
}

}  // namespace

TableFile read_table_file(const std::string& path) {
  const std::string where = "--load " + path;
  const std::unique_ptr<JsonParser, decltype(&g_object_unref)> parser(json_parser_new(),
                                                                      g_object_unref);
  GError* error = nullptr;
  if (path.empty()) throw Problem("--load: give a file's name");
  if (!json_parser_load_from_file(parser.get(), path.c_str(), &error)) {
    const std::string reason = error->message;
    g_error_free(error);
    throw Problem(where + ": " + reason);
  }
  TableFile file;
  bool tables = false;
  for_members(
      json_parser_get_root(parser.get()), where, [&](const std::string& name, JsonNode* value) {
        if (name == "generation") {
          const auto* number = JSON_NODE_HOLDS_VALUE(value) ? value : nullptr;
          const auto generation = number ? json_node_get_int(value) : 0;
          file.generation = static_cast<int>(generation);
          if (generation != 3 && generation != 4)
            throw Problem(where + ": there are the generations 3 and 4");
        } else if (name == "tables") {
          tables = true;
          for_members(value, where + ", tables", [&](const std::string& label, JsonNode* table) {
            file.tables[table_of(label, where)] = given_table(table, where + ", " + label);
          });
        } else {
          throw Problem(where + ": what is \"" + name +
                        "\"? There are \"tables\" and \"generation\"");
        }
      });
  if (!tables) throw Problem(where + ": it has no \"tables\"");
  return file;
}

std::string table_file_text(const Meter& meter) {
  const LoadedTables& tables = meter.tables();
  std::string text;
  for (const std::uint16_t table : tables.tables()) {
    if (is_of_the_moment(table)) continue;
    const Buffer bytes = tables.read(table, 0, static_cast<std::size_t>(tables.size(table)));
    const std::string contents = table_text(table, tables.dimensions(), bytes);
    text += (text.empty() ? "" : ",\n") + std::string("    ") + in_quotes(table_label(table)) +
            ": {\n" + contents + "\n    }";
  }
  const int generation = static_cast<int>(meter.state().options.generation);
  return "{\n  \"generation\": " + std::to_string(generation) + ",\n  \"tables\": {\n" + text +
         "\n  }\n}\n";
}

}  // namespace mep::simulator
