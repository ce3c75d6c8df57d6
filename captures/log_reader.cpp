// SPDX-License-Identifier: GPL-2.0-or-later
#include "captures/log_reader.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <utility>

#include "captures/moment.h"
#include "system/text.h"

namespace mep::captures {
namespace {

using Buffer = std::vector<std::uint8_t>;

constexpr WallTime second = 1'000'000'000;
constexpr std::int64_t seconds_until_2200 = 7'258'118'400;  // since 1970

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_hex(char c) {
  return std::isxdigit(static_cast<unsigned char>(c)) != 0;
}
bool is_word(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_';
}
std::uint8_t nibble(char c) {
  if (is_digit(c)) return static_cast<std::uint8_t>(c - '0');
  return static_cast<std::uint8_t>(std::tolower(static_cast<unsigned char>(c)) - 'a' + 10);
}
std::string lower(std::string_view text) {
  std::string made(text);
  for (char& c : made) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return made;
}

// --- Marks

struct Meaning {
  std::string_view mark;
  Direction direction;
};
constexpr auto to_meter = Direction::client_to_meter;
constexpr auto to_client = Direction::meter_to_client;
constexpr Meaning meanings[] = {
    {"request", to_meter}, {"req", to_meter},       {"tx", to_meter},        {"txd", to_meter},
    {"send", to_meter},    {"sent", to_meter},      {"sending", to_meter},   {"out", to_meter},
    {"write", to_meter},   {"o", to_meter},         {"client", to_meter},    {"transmit", to_meter},
    {"mosi", to_meter},    {"response", to_client}, {"resp", to_client},     {"rx", to_client},
    {"rxd", to_client},    {"receive", to_client},  {"received", to_client}, {"recv", to_client},
    {"in", to_client},     {"read", to_client},     {"i", to_client},        {"meter", to_client},
    {"reply", to_client},  {"answer", to_client},   {"rcvd", to_client},     {"miso", to_client}};

struct Mark {
  std::string text;
  Direction meant = Direction::unknown;
};

// The last mark in what stands before a run of bytes.
std::optional<Mark> mark_in(std::string_view text) {
  std::optional<Mark> found;
  for (std::size_t i = 0; i < text.size();) {
    if (text[i] == '<' || text[i] == '>') {
      // "<<<", "<-", "->", ">": arrows.
      const bool out = text[i] == '>';
      found = Mark{out ? ">" : "<", out ? to_meter : to_client};
      while (i < text.size() && (text[i] == '<' || text[i] == '>' || text[i] == '-')) ++i;
      continue;
    }
    if (!std::isalpha(static_cast<unsigned char>(text[i]))) {
      ++i;
      continue;
    }
    std::size_t end = i;
    while (end < text.size() && std::isalpha(static_cast<unsigned char>(text[end]))) ++end;
    const std::string word = lower(text.substr(i, end - i));
    for (const Meaning& each : meanings)
      if (each.mark == word) found = Mark{word, each.direction};
    i = end;
  }
  return found;
}

// --- Bytes

struct Run {
  std::size_t begin = 0;
  std::size_t end = 0;
  Buffer bytes;
  bool certain = false;  // more than a word or a number that happens to look like it
};

// One group of hexadecimal digits at `at`, with 0x or \x before it or without, an even number of
// them; its end, or `at` where there is none.
std::size_t take_group(std::string_view text, std::size_t at, Buffer& bytes, bool& prefixed) {
  std::size_t i = at;
  prefixed = false;
  if (i + 1 < text.size() && (text[i] == '0' || text[i] == '\\') &&
      (text[i + 1] == 'x' || text[i + 1] == 'X')) {
    i += 2;
    prefixed = true;
  } else if (i > 0 && is_word(text[i - 1])) {
    return at;
  }
  const std::size_t from = i;
  while (i < text.size() && is_hex(text[i])) ++i;
  const std::size_t digits = i - from;
  const bool ends = i >= text.size() || !is_word(text[i]);
  // "0x5" is a byte of one digit.
  if (prefixed && digits == 1 && ends) {
    bytes.push_back(nibble(text[from]));
    return i;
  }
  if (digits == 0 || digits % 2 != 0 || !ends) return at;
  for (std::size_t digit = from; digit < i; digit += 2)
    bytes.push_back(static_cast<std::uint8_t>(nibble(text[digit]) << 4U | nibble(text[digit + 1])));
  return i;
}

// What may stand between two groups: a colon or a dash alone, or blanks, commas, semicolons.
std::size_t skip_separator(std::string_view text, std::size_t at) {
  if (at >= text.size()) return at;
  if (text[at] == ':' || text[at] == '-') return at + 1;
  std::size_t i = at;
  while (i < text.size() && (text[i] == ' ' || text[i] == ',' || text[i] == ';')) ++i;
  if (i < text.size() && text[i] == '\\') return i;
  return i;
}

std::optional<Run> run_at(std::string_view text, std::size_t at) {
  Run run;
  run.begin = at;
  bool prefixed = false;
  bool any_prefix = false;
  bool any_digit = false;
  unsigned groups = 0;
  std::size_t i = at;
  std::size_t first_end = 0;
  std::size_t first_size = 0;
  std::array<char, 2> signs{};  // between the first and the second group, and behind that
  while (i < text.size()) {
    if (groups == 2 && signs[0] != signs[1]) {
      // "19;00 11 30": a number in a column of its own.
      run.bytes.resize(first_size);
      run.end = first_end;
      groups = 1;
      break;
    }
    const std::size_t end = take_group(text, i, run.bytes, prefixed);
    if (end == i) break;
    for (std::size_t c = i; c < end; ++c) any_digit |= is_digit(text[c]);
    any_prefix |= prefixed;
    ++groups;
    run.end = end;
    if (groups == 1) {
      first_end = end;
      first_size = run.bytes.size();
    }
    const std::size_t next = skip_separator(text, end);
    if (groups <= 2) {
      const std::size_t sign = text.substr(end, next - end).find_first_not_of(' ');
      signs[groups - 1] = sign == std::string_view::npos ? ' ' : text[end + sign];
    }
    if (next == end && !(next < text.size() && text[next] == '\\')) break;
    i = next;
  }
  if (groups == 0) return std::nullopt;
  constexpr std::size_t no_word = 6;  // bytes
  run.certain = (groups >= 2 && any_digit) || (groups == 1 && run.bytes.size() >= no_word) ||
                (any_prefix && groups >= 2);
  return run;
}

std::vector<Run> runs_of(std::string_view text) {
  std::vector<Run> runs;
  for (std::size_t i = 0; i < text.size();) {
    const bool begins = is_hex(text[i]) || text[i] == '\\';
    if (begins && (i == 0 || !is_word(text[i - 1]))) {
      if (auto run = run_at(text, i)) {
        i = run->end;
        runs.push_back(std::move(*run));
        continue;
      }
      while (i < text.size() && is_word(text[i])) ++i;
    }
    ++i;
  }
  return runs;
}

// --- Lines

// Tags of a page become tabs, its entities what they stand for. Arrows are no tags.
std::string without_tags(std::string_view line) {
  std::string made;
  for (std::size_t i = 0; i < line.size(); ++i) {
    const char next = i + 1 < line.size() ? line[i + 1] : ' ';
    const bool tag = line[i] == '<' && (std::isalpha(static_cast<unsigned char>(next)) != 0 ||
                                        next == '/' || next == '!');
    const std::size_t end = tag ? line.find('>', i) : std::string_view::npos;
    if (end != std::string_view::npos) {
      made += '\t';
      i = end;
    } else {
      made += line[i];
    }
  }
  static constexpr std::pair<std::string_view, std::string_view> entities[] = {
      {"&gt;", ">"}, {"&lt;", "<"}, {"&nbsp;", " "}, {"&amp;", "&"}, {"&#58;", ":"}};
  for (const auto& [entity, stands_for] : entities)
    for (std::size_t at = made.find(entity); at != std::string::npos; at = made.find(entity, at))
      made.replace(at, entity.size(), stands_for);
  return made;
}

// Takes "[11:27:00]", "2026-03-01 11:27:00.123", "1772350020.123456", "(…)" out of the line, as
// blanks.
struct Time {
  WallTime time = 0;
  bool dated = false;
};

std::size_t time_end(std::string_view text, std::size_t at) {
  std::size_t end = at;
  while (end < text.size() &&
         (is_digit(text[end]) || text[end] == ':' || text[end] == '.' || text[end] == ','))
    ++end;
  while (end > at && !is_digit(text[end - 1])) --end;
  return end;
}

std::optional<Time> take_time(std::string& line) {
  constexpr std::size_t furthest = 40;
  for (std::size_t i = 0; i < std::min(line.size(), furthest); ++i) {
    if (!is_digit(line[i]) || (i > 0 && (is_word(line[i - 1]) || line[i - 1] == ':'))) continue;
    const std::string_view text = line;
    std::optional<Time> found;
    std::size_t end = i;
    if (text.size() - i >= 19 && text[i + 4] == text[i + 7] &&
        (text[i + 4] == '-' || text[i + 4] == '/') &&
        (text[i + 10] == ' ' || text[i + 10] == 'T')) {
      end = time_end(text, i + 11);
      if (const auto moment = parse_moment(text.substr(i, end - i))) found = Time{*moment, true};
      if (end < text.size() && text[end] == 'Z') ++end;
    } else if (text.size() - i >= 19 && text[i + 2] == '.' && text[i + 5] == '.' &&
               (text[i + 10] == ' ' || text[i + 10] == 'T')) {
      // 01.03.2026 11:27:00
      end = time_end(text, i + 11);
      std::string moment(text.substr(i + 6, 4));
      moment.append("-").append(text.substr(i + 3, 2)).append("-").append(text.substr(i, 2));
      moment.append(text.substr(i + 10, end - i - 10));
      if (const auto parsed = parse_moment(moment)) found = Time{*parsed, true};
    } else if (text.size() - i >= 8 && text[i + 2] == ':' && text[i + 5] == ':') {
      end = time_end(text, i);
      // A time has six digits, then a point: "11:27:00:0A" is bytes.
      const std::size_t whole = i + 8;
      const bool more = end > whole && text[whole] == ':';
      const bool letters = end < text.size() && (is_hex(text[end]) || text[end] == ':');
      if (!more && !letters)
        if (const auto of_day = parse_time_of_day(text.substr(i, end - i)))
          found = Time{*of_day, false};
    } else {
      while (end < text.size() && is_digit(text[end])) ++end;
      constexpr std::size_t digits_of_seconds = 10;  // since 1970
      if (end - i == digits_of_seconds && end + 1 < text.size() && text[end] == '.' &&
          is_digit(text[end + 1])) {
        const auto seconds = system::parse_number<std::int64_t>(text.substr(i, end - i));
        WallTime fraction = 0;
        WallTime unit = second / 10;
        for (++end; end < text.size() && is_digit(text[end]); ++end, unit /= 10)
          fraction += (text[end] - '0') * unit;
        if (seconds && *seconds < seconds_until_2200)
          found = Time{*seconds * second + fraction, true};
      }
    }
    if (found) {
      std::fill(line.begin() + static_cast<std::ptrdiff_t>(i),
                line.begin() + static_cast<std::ptrdiff_t>(end), ' ');
      return found;
    }
    while (i + 1 < line.size() && is_word(line[i + 1])) ++i;
  }
  return std::nullopt;
}

// "[D][uart_debug:114]:" and the like say who logs, not what: tabs instead, which separate as well.
void take_out_brackets(std::string& line) {
  for (std::size_t at = line.find('['); at != std::string::npos; at = line.find('[', at + 1)) {
    const std::size_t end = line.find(']', at);
    if (end == std::string::npos) return;
    const std::string_view inside = std::string_view(line).substr(at + 1, end - at - 1);
    const std::string_view word = inside.substr(0, inside.find(':'));
    const bool name = !word.empty() && std::all_of(word.begin(), word.end(), is_word) &&
                      !std::all_of(word.begin(), word.end(), is_hex);
    const bool level = word.size() == 1 && inside.size() == 1;
    const bool says_who = word.size() > 1 && mark_in(word).has_value();
    if ((name && !says_who) || level)
      std::fill(line.begin() + static_cast<std::ptrdiff_t>(at),
                line.begin() + static_cast<std::ptrdiff_t>(end + 1), '\t');
  }
}

// The bytes of a string as strace and Python print it: between the quote at `at` and its like, with
// escapes of C.
std::optional<Buffer> c_string(std::string_view text, std::size_t& at, bool& cut) {
  Buffer bytes;
  const char quote = text[at];
  std::size_t i = at + 1;
  for (; i < text.size() && text[i] != quote; ++i) {
    if (text[i] != '\\' || i + 1 >= text.size()) {
      bytes.push_back(static_cast<std::uint8_t>(text[i]));
      continue;
    }
    const char code = text[++i];
    if (code == 'x') {
      if (i + 2 >= text.size() || !is_hex(text[i + 1]) || !is_hex(text[i + 2])) return std::nullopt;
      bytes.push_back(static_cast<std::uint8_t>(nibble(text[i + 1]) << 4U | nibble(text[i + 2])));
      i += 2;
    } else if (code >= '0' && code <= '7') {
      unsigned value = 0;
      std::size_t digits = 0;
      while (digits < 3 && i < text.size() && text[i] >= '0' && text[i] <= '7') {
        value = value * 8 + static_cast<unsigned>(text[i] - '0');
        ++i;
        ++digits;
      }
      --i;
      bytes.push_back(static_cast<std::uint8_t>(value));
    } else {
      constexpr std::string_view codes = "nrtvfab\\\"'";
      constexpr std::string_view meant = "\n\r\t\v\f\a\b\\\"'";
      const std::size_t which = codes.find(code);
      if (which == std::string_view::npos) return std::nullopt;
      bytes.push_back(static_cast<std::uint8_t>(meant[which]));
    }
  }
  if (i >= text.size()) return std::nullopt;
  at = i + 1;
  cut = text.substr(at).starts_with("...");
  return bytes;
}

// What Windows calls Unicode: with a mark of byte order, or every second byte zero. Of what is not
// ASCII nothing is needed. Nothing where it is none.
std::optional<std::string> from_utf16(std::string_view text) {
  const bool big_mark = text.starts_with("\xFE\xFF");
  const bool little_mark = text.starts_with("\xFF\xFE");
  const std::string_view sample = text.substr(0, 64);
  std::size_t zeros[2] = {0, 0};
  for (std::size_t i = 0; i < sample.size(); ++i) zeros[i % 2] += sample[i] == '\0' ? 1 : 0;
  const auto half = [&](std::size_t which) {
    return sample.size() >= 8 && zeros[which] * 2 >= sample.size() - 1 && zeros[1 - which] == 0;
  };
  const bool big = big_mark || (!little_mark && half(0));
  if (!big && !little_mark && !half(1)) return std::nullopt;
  std::string made;
  made.reserve(text.size() / 2);
  for (std::size_t i = big_mark || little_mark ? 2 : 0; i + 1 < text.size(); i += 2) {
    const char high = big ? text[i] : text[i + 1];
    const char low = big ? text[i + 1] : text[i];
    made += high == '\0' && static_cast<unsigned char>(low) < 0x80 ? low : '?';
  }
  return made;
}

class LogReader {
 public:
  explicit LogReader(std::string_view text) : text_(text) {}

