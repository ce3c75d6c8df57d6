// SPDX-License-Identifier: GPL-2.0-or-later
#include "captures/key_file.h"

#include <unistd.h>

#include <cstdlib>
#include <optional>
#include <sstream>

#include "captures/capture_reader.h"
#include "protocol/keys.h"
#include "system/problem.h"
#include "system/text.h"

namespace mep::captures {
namespace {

using system::Problem;

std::optional<unsigned> hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return std::nullopt;
}

// The columns of a line of Wireshark's tables, in which \x22 stands for a quote; nothing where it
// is none.
std::optional<std::vector<std::string>> columns_of(std::string_view line) {
  std::vector<std::string> columns;
  std::size_t at = 0;
  while (at < line.size()) {
    if (line[at] != '"') return std::nullopt;
    std::string column;
    for (++at; at < line.size() && line[at] != '"'; ++at) {
      const bool escaped = line[at] == '\\' && at + 3 < line.size() && line[at + 1] == 'x';
      const auto high = escaped ? hex_digit(line[at + 2]) : std::nullopt;
      const auto low = escaped ? hex_digit(line[at + 3]) : std::nullopt;
      if (high && low) {
        column += static_cast<char>(*high * 16 + *low);
        at += 3;
      } else {
        if (line[at] == '\\' && at + 1 < line.size()) ++at;
        column += line[at];
      }
    }
    if (at >= line.size()) return std::nullopt;
    columns.push_back(std::move(column));
    ++at;
    if (at < line.size() && line[at] != ',') return std::nullopt;
    ++at;
  }
  return columns;
}

}  // namespace

std::vector<KnownKey> parse_keys(const std::string& all, const std::string& path) {
  std::istringstream file(all);
  std::vector<KnownKey> keys;
  std::string line;
  for (int number = 1; std::getline(file, line); ++number) {
    const std::string from = path + ", line " + std::to_string(number) + ": ";
    const std::string_view text = system::without_blanks(line);
    if (text.empty() || text.front() == '#') continue;
    KnownKey known;
    std::string kind;
    known.text = text;
    const auto columns = columns_of(text);
    if (columns && columns->size() >= 3) {
      if (columns->size() > 3 && (*columns)[3] != "TRUE") continue;
      kind = (*columns)[1];
      known.text = (*columns)[2];
      if (kind != "MBK" && kind != "MAK") throw Problem(from + "the kind is MBK or MAK");
    } else if (text.starts_with("MBK ") || text.starts_with("MAK ")) {
      kind = text.substr(0, 3);
      known.text = system::without_blanks(text.substr(4));
    }
    if (kind == "MBK") known.kind = AccessLevel::basic;
    std::string reason;
    const auto key = parse_key(known.text, &reason);
    if (!key) throw Problem(std::string(from).append("the key ").append(reason));
    known.key = *key;
    keys.push_back(std::move(known));
  }
  return keys;
}

std::vector<KnownKey> read_key_file(const std::string& path) {
  const std::vector<std::uint8_t> bytes = read_file(path);
  return parse_keys({bytes.begin(), bytes.end()}, path);
}

std::string wireshark_key_file() {
  std::vector<std::string> folders;
  const auto from = [&folders](const char* variable, const char* behind) {
    const char* value = std::getenv(variable);
    if (value != nullptr && *value != '\0') folders.push_back(value + std::string(behind));
  };
  from("WIRESHARK_CONFIG_DIR", "");
  from("XDG_CONFIG_HOME", "/wireshark");
  from("HOME", "/.config/wireshark");
  from("HOME", "/.wireshark");
  for (const std::string& folder : folders)
    if (access((folder + "/mep_keys").c_str(), R_OK) == 0) return folder + "/mep_keys";
  return {};
}

}  // namespace mep::captures
