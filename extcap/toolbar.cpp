// SPDX-License-Identifier: GPL-2.0-or-later
#include "extcap/toolbar.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <ostream>
#include <utility>

#include "extcap/terminal.h"
#include "extcap/words.h"
#include "system/text.h"

namespace mep::extcap {
namespace {

enum Control : std::uint8_t { client_line, meter_line, marker_text, marker_button, log_window };

enum Command : std::uint8_t { initialized = 0, set_value = 1, add_value = 2, disable = 5 };

// A message is 'T', three bytes with the length of what follows, control, command, a text.
constexpr char sync = 'T';
constexpr std::size_t header_size = 6;
constexpr std::size_t counted_header_size = 2;  // the part of it that the length counts
constexpr std::size_t longest_received = 65535 + header_size;
// One write(2) takes the whole of such a message, or nothing (POSIX: at least 512, Linux: 4096).
constexpr std::size_t longest_text = 4000;
constexpr std::size_t most_waiting = 200;  // messages

std::string message(std::uint8_t control, std::uint8_t command, const std::string& text) {
  const std::size_t length = text.size() + counted_header_size;
  std::string bytes = {sync,
                       static_cast<char>(length >> 16),
                       static_cast<char>(length >> 8),
                       static_cast<char>(length),
                       static_cast<char>(control),
                       static_cast<char>(command)};
  return bytes + text;
}

// What matters most stands last: where the entry is too narrow Wireshark shows the end.
std::string line_text(const LineStatus& line, double now_s) {
  if (line.last_heard_s < 0) return "nothing heard";
  std::array<char, 32> rate{};
  std::snprintf(rate.data(), rate.size(), " bit/s, %.1f/s, ", line.frames_per_s);
  return std::to_string(line.baud) + rate.data() + heard_text(line, now_s) + ", " +
         counted(line.frames, "frame") +
         (line.errors == 0 ? "" : ", " + counted(line.errors, "error"));
}

bool is_meters(const LineStatus& line) {
  return line.role.starts_with("meter");
}

std::string found_text(const LineStatus& line) {
  return line.role + " " + line.name + ": " + std::to_string(line.baud) + " bit/s";
}

std::string time_now() {
  GDateTime* now = g_date_time_new_now_local();
  char* text = g_date_time_format(now, "%H:%M:%S");
  std::string time = text == nullptr ? "" : text;
  g_free(text);
  g_date_time_unref(now);
  return time;
}

}  // namespace

void print_controls(std::ostream& out) {
  out << "control {number=" << int{client_line}
      << "}{type=string}{display=Client line}{tooltip=What the line that carries the client's "
         "frames "
         "has brought: speed, frames per second, when it was heard last, frames, errors}"
         "{placeholder=not capturing}\n"
         "control {number="
      << int{meter_line}
      << "}{type=string}{display=Meter line}{tooltip=What the line that carries the meter's frames "
         "has brought: speed, frames per second, when it was heard last, frames, errors}"
         "{placeholder=not capturing}\n"
         "control {number="
      << int{marker_text}
      << "}{type=string}{display=Marker}{tooltip=Type what has just happened and press Enter: the "
         "next frame gets it as a comment, with the time}"
         "{placeholder=what happened, Enter}\n"
         "control {number="
      << int{marker_button}
      << "}{type=button}{display=Set marker}{tooltip=The next frame gets a comment with the time "
         "of "
         "now. A text that was typed beside it is taken with Enter only}\n"
         "control {number="
      << int{log_window}
      << "}{type=button}{role=logger}{display=Log}{tooltip=What mepdump has to tell of the lines: "
         "speeds and roles as found, warnings, markers}\n";
}

Toolbar::Toolbar(const std::string& from, std::string to)
    : in_(from.empty() ? -1 : ::open(from.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC)),
      out_path_(std::move(to)) {
  if (in_)
    arrivals_ = system::EventSource::on_fd(
        in_.get(), static_cast<GIOCondition>(G_IO_IN | G_IO_HUP | G_IO_ERR), [this] { receive(); });
  send(log_window, set_value, "");
  log("Packets with a marker: display filter frame.comment. Help: " MEP_HELP_URL);
  for (const Control line : {client_line, meter_line}) send(line, disable, "");
}

void Toolbar::receive() {
  std::array<char, 4096> buffer;
  while (true) {
    const ssize_t size = ::read(in_.get(), buffer.data(), buffer.size());
    if (size > 0) {
      received_.append(buffer.data(), static_cast<std::size_t>(size));
      while (take_message()) {
      }
      // What goes on like that is no message. It is read all the same: Wireshark waits until it is.
      if (received_.size() >= longest_received) received_.clear();
      continue;
    }
    if (size < 0 && (errno == EAGAIN || errno == EINTR)) return;
    heard_ = true;
    arrivals_.reset();
    return;
  }
}

bool Toolbar::take_message() {
  if (received_.size() < header_size) return false;
  const auto byte = [this](std::size_t at) { return static_cast<std::uint8_t>(received_[at]); };
  const std::size_t length = std::size_t{byte(1)} << 16 | std::size_t{byte(2)} << 8 | byte(3);
  if (received_[0] != sync || length < counted_header_size) {
    // Not a message: on with what could be the beginning of one.
    received_.erase(0, std::min(received_.find(sync, 1), received_.size()));
    return true;
  }
  const std::size_t size = header_size - counted_header_size + length;
  if (received_.size() < size) return false;
  const std::uint8_t control = byte(4);
  const std::uint8_t command = byte(5);
  const std::string text = received_.substr(header_size, size - header_size);
  received_.erase(0, size);
  obey(control, command, text);
  return true;
}

void Toolbar::obey(std::uint8_t control, std::uint8_t command, const std::string& text) {
  heard_ = true;
  if (command == initialized) {
    // What was in the controls before this capture is not meant for it.
    ready_ = true;
    send(marker_text, set_value, "");
  } else if (command == set_value && ready_ && control == marker_button) {
    mark("");
  } else if (command == set_value && ready_ && control == marker_text) {
    if (const std::string_view said = system::without_blanks(text); !said.empty())
      mark(std::string(said));
    send(marker_text, set_value, "");
  }
  flush();
}

void Toolbar::mark(const std::string& text) {
  if (marker_)
    log(marker_(text));
  else
    early_.push_back(text);
}

void Toolbar::on_marker(std::function<std::string(const std::string&)> marker) {
  marker_ = std::move(marker);
  for (const std::string& text : std::exchange(early_, {})) mark(text);
}

void Toolbar::log(const std::string& text) {
  send(log_window, add_value, time_now() + " " + text + "\n");
}

void Toolbar::set(std::uint8_t control, const std::string& text) {
  std::string& shown = shown_[control];
  if (std::exchange(shown, text) != text) send(control, set_value, text);
}

void Toolbar::send(std::uint8_t control, std::uint8_t command, std::string text) {
  text = system::valid_utf8(text, longest_text);
  // The newest counts of what nobody has taken yet; and a line of the log where there are too many.
  const std::string beginning = message(control, command, "");
  const auto replaces = [&](const std::string& each) {
    return command == set_value && each.size() >= header_size && each[4] == beginning[4] &&
           each[5] == beginning[5];
  };
  std::erase_if(waiting_, replaces);
  if (waiting_.size() >= most_waiting) waiting_.pop_front();
  waiting_.push_back(message(control, command, text));
}

void Toolbar::flush() {
  if (out_path_.empty()) return;
  // Before Wireshark has opened its end this fails, and is tried again.
  if (!out_)
    out_ = system::FileDescriptor(::open(out_path_.c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC));
  while (out_ && !waiting_.empty()) {
    const std::string& next = waiting_.front();
    if (::write(out_.get(), next.data(), next.size()) == static_cast<ssize_t>(next.size())) {
      waiting_.pop_front();
    } else {
      if (errno == EAGAIN || errno == EINTR) {
        if (!room_) room_ = system::EventSource::on_fd(out_.get(), G_IO_OUT, [this] { flush(); });
        return;
      }
      // Nobody reads it any more.
      room_.reset();
      out_.reset();
      out_path_.clear();
      return;
    }
  }
  room_.reset();
}

void Toolbar::show(const Progress& progress) {
  std::array<std::string, 2> texts;
  for (std::size_t i = 0; i < progress.lines.size(); ++i) {
    const LineStatus& line = progress.lines[i];
    if (i >= known_.size() || known_[i].baud != line.baud || known_[i].role != line.role)
      log(found_text(line));
    std::string& text = texts[is_meters(line) ? meter_line : client_line];
    text += (text.empty() ? "" : "; ") + line_text(line, progress.now_s);
  }
  known_ = progress.lines;
  for (const Control line : {client_line, meter_line})
    set(line, texts[line].empty() ? "not tapped" : texts[line]);
  flush();
}

}  // namespace mep::extcap