  LogContents read() && {
    for (std::size_t at = 0; at < text_.size();) {
      const std::size_t end = std::min(text_.find_first_of("\r\n", at), text_.size());
      ++made_.lines;
      take(text_.substr(at, end - at));
      at = end + (text_.substr(end).starts_with("\r\n") ? 2 : 1);
    }
    return std::move(made_);
  }

 private:
  void unused(std::string why) { made_.unused.push_back({made_.lines, std::move(why)}); }

  void take(std::string_view original) {
    constexpr std::size_t longest = 1 << 20;
    if (system::without_blanks(original).empty()) return;
    if (original.size() > longest) return unused("a line of more than a million characters");
    if (original.find('\0') != std::string_view::npos) return unused("no text");
    if (take_dump_line(original)) return;
    std::string line = without_tags(original);
    const auto time = take_time(line);
    if (take_system_call(line, time)) return;
    if (take_byte_strings(line, time)) return;
    take_out_brackets(line);
    take_runs(line, time);
  }

  // --- Hex dumps: a line that says direction and time, then offset and bytes, as text2pcap and od
  // have them.

  bool take_dump_line(std::string_view line) {
    const std::string_view text = system::without_blanks(line);
    std::size_t digits = 0;
    while (digits < text.size() && is_hex(text[digits])) ++digits;
    const bool offset = digits >= 4 && digits <= 8 && digits % 2 == 0 &&
                        (digits == text.size() || text[digits] == ' ' || text[digits] == ':');
    if (!offset) return false;
    std::size_t position = 0;
    for (std::size_t i = 0; i < digits; ++i) position = position * 16 + nibble(text[i]);
    // Only where it goes on from the line before, or begins a dump.
    const bool continues = dump_ && position == dump_size_;
    if (!continues && position != 0) return false;
    if (digits == text.size()) {
      dump_ = false;
      return continues;  // the last offset of a dump has no bytes
    }
    std::string_view rest = text.substr(digits);
    if (rest.starts_with(":")) rest.remove_prefix(1);
    // Two blanks or a bar begin the column of characters.
    Buffer bytes;
    std::size_t i = 0;
    while (i < rest.size() && rest[i] == ' ') ++i;
    while (i + 1 < rest.size() && is_hex(rest[i]) && is_hex(rest[i + 1])) {
      std::size_t group = i;
      while (group < rest.size() && is_hex(rest[group])) ++group;
      if ((group - i) % 2 != 0 || (group < rest.size() && rest[group] != ' ')) break;
      for (; i < group; i += 2)
        bytes.push_back(static_cast<std::uint8_t>(nibble(rest[i]) << 4U | nibble(rest[i + 1])));
      std::size_t blanks = 0;
      while (i < rest.size() && rest[i] == ' ') {
        ++i;
        ++blanks;
      }
      // The gap in the middle of hexdump -C is as wide as the one before the characters.
      if (blanks > 2) break;
    }
    if (bytes.empty()) return false;
    // "0011 3000 34…" alone is bytes and no offset: a dump's first line has a header before it, or
    // another one behind it.
    const bool groups_of_bytes = rest.size() > 2 && rest[0] == ' ' && !continues && digits != 6 &&
                                 digits != 8 && !dump_header_;
    if (groups_of_bytes) return false;
    if (!continues || made_.logged.empty()) {
      add(bytes, dump_header_ ? std::optional(header_mark_) : std::nullopt, header_time_);
      dump_size_ = 0;
    } else {
      Buffer& before = made_.logged.back().bytes;
      before.insert(before.end(), bytes.begin(), bytes.end());
    }
    dump_ = true;
    dump_size_ = position + bytes.size();
    dump_header_ = false;
    return true;
  }

