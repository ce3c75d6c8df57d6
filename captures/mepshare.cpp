// mepshare: a copy of a capture that can be published.
// SPDX-License-Identifier: GPL-2.0-or-later
#include <sys/stat.h>

#include <algorithm>
#include <cstdio>
#include <map>
#include <memory>
#include <set>
#include <span>
#include <sstream>
#include <utility>
#include <vector>

#include "captures/capture_writer.h"
#include "captures/moment.h"
#include "captures/network_capture.h"
#include "captures/program.h"
#include "captures/sharing.h"
#include "protocol/tap.h"
#include "system/command_line.h"
#include "system/problem.h"
#include "system/text.h"

namespace mep::captures {
namespace {

using system::Problem;

constexpr const char* name = "mepshare";
constexpr int exit_not_clean = 2;

system::Program program() {
  return {
      "Makes a copy of a capture that can be published: digests, keys, names and numbers are\n"
      "replaced, comments, names of machines and secrets left out. Whoever opens the copy in\n"
      "Wireshark with this plugin needs no key.\n\n"
      "  mepshare in.pcapng out.pcapng",
      {{"",
        {{"key-file", "FILE",
          "Keys: Wireshark's table (mep_keys), lines \"MBK key\" or \"MAK key\", or keys alone",
          "Wireshark's own table, if there is one"},
         {"closed", "WHAT", "What becomes of frames that no key opens: blank or drop", "blank"},
         {"shift", "DAYS",
          "Shift all times, those inside of tables, too: a number of days, or random for some "
          "weeks "
          "back"},
         {"blur", "", "Scale what was consumed, by a factor that nobody knows"},
         {"port", "NUMBER,...",
          "TCP or UDP ports that have a meter's line behind them, where its bytes do not tell"},
         {"link-type", "NUMBER=WHAT,...",
          "Packets of another link type that have MEP: 147=raw (frames alone) or 147=tap"},
         {"from", "TIME", "Begin here: 2026-03-01T07:30:00 (UTC), or a number of a record"},
         {"to", "TIME", "End here"},
         {"force", "", "Write over a file that is there"},
         {"help", "", "Show this"},
         {"version", "", "Show the version"}}}},
      "Voltages, times, sequence numbers, lengths, errors and oddities stay, so that a problem "
      "can\n"
      "be seen in the copy as in the original. The copy is read again and left only if nothing "
      "that\n"
      "was to be replaced is in it (otherwise exit status 2). See mepshare(1)."};
}

struct Settings {
  std::string in, out;
  std::string key_file;
  std::string from, to;
  std::set<std::uint16_t> ports;
  std::map<std::uint16_t, std::uint16_t> link_types;  // what they stand for
  SharingOptions sharing;
  bool force = false;
};

std::vector<std::string> parts_of(const std::string& list) {
  std::vector<std::string> parts;
  std::istringstream text(list);
  for (std::string part; std::getline(text, part, ',');) parts.push_back(part);
  return parts;
}

std::uint16_t port_of(const std::string& text) {
  const auto port = system::parse_number<std::uint16_t>(text);
  if (!port || *port == 0) throw Problem("--port " + text + ": give a number from 1 to 65535");
  return *port;
}

std::pair<std::uint16_t, std::uint16_t> link_type_of(const std::string& text) {
  const std::size_t sign = std::min(text.find('='), text.size());
  const auto number = system::parse_number<std::uint16_t>(text.substr(0, sign));
  const std::string what = text.substr(std::min(sign + 1, text.size()));
  if (!number || (what != "raw" && what != "tap"))
    throw Problem("--link-type " + text + ": give a number and what it stands for, as 147=raw");
  return {*number, what == "raw" ? tap::raw_link_type : tap::link_type};
}

Settings settings_of(const system::CommandLine& line, Pseudonyms& pseudonyms) {
  check_understood(name, line);
  if (line.left.size() != 2)
    throw Problem(std::string("give two files: the capture, and the copy that is to be made") +
                  way_to_help(name));
  Settings made;
  made.in = line.left[0];
  made.out = line.left[1];
  made.key_file = value_of(line, "key-file");
  made.from = value_of(line, "from");
  made.to = value_of(line, "to");
  made.force = line.given.contains("force");
  for (const std::string& each : parts_of(value_of(line, "port"))) made.ports.insert(port_of(each));
  for (const std::string& each : parts_of(value_of(line, "link-type")))
    made.link_types.insert(link_type_of(each));
  made.sharing.cleaner.blur = line.given.contains("blur");
  if (const std::string closed = value_of(line, "closed"); !closed.empty()) {
    if (closed != "blank" && closed != "drop")
      throw Problem("--closed " + closed + ": there are blank and drop");
    made.sharing.drop_closed = closed == "drop";
  }
  if (const std::string shift = value_of(line, "shift"); shift == "random") {
    // Weeks: Sundays stay Sundays.
    made.sharing.cleaner.shift_days = -7 * (1 + static_cast<std::int64_t>(pseudonyms.random(104)));
  } else if (!shift.empty()) {
    const auto days = system::parse_number<std::int64_t>(shift);
    if (!days || *days > 36500 || *days < -36500)
      throw Problem("--shift " + shift + ": give a number of days, as -14, or random");
    made.sharing.cleaner.shift_days = *days;
  }
  return made;
}

// Without keys nothing is lost: what they would have opened is blanked, and told.
std::vector<KnownKey> keys_of(const Settings& settings, std::string& where) {
  where = settings.key_file;
  if (where.empty()) where = wireshark_key_file();
  if (where.empty()) return {};
  return read_key_file(where);
}

bool same_file(const std::string& a, const std::string& b) {
  struct stat first {};
  struct stat second {};
  return stat(a.c_str(), &first) == 0 && stat(b.c_str(), &second) == 0 &&
         first.st_dev == second.st_dev && first.st_ino == second.st_ino;
}

void print(const char* title, const Counts& counts) {
  if (counts.empty()) return;
  std::printf("%s:\n", title);
  for (const auto& [what, count] : counts) std::printf("  %8zu  %s\n", count, what.c_str());
}

int work(const system::CommandLine& line) {
  Pseudonyms pseudonyms;
  Settings settings = settings_of(line, pseudonyms);
  if (same_file(settings.in, settings.out))
    throw Problem(settings.out + " is the capture itself; give the copy another name");
  check_may_write(settings.out, settings.force);
  std::string key_file;
  const std::vector<KnownKey> keys = keys_of(settings, key_file);
  CaptureFile capture = read_capture(settings.in);
  const std::size_t packets = capture.records.size();
  settings.sharing.from = moment_of(settings.from, "--from", capture);
  settings.sharing.to = moment_of(settings.to, "--to", capture);

  for (ReadInterface& each : capture.interfaces)
    if (const auto other = settings.link_types.find(each.link_type);
        other != settings.link_types.end())
      each.link_type = other->second;
  Counts taken;
  Counts dropped;
  capture = as_tapped(capture, keys, settings.ports, taken, dropped);

  std::unique_ptr<TemporaryFile> file;
  auto [shared, found] =
      share_clean(capture, keys, settings.sharing, pseudonyms, [&](const Shared& made) {
        file = std::make_unique<TemporaryFile>(settings.out);
        write_shared([&file](const auto& block) { file->write(block); }, made);
        return read_file(file->path());
      });
  shared.replaced.merge(taken);
  shared.dropped.merge(dropped);
  if (shared.records.empty()) {
    print("Left out", shared.dropped);
    throw Problem(
        "nothing of " + settings.in +
        " can be shared: what there is of MEP in it, no key opens, or it has none in frames "
        "(link types USER13 and USER14, TCP, UDP), of which mepimport makes some");
  }
  if (!found.empty()) {
    std::fprintf(stderr, "mepshare: nothing was written, since the copy was not clean:\n");
    constexpr std::size_t enough = 10;
    for (const Finding& each : std::span(found).first(std::min(found.size(), enough)))
      std::fprintf(stderr, "  %s\n", each.what.c_str());
    return exit_not_clean;
  }
  file->keep();
  std::printf("%s: %zu of %zu records, keys from %s\n", settings.out.c_str(), shared.records.size(),
              packets, key_file.empty() ? "nowhere (--key-file)" : key_file.c_str());
  print("Replaced", shared.replaced);
  print("Left out", shared.dropped);
  if (!capture.damage.empty())
    std::printf("The capture is damaged, %s: what is behind is not in the copy.\n",
                capture.damage.c_str());
  std::puts("Read again with the published keys alone: nothing of it is left.");
  return exit_good;
}

}  // namespace
}  // namespace mep::captures

int main(int argc, char** argv) {
  using namespace mep::captures;
  return run_program(name, program(), argc, argv, work);
}
