// SPDX-License-Identifier: GPL-2.0-or-later
#include "extcap/terminal.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <array>
#include <cinttypes>
#include <cstdio>
#include <vector>

#include "extcap/words.h"
#include "system/text.h"

namespace mep::extcap {
namespace {

constexpr const char* between_lines = " | ";
constexpr std::size_t usual_width = 80;  // columns
// To the left end, and everything to the right of it is gone: as ECMA-48 has it, and every
// terminal.
constexpr const char* erase_line = "\r\x1b[K";

std::string decimal(double number) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), number < 9.95 ? "%.1f" : "%.0f", number);
  return text.data();
}

// "client line /dev/ttyUSB0"; a simulated line's name says the role already.
std::string title(const LineStatus& line) {
  const std::string name = system::printable(line.name);
  return name.ends_with(line.role) ? name : line.role + " " + name;
}

// How much is told of each line.
enum class Detail { all, counts, least };

std::string line_text(const LineStatus& line, double now_s, Detail detail) {
  const std::string role = line.role.substr(0, line.role.find(" line"));
  if (detail == Detail::least)
    return role + " " + std::to_string(line.frames) + "/" + std::to_string(line.errors);
  const std::string heard = heard_text(line, now_s);
  const std::string counts = counted(line.frames, "frame") +
                             (line.errors == 0 ? "" : ", " + counted(line.errors, "error"));
  if (detail == Detail::counts)
    return role + ": " + (line.last_heard_s < 0 ? heard : counts + ", " + heard);
  return title(line) + ": " +
         (line.last_heard_s < 0 ? heard
                                : counts + ", " + heard + ", " + decimal(line.frames_per_s) + "/s");
}

std::size_t terminal_width() {
  winsize size{};
  const bool known = ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 1;
  return known ? size.ws_col : usual_width;
}

}  // namespace

std::string heard_text(const LineStatus& line, double now_s) {
  if (line.last_heard_s < 0) return "nothing heard";
  return decimal(std::max(now_s - line.last_heard_s, 0.0)) + " s ago";
}

std::string display_text(std::span<const LineStatus> lines, double now_s, std::size_t width) {
  std::string text;
  for (const Detail detail : {Detail::all, Detail::counts, Detail::least}) {
    text.clear();
    for (const LineStatus& line : lines)
      text += (text.empty() ? "" : between_lines) + line_text(line, now_s, detail);
    if (system::columns(text) <= width) return text;
  }
  return system::first_columns(text, width);
}

std::string summary_text(const Progress& progress, const std::string& where) {
  std::string text = "mepdump: " + decimal(progress.now_s) + " s captured, " +
                     counted(progress.written, "record") + " written to " +
                     (where == "-" ? "standard output" : system::printable(where));
  if (const auto others = progress.received - progress.written - progress.dropped; others > 0)
    text += " (" + counted(others, "other") + " did not match the capture filter)";
  if (progress.dropped > 0)
    text += ", " + counted(progress.dropped, "record") + " dropped for want of room";
  text += "\n";
  for (const LineStatus& line : progress.lines) {
    text += "  " + title(line) + ", " + std::to_string(line.baud) + " bit/s: ";
    if (line.last_heard_s < 0)
      text += "nothing heard";
    else
      text += counted(line.frames, "frame") + ", " + counted(line.errors, "error") +
              ", last heard " + heard_text(line, progress.now_s);
    text += "\n";
  }
  return text;
}

void Display::show(const Progress& progress) {
  // The last column stays free: some terminals begin a new line there.
  const std::string text = display_text(progress.lines, progress.now_s, terminal_width() - 1);
  std::fprintf(stderr, "%s%s", erase_line, text.c_str());
  std::fflush(stderr);
  drawn_ = true;
}

void Display::clear() {
  if (!drawn_) return;
  std::fputs(erase_line, stderr);
  std::fflush(stderr);
  drawn_ = false;
}

}  // namespace mep::extcap