  // --- strace: write(5, "\0\21…", 19) = 19

  bool take_system_call(const std::string& line, const std::optional<Time>& time) {
    constexpr std::size_t none = std::string::npos;
    std::size_t call = none;
    Mark mark;
    for (const auto& [name, meant] : {std::pair{"write(", to_meter},
                                      {"read(", to_client},
                                      {"send(", to_meter},
                                      {"sendto(", to_meter},
                                      {"recv(", to_client},
                                      {"recvfrom(", to_client},
                                      {"pwrite64(", to_meter},
                                      {"pread64(", to_client}}) {
      const std::size_t at = line.find(name);
      if (at == none || (at > 0 && is_word(line[at - 1])) || at > call) continue;
      call = at;
      const std::size_t file = at + std::string_view(name).size();
      const std::size_t comma = line.find(',', file);
      mark = {lower(std::string_view(name)), meant};
      if (comma != none) mark.text += line.substr(file, comma - file);
    }
    if (call == none) return false;
    std::size_t at = line.find('"', call);
    if (at == none) {
      unused("a system call without bytes");
      return true;
    }
    bool cut = false;
    auto bytes = c_string(line, at, cut);
    if (!bytes) {
      unused("a string that strace did not end");
      return true;
    }
    // What was not read, or not written in the end, is not there.
    const std::size_t result = line.find("= ", at);
    if (result != none) {
      const std::string_view number = std::string_view(line).substr(result + 2);
      std::size_t end = number.starts_with('-') ? 1 : 0;
      while (end < number.size() && is_digit(number[end])) ++end;
      const auto count = system::parse_number<std::int64_t>(number.substr(0, end));
      if (count && *count < static_cast<std::int64_t>(bytes->size()))
        bytes->resize(static_cast<std::size_t>(std::max<std::int64_t>(*count, 0)));
    }
    if (cut) unused("strace has cut the bytes off (strace -s 500 shows all of them)");
    if (!bytes->empty()) add(std::move(*bytes), mark, time);
    return true;
  }

