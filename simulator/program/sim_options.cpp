// SPDX-License-Identifier: GPL-2.0-or-later
#include "simulator/program/sim_options.h"

#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string_view>
#include <vector>

#include "protocol/keys.h"
#include "simulator/program/table_file.h"
#include "simulator/scripts/scenario.h"
#include "simulator/scripts/script.h"
#include "system/command_line.h"
#include "system/problem.h"
#include "system/text.h"

namespace mep::simulator {
namespace {

using system::Problem;

constexpr const char* summary =
    "A smart meter's MEP port in software, for people who write clients. Point your own client's\n"
    "serial port at what it prints:\n"
    "\n"
    "  mep-sim                             a pseudo terminal: prints /dev/pts/3\n"
    "  mep-sim --tcp 24078                 as a serial port server does\n"
    "  mep-sim --device /dev/ttyUSB0       a real line at 9600 bit/s, 8N1\n"
    "\n"
    "Ctrl-C stops it. Without keys the meter has the factory default, sixteen bytes 0x01.\n"
    "\n"
    "With --client it is the other end: a client that talks to your meter, or to another mep-sim:\n"
    "\n"
    "  mep-sim --tcp 24078 --verbose\n"
    "  mep-sim --client daily-reading --tcp 24078 --verbose\n"
    "\n"
    "A client transmits: never run it on a port that taps somebody's lines.";

std::string names_of_scripts() {
  std::vector<std::string> names;
  for (const Script& script : scripts()) names.emplace_back(script.name);
  return system::listed(names);
}

enum Groups : std::size_t { of_both, of_a_meter, of_a_client };

system::Program program() {
  const SimOptions preset;
  return {
      summary,
      {{"",
        {{"pty", "", "On a pseudo terminal, whose path is printed (the default)"},
         {"link", "PATH", "Also make a symbolic link to the pseudo terminal"},
         {"tcp", "[ADDRESS:]PORT",
          "Over TCP, one client at a time; without an address for this computer alone, with port 0 "
          "on a free one, which is printed. With --client: connect to it"},
         {"device", "PATH", "On a serial port. It transmits: not on a port that taps lines"},
         {"no-pacing", "", "Send at once, not at 9600 bit/s"},
         {"mep-port", "1|2", "Which of a meter's MEP ports", std::to_string(preset.port + 1)},
         {"key-file", "FILE",
          "Keys, one a line: MBK or MAK, a blank, the key. Other users cannot see them there"},
         {"verbose", "", "Tell every exchange on standard error, a line each"},
         {.name = "version", .help = "Show the version", .letter = 'V'},
         {.name = "help", .help = "Show this help", .letter = 'h'}}},
       {"The meter:",
        {{"generation", "3|4", "A meter of generation 3, or of 4 with two ports",
          preset.generation == Generation::gen3 ? "3" : "4"},
         {"mbk", "KEY", "The MEP Basic Key: 16 to 20 characters or 32 to 40 hexadecimal digits"},
         {"mak", "KEY", "The MEP Advanced Key, likewise"},
         {"require-tls", "", "Refuse RC4"},
         {"seed", "N", "Another number is another household", std::to_string(preset.seed)},
         {"load", "FILE", "Begin with the tables in this file, as --dump writes it"},
         {"dump", "", "Write the tables to standard output, as JSON, and end"},
         {"fault", "LIST",
          "What goes wrong, with chances from 0 to 1: lost=0.05,late=0.1:800 (ms),damaged=0.02,"
          "digest=0.01,jump=0.01; alert=60 asks for data each 60 s"}}},
       {"The client:",
        {{"client", "SCRIPT", "Be a client and do this"},
         {"security", "WHICH", "plain (digests only), rc4 or tls",
          std::string(security_name(preset.security))},
         {"key", "KEY", "The key that the client has, as for --mbk"},
         {"access", "WHICH", "Which key that is: advanced (MAK) or basic (MBK)",
          preset.access == AccessLevel::advanced ? "advanced" : "basic"},
         {"rounds", "N", "How often it does what it does again and again; 0: without end",
          std::to_string(preset.rounds)}}}},
      "Scripts of a client: " + names_of_scripts() + "."};
}

// The options that were given; flags with an empty text.
using Given = decltype(system::CommandLine::given);

Given parse(int argc, const char* const* argv) {
  const system::CommandLine line = system::read_command_line(program(), argc, argv);
  std::string complaint = line.complaint;
  if (!line.left.empty()) complaint = system::not_understood(line.left.front());
  if (!complaint.empty()) throw Problem(complaint + "; mep-sim --help tells what there is");
  return line.given;
}

const std::string* find(const Given& given, std::string_view name) {
  const auto found = given.find(name);
  return found == given.end() ? nullptr : &found->second;
}

[[noreturn]] void refuse(std::string_view name, const std::string& value, const std::string& why) {
  throw Problem("--" + std::string(name) + " " + value + ": " + why);
}

template <typename Number>
void take_number(const Given& given, std::string_view name, Number& target) {
  const std::string* text = find(given, name);
  if (!text) return;
  const auto value = system::parse_number<Number>(*text);
  if (!value) refuse(name, *text, "give a whole number from 0 on");
  target = *value;
}

// One of two numbers or words: whether it is the second.
bool second_of(const Given& given, std::string_view name, std::string_view first,
               std::string_view second) {
  const std::string* text = find(given, name);
  if (!text || *text == first) return false;
  if (*text != second)
    refuse(name, *text, "there are " + std::string(first) + " and " + std::string(second));
  return true;
}

// `from` is where it stands; the key itself is not repeated.
Key key_from(const std::string& text, const std::string& from) {
  std::string reason;
  if (const auto key = parse_key(text, &reason)) return *key;
  throw Problem(from + ": the key " + reason);
}

void take_key(const Given& given, std::string_view name, Key& target) {
  if (const std::string* text = find(given, name))
    target = key_from(*text, "--" + std::string(name));
}

// What is in the file that an option names. Throws a Problem where it cannot be read, and where it
// is none: a folder opens, too, and has nothing to read.
std::string text_of_file(std::string_view name, const std::string& path) {
  const std::string of = "--" + std::string(name) + " " + path + ": ";
  if (path.empty()) throw Problem("--" + std::string(name) + ": give a file's name");
  std::error_code error;
  if (std::filesystem::is_directory(path, error))
    throw Problem(of + "that is a folder; name a file");
  std::ifstream file(path, std::ios::binary);
  if (!file) throw Problem(of + std::strerror(errno));
  std::ostringstream text;
  if (file.peek() != std::ifstream::traits_type::eof()) text << file.rdbuf();
  if (file.bad()) throw Problem(of + std::strerror(errno));
  return text.str();
}

void take_key_file(const std::string& path, SimOptions& options) {
  std::istringstream file(text_of_file("key-file", path));
  std::string line;
  bool has_mbk = false;
  bool has_mak = false;
  for (int number = 1; std::getline(file, line); ++number) {
    std::istringstream words(line);
    std::string kind;
    std::string key;
    words >> kind >> std::ws;
    std::getline(words, key);
    while (!key.empty() && (key.back() == ' ' || key.back() == '\r')) key.pop_back();
    if (kind.empty() || kind.starts_with('#')) continue;
    const std::string from = "--key-file " + path + ", line " + std::to_string(number);
    if (kind != "MBK" && kind != "MAK")
      throw Problem(from + ": a line is MBK or MAK, a blank and the key");
    (kind == "MBK" ? options.mbk : options.mak) = key_from(key, from);
    (kind == "MBK" ? has_mbk : has_mak) = true;
  }
  // A key that was meant to be there must not be the factory default instead.
  const bool advanced = options.access == AccessLevel::advanced;
  const bool missing = options.script ? !(advanced ? has_mak : has_mbk) : !has_mbk && !has_mak;
  if (missing)
    throw Problem("--key-file " + path + ": there is no key in it" +
                  (options.script && (has_mbk || has_mak)
                       ? std::string(advanced ? " for advanced access; add a line MAK, or take the "
                                                "other one with --access basic"
                                              : " for basic access; add a line MBK, or take the "
                                                "other one with --access advanced")
                       : "; write a line of MBK or MAK, a blank and the key"));
  options.key = options.access == AccessLevel::advanced ? options.mak : options.mbk;
}

// A number with a decimal point, in any locale.
std::optional<double> parse_real(std::string_view text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

[[noreturn]] void refuse_fault(const std::string& fault, const std::string& why) {
  refuse("fault", fault, why);
}

double chance_of(const std::string& fault, std::string_view text) {
  const auto chance = parse_real(text);
  if (!chance || *chance < 0 || *chance > 1)
    refuse_fault(fault, "give a chance from 0 to 1, such as 0.05");
  return *chance;
}

Instant milliseconds_of(const std::string& fault, std::string_view text) {
  constexpr unsigned most = 60'000;
  const auto time = system::parse_number<unsigned>(std::string(text));
  if (!time || *time > most) refuse_fault(fault, "give milliseconds up to 60000 behind the colon");
  return std::chrono::milliseconds(*time);
}

// One of the list: "late=0.1:800".
void take_fault(const std::string& fault, FaultOptions& faults) {
  const std::size_t equals = fault.find('=');
  const std::string name = fault.substr(0, equals);
  std::string_view value = fault;
  value.remove_prefix(equals == std::string::npos ? fault.size() : equals + 1);
  if (name == "alert") {
    constexpr unsigned longest = 1'000'000;
    const auto seconds = system::parse_number<unsigned>(std::string(value));
    if (!seconds || *seconds == 0 || *seconds > longest)
      refuse_fault(fault, "give whole seconds, such as alert=60");
    faults.alert_period = std::chrono::seconds(*seconds);
    return;
  }
  if (const std::size_t colon = value.find(':'); name == "late" && colon != value.npos) {
    faults.late_by = milliseconds_of(fault, value.substr(colon + 1));
    value = value.substr(0, colon);
  }
  struct Chance {
    std::string_view name;
    double FaultOptions::*target;
  };
  constexpr Chance chances[] = {{"lost", &FaultOptions::lost},
                                {"late", &FaultOptions::late},
                                {"damaged", &FaultOptions::damaged},
                                {"digest", &FaultOptions::digest},
                                {"jump", &FaultOptions::jump}};
  for (const Chance& each : chances) {
    if (each.name != name) continue;
    faults.*each.target = chance_of(fault, value);
    return;
  }
  refuse_fault(fault, "there are lost, late, damaged, digest, jump and alert, as in lost=0.05");
}

void take_faults(const std::string& list, FaultOptions& faults) {
  std::istringstream all(list);
  std::string fault;
  bool any = false;
  for (; std::getline(all, fault, ','); any = true) take_fault(fault, faults);
  if (!any) take_fault("", faults);
}

void take_channel(const Given& given, SimOptions& options) {
  const std::string* tcp = find(given, "tcp");
  const std::string* device = find(given, "device");
  if ((tcp != nullptr) + (device != nullptr) + static_cast<int>(given.contains("pty")) > 1)
    throw Problem("choose one of --pty, --tcp and --device");
  if (const std::string* link = find(given, "link")) {
    if (tcp || device) throw Problem("--link goes with a pseudo terminal only");
    if (link->empty()) throw Problem("--link: give the link's path");
    options.link = *link;
  }
  if (device && device->empty()) throw Problem("--device: give the port's path");
  if (tcp) options.channel = ChannelKind::tcp;
  if (device) options.channel = ChannelKind::device;
  if (tcp || device) options.place = tcp ? *tcp : *device;
}

void check_whose(const Given& given, bool client) {
  const system::Program all = program();
  for (const system::CommandOption& each : all.groups[client ? of_a_meter : of_a_client].options)
    if (given.contains(each.name))
      throw Problem("--" + each.name +
                    (client ? " is a meter's option; a client has none of them"
                            : " is a client's option; say which one with --client SCRIPT"));
}

}  // namespace

SimOptions parse_sim_options(int argc, const char* const* argv) {
  const Given given = parse(argc, argv);
  SimOptions options;
  options.help = given.contains("help");
  options.version = given.contains("version");
  if (options.help || options.version) return options;

  if (const std::string* script = find(given, "client")) options.script = *script;
  check_whose(given, options.script.has_value());
  if (options.script && !find_script(*options.script))
    refuse("client", *options.script, "there are " + names_of_scripts());
  take_channel(given, options);
  options.paced = !given.contains("no-pacing");
  options.verbose = given.contains("verbose");
  options.require_tls = given.contains("require-tls");
  if (second_of(given, "generation", "3", "4")) options.generation = Generation::gen4;
  if (const std::string* path = find(given, "load")) {
    TableFile file = read_table_file(*path);
    options.tables = std::move(file.tables);
    if (file.generation && !given.contains("generation"))
      options.generation = *file.generation == 4 ? Generation::gen4 : Generation::gen3;
  }
  options.dump = given.contains("dump");
  options.port = second_of(given, "mep-port", "1", "2") ? 1 : 0;
  if (!options.script && options.port == 1 && options.generation == Generation::gen3)
    throw Problem("--mep-port 2: meters of generation 3 have one port; add --generation 4");
  take_number(given, "seed", options.seed);
  take_number(given, "rounds", options.rounds);
  if (const std::string* faults = find(given, "fault")) take_faults(*faults, options.faults);
  if (const std::string* security = find(given, "security")) {
    const auto known = find_security(*security);
    if (!known) refuse("security", *security, "there are plain, rc4 and tls");
    options.security = *known;
  }
  if (second_of(given, "access", "advanced", "basic")) options.access = AccessLevel::basic;
  if (const std::string* file = find(given, "key-file")) take_key_file(*file, options);
  take_key(given, "mbk", options.mbk);
  take_key(given, "mak", options.mak);
  take_key(given, "key", options.key);
  if ((options.require_tls || options.security == Security::tls) && !tls_available())
    throw Problem("this build has no TLS; install libmbedtls-dev and build again");
  return options;
}

std::string sim_help_text() {
  return system::help_text(program());
}

}  // namespace mep::simulator
