// mepimport: a capture out of a log, or out of a capture of something else.
// SPDX-License-Identifier: GPL-2.0-or-later
#include <algorithm>
#include <cstdio>
#include <optional>

#include "captures/assembler.h"
#include "captures/capture_writer.h"
#include "captures/program.h"
#include "captures/serial_capture.h"
#include "protocol/tap.h"
#include "system/command_line.h"
#include "system/pcapng_writer.h"
#include "system/problem.h"

namespace mep::captures {
namespace {

using system::Problem;

constexpr const char* name = "mepimport";

system::Program program() {
  return {
      "Makes a capture of what there is: a log with hexadecimal bytes in nearly any form, a "
      "status\n"
      "page, strace, lists of a logic analyser, hex dumps; or a capture of a serial line that "
      "somebody\n"
      "else made (RTAC, USB traffic of the adapter, pieces of frames).\n\n"
      "  mepimport log.txt out.pcapng\n"
      "  mepimport --client-bytes a.bin --meter-bytes b.bin out.pcapng",
      {{"",
        {{"client-bytes", "FILE", "Bytes that the client sent, as they are"},
         {"meter-bytes", "FILE", "Bytes that the meter sent, as they are"},
         {"quiet", "", "Do not list what was not used"},
         {"force", "", "Write over a file that is there"},
         {"help", "", "Show this"},
         {"version", "", "Show the version"}}}},
      "What could not be used is listed with its line (of captures: its record), and what of "
      "times\n"
      "and directions was guessed stands in comments. The result has link type USER14: Wireshark\n"
      "with the plugin reads it, and mepshare makes a copy that can be published.\n"
      "See mepimport(1)."};
}

struct Settings {
  std::string in, out, client_bytes, meter_bytes;
  bool quiet = false;
  bool force = false;
};

Settings settings_of(const system::CommandLine& line) {
  check_understood(name, line);
  Settings made;
  made.client_bytes = value_of(line, "client-bytes");
  made.meter_bytes = value_of(line, "meter-bytes");
  const bool raw = !made.client_bytes.empty() || !made.meter_bytes.empty();
  if (line.left.size() != (raw ? 1U : 2U))
    throw Problem(std::string(raw ? "give the capture that is to be made, and no log"
                                  : "give two files: the log, and the capture that is to be made") +
                  way_to_help(name));
  if (!raw) made.in = line.left[0];
  made.out = line.left.back();
  made.quiet = line.given.contains("quiet");
  made.force = line.given.contains("force");
  return made;
}

// Nothing where it is no capture.
std::optional<CaptureFile> as_capture(Bytes file, const std::string& name_of_file) {
  try {
    return read_capture(file, name_of_file);
  } catch (const Problem&) {
    return std::nullopt;
  }
}

// Of the directions apart nobody knows which frame came when, but an answer follows its request.
Assembled taking_turns(Assembled client, Assembled meter) {
  Assembled made;
  made.unused = std::move(client.unused);
  made.unused.insert(made.unused.end(), meter.unused.begin(), meter.unused.end());
  made.unused_bytes = client.unused_bytes + meter.unused_bytes;
  auto request = client.frames.begin();
  auto answer = meter.frames.begin();
  while (request != client.frames.end() || answer != meter.frames.end()) {
    if (request != client.frames.end()) made.frames.push_back(std::move(*request++));
    if (answer != meter.frames.end()) made.frames.push_back(std::move(*answer++));
  }
  constexpr WallTime pause = 20'000'000;
  for (std::size_t i = 0; i < made.frames.size(); ++i)
    made.frames[i].time = static_cast<WallTime>(i) * pause;
  made.remarks = {"There were no times: frames are 20 ms apart, from 1970-01-01 on"};
  if (!client.frames.empty() && !meter.frames.empty())
    made.remarks.emplace_back("The order is a guess: requests and answers take turns");
  return made;
}

Assembled import(const Settings& settings, std::vector<Unused>& unused, const char*& unit) {
  if (settings.in.empty()) {
    const auto one = [](const std::string& path, Direction direction) {
      if (path.empty()) return Assembled();
      return assemble(raw_bytes(read_file(path), direction).logged);
    };
    return taking_turns(one(settings.client_bytes, Direction::client_to_meter),
                        one(settings.meter_bytes, Direction::meter_to_client));
  }
  const std::vector<std::uint8_t> file = read_file(settings.in);
  LogContents contents;
  if (const auto capture = as_capture(file, settings.in)) {
    unit = "record";
    contents = serial_bytes(*capture);
    if (!capture->damage.empty()) unused.push_back({capture->records.size() + 1, capture->damage});
  } else {
    contents = read_log({reinterpret_cast<const char*>(file.data()), file.size()});
  }
  unused.insert(unused.end(), contents.unused.begin(), contents.unused.end());
  return assemble(contents.logged);
}

void write(const Assembled& made, const std::string& out) {
  std::string comment = "Imported, not captured";
  for (const std::string& each : made.remarks) comment += "\n" + each;
  TemporaryFile file(out);
  system::PcapngWriter writer(
      [&file](const std::vector<std::uint8_t>& block) { file.write(block); },
      {{}, {}, comment, "mepimport " MEP_VERSION}, {{"log", {}, {}, 0, tap::raw_link_type}});
  for (const ImportedFrame& each : made.frames) {
    std::vector<std::string> comments;
    if (!each.comment.empty()) comments.push_back(each.comment);
    writer.write({0, each.direction, each.time, each.bytes, std::move(comments)});
  }
  file.keep();
}

int work(const system::CommandLine& line) {
  const Settings settings = settings_of(line);
  check_may_write(settings.out, settings.force);
  std::vector<Unused> unused;
  const char* unit = "line";
  const Assembled made = import(settings, unused, unit);
  unused.insert(unused.end(), made.unused.begin(), made.unused.end());
  std::stable_sort(unused.begin(), unused.end(),
                   [](const Unused& a, const Unused& b) { return a.line < b.line; });
  if (!settings.quiet)
    for (const Unused& each : unused)
      std::fprintf(stderr, "%s %zu: %s\n", unit, each.line, each.why.c_str());
  if (made.frames.empty())
    throw Problem("no frame was found in " +
                  (settings.in.empty() ? std::string("the bytes") : settings.in) +
                  "; a frame is a length of two bytes and that many bytes, in hexadecimal digits");
  write(made, settings.out);
  std::size_t bytes = 0;
  std::size_t guessed = 0;
  for (const ImportedFrame& each : made.frames) {
    bytes += each.bytes.size();
    guessed += each.comment.empty() ? 0 : 1;
  }
  std::printf("%s: %zu frames of %zu bytes", settings.out.c_str(), made.frames.size(), bytes);
  if (guessed != 0) std::printf(", of %zu the direction was guessed", guessed);
  std::printf("; %zu bytes and %zu %ss were not used\n", made.unused_bytes,
              unused.size() - made.unused.size(), unit);
  for (const std::string& each : made.remarks) std::printf("%s.\n", each.c_str());
  return exit_good;
}

}  // namespace
}  // namespace mep::captures

int main(int argc, char** argv) {
  using namespace mep::captures;
  return run_program(name, program(), argc, argv, work);
}