  // --- Python: sent b'\x00\x110\x00\x17...'

  bool take_byte_strings(const std::string& line, const std::optional<Time>& time) {
    bool any = false;
    std::size_t before = 0;
    for (std::size_t i = 0; i + 1 < line.size(); ++i) {
      const bool begins = line[i] == 'b' && (line[i + 1] == '\'' || line[i + 1] == '"') &&
                          (i == 0 || !is_word(line[i - 1]));
      if (!begins) continue;
      std::size_t at = i + 1;
      bool cut = false;
      auto bytes = c_string(line, at, cut);
      if (!bytes || bytes->empty()) continue;
      add(std::move(*bytes), mark_in(std::string_view(line).substr(before, i - before)), time);
      any = true;
      before = at;
      i = at - 1;
    }
    return any;
  }

  // --- All others

  void take_runs(const std::string& line, const std::optional<Time>& time) {
    std::vector<Run> runs = runs_of(line);
    // A short run counts where nothing else on the line is text: "00", "RX: 00", "uart-1: 0x11".
    const bool alone = runs.size() == 1 && only_marks(line, runs.front());
    std::erase_if(runs, [&](const Run& run) { return !run.certain && !alone; });
    if (runs.empty()) {
      // "O 11:27:00.000000": who and when, and the bytes follow.
      const std::string_view rest = system::without_blanks(line);
      const auto mark = mark_in(rest);
      const bool of_socat = time && (rest.starts_with('>') || rest.starts_with('<')) &&
                            rest.find("length=") != std::string_view::npos;
      if (mark &&
          (rest.size() == 1 || of_socat || (time && rest.size() <= mark->text.size() + 1))) {
        dump_header_ = true;
        header_mark_ = *mark;
        header_time_ = time;
        dump_ = false;
        return;
      }
      return unused("no bytes in it: \"" + excerpt(line) + "\"");
    }
    std::size_t before = 0;
    std::size_t column = 0;
    const bool columns = runs.size() > 1;
    if (dump_header_ && !columns && !time &&
        !mark_in(std::string_view(line).substr(0, runs[0].begin))) {
      // What "> 2026/03/01 11:27:00.000000  length=19 from=0 to=18" has announced.
      dump_header_ = false;
      return add(std::move(runs[0].bytes), header_mark_, header_time_);
    }
    for (Run& run : runs) {
      ++column;
      const std::string_view between = std::string_view(line).substr(before, run.begin - before);
      auto mark = mark_in(between);
      if (!mark && columns && !column_mark_words(runs, line))
        mark = Mark{"column " + std::to_string(column), Direction::unknown};
      before = run.end;
      add(std::move(run.bytes), mark, time);
    }
  }

  // Whether words, not places, say who sent what on this line.
  static bool column_mark_words(const std::vector<Run>& runs, std::string_view line) {
    return mark_in(line.substr(0, runs.front().begin)).has_value();
  }

  static bool only_marks(std::string_view line, const Run& run) {
    const std::string_view behind = system::without_blanks(line.substr(run.end));
    if (!behind.empty() && behind.front() != '|') return false;
    // Words before it: at most a name and a colon, or marks.
    const std::string_view before = system::without_blanks(line.substr(0, run.begin));
    return before.empty() || before.ends_with(':') || before.ends_with('>') ||
           before.ends_with('<') || before.ends_with('\t') || mark_in(before).has_value();
  }

  static std::string excerpt(std::string_view line) {
    constexpr std::size_t most = 40;
    std::string text(system::without_blanks(line).substr(0, most));
    for (char& c : text)
      if (static_cast<unsigned char>(c) < ' ') c = ' ';
    return system::valid_utf8(text);
  }

  void add(Buffer bytes, const std::optional<Mark>& mark, const std::optional<Time>& time) {
    Logged made;
    made.line = made_.lines;
    if (mark) {
      made.mark = mark->text;
      made.meant = mark->meant;
    } else if (!made_.logged.empty() && !time && made_.logged.back().line + 1 == made.line) {
      // A line that goes on, with nothing before its bytes.
      made.mark = made_.logged.back().mark;
      made.meant = made_.logged.back().meant;
    }
    if (time) {
      made.time = time->time;
      made.dated = time->dated;
    }
    made.bytes = std::move(bytes);
    made_.logged.push_back(std::move(made));
  }

  std::string_view text_;
  LogContents made_;
  bool dump_ = false;  // the line before was one of a dump
  std::size_t dump_size_ = 0;
  bool dump_header_ = false;
  Mark header_mark_;
  std::optional<Time> header_time_;
};

}  // namespace

LogContents read_log(std::string_view text) {
  if (const auto plain = from_utf16(text)) return LogReader(*plain).read();
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  return LogReader(text).read();
}

}  // namespace mep::captures
